"""Whatever happens to a documented body, it is an event, and the same one for everybody who looks."""

import copy
import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenbot.messages.incoming.envelope import peek
from greenbot.messages.incoming.identity import evidence
from greenbot.messages.incoming.keys import chat_key, remote_id, semantic_key
from greenbot.messages.incoming.model import MessageEvent, Unreadable
from greenbot.messages.incoming.parse import parse
from greenbot.messages.incoming.text import summary_of, text_of
from tests.messages.incoming.wire import EVENTS, SAMPLES, Path_, at, body, nodes, raw

pytestmark = pytest.mark.webhook

CALM = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**63, 10**400, 1e300, 0.5, "", "x", "yes", "\x00", "\u202e", "{{SWE001}}", "a|b",
    "9" * 30, [], {}, [None], [[]], [{}], {"a": 1}, {"text": []}, ["x", 5, {}], "11001234568@c.us", "1555083@lid",
)  # fmt: skip
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def with_change(wire: dict[str, Any], path: Path_, change: str, value: object) -> dict[str, Any]:
    """The body with one field dropped, nulled, retyped or put one level deeper."""
    holder = at(wire, path[:-1])
    if change == "drop":
        del holder[path[-1]]
    elif change == "nest":
        holder[path[-1]] = {str(path[-1]): holder[path[-1]]}
    else:
        holder[path[-1]] = value
    return wire


def look_at_everything(sent: bytes) -> None:
    """Reads an event as all parts of greenbot would."""
    envelope = peek(sent)
    try:
        event = parse(sent)
    except Unreadable as reason:
        assert envelope.unreadable == str(reason)
        return
    told = (event.type, event.instance_id, chat_key(event), remote_id(event), semantic_key(event))
    at_s = None if event.at_ms is None else event.at_ms // 1000
    assert told == (envelope.type, envelope.instance_id, envelope.chat_id, envelope.remote_id, envelope.semantic_key)
    assert (envelope.unreadable, envelope.at_s) == ("", at_s)
    line = summary_of(event)
    assert len(line) <= 200
    assert "\n" not in line
    evidence(event)
    if isinstance(event, MessageEvent):
        assert envelope.content_type == event.content.type
        text_of(event.content).encode()
    asdict(event)


@pytest.mark.parametrize("name", EVENTS)
def test_any_field_may_be_dropped_nulled_retyped_or_nested(name: str) -> None:
    paths = list(nodes(body(name)))
    for index, path in enumerate(paths):
        look_at_everything(raw(with_change(body(name), path, "drop", None)))
        look_at_everything(raw(with_change(body(name), path, "nest", None)))
        for value in STRANGE[index % 2 :: 2]:
            look_at_everything(raw(with_change(body(name), path, "set", value)))


@CALM
@given(data=st.data(), name=st.sampled_from(EVENTS), changes=st.integers(1, 4))
def test_several_changes_at_once_raise_nothing(data: st.DataObject, name: str, changes: int) -> None:
    wire = body(name)
    for _ in range(changes):
        paths = list(nodes(wire))
        if not paths:
            break
        path = data.draw(st.sampled_from(paths))
        change = data.draw(st.sampled_from(["drop", "nest", "set"]))
        wire = with_change(wire, path, change, data.draw(junk))
    look_at_everything(raw(wire))
    look_at_everything(json.dumps(wire).encode())


@CALM
@given(name=st.sampled_from(EVENTS), cut=st.integers(0, 900), byte=st.binary(max_size=3))
def test_broken_bytes_are_unreadable_or_an_event(name: str, cut: int, byte: bytes) -> None:
    sent = SAMPLES[name]
    place = cut % len(sent)
    look_at_everything(sent[:place])
    look_at_everything(sent[:place] + byte + sent[place + len(byte) :])


@CALM
@given(sent=st.binary(max_size=200))
def test_noise_is_unreadable(sent: bytes) -> None:
    look_at_everything(sent)


def shuffled(value: Any, data: st.DataObject) -> Any:
    """The same JSON with its keys in another order and fields nobody knows in every object."""
    if isinstance(value, list):
        return [shuffled(item, data) for item in value]
    if not isinstance(value, dict):
        return value
    order = data.draw(st.permutations(sorted(value)))
    return {key: shuffled(value[key], data) for key in order} | {"addedIn2027": data.draw(junk)}


@CALM
@given(data=st.data(), name=st.sampled_from(EVENTS), indent=st.sampled_from([None, 2]), ascii_=st.booleans())
def test_order_spaces_escapes_and_new_fields_change_no_key(
    data: st.DataObject, name: str, indent: int | None, ascii_: bool
) -> None:
    wire = body(name)
    sent = json.dumps(shuffled(copy.deepcopy(wire), data), indent=indent, ensure_ascii=ascii_).encode()
    key = semantic_key(parse(raw(wire)))
    assert key is not None
    assert semantic_key(parse(sent)) == key
    assert peek(sent).semantic_key == key
