"""Keys as terminals send them, in pieces and in heaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.dashboard.keys import Reader


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"q", ["q"]),
        (b"\t 5?", ["tab", "space", "5", "?"]),
        (b"\x1b[A\x1bOB\x1b[5~\x1b[6~", ["up", "down", "pgup", "pgdn"]),
        (b"\x1b[H\x1b[4~\x1b[Z", ["home", "end", "backtab"]),
        (b"\x1b[1;5Cq", ["q"]),
        (b"\x1bxq", ["q"]),
        (b"\x1b\x1b[A", ["up"]),
        (b"\xc3\xa9q", ["q"]),
        (b"\x00\x01\x0c", ["redraw"]),
        (b"\x1b[200~qqaay\x1b[201~5", ["5"]),
        (b"\x1b[200~\x1b[A\x1b[20q\x1b[201~\x1b[B", ["down"]),
        (b"\x1b[" + b"9" * 40 + b"q", ["9"] * 10 + ["q"]),
    ],
)
def test_bytes_become_keys_however_they_are_split(typed: bytes, keys: list[str]) -> None:
    assert Reader().feed(typed) == keys
    reader = Reader()
    assert [key for byte in typed for key in reader.feed(bytes([byte]))] == keys


def test_escape_alone_is_known_after_a_moment() -> None:
    reader = Reader()
    assert reader.feed(b"\x1b") == []
    assert reader.is_waiting
    assert reader.lapse() == ["escape"]
    assert reader.feed(b"q") == ["q"]


def test_half_a_sequence_that_never_ends_is_forgotten() -> None:
    reader = Reader()
    assert reader.feed(b"\x1b[1") == []
    assert reader.lapse() == []
    assert reader.feed(b"q") == ["q"]


@given(st.lists(st.binary(max_size=12), max_size=20))
def test_no_bytes_make_it_fail_or_hold_on_to_much(pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        assert all(key.isprintable() for key in reader.feed(piece))
        assert len(reader._held) <= 32
