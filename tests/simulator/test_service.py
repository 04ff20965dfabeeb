"""Read marks, number checks, avatars, chats and contacts, edits and deletions."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.incoming import guest_writes, phone_writes
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, OTHER_GUEST, START, Api
from tests.simulator.test_sendqueue import listed, send, statuses


async def test_reading_up_to_a_message_leaves_the_later_ones_unread(api: Api, instance: Instance) -> None:
    written = [guest_writes(instance, GUEST, text) for text in "abc"]
    body = {"chatId": GUEST, "idMessage": written[1].id_message}
    assert (await api.post("readChat", body)).json == {"setRead": True}
    assert [message.is_read for message in written] == [True, True, False]
    assert instance.chats[GUEST].unread_count == 1


async def test_one_call_reads_at_most_a_hundred_messages(api: Api, instance: Instance) -> None:
    for number in range(130):
        guest_writes(instance, GUEST, str(number))
    await api.post("readChat", {"chatId": GUEST})
    assert instance.chats[GUEST].unread_count == 30
    await api.post("readChat", {"chatId": GUEST})
    assert instance.chats[GUEST].unread_count == 0


async def test_incoming_messages_are_read_at_once_when_the_settings_say_so(api: Api, instance: Instance) -> None:
    instance.settings["markIncomingMessagesReaded"] = "yes"
    assert guest_writes(instance, GUEST, "hello").is_read
    assert instance.chats[GUEST].unread_count == 0


CHECKS = [
    ({"chatId": GUEST}, {"existsWhatsapp": True, "chatId": GUEST, "fromCache": False}),
    ({"phoneNumber": 11001234568}, {"existsWhatsapp": True, "chatId": GUEST, "fromCache": False}),
    ({"chatId": OTHER_GUEST}, {"existsWhatsapp": False, "chatId": "", "fromCache": False}),
]


@pytest.mark.parametrize(("body", "expected"), CHECKS)
async def test_a_number_is_checked(
    api: Api, instance: Instance, body: dict[str, object], expected: dict[str, object]
) -> None:
    instance.knobs.guests_without_whatsapp.add(OTHER_GUEST)
    assert (await api.post("checkWhatsapp", body)).json == expected


async def test_a_second_check_comes_from_the_cache_unless_forced(api: Api) -> None:
    cached = []
    for force in (False, False, True):
        answer: Any = (await api.post("checkWhatsapp", {"chatId": GUEST, "force": force})).json
        cached.append(answer["fromCache"])
    assert cached == [False, True, False]


async def test_a_hidden_number_is_answered_as_a_lid(api: Api, instance: Instance) -> None:
    instance.lids[GUEST] = "155508384256027@lid"
    answer: Any = (await api.post("checkWhatsapp", {"chatId": GUEST})).json
    assert (answer["chatId"], answer["phoneNumber"]) == ("155508384256027@lid", GUEST)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Validation failed. Details: 'value' must have at least 1 key"),
        ({"chatId": GUEST, "phoneNumber": 11001234568}, "Bad Request Validation failed"),
        ({"phoneNumber": "+11001234568"}, "Wrong format. 'phoneNumber' must contain only digits"),
        ({"phoneNumber": 1100123456}, "bad phone number, valid 11 or 12 digits"),
        ({"phoneNumber": "1" * 17}, "bad phone number, valid 11 or 12 digits"),
        ({"chatId": "120363043968066561@g.us"}, "must be one of the next formats"),
    ],
)
async def test_a_wrong_check_is_refused_in_the_documented_words(api: Api, body: dict[str, object], words: str) -> None:
    answer = await api.post("checkWhatsapp", body)
    assert (answer.status, words in answer.text) == (400, True)


async def test_whatsapp_may_be_too_slow_for_a_check(api: Api, instance: Instance) -> None:
    instance.knobs.check_timeout = True
    answer = await api.post("checkWhatsapp", {"chatId": GUEST})
    assert (answer.status, answer.text) == (400, "check phone number timeout limit exceeded")


async def test_an_avatar_is_there_or_not(api: Api, instance: Instance) -> None:
    instance.chat(GUEST).avatar_url = "https://example.invalid/a.jpg"
    instance.knobs.guests_without_whatsapp.add("11009999999@c.us")
    found: Any = (await api.post("getAvatar", {"chatId": GUEST})).json
    assert found == {"urlAvatar": "https://example.invalid/a.jpg", "available": True}
    none: Any = (await api.post("getAvatar", {"chatId": OTHER_GUEST})).json
    assert none == {"urlAvatar": "", "available": False}
    stranger = await api.post("getAvatar", {"chatId": "11009999999@c.us"})
    assert (stranger.status, stranger.json["reason"]) == (200, "bad request data")  # type: ignore[index]  # JSON object


async def test_an_edit_changes_what_the_guest_sees(api: Api, instance: Instance, world: World, clock: SimClock) -> None:
    instance.settings |= {"outgoingAPIMessageWebhook": "yes", "editedMessageWebhook": "yes"}
    id_message = await send(api, "At 9")
    await clock.advance(60)
    body = {"chatId": GUEST, "idMessage": id_message, "message": "At 10"}
    assert (await api.post("editMessage", body)).json == {"idMessage": id_message}
    assert [message.text for message in world.inbox()] == ["At 10"]
    item: Any = (await api.post("getMessage", {"chatId": GUEST, "idMessage": id_message})).json
    assert (item["textMessage"], item["extendedTextMessage"]["text"], item["isEdited"]) == ("At 10", "At 10", True)
    edit: Any = instance.notifications.waiting()[-1].body
    assert edit["messageData"]["editedMessageData"] == {"textMessage": "At 10", "stanzaId": id_message}


async def test_a_late_edit_is_accepted_and_fails_afterwards(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    id_message = await send(api, "At 9")
    await clock.advance(901)
    answer = await api.post("editMessage", {"chatId": GUEST, "idMessage": id_message, "message": "At 10"})
    assert answer.status == 200
    await clock.advance(10)
    assert [status for _, status in statuses(instance)] == ["failed"]
    failure = instance.notifications.waiting()[-1].body
    assert failure["description"] == "15 minute editing time gap has been expired"
    assert [message.text for message in world.inbox()] == ["At 9"]


@pytest.mark.parametrize("which", ["a guest's text", "a text typed on the phone", "a location"])
async def test_only_texts_sent_by_the_api_can_be_edited(
    api: Api, instance: Instance, clock: SimClock, which: str
) -> None:
    if which == "a location":
        place = {"chatId": GUEST, "latitude": 1, "longitude": 2}
        answer: Any = (await api.post("sendLocation", place)).json
        id_message = answer["idMessage"]
    else:
        write = guest_writes if which == "a guest's text" else phone_writes
        id_message = write(instance, GUEST, "text").id_message
    await clock.advance(10)
    edit = await api.post("editMessage", {"chatId": GUEST, "idMessage": id_message, "message": "x"})
    assert (edit.status, edit.text) == (400, "ID message notfound")


@pytest.mark.parametrize(("only_sender", "seen"), [(False, ""), (True, "secret")])
async def test_a_deletion_for_everyone_empties_the_guests_phone(
    api: Api, world: World, clock: SimClock, only_sender: bool, seen: str
) -> None:
    id_message = await send(api, "secret")
    await clock.advance(10)
    body = {"chatId": GUEST, "idMessage": id_message, "onlySenderDelete": only_sender}
    answer = await api.post("deleteMessage", body)
    assert (answer.status, answer.body) == (200, b"")
    assert [message.text for message in world.inbox()] == [seen]
    item: Any = (await api.post("getMessage", {"chatId": GUEST, "idMessage": id_message})).json
    assert item["isDeleted"] is True


async def test_what_cannot_be_deleted_is_named(api: Api, instance: Instance) -> None:
    body = {"chatId": GUEST, "idMessage": "BAE5UNKNOWN"}
    assert (await api.post("deleteMessage", body)).text == "chatId not found"
    guest_writes(instance, GUEST, "hello")
    assert (await api.post("deleteMessage", body)).text == "ID message notfound"


async def test_a_chat_without_messages_cannot_be_archived(api: Api, instance: Instance) -> None:
    refused = await api.post("archiveChat", {"chatId": GUEST})
    assert refused.text == "ArchiveChatError: cannot archive chat cause last message not found in chat"
    guest_writes(instance, GUEST, "hello")
    for method, archived in (("archiveChat", True), ("unarchiveChat", False)):
        answer = await api.post(method, {"chatId": GUEST})
        assert (answer.status, answer.body, instance.chats[GUEST].archived) == (200, b"", archived)


@pytest.mark.parametrize(("seconds", "on"), [(0, False), (86_400, True), (604_800, True), (7_776_000, True)])
async def test_disappearing_messages(api: Api, instance: Instance, seconds: int, on: bool) -> None:
    answer = await api.post("setDisappearingChat", {"chatId": GUEST, "ephemeralExpiration": seconds})
    assert answer.json == {"chatId": GUEST, "disappearingMessagesInChat": on, "ephemeralExpiration": seconds}
    assert instance.chats[GUEST].ephemeral_expiration == seconds


async def test_other_disappearing_times_are_refused(api: Api) -> None:
    answer = await api.post("setDisappearingChat", {"chatId": GUEST, "ephemeralExpiration": 60})
    assert (answer.status, "must be one of" in answer.text) == (400, True)


async def test_chats_are_sorted_by_activity(api: Api, instance: Instance, clock: SimClock) -> None:
    guest_writes(instance, GUEST, "first", sender_name="John")
    await clock.advance(1)
    guest_writes(instance, OTHER_GUEST, "second")
    chats = listed((await api.get("getChats")).json)
    assert [chat["id"] for chat in chats] == [OTHER_GUEST, GUEST]
    assert (chats[0]["unreadCount"], chats[0]["type"], chats[0]["archive"]) == (1, "user", False)
    assert len(listed((await api.get("getChats", count="1")).json)) == 1


async def test_a_changed_id_appears_in_the_lists(api: Api, instance: Instance) -> None:
    guest_writes(instance, GUEST, "hello")
    instance.lids[GUEST] = "155508384256027@lid"
    (chat,) = listed((await api.get("getChats")).json)
    assert (chat["id"], chat["newChatId"]) == (GUEST, "155508384256027@lid")


async def test_answering_marks_read_when_the_settings_say_so(api: Api, instance: Instance, clock: SimClock) -> None:
    guest_writes(instance, GUEST, "hello")
    await send(api)
    await clock.advance(5)
    assert instance.chats[GUEST].unread_count == 1
    instance.settings["markIncomingMessagesReadedOnReply"] = "yes"
    await send(api)
    await clock.advance(5)
    assert instance.chats[GUEST].unread_count == 0


async def test_the_life_of_a_contact(api: Api) -> None:
    person = {"chatId": GUEST, "firstName": "Anna", "lastName": "Berg"}
    added: Any = (await api.post("addContact", person)).json
    assert added["addContact"] is True
    again = await api.post("addContact", person)
    assert (again.status, again.json) == (400, {"message": "contact already exists"})
    edited: Any = (await api.post("editContact", {**person, "firstName": "Anne"})).json
    assert edited["editContact"] is True
    expected = {"id": GUEST, "name": "", "contactName": "Anne Berg", "type": "user"}
    assert (await api.get("getContacts")).json == [expected]
    info: Any = (await api.post("getContactInfo", {"chatId": GUEST})).json
    assert (info["contactName"], info["chatId"], info["isArchive"]) == ("Anne Berg", GUEST, False)
    deleted: Any = (await api.post("deleteContact", {"chatId": GUEST})).json
    assert deleted["deleteContact"] is True
    assert (await api.get("getContacts")).json == []
    assert (await api.post("deleteContact", {"chatId": GUEST})).status == 400
    assert (await api.post("addContact", {"chatId": GUEST})).status == 400


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ({}, ["user", "group"]),
        ({"group": "true"}, ["group"]),
        ({"group": "false"}, ["user"]),
        ({"count": "1"}, ["user"]),
    ],
)
async def test_contacts_may_be_people_or_groups(api: Api, query: dict[str, str], types: list[str]) -> None:
    await api.post("addContact", {"chatId": GUEST, "firstName": "Anna"})
    await api.post("createGroup", {"groupName": "Staff", "chatIds": [GUEST]})
    contacts = listed((await api.get("getContacts", **query)).json)
    assert [contact["type"] for contact in contacts] == types


@pytest.mark.parametrize(
    ("method", "fields", "type_message"),
    [
        ("sendTextStatus", {"message": "Open", "backgroundColor": "#228B22", "font": "SERIF"}, "extendedTextMessage"),
        ("sendVoiceStatus", {"urlFile": "https://x/a.mp3", "fileName": "a.mp3"}, "audioMessage"),
        ("sendMediaStatus", {"urlFile": "https://x/a.jpg", "fileName": "a.jpg", "caption": "c"}, "imageMessage"),
    ],
)
async def test_a_status_is_published_counted_and_deleted(
    api: Api, method: str, fields: dict[str, object], type_message: str
) -> None:
    answer: Any = (await api.post(method, {**fields, "participants": [GUEST]})).json
    (listed_status,) = listed((await api.get("getOutgoingStatuses")).json)
    assert (listed_status["idMessage"], listed_status["typeMessage"]) == (answer["idMessage"], type_message)
    statistic = await api.get("getStatusStatistic", idMessage=answer["idMessage"])
    assert statistic.json == [{"participant": GUEST, "timestamp": int(START), "status": "sent"}]
    assert (await api.get("getIncomingStatuses")).json == []
    assert (await api.post("deleteStatus", answer)).status == 200
    assert (await api.get("getOutgoingStatuses")).json == []
    assert (await api.post("deleteStatus", answer)).status == 400


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "'message' is required"),
        ({"message": "x" * 501}, "equal to 500"),
        ({"message": "x", "font": "COMIC"}, "'font' must be one of [SERIF"),
        ({"message": "x", "backgroundColor": "green"}, "'backgroundColor' must be a hex colour"),
        ({"message": "x", "participants": "all"}, "'participants' must be an array"),
        ({"message": "x", "participants": ["all"]}, "'participants' must be one of the next formats"),
    ],
)
async def test_a_wrong_status_is_refused(api: Api, fields: dict[str, object], words: str) -> None:
    answer = await api.post("sendTextStatus", fields)
    assert (answer.status, words in answer.text) == (400, True)
