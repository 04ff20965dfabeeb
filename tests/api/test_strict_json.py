"""What the strict parser takes and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.api.strict_json import BadJson, loads


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":[1,2.5,"x",null,true]}', {"a": [1, 2.5, "x", None, True]}),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"[" * 64 + b"]" * 64, eval("[" * 64 + "]" * 64)),
        (rb'"\ud83d\udc4f"', "\U0001f44f"),
        (rb'"\uD83D\uDC4F"', "\U0001f44f"),
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"\udc4f\ud83d"', "\ufffd\ufffd"),
        (rb'"\\ud800"', "\\ud800"),
        (b'"' + b"[" * 1000 + b'"', "[" * 1000),
    ],
)
def test_is_read(body: bytes, value: object) -> None:
    assert loads(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nul",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"9223372036854775808",
        b"-9223372036854775809",
        b"1" * 5000,
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        '"x"'.encode("utf-16"),
        b"{'a':1}",
        b'{"a":1}{"b":2}',
    ],
)
def test_is_refused_with_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(BadJson):
        loads(body)


def test_a_refusal_does_not_repeat_the_body() -> None:
    with pytest.raises(BadJson) as refusal:
        loads(b'{"apiTokenInstance":"abcdef0123456789",}')
    assert "abcdef" not in str(refusal.value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_one_error(body: bytes) -> None:
    try:
        loads(body)
    except BadJson:
        return


@given(st.text(alphabet=st.characters(), max_size=20))
def test_strings_come_out_fit_for_any_store(text: str) -> None:
    escaped = "".join(f"\\u{ord(character) & 0xFFFF:04x}" for character in text)
    value = loads(f'"{escaped}"'.encode())
    assert isinstance(value, str)
    value.encode("utf-8")
