import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.server.head import BadHead, parse_head

POST = b"POST /a?b=c HTTP/1.1\r\nHost: h\r\n"


def test_a_plain_head_is_read() -> None:
    head = parse_head(POST + b"Authorization:  Bearer x \r\nContent-Length: 12", most_lines=100)
    assert (head.method, head.path, head.query) == ("POST", "/a", "b=c")
    assert head.headers == {b"host": b"h", b"authorization": b"Bearer x", b"content-length": b"12"}
    assert (head.content_length, head.chunked, head.keep_alive) == (12, False, True)


def test_a_header_that_came_twice_is_not_single() -> None:
    head = parse_head(POST + b"A: 1\r\na: 2\r\nB: 3", most_lines=100)
    assert (head.single(b"a"), head.single(b"b"), head.single(b"c")) == (None, b"3", None)
    assert head.headers[b"a"] == b"1, 2"


@pytest.mark.parametrize(
    "extra, keeps",
    [
        (b"", True),
        (b"Connection: close", False),
        (b"Connection: Keep-Alive, Close", False),
        (b"Connection: upgrade", True),
    ],
)
def test_a_connection_stays_unless_somebody_wants_it_closed(extra: bytes, keeps: bool) -> None:
    assert parse_head((POST + extra).removesuffix(b"\r\n"), most_lines=100).keep_alive is keeps


def test_an_old_client_keeps_its_connection_only_when_it_says_so() -> None:
    assert not parse_head(b"GET / HTTP/1.0", most_lines=100).keep_alive
    assert parse_head(b"GET / HTTP/1.0\r\nConnection: keep-alive", most_lines=100).keep_alive


REFUSED = {
    "no request line": b"hello",
    "another protocol": b"PRI * HTTP/2.0",
    "small letters": b"get / HTTP/1.1\r\nHost: h",
    "two blanks": b"GET  / HTTP/1.1\r\nHost: h",
    "a tab for a blank": b"GET\t/ HTTP/1.1\r\nHost: h",
    "a letter beyond ASCII in the path": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: h",
    "a bare line feed": b"GET / HTTP/1.1\nHost: h",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: h\rX: y",
    "NUL in a value": POST + b"A: x\0y",
    "a folded line": POST + b"A: x\r\n y",
    "a blank before the colon": POST + b"Content-Length : 3",
    "no colon": POST + b"Content-Length",
    "no name": POST + b": x",
    "no Host": b"GET / HTTP/1.1\r\nA: b",
    "two Hosts": POST + b"Host: other",
    "a signed length": POST + b"Content-Length: +3",
    "a negative length": POST + b"Content-Length: -3",
    "a hexadecimal length": POST + b"Content-Length: 0x3",
    "an endless length": POST + b"Content-Length: " + b"9" * 40,
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 3",
    "lengths in a list": POST + b"Content-Length: 3, 3",
    "length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "chunks in a list": POST + b"Transfer-Encoding: gzip, chunked",
    "chunks in disguise": POST + b"Transfer-Encoding: xchunked",
    "chunks with a vertical tab": POST + b"Transfer-Encoding: \x0bchunked",
    "chunks from an old client": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked",
    "another coding": POST + b"Transfer-Encoding: identity",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(BadHead) as refused:
        parse_head(raw, most_lines=100)
    assert refused.value.status == 400


def test_too_many_lines_are_refused() -> None:
    parse_head(POST + b"\r\n".join(b"A%d: b" % number for number in range(99)), most_lines=100)
    with pytest.raises(BadHead) as refused:
        parse_head(POST + b"\r\n".join(b"A%d: b" % number for number in range(100)), most_lines=100)
    assert refused.value.status == 431


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for whole in (raw, POST + raw):
        try:
            parse_head(whole, most_lines=100)
        except BadHead:
            continue
