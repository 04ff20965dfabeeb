"""When a hidden id and a number are one guest, and when nobody may say so."""

from typing import Any

import pytest

from greenbot.messages.incoming.identity import Link, Seen, evidence, is_linkable, link, of_message, of_record
from greenbot.messages.incoming.parse import parse
from tests.messages.incoming.wire import EVENTS, body, raw

pytestmark = pytest.mark.webhook

LID, PERSON, OTHER = "155508384256027@lid", "11001234568@c.us", "11001234569@c.us"
LONG_ID = "3EB0C767D097B7C7C030"


def said(sender: dict[str, Any], name: str = "incomingMessageReceived.textMessage.lid") -> tuple[Link, ...]:
    wire = body(name)
    return evidence(parse(raw(wire | {"senderData": wire["senderData"] | sender})))


def certain(evidence_name: str) -> tuple[Link, ...]:
    return (Link(lid=LID, person=PERSON, evidence=evidence_name, confidence="certain"),)


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


def test_the_only_other_one_in_a_call_is_likely_the_caller() -> None:
    call = body("outgoingCall.pickUp") | {"from": LID}
    assert [each.confidence for each in evidence(parse(raw(call)))] == ["likely"]
    two = [{"wid": PERSON}, {"wid": OTHER}]
    assert evidence(parse(raw(call | {"participants": two}))) == ()


SEEN = [
    (Seen(remote_id=LONG_ID, chat_id=LID, at_ms=1000), Seen(remote_id=LONG_ID, chat_id=PERSON, at_ms=4000), "certain"),
    (Seen(remote_id=LONG_ID, chat_id=PERSON, at_ms=1000), Seen(remote_id=LONG_ID, chat_id=LID, at_ms=1000), "certain"),
    (Seen(remote_id=LONG_ID, chat_id=LID, at_ms=1000), Seen(remote_id=LONG_ID, chat_id=PERSON, at_ms=7000), "likely"),
    (Seen(remote_id=LONG_ID, chat_id=LID), Seen(remote_id=LONG_ID, chat_id=PERSON, at_ms=1000), "likely"),
    (Seen(remote_id="BAE5", chat_id=LID, at_ms=1), Seen(remote_id="BAE5", chat_id=PERSON, at_ms=1), None),
    (Seen(remote_id=LONG_ID, chat_id=LID), Seen(remote_id=LONG_ID + "1", chat_id=PERSON), None),
    (Seen(remote_id=LONG_ID, chat_id=OTHER), Seen(remote_id=LONG_ID, chat_id=PERSON), None),
    (Seen(remote_id=LONG_ID, chat_id=LID), Seen(remote_id=LONG_ID, chat_id=LID), None),
    (Seen(remote_id="", chat_id=LID), Seen(remote_id="", chat_id=PERSON), None),
]


@pytest.mark.parametrize(("one", "other", "confidence"), SEEN)
def test_one_message_in_two_chats_is_evidence(one: Seen, other: Seen, confidence: str | None) -> None:
    found = of_message(one, other)
    assert (found.confidence if found else None) == confidence
    assert found is None or (found.lid, found.person) == (LID, PERSON)


def test_one_likely_piece_is_not_enough() -> None:
    likely, sure = link(LID, PERSON, "x", "likely"), link(PERSON, LID, "x", "certain")
    assert likely is not None
    assert sure is not None
    assert not is_linkable(likely)
    assert is_linkable(likely, agreeing=2)
    assert is_linkable(sure)


RECORDS = [
    ({"existsWhatsapp": True, "chatId": LID, "phoneNumber": PERSON}, True),
    ({"chatId": LID, "phoneNumber": 11001234568}, True),
    ({"id": PERSON, "lid": LID, "isAdmin": False}, True),
    ({"id": PERSON, "lid": None}, False),
    ({"id": LID, "name": "Anna", "contactName": "11001234568"}, False),
    ({"chatId": LID, "id": PERSON, "phoneNumber": OTHER}, False),
    ({"chatId": LID, "lid": "255508384256027@lid", "phoneNumber": PERSON}, False),
    ({"chatId": LID, "phoneNumber": True}, False),
    ({}, False),
]


@pytest.mark.parametrize(("record", "is_link"), RECORDS)
def test_an_answer_that_names_both_links_unless_it_contradicts_itself(record: dict[str, Any], is_link: bool) -> None:
    assert (of_record(record) is not None) == is_link
