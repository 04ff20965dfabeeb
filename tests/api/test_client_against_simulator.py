"""Every method of the catalogue, called through the client's typed methods, answered by the simulator.

The simulator shares no code with the client: where both agree, both read GREEN-API's documents alike.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenbot.api.client import CallRecord, Client, Credentials
from greenbot.api.endpoints import ENDPOINTS, unlisted
from greenbot.api.inline import run_inline
from greenbot.api.outcome import OutcomeClass
from greenbot.errors import CredentialsRefused, Misdirected, Rejected, UsageError
from greenbot.redact import Secret
from greenbot.simulator.fault_rules import parse_rule
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.methods.registry import METHODS
from greenbot.simulator.server import RunningSimulator, start
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Instance, World
from tests.api.conftest import TOKEN
from tests.api.test_uploads import Upload, upload

pytestmark = pytest.mark.green_api

ID = 1101000001
PARTNER = "gac.1234567891234567891234567891213456789"
GUEST, OTHER = "11001234568@c.us", "11001234569@c.us"
LINK = "https://example.com/menu.pdf"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100 + b"\xff\xd9"


@dataclass
class Desk:
    """A client at a running simulator, and what it has called."""

    client: Client
    instance: Instance
    picture: Upload
    records: list[CallRecord] = field(default_factory=list)


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    running = await start(World(seed=7, partner_tokens={PARTNER}))
    yield running
    await running.stop()


@pytest.fixture
async def desk(simulator: RunningSimulator, tmp_path: Path) -> AsyncIterator[Desk]:
    instance = simulator.world.add_instance(id_instance=ID, token=TOKEN, name="Seaside")
    instance.knobs.enforce_limits = False
    instance.settings["incomingWebhook"] = "yes"
    records: list[CallRecord] = []
    client = Client(where(simulator), on_call=records.append, environ={})
    picture = upload(tmp_path, JPEG, name="photo.jpg", mime_type="image/jpeg")
    yield Desk(client=client, instance=instance, picture=picture, records=records)
    await client.aclose()


def where(simulator: RunningSimulator | SimulatorThread, token: str = TOKEN) -> Credentials:
    return Credentials(
        instance_name="grand-kyiv",
        id=str(ID),
        token=Secret(token),
        api_url=simulator.api_url,
        media_url=simulator.media_url,
        partner_url=simulator.api_url,
        partner_token=Secret(PARTNER),
    )


async def account(desk: Desk) -> None:
    client = desk.client
    assert (await client.get_settings())["outgoingWebhook"] in ("yes", "no")
    assert await client.get_state_instance() == {"stateInstance": "authorized"}
    assert (await client.get_wa_settings())["stateInstance"] == "authorized"
    assert (await client.get_state_instance_history(count=5))[0]["stateInstance"] == "authorized"
    assert (await client.qr())["type"] == "alreadyLogged"
    assert "setProfilePicture" in await client.set_profile_picture(desk.picture)
    await refused(client.get_status_instance(), Rejected)
    await client.call("getDeviceInfo")
    await refused(client.set_system_proxy(), Rejected)


async def sending(desk: Desk) -> str:
    client = desk.client
    sent = (await client.send_message(GUEST, "Welcome"))["idMessage"]
    assert (await client.send_file_by_upload(GUEST, desk.picture, caption="Your room"))["urlFile"]
    assert (await client.send_file_by_url(GUEST, LINK, "menu.pdf", typing_ms=1000))["idMessage"]
    assert (await client.upload_file(desk.picture))["urlFile"]
    assert (await client.send_location(GUEST, 50.45, 30.52, name_location="Hotel"))["idMessage"]
    assert (await client.send_contact(GUEST, {"phoneContact": 11001234567, "firstName": "Desk"}))["idMessage"]
    options = [{"optionName": "7:00"}, {"optionName": "8:00"}]
    assert (await client.send_poll(GUEST, "Breakfast at?", options, multiple_answers=False))["idMessage"]
    assert (await client.forward_messages(OTHER, GUEST, [sent]))["messages"]
    url = {"type": "url", "buttonId": "1", "buttonText": "Menu", "url": LINK}
    assert (await client.send_interactive_buttons(GUEST, "Hungry?", [url]))["idMessage"]
    answer = {"buttonId": "1", "buttonText": "Yes"}
    assert (await client.send_interactive_buttons_reply(GUEST, "Hungry?", [answer]))["idMessage"]
    await client.send_typing(GUEST, 2000)
    assert (await client.send_reaction(GUEST, sent, "👏"))["idMessage"]
    assert (await client.send_link(GUEST, LINK))["idMessage"]
    for archived in (
        client.send_buttons,
        client.send_template_buttons,
        client.send_list_message,
        client.send_template,
    ):
        await refused(archived(GUEST, {"message": "x"}), Rejected)
    return sent


async def receiving(desk: Desk) -> None:
    client = desk.client
    assert await client.set_settings({"delaySendMessagesMilliseconds": 1000}) == {"saveSettings": True}
    desk.instance.world.set_state(desk.instance, "authorized")
    photo: dict[str, object] = {
        "typeMessage": "imageMessage",
        "fileMessageData": {"downloadUrl": LINK, "fileName": "a.jpg", "mimeType": "image/jpeg"},
    }
    written = guest_writes(desk.instance, GUEST, message_data=photo)
    assert (await client.get_message(GUEST, written.id_message))["typeMessage"] == "imageMessage"
    assert (await client.download_file(GUEST, written.id_message))["downloadUrl"]  # type: ignore[call-overload]  # not raw bytes here
    await refused(client.get_call_recording(written.id_message), Rejected)


async def journals_and_queues(desk: Desk) -> None:
    client = desk.client
    guest_writes(desk.instance, GUEST, "Is there a sauna?")
    assert any(item.get("textMessage") == "Is there a sauna?" for item in await client.get_chat_history(GUEST, count=9))
    for read in (
        client.last_incoming_messages,
        client.last_outgoing_messages,
        client.last_incoming_calls,
        client.last_outgoing_calls,
        client.get_incoming_statuses,
        client.get_outgoing_statuses,
    ):
        assert isinstance(await read(minutes=60), list)
    assert isinstance(await client.show_messages_queue(), list)
    assert isinstance((await client.get_messages_count())["count"], int)
    assert isinstance((await client.get_webhooks_count())["count"], int)
    assert (await client.clear_messages_queue())["isCleared"]
    assert (await client.clear_webhooks_queue())["isCleared"]


async def groups(desk: Desk) -> None:
    client = desk.client
    group = (await client.create_group("Wedding", [GUEST]))["chatId"]
    assert await client.update_group_name(group, "Wedding party") == {"updateGroupName": True}
    assert (await client.get_group_data(group))["subject"] == "Wedding party"
    await client.add_group_participant(group, OTHER)
    await client.set_group_admin(group, OTHER)
    await client.remove_admin(group, OTHER)
    await client.remove_group_participant(group, OTHER)
    await client.set_group_picture(group, desk.picture)
    await client.update_group_settings(group, allow_participants_send_messages=False)
    await client.leave_group(group)


async def statuses(desk: Desk) -> None:
    client = desk.client
    story = (await client.send_text_status("Pool is open", background_color="#228B22", font="SERIF"))["idMessage"]
    assert (await client.send_voice_status("https://example.com/a.ogg", "a.ogg"))["idMessage"]
    assert (await client.send_media_status("https://example.com/a.jpg", "a.jpg", caption="Pool"))["idMessage"]
    assert isinstance(await client.get_status_statistic(story), list)
    await client.delete_status(story)


async def service(desk: Desk, sent: str) -> None:
    client = desk.client
    assert await client.read_chat(GUEST) == {"setRead": True}
    assert (await client.check_whatsapp(chat_id=GUEST))["existsWhatsapp"]
    await client.get_avatar(GUEST)
    assert isinstance(await client.get_contacts(group=False), list)
    assert isinstance(await client.get_chats(count=10), list)
    assert (await client.get_contact_info(GUEST))["chatId"] == GUEST
    await client.add_contact(OTHER, "Anna", last_name="Koval")
    await client.edit_contact(OTHER, "Hanna")
    await client.delete_contact(OTHER)
    assert (await client.edit_message(GUEST, sent, "Welcome!"))["idMessage"]
    await client.delete_message(GUEST, sent, only_sender_delete=True)
    await client.archive_chat(GUEST)
    await client.unarchive_chat(GUEST)
    assert (await client.set_disappearing_chat(GUEST, 86400))["ephemeralExpiration"] == 86400


async def catalogs(desk: Desk) -> None:
    """Their parameters are not documented: the client passes on what it is given, the simulator may refuse it."""
    client = desk.client
    for call in (
        client.get_products({}),
        client.get_product({"productId": "1"}),
        client.get_collections({}),
        client.get_collection({"collectionId": "1"}),
        client.get_order_details("1", "token", "seller@s.whatsapp.net", {}),
        client.create_product({"name": "Tea"}),
        client.edit_product({"productId": "1", "name": "Tea"}),
        client.delete_product({"productIds": ["1"]}),
        client.create_collection("Drinks", ["1"], {}),
        client.edit_collection({"collectionId": "1", "name": "Drinks"}),
        client.delete_collection({"collectionId": "1"}),
        client.move_collections({"collections": ["1"]}),
        client.send_product(GUEST, {"productId": "1"}),
        client.send_order(GUEST, {"orderId": "1"}),
    ):
        try:
            await call
        except Rejected as refusal:
            assert refusal.exit_code == 6


async def partner(desk: Desk) -> None:
    client = desk.client
    made = await client.create_instance(name="Annex", settings={"incomingWebhook": "yes"})
    assert made["apiTokenInstance"]
    assert any(item["idInstance"] == made["idInstance"] for item in await client.get_instances())
    assert await client.delete_instance_account(made["idInstance"]) == {"deleteInstanceAccount": True}
    await refused(client.delete_instance_account(made["idInstance"]), Rejected)


async def polling(desk: Desk) -> None:
    client = desk.client
    guest_writes(desk.instance, GUEST, "Late checkout?")
    notification = await client.receive_notification(receive_timeout_seconds=5)
    assert notification is not None
    assert notification["body"]["typeWebhook"] == "incomingMessageReceived"
    assert (await client.delete_notification(notification["receiptId"]))["result"]
    assert not (await client.delete_notification(notification["receiptId"]))["result"]


async def the_last_calls(desk: Desk) -> None:
    client = desk.client
    with pytest.raises(UsageError):
        await client.scanqrcode()
    assert (await client.reboot())["isReboot"]
    token = await client.update_api_token()
    renewed = Client(
        Credentials(
            instance_name="a", id=str(ID), token=Secret(token["apiTokenInstance"]), api_url=client.credentials.api_url
        ),
        on_call=desk.records.append,
        environ={},
    )
    assert (await renewed.logout())["isLogout"]
    await renewed.exchange("getAuthorizationCode", {"phoneNumber": 11001234567})
    await renewed.aclose()


async def refused(call: Awaitable[object], error: type[Exception]) -> None:
    with pytest.raises(error):
        await call


async def test_every_method_of_the_catalogue_is_answered(desk: Desk) -> None:
    await account(desk)
    await receiving(desk)
    await polling(desk)
    sent = await sending(desk)
    await asyncio.sleep(0)
    await journals_and_queues(desk)
    await groups(desk)
    await statuses(desk)
    await service(desk, sent)
    await catalogs(desk)
    await partner(desk)
    await the_last_calls(desk)
    assert {record.method for record in desk.records} == set(ENDPOINTS) - {"scanqrcode"}
    bad = {record.method: record.outcome for record in desk.records if record.outcome.cls is OutcomeClass.AMBIGUOUS}
    assert bad == {}


def test_every_row_has_a_route_with_the_same_verb_and_host() -> None:
    verbs = {"WEBSOCKET": "GET"}
    rows = {name: (verbs.get(row.verb, row.verb), row.host) for name, row in ENDPOINTS.items() if row.host != "partner"}
    archived = {name for name, row in ENDPOINTS.items() if row.archived}
    routes = {method.name: (method.verb, method.host) for method in METHODS.values()}
    assert set(rows) == set(routes)
    assert {name: rows[name] for name in rows if name not in archived} == {
        name: routes[name] for name in rows if name not in archived
    }


async def test_a_wrong_token_is_refused_as_such(simulator: RunningSimulator, desk: Desk) -> None:
    stranger = Client(where(simulator, token="0" * 50), environ={})
    await refused(stranger.get_settings(), CredentialsRefused)
    await stranger.aclose()


@pytest.mark.parametrize("state", ["notAuthorized", "starting"])
async def test_the_state_of_the_instance_is_told_from_a_bad_request(desk: Desk, state: str) -> None:
    desk.instance.world.set_state(desk.instance, state)
    outcome = await desk.client.exchange("getChatHistory", {"chatId": GUEST})
    assert outcome.cls is OutcomeClass.NOT_SENT
    assert outcome.reason in ("instance_starting", "instance_not_authorized")


async def test_the_limit_of_a_method_is_its_own_class(desk: Desk) -> None:
    desk.instance.knobs.enforce_limits = True
    classes = {(await desk.client.exchange("getSettings")).cls for _ in range(5)}
    assert classes == {OutcomeClass.OK, OutcomeClass.LIMITED}


FAULTS: list[tuple[str, OutcomeClass, int]] = [
    ("drop-reply", OutcomeClass.AMBIGUOUS, 1),
    ("reset", OutcomeClass.AMBIGUOUS, 0),
    ("cut-response@60", OutcomeClass.AMBIGUOUS, 1),
    ("html-200", OutcomeClass.AMBIGUOUS, 0),
    ("not-json", OutcomeClass.AMBIGUOUS, 0),
    ("null-body", OutcomeClass.AMBIGUOUS, 0),
    ("truncated-json", OutcomeClass.AMBIGUOUS, 1),
    ("huge-response", OutcomeClass.AMBIGUOUS, 0),
    ("5xx status=500", OutcomeClass.AMBIGUOUS, 0),
    ("5xx status=503", OutcomeClass.NOT_SENT, 0),
    ("429", OutcomeClass.LIMITED, 0),
    ("466", OutcomeClass.QUOTA, 0),
    ("401", OutcomeClass.AUTH, 0),
    ("403", OutcomeClass.AUTH, 0),
    ("404", OutcomeClass.CONFIG, 0),
    ("redirect", OutcomeClass.CONFIG, 0),
]


@pytest.mark.parametrize(("fault", "cls", "at_least_executed"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_never_makes_a_message_sent_and_called_not_sent(
    fault: str, cls: OutcomeClass, at_least_executed: int
) -> None:
    """The promise behind every retry: whatever is called NOT_SENT was not executed, and nothing is executed twice."""
    with SimulatorThread(World(seed=7)) as simulator:
        instance = simulator.call(lambda: simulator.world.add_instance(id_instance=ID, token=TOKEN))
        simulator.call(lambda: simulator.world.faults.add(parse_rule(f"{fault} method=sendMessage count=1")))
        client = Client(where(simulator), transport="inline", environ={})
        outcome = run_inline(client.exchange("sendMessage", {"chatId": GUEST, "message": "Once"}))
        run_inline(client.aclose())
        executed = simulator.call(lambda: len(simulator.world.ledger.executions(instance=ID, method="sendMessage")))
    assert outcome.cls is cls, outcome
    assert executed >= at_least_executed
    assert executed <= 1
    if outcome.cls not in (OutcomeClass.AMBIGUOUS, OutcomeClass.ACCEPTED):
        assert executed == 0
    assert instance is not None


def test_a_misdirected_call_is_not_a_bad_message() -> None:
    with SimulatorThread(World(seed=7)) as simulator:
        simulator.call(lambda: simulator.world.add_instance(id_instance=ID, token=TOKEN))
        client = Client(where(simulator), transport="inline", environ={})
        outcome = run_inline(client.exchange(unlisted("sendSticker"), {}))
        run_inline(client.aclose())
    assert outcome.cls is OutcomeClass.CONFIG
    assert Misdirected.exit_code == 6
