"""Hostile bytes: what is refused, what is kept, and that nothing else can happen."""

import json
import sys

import pytest

from greenbot.messages.incoming.envelope import peek
from greenbot.messages.incoming.model import MessageEvent, StateEvent, Text, Unreadable
from greenbot.messages.incoming.parse import parse

pytestmark = pytest.mark.webhook


def text_event(literal: str) -> bytes:
    """A message whose text is written as this JSON."""
    data = f'"messageData":{{"typeMessage":"textMessage","textMessageData":{{"textMessage":{literal}}}}}'
    return f'{{"typeWebhook":"incomingMessageReceived","idMessage":"A",{data}}}'.encode("utf-8", "surrogatepass")


def nested(depth: int) -> bytes:
    """An object of that many levels."""
    return b'{"typeWebhook":"stateInstanceChanged","x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


REFUSED = [
    (b"", "not JSON"),
    (b" ", "not JSON"),
    (b"null", "not a JSON object"),
    (b"[]", "not a JSON object"),
    (b'"text"', "not a JSON object"),
    (b"5", "not a JSON object"),
    (b"{", "not JSON"),
    (b"{}{}", "not JSON"),
    (b"{'a':1}", "not JSON"),
    (b'{"a":NaN}', "NaN"),
    (b'{"a":Infinity}', "Infinity"),
    (b'{"a":-Infinity}', "Infinity"),
    (b'{"a":01}', "not JSON"),
    (b'{"a":"\xff"}', "not UTF-8"),
    (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
    (b"\xef\xbb\xbf{}", "not JSON"),
    ('{"typeWebhook":"x"}'.encode("utf-16"), "not UTF-8"),
    ('{"typeWebhook":"x"}'.encode("utf-16-le"), "not JSON"),
    ('{"typeWebhook":"x"}'.encode("utf-32-be"), "not JSON"),
    (b'{"a":"\x00"}', "not JSON"),
    (b"\x1f\x8b\x08\x00", "not UTF-8"),
    (nested(65), "too deeply"),
    (nested(100_000), "too deeply"),
    (b"[" * 100_000, "too deeply"),
    (b'{"a":' * 100_000, "too deeply"),
    (b'{"a":"\\ud800","b":' + b"[" * 100_000, "too deeply"),
    (text_event("[" * 62 + "]" * 62), "too deeply"),
    (text_event('"\xff"').replace(b"\xc3\xbf", b"\xff"), "not UTF-8"),
    (text_event("NaN"), "NaN"),
]


@pytest.mark.parametrize(("raw", "words"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_is_no_json_object_is_refused_with_a_reason(raw: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words) as refused:
        parse(raw)
    assert len(str(refused.value)) < 60
    assert peek(raw).unreadable == str(refused.value)


KEPT = [
    ('"\\ud800"', "\ufffd"),
    ('"a\\udc00b\\ud800"', "a\ufffdb\ufffd"),
    ('"\\ud83d\\ude00"', "😀"),
    ('"\\ud800\\ud83d\\ude00"', "\ufffd😀"),
    ('"\\\\ud800"', "\\ud800"),
    ('"\\u0000"', "\x00"),
    ('"\\u001b[2J\\u202e"', "\x1b[2J\u202e"),
    ("9" * 5000, "9" * 5000),
    ("-" + "9" * 5000, "-" + "9" * 5000),
    ("9" * 300, "9" * 300),
    ("1e999", "1e999"),
]


@pytest.mark.parametrize(("literal", "text"), KEPT, ids=lambda value: value[:20])
def test_what_is_json_is_kept_whatever_it_is(literal: str, text: str) -> None:
    event = parse(text_event(literal))
    assert isinstance(event, MessageEvent)
    assert isinstance(event.content, Text)
    assert event.content.text == text
    event.content.text.encode()
    assert peek(text_event(literal)).unreadable == ""


def test_sixty_four_levels_are_not_too_deep() -> None:
    assert isinstance(parse(nested(64)), StateEvent)
    assert peek(nested(64)).type == "stateInstanceChanged"


def test_of_duplicate_keys_the_last_one_counts_for_everybody() -> None:
    raw = (
        b'{"typeWebhook":"incomingCall","typeWebhook":"outgoingMessageStatus","idMessage":"A","idMessage":"B",'
        b'"instanceData":{"idInstance":1},"instanceData":{"idInstance":2},"status":"sent"}'
    )
    event, envelope = parse(raw), peek(raw)
    assert (event.type, event.instance_id) == ("outgoingMessageStatus", "2")
    assert (envelope.type, envelope.instance_id, envelope.remote_id) == ("outgoingMessageStatus", "2", "B")


def test_a_body_of_two_megabytes_is_an_event() -> None:
    event = parse(text_event(json.dumps("я" * 1_000_000, ensure_ascii=False)))
    assert isinstance(event, MessageEvent)
    assert isinstance(event.content, Text)
    assert len(event.content.text) == 1_000_000


def test_the_stack_of_the_caller_does_not_decide() -> None:
    def deep(levels: int) -> str:
        return deep(levels - 1) if levels else parse(nested(64)).type

    assert deep(sys.getrecursionlimit() // 2) == "stateInstanceChanged"
