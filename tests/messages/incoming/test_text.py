"""What people read of an event: in a search, and in one line of a table."""

from typing import Any, get_args

import pytest

from greenbot.messages.incoming.contents import Content
from greenbot.messages.incoming.model import MessageEvent
from greenbot.messages.incoming.parse import parse
from greenbot.messages.incoming.text import NAMES, summary_of, text_of
from tests.messages.incoming.wire import EVENTS, body, raw

pytestmark = pytest.mark.webhook

IN = "incomingMessageReceived."

READ = [
    ("textMessage", "I use Green-API to send this message to you!", "I use Green-API to send this message to you!"),
    ("extendedTextMessage", "https://green-api.com/en/docs/", "https://green-api.com/en/docs/"),
    ("quotedMessage.text", "Yes, at 10:30", "Yes, at 10:30"),
    ("imageMessage", "Image", "photo: Image"),
    ("videoMessage", "Our office", "video: Our office"),
    ("videoMessage.gif", "", "animation"),
    ("documentMessage", "Please sign", "document: Please sign"),
    ("audioMessage", "", "voice"),
    ("stickerMessage", "", "sticker"),
    ("locationMessage", "Cafe\n1 Main street", "place: Cafe 1 Main street"),
    ("contactMessage", "Sample Contact", "contact: Sample Contact"),
    ("contactsArrayMessage", "Anna Smit\nAlex Smit", "contacts: Anna Smit Alex Smit"),
    ("reactionMessage", "👍", "reaction: 👍"),
    ("reactionMessage.removed", "", "reaction removed"),
    ("pollMessage", "Which color do you like?\nRed\nGreen\nBlue", "poll: Which color do you like? Red Green Blue"),
    ("pollUpdateMessage", "Color\nRed", "votes: Color Red"),
    ("editedMessage", "New text of the message", "edited: New text of the message"),
    ("editedMessage.caption", "New caption of the file", "edited: New caption of the file"),
    ("deletedMessage", "", "deleted"),
    ("groupInviteMessage", "Drawing 4-6\nInvitation to my WhatsApp group",
     "group invite: Drawing 4-6 Invitation to my WhatsApp group"),
    ("buttonsMessage", "Hello\nHello\ngreen\nred\nblue", "buttons: Hello Hello green red blue"),
    ("listMessage", "title\nHello\nHello\nOption 1\nOption 2\nClarification\nOption 3",
     "list: title Hello Hello Option 1 Option 2 Clarification Option 3"),
    ("templateMessage", "Hello\nHello\nStar us\nCall us\nHello", "template: Hello Hello Star us Call us Hello"),
    ("buttonsResponseMessage", "Green", "chose: Green"),
    ("listResponseMessage", "Option 2", "chose: Option 2"),
    ("templateButtonsReplyMessage", "red", "chose: red"),
    ("interactiveButtonsReply", "Header\nDo you agree?\nFooter\nYes\nNo",
     "buttons: Header Do you agree? Footer Yes No"),
    ("interactiveButtonsResponse", "Yes", "chose: Yes"),
    ("productMessage", "Mug\nWhite mug, 300 ml", "product: Mug White mug, 300 ml"),
    ("orderMessage", "", "order: 1234567890123456"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "line"), READ, ids=[row[0] for row in READ])
def test_a_message_has_its_words_and_one_line(name: str, words: str, line: str) -> None:
    event = parse(raw(body(IN + name)))
    assert isinstance(event, MessageEvent)
    assert text_of(event.content) == words
    assert summary_of(event) == line


LINES = [
    ("outgoingMessageStatus.failed.editWindow", "failed: 15 minute editing time gap has been expired"),
    ("outgoingMessageStatus.read", "read"),
    ("stateInstanceChanged.blocked", "blocked"),
    ("statusInstanceChanged.online", "online"),
    ("incomingCall.offer", "call: offer"),
    ("incomingCall.pickUp.video", "video call: pickUp"),
    ("outgoingCall.pickUp", "call: pickUp, 42 s"),
    ("incomingBlock.blocked", "blocked"),
    ("quotaExceeded.correspondents", "quota: correspondents 3 of 3"),
    ("deviceInfo.deviceData", "phone: iPhone 11 90 %"),
    ("deviceInfo.avatarInfo", "picture: https://pps.example.invalid/v/link/to/the/image"),
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_every_other_event_has_one_line_too(name: str, line: str) -> None:
    assert summary_of(parse(raw(body(name)))) == line


def test_each_line_is_short_single_and_never_empty() -> None:
    for name in EVENTS:
        line = summary_of(parse(raw(body(name))))
        assert 0 < len(line) <= 200
        assert "\n" not in line


def of(data: dict[str, Any]) -> MessageEvent:
    event = parse(raw({"typeWebhook": "incomingMessageReceived", "messageData": data}))
    assert isinstance(event, MessageEvent)
    return event


def test_a_place_without_a_name_shows_its_point() -> None:
    event = of({"typeMessage": "locationMessage", "locationMessageData": {"latitude": 52.37, "longitude": 4.89}})
    assert summary_of(event) == "place: 52.37000, 4.89000"


def test_a_document_without_a_caption_is_found_by_its_name() -> None:
    assert text_of(of({"typeMessage": "documentMessage", "fileMessageData": {"fileName": "a.pdf"}}).content) == "a.pdf"


def test_a_long_text_is_cut_and_its_lines_joined() -> None:
    event = of({"typeMessage": "textMessage", "textMessageData": {"textMessage": "long\n" * 1000}})
    assert summary_of(event) == "long " * 39 + "long…"
    assert len(text_of(event.content)) == 5000


def test_what_is_unknown_says_so() -> None:
    assert summary_of(of({"typeMessage": "hologramMessage"})) == "unknown: hologramMessage"
    assert summary_of(parse(b"{}")) == "unknown"


def test_every_content_has_a_word() -> None:
    assert set(NAMES) == set(get_args(Content))
