"""The journals: complete at best, late and with gaps when the knobs say so."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.incoming import guest_writes, phone_writes
from greenbot.simulator.samples import messages
from greenbot.simulator.world import Instance
from tests.simulator.conftest import GUEST, OTHER_GUEST, START, Api
from tests.simulator.test_sendqueue import listed, send


async def test_an_api_text_is_listed_as_extended_text_with_the_text_in_both_places(api: Api, clock: SimClock) -> None:
    id_message = await send(api, "Hello")
    await clock.advance(10)
    (item,) = listed((await api.post("getChatHistory", {"chatId": GUEST})).json)
    assert item["extendedTextMessage"]["text"] == item["textMessage"] == "Hello"
    expected = {
        "type": "outgoing",
        "idMessage": id_message,
        "timestamp": int(START),
        "typeMessage": "extendedTextMessage",
        "chatId": GUEST,
        "statusMessage": "read",
        "sendByApi": True,
        "isEdited": False,
        "isDeleted": False,
    }
    assert {key: item[key] for key in expected} == expected


async def test_a_guests_text_names_the_sender(api: Api, instance: Instance) -> None:
    written = guest_writes(instance, GUEST, "Is my room ready?", sender_name="John")
    item: Any = (await api.post("getMessage", {"chatId": GUEST, "idMessage": written.id_message})).json
    assert (item["type"], item["textMessage"], item["typeMessage"]) == ("incoming", "Is my room ready?", "textMessage")
    assert (item["senderId"], item["senderName"], item["senderContactName"]) == (GUEST, "John", "")
    assert "statusMessage" not in item


async def test_history_is_newest_first_and_counted(api: Api, instance: Instance, clock: SimClock) -> None:
    for text in "abc":
        guest_writes(instance, GUEST, text)
        await clock.advance(1)
    guest_writes(instance, OTHER_GUEST, "elsewhere")
    history = listed((await api.post("getChatHistory", {"chatId": GUEST, "count": 2})).json)
    assert [item["textMessage"] for item in history] == ["c", "b"]
    assert len(listed((await api.post("getChatHistory", {"chatId": GUEST})).json)) == 3
    assert (await api.post("getChatHistory", {"chatId": GUEST, "count": 0})).status == 400


async def test_history_gives_one_hundred_by_default(api: Api, instance: Instance) -> None:
    for number in range(101):
        guest_writes(instance, GUEST, str(number))
    assert len(listed((await api.post("getChatHistory", {"chatId": GUEST})).json)) == 100


@pytest.mark.parametrize(("method", "mine"), [("lastIncomingMessages", "in"), ("lastOutgoingMessages", "out")])
async def test_the_last_messages_of_one_direction_within_the_minutes(
    api: Api, instance: Instance, clock: SimClock, method: str, mine: str
) -> None:
    guest_writes(instance, GUEST, "in, old")
    phone_writes(instance, GUEST, "out, old")
    await clock.advance(600)
    guest_writes(instance, GUEST, "in, new")
    phone_writes(instance, GUEST, "out, new")
    recent = listed((await api.get(method, minutes="5")).json)
    assert [item["textMessage"] for item in recent] == [f"{mine}, new"]
    assert len(listed((await api.get(method)).json)) == 2
    assert (await api.get(method, minutes="soon")).status == 400


async def test_minutes_reach_back_one_day_by_default(api: Api, instance: Instance, clock: SimClock) -> None:
    guest_writes(instance, GUEST, "yesterday")
    await clock.advance(1441 * 60)
    assert (await api.get("lastIncomingMessages")).json == []
    assert len(listed((await api.get("lastIncomingMessages", minutes="1442")).json)) == 1


async def test_a_queued_message_is_in_no_journal_before_it_left(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.change_state("notAuthorized")
    id_message = await send(api)
    instance.send_queue.clear()
    instance.change_state("authorized")
    assert (await api.post("getChatHistory", {"chatId": GUEST})).json == []
    answer = await api.post("getMessage", {"chatId": GUEST, "idMessage": id_message})
    assert (answer.status, answer.json) == (400, {"message": "ID message notfound"})


async def test_a_sent_message_waits_for_its_status_as_pending(api: Api, clock: SimClock) -> None:
    await send(api)
    await clock.advance(0.1)
    (item,) = listed((await api.get("lastOutgoingMessages")).json)
    assert item["statusMessage"] == "pending"


async def test_the_journal_may_lag_behind(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.knobs.journal_lag = 120
    id_message = await send(api)
    await clock.advance(119)
    assert (await api.get("lastOutgoingMessages")).json == []
    assert (await api.post("getMessage", {"chatId": GUEST, "idMessage": id_message})).status == 400
    await clock.advance(1)
    assert len(listed((await api.get("lastOutgoingMessages")).json)) == 1


async def test_the_journal_may_omit_messages_that_were_delivered(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.knobs.journal_omission_rate = 0.5
    for _ in range(40):
        await send(api)
    await clock.advance(60)
    assert len(instance.inbox) == 40
    assert 5 < len(listed((await api.get("lastOutgoingMessages")).json)) < 35


async def test_a_message_is_found_in_its_own_chat_only(api: Api, instance: Instance) -> None:
    written = guest_writes(instance, GUEST, "here")
    assert (await api.post("getMessage", {"chatId": OTHER_GUEST, "idMessage": written.id_message})).status == 400


async def test_media_fields_are_flat(api: Api, instance: Instance) -> None:
    data = messages.file("imageMessage", messages.file_data("a.jpg", "image/jpeg", caption="Pool"))
    written = guest_writes(instance, GUEST, message_data=data)
    item: Any = (await api.post("getMessage", {"chatId": GUEST, "idMessage": written.id_message})).json
    assert (item["caption"], item["fileName"], item["mimeType"]) == ("Pool", "a.jpg", "image/jpeg")


async def test_a_file_gets_a_fresh_link(api: Api, instance: Instance) -> None:
    data = messages.file("imageMessage", messages.file_data("a.jpg", "image/jpeg", download_url="http://x/a.jpg"))
    picture, text = guest_writes(instance, GUEST, message_data=data), guest_writes(instance, GUEST, "no file")
    asked = {"chatId": GUEST, "idMessage": picture.id_message}
    assert (await api.post("downloadFile", asked)).json == {"downloadUrl": "http://x/a.jpg"}
    assert (await api.post("downloadFile", {**asked, "idMessage": text.id_message})).status == 400


async def test_a_chat_switched_to_a_lid_shows_it_everywhere(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.lids[GUEST] = "155508384256027@lid"
    await send(api, "by number")
    await send(api, "by lid", chat_id="155508384256027@lid")
    await clock.advance(10)
    history = listed((await api.post("getChatHistory", {"chatId": "155508384256027@lid"})).json)
    assert [(item["textMessage"], item["chatId"]) for item in history] == [
        ("by lid", "155508384256027@lid"),
        ("by number", "155508384256027@lid"),
    ]


CALL = {"type": "incoming", "idMessage": "C1", "timestamp": int(START), "typeMessage": "incomingCall", "chatId": GUEST}


async def test_calls_are_journalled_while_their_webhooks_are_on(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.calls += [CALL, {**CALL, "type": "outgoing", "idMessage": "C2"}]
    assert (await api.get("lastIncomingCalls")).json == []
    instance.settings |= {"incomingWebhook": "yes", "incomingCallWebhook": "yes", "outgoingCallWebhook": "yes"}
    assert (await api.get("lastIncomingCalls")).json == [CALL]
    assert [item["idMessage"] for item in listed((await api.get("lastOutgoingCalls")).json)] == ["C2"]
    await clock.advance(120)
    assert (await api.get("lastIncomingCalls", minutes="1")).json == []


async def test_a_recording_is_found_by_its_call(api: Api, instance: Instance) -> None:
    instance.recordings["C1"] = {"status": "processing"}
    assert (await api.post("getCallRecording", {"idMessage": "C1"})).json == {"status": "processing"}
    assert (await api.post("getCallRecording", {"idMessage": "C9"})).status == 400
