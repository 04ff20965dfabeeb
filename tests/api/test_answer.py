"""Reading an HTTP answer: however its bytes are cut, it is the same answer; what is none is never taken for one."""

from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import pytest

from greenbot.api.answer import Answer
from greenbot.api.facts import Reply

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def fed(pieces: list[bytes], *, ends: bool = False, limit_bytes: int = 1000) -> tuple[Reply, bool]:
    """The answer, and whether its connection can be used again. Raises AssertionError when it is not whole."""
    answer = Answer(limit_bytes)
    whole = False
    for piece in pieces:
        assert not whole, "it was whole before its last byte"
        whole = answer.take(piece)
    assert whole or (ends and answer.end())
    return answer.reply(), answer.keeps_open


WHOLE = [
    pytest.param(OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True, id="with a length"),
    pytest.param(OK + b"content-length:5\r\n\r\nhello", b"hello", True, id="small letters and no space"),
    pytest.param(OK + b"Content-Length: 0\r\n\r\n", b"", True, id="with nothing in it"),
    pytest.param(
        OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", False, id="the last of its line"
    ),
    pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False, id="of the old kind"),
    pytest.param(b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello", True, id="without words"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", True, id="that cannot have a body"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", b"x", True, id="announced"),
    pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello", True, id="in a chunk"),
    pytest.param(CHUNKED + b"2;a=b\r\nhe\r\n003 \r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n", b"hello", True, id="in odd chunks"),
    pytest.param(CHUNKED + b"0\r\n\r\n", b"", True, id="in no chunk"),
    pytest.param(
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"x",
        False,
        id="of two lengths",
    ),
]


@pytest.mark.parametrize(("sent", "body", "keeps_open"), WHOLE)
def test_an_answer(sent: bytes, body: bytes, keeps_open: bool) -> None:
    for cut in range(1, len(sent)):
        reply, kept = fed([sent[:cut], sent[cut:]])
        assert (reply.body, reply.truncated, kept) == (body, False, keeps_open), f"cut at {cut}"
    reply, kept = fed([sent[place : place + 1] for place in range(len(sent))])
    assert (reply.body, kept) == (body, keeps_open)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (OK + b"\r\nhello", 200),
        (b"HTTP/1.1 500 Oh\r\nServer: x\r\n\r\nhello", 500),
    ],
)
def test_an_answer_without_a_length_ends_with_its_connection(sent: bytes, status: int) -> None:
    reply, keeps_open = fed([sent], ends=True)
    assert (reply.status, reply.body, keeps_open) == (status, b"hello", False)


def test_whatever_follows_an_answer_ends_the_use_of_its_connection() -> None:
    for rest in (b"x", OK):
        assert fed([OK + b"Content-Length: 1\r\n\r\nx" + rest]) == (
            Reply(status=200, headers={"content-length": "1"}, body=b"x"),
            False,
        )
        assert not fed([CHUNKED + b"1\r\nx\r\n0\r\n\r\n" + rest])[1]


@pytest.mark.parametrize(
    "sent", [OK + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000, CHUNKED + b"7d0\r\n" + b"x" * 2000]
)
def test_a_longer_answer_than_wanted_is_not_read_on(sent: bytes) -> None:
    reply, keeps_open = fed([sent])
    assert reply.truncated
    assert not keeps_open


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\nx",
        OK + b" folded: 1\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length : 5\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 0x5\r\n\r\nhello",
        OK + b"Content-Length: \xb2\r\n\r\nhe",
        OK + b"Content-Length: 99999999999999999999\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        CHUNKED + b"-5\r\nhello\r\n",
        CHUNKED + b"+5\r\nhello\r\n",
        CHUNKED + b"5_0\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhelloX\r\n0\r\n\r\n",
        CHUNKED + b"5" * 5000,
        OK + b"X: " + b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(sent: bytes) -> None:
    with pytest.raises(HTTPException):
        Answer(1000).take(sent)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", RemoteDisconnected),
        (b"HTT", IncompleteRead),
        (OK, IncompleteRead),
        (OK + b"Content-Length: 5\r\n\r\nhell", IncompleteRead),
        (CHUNKED + b"5\r\nhello\r\n", IncompleteRead),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", IncompleteRead),
    ],
)
def test_an_answer_that_breaks_off_is_none(sent: bytes, error: type[HTTPException]) -> None:
    answer = Answer(1000)
    assert not answer.take(sent)
    with pytest.raises(error):
        answer.end()
