"""The same message as a draft, in the queue, in the journal and in a notification is recognised as the same."""

import json
from pathlib import Path

import pytest

from greenbot.chat_id import parse_chat_id
from greenbot.messages.drafts.base import BaseDraft
from greenbot.messages.outgoing import (
    Contact,
    FileByUpload,
    FileByUrl,
    Forward,
    Location,
    Poll,
    Reaction,
    ReplyButtons,
    Text,
    TextStatus,
    Typing,
)
from greenbot.outbox.appearance import (
    Appearance,
    Sighting,
    alike,
    of_draft,
    of_journal,
    of_notification,
    of_queue,
)
from greenbot.simulator.clock import SimClock
from greenbot.simulator.world import World
from tests.architecture.files import ROOT

CHAT = parse_chat_id("11001234568")
WEBHOOKS = ROOT / "tests" / "data" / "webhooks"


def upload(folder: Path) -> FileByUpload:
    path = folder / "menu.pdf"
    path.write_bytes(b"%PDF-1.7 soup")
    return FileByUpload(chat_id=CHAT, path=path, caption="Tonight")


DRAFTS: dict[str, BaseDraft] = {
    "text": Text(chat_id=CHAT, text="Your room\r\nis ready.  "),
    "text with a link": Text(chat_id=CHAT, text="See https://hotel.example/menu", link_preview=False),
    "file by link": FileByUrl(chat_id=CHAT, url="https://hotel.example/map.png", caption="The way"),
    "location": Location(chat_id=CHAT, latitude=50.4501, longitude=30.5234, name="Grand Kyiv"),
    "contact": Contact(chat_id=CHAT, phone="+380447654321", first_name="Reception"),
    "poll": Poll(chat_id=CHAT, question="Late check-out?", options=("Yes", "No")),
    "buttons": ReplyButtons(chat_id=CHAT, body="Late check-out?", labels=("Yes", "No")),
}


def appearance_of(draft: BaseDraft) -> Appearance:
    found = of_draft(draft.kind, draft.params(), draft.file.file_name if draft.file else "")
    assert found is not None
    return found


async def shown_by_the_simulator(draft: BaseDraft) -> tuple[list[Sighting], list[Sighting]]:
    """Queue and journal after the draft was sent to a simulated GREEN-API."""
    from greenbot.api.client import Client, Credentials
    from greenbot.redact import Secret
    from greenbot.simulator.server import start

    clock = SimClock(start=1_790_000_000.0, virtual=True)
    world = World(clock=clock)
    instance = world.add_instance(id_instance=1101000001, token="5e1f" * 12 + "00")
    instance.knobs.enforce_limits = False
    instance.knobs.hide_queue_head = False
    running = await start(world)
    credentials = Credentials(
        instance_name="kyiv",
        id="1101000001",
        token=Secret("5e1f" * 12 + "00"),
        api_url=running.api_url,
        media_url=running.media_url,
    )
    client = Client(credentials, transport="pooled")
    try:
        outcome = await client.exchange(draft.method, draft.params(), file=draft.file)
        assert outcome.succeeded, outcome
        queue = of_queue(await client.call("showMessagesQueue"))
        await clock.advance(10)
        return queue, of_journal(await client.call("lastOutgoingMessages"))
    finally:
        await client.aclose()
        await running.stop()


@pytest.mark.green_api
@pytest.mark.integration
@pytest.mark.parametrize("name", [*DRAFTS, "upload"])
async def test_the_queue_and_the_journal_show_what_was_sent(tmp_path: Path, name: str) -> None:
    draft = upload(tmp_path) if name == "upload" else DRAFTS[name]
    wanted = appearance_of(draft)
    queue, journal = await shown_by_the_simulator(draft)
    for sightings, source in ((queue, "queue"), (journal, "journal")):
        [seen] = sightings
        assert seen.appearance is not None
        assert alike(wanted, seen.appearance)
        assert (seen.chat_id, seen.send_by_api, seen.source) == (CHAT, True, source)
    assert queue[0].remote_id == journal[0].remote_id != ""
    assert journal[0].timestamp_ms == 1_790_000_000_000
    assert journal[0].status == "read"


@pytest.mark.parametrize("one", DRAFTS)
@pytest.mark.parametrize("other", DRAFTS)
def test_different_drafts_do_not_look_alike(one: str, other: str) -> None:
    assert alike(appearance_of(DRAFTS[one]), appearance_of(DRAFTS[other])) == (one == other)


@pytest.mark.webhook
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("extendedTextMessage", Appearance(family="text", parts=("I use Green-API to send this message to you!",))),
        ("documentMessage", Appearance(family="file", parts=("Price list", "price.xlsx"))),
        ("contactMessage", Appearance(family="contact", parts=("11001234570",))),
        ("pollMessage", Appearance(family="poll", parts=("Please choose a color:", "Red", "Green"))),
        ("interactiveButtons", Appearance(family="buttons", parts=("Choose an action", "Open site"))),
    ],
)
def test_a_notification_of_our_own_message_is_read(name: str, expected: Appearance) -> None:
    body = json.loads((WEBHOOKS / f"outgoingAPIMessageReceived.{name}.json").read_text())
    seen = of_notification(body)
    assert seen is not None
    assert (seen.appearance, seen.chat_id, seen.send_by_api) == (expected, "11001234568@c.us", True)


def test_other_notifications_are_none_of_ours() -> None:
    body = json.loads((WEBHOOKS / "outgoingMessageReceived.textMessage.json").read_text())
    assert of_notification(body) is None


def test_a_quoted_forwarded_message_does_not_make_its_answer_forwarded() -> None:
    item = {
        "type": "outgoing",
        "idMessage": "BAE5",
        "typeMessage": "quotedMessage",
        "extendedTextMessage": {"text": "Yes", "isForwarded": False},
        "quotedMessage": {"isForwarded": True},
    }
    [seen] = of_journal([item])
    assert not seen.forwarded
    assert seen.appearance == Appearance(family="text", parts=("Yes",))
    [forwarded] = of_journal([{**item, "extendedTextMessage": {"text": "Yes", "isForwarded": True}}])
    assert forwarded.forwarded


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Tonight", "menu.pdf"), ("Tonight", "menu.pdf"), True),
        (("Tonight", "menu.pdf"), ("Tonight", ""), True),  # sounds and stickers come back without a name
        (("Tonight", "menu.pdf"), ("Tonight", "wine.pdf"), False),
        (("Tonight", "menu.pdf"), ("", "menu.pdf"), False),
    ],
)
def test_files_are_compared_by_caption_and_by_name_where_there_is_one(
    one: tuple[str, str], other: tuple[str, str], same: bool
) -> None:
    assert alike(Appearance(family="file", parts=one), Appearance(family="file", parts=other)) is same


def test_a_place_may_lose_digits_but_not_metres() -> None:
    here = Appearance(family="location", parts=("50.450100", "30.523400", "Grand Kyiv"))
    assert alike(here, Appearance(family="location", parts=("50.450110", "30.523390", "Grand Kyiv")))
    assert not alike(here, Appearance(family="location", parts=("50.451000", "30.523400", "Grand Kyiv")))


def test_what_leaves_no_trace_has_no_appearance() -> None:
    assert of_draft("typing", Typing(chat_id=CHAT).params()) is None


def test_a_reaction_a_forward_and_a_story_have_one() -> None:
    reaction = Reaction(chat_id=CHAT, message_id="3EB0C767D097B7C7C030", emoji="👍")
    assert appearance_of(reaction).parts == ("👍", "3EB0C767D097B7C7C030")
    forward = Forward(chat_id=CHAT, from_chat_id=parse_chat_id("11001234569"), message_ids=("BAE5F4886F6F2D05",))
    assert appearance_of(forward) == Appearance(family="forward")
    assert appearance_of(TextStatus(text="Open")) == Appearance(family="text", parts=("Open",))


NONSENSE: list[object] = [
    None,
    "text",
    7,
    [],
    [None, 7, "x", []],
    [{}],
    [{"type": "outgoing"}],
    [{"type": "incoming", "idMessage": "BAE5"}],
    {"type": "outgoing", "idMessage": 7},
]


@pytest.mark.parametrize("answer", NONSENSE, ids=str)
def test_a_journal_that_makes_no_sense_shows_nothing(answer: object) -> None:
    assert of_journal(answer) == []


@pytest.mark.parametrize(
    "item",
    [
        {"type": "outgoing", "idMessage": "BAE5", "typeMessage": 7, "chatId": None, "timestamp": "soon"},
        {"type": "outgoing", "idMessage": "BAE5", "typeMessage": "pollMessage", "pollMessageData": [1]},
        {"type": "outgoing", "idMessage": "BAE5", "typeMessage": "locationMessage", "location": {"latitude": "x"}},
        {"type": "outgoing", "idMessage": "BAE5", "typeMessage": "contactMessage", "contact": {"vcard": 7}},
        {"type": "outgoing", "idMessage": "BAE5", "typeMessage": "holographMessage"},
    ],
    ids=lambda item: str(item["typeMessage"]),
)
def test_an_entry_with_parts_of_wrong_types_is_seen_without_them(item: dict[str, object]) -> None:
    [seen] = of_journal([item])
    assert (seen.remote_id, seen.send_by_api, seen.timestamp_ms) == ("BAE5", None, None)


def test_an_old_flat_queue_item_and_an_unknown_one_are_still_seen() -> None:
    flat = {"typeMessage": "sendMessage", "chatId": CHAT, "message": "Welcome", "fileName": ""}
    unknown = {"messageID": "X", "type": "sendHologram", "body": {"chatId": CHAT}}
    first, second = of_queue([flat, unknown])
    assert (first.remote_id, first.chat_id, first.appearance) == (
        "",
        CHAT,
        Appearance(family="text", parts=("Welcome",)),
    )
    assert (second.remote_id, second.appearance) == ("X", None)
