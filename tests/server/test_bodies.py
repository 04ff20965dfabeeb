import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.server.bodies import BadBody, Body, Chunked, Measured, TooLarge


def fed(body: Body, pieces: list[bytes]) -> tuple[bytes | None, bytes]:
    """What follows the body, and the body."""
    rest: bytes | None = None
    for piece in pieces:
        assert rest is None
        rest = body.feed(piece)
    return rest, body.content()


def in_pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(raw) - 1) for cut in cuts})
    return [raw[begin:end] for begin, end in zip([0, *places], [*places, len(raw)], strict=True) if begin < end]


CUTS = st.lists(st.integers(1, 200), max_size=20)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), CUTS)
def test_chunks_are_joined_wherever_the_network_cuts_them(chunks: list[bytes], cuts: list[int]) -> None:
    raw = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert fed(Chunked(10_000), in_pieces(raw, cuts)) == (b"", b"".join(chunks))


@given(st.binary(min_size=1, max_size=100), CUTS)
def test_a_measured_body_ends_where_it_says(content: bytes, cuts: list[int]) -> None:
    assert fed(Measured(len(content)), in_pieces(content, cuts)) == (b"", content)


def test_what_follows_a_body_is_given_back() -> None:
    assert fed(Measured(3), [b"abcGET /"]) == (b"GET /", b"abc")
    assert fed(Chunked(9), [b"3\r\nabc\r\n0\r\n\r\nGET /"]) == (b"GET /", b"abc")


def test_a_size_may_have_an_extension_and_leading_zeros() -> None:
    assert fed(Chunked(9), [b'0003;name="x"\r\nabc\r\n0\r\n\r\n']) == (b"", b"abc")


BAD = {
    "no number": b"x\r\n",
    "a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\n",
    "a blank before": b" 3\r\nabc\r\n0\r\n\r\n",
    "nothing": b"\r\n",
    "a bare line feed": b"3\nabc\n0\n\n",
    "a control character in an extension": b"3;a\0b\r\nabc\r\n0\r\n\r\n",
    "a chunk that goes on": b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk that ends early": b"3\r\nab\r\n0\r\n\r\n",
    "a trailer": b"3\r\nabc\r\n0\r\nAuthorization: x\r\n\r\n",
    "an endless size line": b"0" * 300,
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_other_chunks_are_refused(raw: bytes) -> None:
    with pytest.raises(BadBody):
        Chunked(10_000).feed(raw)


def test_a_chunk_that_would_be_too_much_is_refused_before_it_is_here() -> None:
    with pytest.raises(TooLarge):
        Chunked(10).feed(b"b\r\n")
    with pytest.raises(TooLarge):
        Chunked(10).feed(b"6\r\nabcdef\r\n5\r\n")
    with pytest.raises(TooLarge):
        Chunked(10).feed(b"FFFFFFFF\r\n")
