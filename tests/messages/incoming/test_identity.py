"""When a hidden id and a number are one guest, and when nobody may say so."""

from typing import Any

import pytest

from greenbot.messages.incoming.identity import Link, evidence, of_answer
from greenbot.messages.incoming.parse import parse
from tests.messages.incoming.wire import EVENTS, body, raw

pytestmark = pytest.mark.webhook

LID, PERSON, OTHER = "155508384256027@lid", "11001234568@c.us", "11001234569@c.us"
LONG_ID = "3EB0C767D097B7C7C030"


def said(sender: dict[str, Any], name: str = "incomingMessageReceived.textMessage.lid") -> tuple[Link, ...]:
    wire = body(name)
    return evidence(parse(raw(wire | {"senderData": wire["senderData"] | sender})))


def certain(evidence_name: str) -> tuple[Link, ...]:
    return (Link(lid=LID, person=PERSON, evidence=evidence_name),)


PROOF = [
    ({"senderPhoneNumber": 11001234568}, "senderPhoneNumber"),
    ({"senderPhoneNumber": "+11001234568"}, "senderPhoneNumber"),
    ({"chatId": PERSON}, "chatAndSender"),
    ({"sender": PERSON}, "chatAndSender"),
    ({"chatId": "120363043968066561@g.us", "senderPhoneNumber": 11001234568}, "senderPhoneNumber"),
]


@pytest.mark.parametrize(("sender", "name"), PROOF)
def test_a_field_that_names_the_number_links(sender: dict[str, Any], name: str) -> None:
    assert said(sender) == certain(name)


NO_PROOF = [
    {},
    {"senderName": "John Doe", "chatName": "John Doe", "senderContactName": "John Doe"},
    {"senderName": "11001234568", "chatName": "+1 100 123-45-68", "senderContactName": PERSON},
    {"chatId": "120363043968066561@g.us"},
    {"chatId": "120363043968066561@g.us", "sender": PERSON},
    {"senderPhoneNumber": 0},
    {"senderPhoneNumber": "none"},
    {"senderPhoneNumber": "011001234568"},
    {"senderPhoneNumber": 5},
    {"senderPhoneNumber": []},
    {"chatId": "11001234567@c.us"},
    {"chatId": "x@c.us"},
    {"chatId": "\uff11\uff11001234568@c.us"},
]


@pytest.mark.parametrize("sender", NO_PROOF)
def test_names_groups_and_the_instance_itself_link_nobody(sender: dict[str, Any]) -> None:
    assert said(sender) == ()


def test_what_we_sent_names_ourselves_and_links_nobody() -> None:
    assert said({"chatId": LID, "sender": "11001234567@c.us"}, "outgoingMessageReceived.textMessage") == ()
    assert said({"chatId": LID, "sender": OTHER}, "outgoingMessageReceived.textMessage") == ()


@pytest.mark.parametrize("name", EVENTS)
def test_no_documented_event_links_anybody(name: str) -> None:
    assert evidence(parse(raw(body(name)))) == ()


def joined(method: str, answer: object, asked: str = "") -> list[tuple[str, str]]:
    return [(found.lid, found.person) for found in of_answer(method, {"chatId": asked}, answer)]


CHECKED = [
    ("", {"existsWhatsapp": True, "chatId": LID, "phoneNumber": PERSON}, True),
    ("", {"chatId": LID, "phoneNumber": 11001234568}, True),
    (PERSON, {"existsWhatsapp": True, "chatId": LID, "fromCache": False}, True),
    (LID, {"existsWhatsapp": True, "chatId": LID, "fromCache": False}, False),
    (PERSON, {"existsWhatsapp": False, "chatId": ""}, False),
    (OTHER, {"chatId": LID, "phoneNumber": PERSON}, False),
    ("", {"chatId": LID, "lid": "255508384256027@lid", "phoneNumber": PERSON}, False),
    ("", {"chatId": LID, "phoneNumber": True}, False),
    ("", {}, False),
    ("", "not an object", False),
]


@pytest.mark.parametrize(("asked", "answer", "is_link"), CHECKED)
def test_a_check_that_names_both_links_unless_it_contradicts_itself(asked: str, answer: object, is_link: bool) -> None:
    assert joined("checkWhatsapp", answer, asked) == [(LID, PERSON)] * is_link


LISTED = [
    ("getGroupData", {"participants": [{"id": PERSON, "lid": LID, "isAdmin": False}]}, True),
    ("getGroupData", {"participants": [{"id": PERSON, "lid": None}, {"id": PERSON, "lid": ""}, None]}, False),
    ("getGroupData", {"participants": LID}, False),
    ("getContacts", [{"id": PERSON, "newChatId": LID, "name": "Anna"}], True),
    ("getContacts", [{"id": LID, "newChatId": "255508384256027@lid"}], False),
    ("getContacts", [{"id": LID, "name": "Anna", "contactName": "11001234568"}], False),
    ("getChats", [{"id": "120363043968066561@g.us", "newChatId": LID}, {"id": PERSON, "newChatId": LID}], True),
    ("getContactInfo", {"chatId": LID, "phoneNumber": PERSON}, True),
    ("getAvatar", {"chatId": LID, "phoneNumber": PERSON}, False),
]


@pytest.mark.parametrize(("method", "answer", "is_link"), LISTED)
def test_a_list_links_whom_it_names_by_both_ids(method: str, answer: object, is_link: bool) -> None:
    assert joined(method, answer) == [(LID, PERSON)] * is_link
