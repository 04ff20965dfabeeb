"""Which notifications are the same event, and which only share an idMessage."""

import itertools
from typing import Any

import pytest

from greenbot.messages.incoming.envelope import peek
from greenbot.messages.incoming.keys import chat_key, semantic_key
from greenbot.messages.incoming.parse import parse
from tests.messages.incoming.wire import EVENTS, body, raw

pytestmark = pytest.mark.webhook


def key(value: dict[str, Any]) -> str | None:
    """The key of a body, which intake and processing must agree upon."""
    sent = raw(value)
    told = semantic_key(parse(sent))
    assert peek(sent).semantic_key == told
    return told


def message(kind: str, block: str, fields: dict[str, Any], **top: Any) -> dict[str, Any]:
    data = {"typeMessage": kind, block: fields}
    return body("incomingMessageReceived.textMessage") | {"messageData": data} | top


def poll(*votes: tuple[str, list[str]], target: str = "P") -> dict[str, Any]:
    listed = [{"optionName": option, "optionVoters": voters} for option, voters in votes]
    return message("pollUpdateMessage", "pollMessageData", {"stanzaId": target, "votes": listed})


def edit(text: str, *, field: str = "textMessage", target: str = "E") -> dict[str, Any]:
    return message("editedMessage", "editedMessageData", {field: text, "stanzaId": target})


def reaction(emoji: str, target: str = "R") -> dict[str, Any]:
    quoted = {"quotedMessage": {"stanzaId": target}}
    made = message("reactionMessage", "extendedTextMessageData", {"text": emoji})
    made["messageData"] |= quoted
    return made


def text(words: str, **top: Any) -> dict[str, Any]:
    return message("textMessage", "textMessageData", {"textMessage": words}, **top)


def status(word: str, **top: Any) -> dict[str, Any]:
    return body("outgoingMessageStatus.sent") | {"status": word} | top


def call(word: str) -> dict[str, Any]:
    return body("incomingCall.offer") | {"status": word}


ALL_WITH_ONE_ID = [
    text("Hello"),
    text("Hello", typeWebhook="outgoingMessageReceived"),
    text("Hello", senderData={"chatId": "11001234569@c.us"}),
    text("{{SWE001}}"),
    text("{{SWE003}}"),
    edit("New"),
    edit("Newer"),
    edit("New", field="caption"),
    edit("New", target="F"),
    poll(("Red", ["1@c.us"]), ("Green", [])),
    poll(("Red", []), ("Green", ["1@c.us"])),
    poll(("Red", ["1@c.us", "2@c.us"]), ("Green", [])),
    poll(("Red", ["1@c.us"]), ("Green", []), target="Q"),
    poll(("Red", ["Green"])),
    poll(("Red", []), ("Green", [])),
    reaction("👍"),
    reaction("❤️"),
    reaction(""),
    reaction("👍", target="S"),
    message("deletedMessage", "deletedMessageData", {"stanzaId": "D"}),
    message("deletedMessage", "deletedMessageData", {"stanzaId": "C"}),
    *(
        status(word, idMessage=text("")["idMessage"])
        for word in ("sent", "delivered", "read", "failed", "noAccount", "notInGroup", "yellowCard", "suspended")
    ),
    status("failed", idMessage=text("")["idMessage"], description="15 minute editing time gap has been expired"),
    status("read", idMessage=text("")["idMessage"], typeWebhook="incomingMessageStatus"),
    *(call(word) | {"idMessage": text("")["idMessage"]} for word in ("offer", "pickUp", "hungUp", "declined")),
]


def test_events_that_share_an_id_message_have_keys_of_their_own() -> None:
    assert {event["idMessage"] for event in ALL_WITH_ONE_ID} == {"F7AEC1B7086ECDC7E6E45923F5ED0001"}
    keys = [key(event) for event in ALL_WITH_ONE_ID]
    assert None not in keys
    assert [keys[i] for i, j in itertools.combinations(range(len(keys)), 2) if keys[i] == keys[j]] == []


SAME = [
    ("a message without the sender's names", text("Hi"), text("Hi", senderData={"chatId": "11001234568@c.us"})),
    ("a message seen again later", text("Hi"), text("Hi", timestamp=1)),
    ("a message whose kind the journal words differently", text("Hi"),
     message("extendedTextMessage", "extendedTextMessageData", {"text": "Hi"})),
    ("votes in another order", poll(("Red", ["1@c.us", "2@c.us"])), poll(("Red", ["2@c.us", "1@c.us"]))),
    ("a status in its old spelling", status("fail"), status("failed")),
    ("a status seen again later", status("read"), status("read", timestamp=1)),
    ("a call in its old spelling", call("hangUp"), call("hungUp")),
    ("an id written as a number", status("read", chatId=5), status("read", chatId="5")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_event_has_the_same_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(one) == key(other)
    assert key(one) is not None


ONLY_BYTES_TELL = [
    ("an unknown type", {"typeWebhook": "incomingTyping", "idMessage": "A"}),
    ("an unknown content", message("hologramMessage", "hologramMessage", {"beam": 1})),
    ("no content at all", text("x") | {"messageData": None}),
    ("a message without an id", text("x", idMessage="")),
    ("a status without an id", status("sent", idMessage=None)),
    ("a call without an id", call("offer") | {"idMessage": None}),
    ("a state without a time", {"typeWebhook": "stateInstanceChanged", "stateInstance": "authorized"}),
    ("a state at an impossible time", {"typeWebhook": "stateInstanceChanged", "timestamp": 1e20}),
]


def test_a_marker_counts_however_it_is_written() -> None:
    plain = raw(text("{{SWE001}}"))
    escaped = plain.replace(b"{{SWE001}}", b"\\u007b\\u007b\\u0053WE001}}")
    assert semantic_key(parse(escaped)) == peek(escaped).semantic_key == key(text("{{SWE001}}"))
    assert peek(escaped).semantic_key != key(text("Hello"))


@pytest.mark.parametrize("event", [row[1] for row in ONLY_BYTES_TELL], ids=[row[0] for row in ONLY_BYTES_TELL])
def test_without_an_identity_only_equal_bytes_are_the_same_event(event: dict[str, Any]) -> None:
    assert key(event) is None


@pytest.mark.parametrize("name", EVENTS)
def test_every_documented_event_has_a_key_of_bounded_length(name: str) -> None:
    told = key(body(name))
    assert told is not None
    assert len(told) <= 200


def test_events_of_an_instance_differ_by_what_they_tell_and_when() -> None:
    names = [
        name for name in EVENTS if name.startswith(("state", "statusInstance", "device", "quota", "incomingBlock"))
    ]
    keys = {key(body(name)) for name in names} | {key(body(name) | {"timestamp": 1706531999}) for name in names}
    assert len(keys) == 2 * len(names)


@pytest.mark.parametrize("field", ["idMessage", "chatId", "status", "description"])
def test_foreign_bars_and_lengths_make_no_two_keys_equal(field: str) -> None:
    values = ["a|b", "a", "a|", "|a", "a" * 5000, "a" * 5001, "|" * 200]
    keys = [key(status("sent") | {field: value}) for value in values]
    assert len(set(keys)) == len(values)
    assert all(told is not None and len(told) <= 200 for told in keys)


def test_a_bar_cannot_move_a_value_into_the_next_field() -> None:
    assert key(status("c", chatId="a|b", idMessage="x")) != key(status("c", chatId="a", idMessage="b|x"))
    assert key(status("x|y", description="")) != key(status("x", description="y"))


def test_no_words_of_a_guest_stand_in_a_key() -> None:
    for event in (text("my secret"), edit("my secret"), poll(("my secret", ["1@c.us"])), reaction("my secret")):
        told = key(event)
        assert told is not None
        assert "secret" not in told


CHATS = [
    ("incomingMessageReceived.textMessage", "11001234568@c.us"),
    ("incomingMessageReceived.textMessage.group", "120363043968066561@g.us"),
    ("outgoingMessageStatus.read", "11001234568@c.us"),
    ("incomingCall.offer", "11001234568@c.us"),
    ("incomingBlock.blocked", "11001234568@c.us"),
    ("stateInstanceChanged.blocked", ""),
    ("statusInstanceChanged.online", ""),
    ("deviceInfo.avatarInfo", ""),
    ("quotaExceeded.correspondents", ""),
]


@pytest.mark.parametrize(("name", "chat"), CHATS)
def test_the_events_of_a_chat_keep_their_order(name: str, chat: str) -> None:
    assert chat_key(parse(raw(body(name)))) == chat
    assert peek(raw(body(name))).chat_id == chat
