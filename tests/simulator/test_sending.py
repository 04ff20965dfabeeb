"""Every kind of message: what is accepted, what is refused in which words, what a guest receives."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, OTHER_GUEST, Api

URL = "https://example.com/a.pdf"
CONTACT = {"phoneContact": 11001234569, "firstName": "Anna", "lastName": "Berg"}
POLL_OPTIONS = [{"optionName": "Red"}, {"optionName": "Blue"}]
COPY = {"type": "copy", "buttonId": "1", "buttonText": "Copy", "copyCode": "1357"}
REPLY = {"buttonId": "1", "buttonText": "Yes"}

ACCEPTED = [
    ("sendMessage", {"message": "Hello"}, "extendedTextMessage", {"textMessage": "Hello"}),
    (
        "sendMessage",
        {
            "message": "See https://example.com",
            "linkPreview": True,
            "typePreview": "large",
            "typingTime": 3000,
            "customPreview": {"title": "T", "description": "D", "link": "https://example.com"},
        },
        "extendedTextMessage",
        {"textMessage": "See https://example.com"},
    ),
    ("sendLink", {"urlLink": "https://example.com"}, "extendedTextMessage", {"textMessage": "https://example.com"}),
    (
        "sendFileByUrl",
        {"urlFile": URL, "fileName": "a.pdf", "caption": "Price list"},
        "documentMessage",
        {"downloadUrl": URL, "fileName": "a.pdf", "caption": "Price list", "mimeType": "application/pdf"},
    ),
    ("sendFileByUrl", {"urlFile": URL, "fileName": "a.jpg"}, "imageMessage", {"mimeType": "image/jpeg"}),
    ("sendFileByUrl", {"urlFile": URL, "fileName": "a.mp4"}, "videoMessage", {"mimeType": "video/mp4"}),
    ("sendFileByUrl", {"urlFile": URL, "fileName": "a.mp3"}, "audioMessage", {"mimeType": "audio/mpeg"}),
    ("sendLocation", {"latitude": 12.34, "longitude": -56.78, "nameLocation": "Cafe"}, "locationMessage", {}),
    ("sendContact", {"contact": CONTACT}, "contactMessage", {}),
    ("sendPoll", {"message": "Color?", "options": POLL_OPTIONS}, "pollMessage", {}),
    ("sendInteractiveButtons", {"body": "Choose", "buttons": [COPY]}, "interactiveButtons", {}),
    ("sendInteractiveButtonsReply", {"body": "Choose", "buttons": [REPLY]}, "interactiveButtonsReply", {}),
]


@pytest.mark.parametrize(("method", "fields", "type_message", "content"), ACCEPTED)
async def test_an_accepted_message_reaches_the_guest(
    api: Api,
    world: World,
    clock: SimClock,
    method: str,
    fields: dict[str, object],
    type_message: str,
    content: dict[str, object],
) -> None:
    answer: Any = (await api.post(method, {"chatId": GUEST, **fields})).json
    assert answer["idMessage"].startswith("BAE5")
    await clock.advance(30)
    (received,) = world.inbox(chat_id=GUEST)
    assert (received.id_message, received.type_message) == (answer["idMessage"], type_message)
    assert {key: received.content[key] for key in content} == content


REFUSED = [
    ("sendMessage", {}, "'message' is required"),
    ("sendMessage", {"message": ""}, "'message' is not allowed to be empty"),
    ("sendMessage", {"message": 5}, "'message' must be a string"),
    ("sendMessage", {"message": "x" * 20_001}, "length must be less than or equal to 20000 characters long"),
    ("sendMessage", {"message": "x", "typingTime": 999}, "'typingTime' must be greater than or equal to 1000"),
    ("sendMessage", {"message": "x", "typingTime": 20_001}, "'typingTime' must be less than or equal to 20000"),
    ("sendMessage", {"message": "x", "typingTime": 1000.5}, "'typingTime' must be an integer"),
    ("sendMessage", {"message": "x", "linkPreview": "maybe"}, "'linkPreview' must be a boolean"),
    ("sendMessage", {"message": "x", "typePreview": "huge"}, "'typePreview' must be one of [large, small]"),
    ("sendMessage", {"message": "x", "customPreview": {}}, "'title' is required"),
    ("sendMessage", {"message": "x", "customPreview": {"title": "t" * 301}}, "equal to 300 characters"),
    ("sendMessage", {"message": "x", "quotedMessageId": "BAE5UNKNOWN"}, "bad request data"),
    ("sendFileByUrl", {"fileName": "a.pdf"}, "'urlFile' is required"),
    ("sendFileByUrl", {"urlFile": URL}, "'fileName' is required"),
    ("sendFileByUrl", {"urlFile": "ftp://example.com/a", "fileName": "a"}, "'urlFile' must be a valid uri"),
    ("sendFileByUrl", {"urlFile": "https://example.com/a b", "fileName": "a"}, "'urlFile' must be a valid uri"),
    ("sendFileByUrl", {"urlFile": "https://example.com/a?b", "fileName": "a"}, "'urlFile' must be a valid uri"),
    ("sendFileByUrl", {"urlFile": "https://[", "fileName": "a"}, "'urlFile' must be a valid uri"),
    ("sendFileByUrl", {"urlFile": URL, "fileName": "a", "caption": "c" * 1025}, "equal to 1024 characters"),
    ("sendFileByUrl", {"urlFile": URL, "fileName": "a", "typingType": "singing"}, "[typing, recording]"),
    ("sendLocation", {"longitude": 1}, "'latitude' is required"),
    ("sendLocation", {"latitude": 91, "longitude": 1}, "'latitude' must be less than or equal to 90"),
    ("sendLocation", {"latitude": 1, "longitude": -181}, "'longitude' must be greater than or equal to -180"),
    ("sendLocation", {"latitude": "north", "longitude": 1}, "'latitude' must be a number"),
    ("sendContact", {}, "'contact' is required"),
    ("sendContact", {"contact": "Anna"}, "'contact' must be of type object"),
    ("sendContact", {"contact": {"firstName": "Anna"}}, "'phoneContact' is required"),
    ("sendContact", {"contact": {"phoneContact": 11001234569}}, "at least one of [firstName"),
    ("sendPoll", {"message": "?" * 256, "options": POLL_OPTIONS}, "equal to 255 characters"),
    ("sendPoll", {"message": "?", "options": POLL_OPTIONS[:1]}, "must contain at least 2 items"),
    ("sendPoll", {"message": "?", "options": POLL_OPTIONS[:1] * 2}, "contains a duplicate value"),
    ("sendPoll", {"message": "?", "options": "Red"}, "'options' must be an array"),
    ("sendPoll", {"message": "?", "options": [{"optionName": str(n)} for n in range(13)]}, "equal to 12 items"),
    ("forwardMessages", {"chatIdFrom": OTHER_GUEST, "messages": ["BAE5UNKNOWN"]}, "bad request data"),
    ("forwardMessages", {"chatIdFrom": OTHER_GUEST, "messages": []}, "must contain at least 1 items"),
    ("forwardMessages", {"messages": ["x"]}, "'chatIdFrom' is required"),
    ("sendInteractiveButtons", {"body": "b", "buttons": [COPY] * 4}, "less than or equal to 3 items"),
    ("sendInteractiveButtons", {"body": "b", "buttons": [{**COPY, "buttonText": "x" * 26}]}, "equal to 25"),
    ("sendInteractiveButtons", {"body": "b", "buttons": [{**COPY, "type": "jump"}]}, "[copy, call, url]"),
    ("sendInteractiveButtons", {"body": "b", "buttons": [{**COPY, "type": "url"}]}, "'url' is required"),
    ("sendInteractiveButtons", {"buttons": [COPY]}, "'body' is required"),
    ("sendInteractiveButtonsReply", {"body": "b", "buttons": [{}]}, "'buttonId' is required"),
    ("sendTyping", {}, "'typingTime' is required"),
    ("sendTyping", {"typingTime": 5000, "typingType": "dancing"}, "[typing, recording]"),
    ("sendReaction", {"idMessage": "BAE5UNKNOWN", "reaction": "👏"}, "bad request data"),
    ("sendReaction", {"idMessage": "BAE5UNKNOWN"}, "'reaction' is required"),
]


@pytest.mark.parametrize(("method", "fields", "words"), REFUSED)
async def test_a_wrong_parameter_is_refused_and_nothing_is_sent(
    api: Api, instance: Instance, method: str, fields: dict[str, object], words: str
) -> None:
    answer = await api.post(method, {"chatId": GUEST, **fields})
    assert answer.status == 400
    assert words in answer.text
    assert len(instance.send_queue) == 0
    assert instance.messages == []


@pytest.mark.parametrize(
    "chat_id",
    ["11001234568", "+11001234568@c.us", "01100123456@c.us", "status@broadcast", "123@newsletter", "12@c.us", "@c.us"],
)
async def test_only_the_three_documented_chat_ids_are_sendable(api: Api, chat_id: str) -> None:
    answer = await api.post("sendMessage", {"chatId": chat_id, "message": "x"})
    words = "must be one of the next formats: 'phone_number@c.us', 'chat_id@lid' or 'group_id@g.us'"
    assert (answer.status, words in answer.text) == (400, True)


async def test_a_file_too_big_behind_a_url_is_an_error_500(api: Api, instance: Instance) -> None:
    instance.knobs.urls_too_big.add(URL)
    answer = await api.post("sendFileByUrl", {"chatId": GUEST, "urlFile": URL, "fileName": "a.pdf"})
    assert answer.status == 500
    assert "File from url exceeded max upload size. Size: 1000mb Limit: 100mb Url:" in answer.text


async def test_an_upload_is_stored_named_and_sent(api: Api, world: World, clock: SimClock) -> None:
    form = {"chatId": GUEST, "caption": "Our house", "fileName": "house.jpg", "file": b"\xff\xd8\xff picture"}
    answer: Any = (await api.form("sendFileByUpload", form)).json
    await clock.advance(5)
    (received,) = world.inbox()
    assert received.content["downloadUrl"] == answer["urlFile"]
    assert (received.content["fileName"], received.text) == ("house.jpg", "Our house")
    fetched = await api.request("GET", answer["urlFile"])
    assert (fetched.body, fetched.headers["Content-Type"]) == (b"\xff\xd8\xff picture", "image/jpeg")
    (entry,) = world.ledger.executions(method="sendFileByUpload")
    assert (entry.chat_id, entry.id_message) == (GUEST, answer["idMessage"])


async def test_an_upload_without_a_name_keeps_the_name_of_the_file(api: Api, instance: Instance) -> None:
    await api.form("sendFileByUpload", {"chatId": GUEST, "file": b"x"})
    assert instance.messages[0].content["fileName"] == "photo.jpg"


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"chatId": GUEST}, 400, "'file' is required"),
        ({"file": b"x"}, 400, "'chatId' is required"),
        ({"chatId": GUEST, "file": b"x", "caption": "c" * 1025}, 400, "equal to 1024"),
    ],
)
async def test_an_incomplete_upload_is_refused_and_not_stored(
    api: Api, world: World, form: dict[str, object], status: int, words: str
) -> None:
    answer = await api.form("sendFileByUpload", form)
    assert (answer.status, words in answer.text) == (status, True)
    assert world.files == {}


async def test_a_malformed_form_is_an_error_500(api: Api) -> None:
    answer = await api.request(
        "POST",
        api.method_url("sendFileByUpload"),
        data=b"no parts here",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status == 500


@pytest.mark.parametrize(
    ("headers", "end"),
    [
        ({"Content-Type": "image/png"}, ".png"),
        ({"GA-Filename": "m%C3%BCll%20list.xlsx"}, "m_ll_list.xlsx"),
        ({"Content-Type": "application/x-unheard-of"}, ".bin"),
    ],
)
async def test_raw_uploads_are_named_by_header_or_type(api: Api, headers: dict[str, str], end: str) -> None:
    answer = await api.request("POST", api.method_url("uploadFile"), data=b"content", headers=headers)
    url: Any = answer.json
    assert url["urlFile"].endswith(end)
    assert (await api.request("GET", url["urlFile"])).body == b"content"
    assert (await api.post("sendFileByUrl", {"chatId": GUEST, "fileName": "f", **url})).status == 200


async def test_an_empty_raw_upload_is_refused(api: Api) -> None:
    assert (await api.request("POST", api.method_url("uploadFile"), data=b"")).status == 400


async def test_a_reply_quotes_a_message_of_the_same_chat(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    question = guest_writes(instance, GUEST, "Is breakfast included?")
    reply = {"chatId": GUEST, "message": "Yes", "quotedMessageId": question.id_message}
    assert (await api.post("sendMessage", {**reply, "chatId": OTHER_GUEST})).status == 400
    answer: Any = (await api.post("sendMessage", reply)).json
    await clock.advance(5)
    message: Any = (await api.post("getMessage", {"chatId": GUEST, **answer})).json
    assert message["quotedMessage"]["stanzaId"] == question.id_message
    assert message["quotedMessage"]["textMessage"] == "Is breakfast included?"


async def test_forwarding_makes_new_messages_marked_as_forwarded(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    text = guest_writes(instance, GUEST, "See you")
    body = {"chatId": OTHER_GUEST, "chatIdFrom": GUEST, "messages": [text.id_message]}
    answer: Any = (await api.post("forwardMessages", body)).json
    await clock.advance(5)
    (received,) = world.inbox(chat_id=OTHER_GUEST)
    assert answer == {"messages": [received.id_message]}
    assert received.text == "See you"
    assert received.content["extendedTextMessage"]["isForwarded"] is True  # type: ignore[index]  # JSON object


async def test_a_reaction_belongs_to_a_message(api: Api, instance: Instance, world: World, clock: SimClock) -> None:
    text = guest_writes(instance, GUEST, "Thank you")
    body = {"chatId": GUEST, "idMessage": text.id_message, "reaction": "👏"}
    answer: Any = (await api.post("sendReaction", body)).json
    await clock.advance(5)
    (received,) = world.inbox()
    assert (received.id_message, received.type_message, received.text) == (
        answer["idMessage"],
        "reactionMessage",
        "👏",
    )


async def test_typing_is_answered_with_nothing(api: Api) -> None:
    answer = await api.post("sendTyping", {"chatId": GUEST, "typingTime": 5000})
    assert (answer.status, answer.body) == (200, b"")


async def test_api_messages_are_echoed_when_the_switch_is_on(api: Api, instance: Instance) -> None:
    await api.post("sendMessage", {"chatId": GUEST, "message": "unseen"})
    instance.settings["outgoingAPIMessageWebhook"] = "yes"
    instance.knobs.guests_without_whatsapp.add(OTHER_GUEST)
    await api.post("sendMessage", {"chatId": OTHER_GUEST, "message": "no account, no echo"})
    answer: Any = (await api.post("sendMessage", {"chatId": GUEST, "message": "seen"})).json
    (echo,) = [each.body for each in instance.notifications.waiting()]
    assert (echo["typeWebhook"], echo["idMessage"]) == ("outgoingAPIMessageReceived", answer["idMessage"])
    assert echo["senderData"]["sender"] == instance.phone  # type: ignore[index]  # JSON object
