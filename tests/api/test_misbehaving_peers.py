"""What a client sees when the other side breaks: real sockets, both transports, one table."""

import asyncio
import gzip
import socket
import threading

import pytest

from greenbot.api.client import Client
from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.api.request import Timeouts
from tests.api.conftest import HASTY, TOKEN, Mode, Try, credentials, transport
from tests.api.peer import GOOD_BODY, Behaviour, Talk, answering, http_reply, peer

ACCEPTED, AMBIGUOUS = OutcomeClass.ACCEPTED, OutcomeClass.AMBIGUOUS
NOT_SENT, CONFIG = OutcomeClass.NOT_SENT, OutcomeClass.CONFIG

WHOLE = http_reply()
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(GOOD_BODY) + GOOD_BODY + b"\r\n0\r\n\r\n"
)

NEGATIVE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"


def never_answers(talk: Talk) -> None:
    talk.read_request()
    talk.wait_for_the_client_to_leave()


def closes_at_once(talk: Talk) -> None:
    talk.read_request()


def resets_after_the_request(talk: Talk) -> None:
    talk.read_request()
    talk.reset()


def resets_inside_the_answer(talk: Talk) -> None:
    talk.read_request()
    talk.send(WHOLE[:40])
    talk.reset()


def drips_the_head(talk: Talk) -> None:
    talk.read_request()
    talk.drip(WHOLE, every_seconds=0.05)


def drips_the_body(talk: Talk) -> None:
    talk.read_request()
    talk.send(WHOLE.replace(GOOD_BODY, b""))
    talk.drip(GOOD_BODY, every_seconds=0.1)


def sends_without_end(talk: Talk) -> None:
    talk.read_request()
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not talk.leaving.is_set():
        talk.send(b" " * 65536)


def interim_then_good(talk: Talk) -> None:
    talk.read_request()
    talk.send(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE)


def packed(body: bytes, encoding: str = "gzip") -> Behaviour:
    squeezed = gzip.compress(body)
    return answering(http_reply(squeezed, headers=f"Content-Encoding: {encoding}\r\n"))


cut_gzip = answering(http_reply(gzip.compress(GOOD_BODY)[:20], headers="Content-Encoding: gzip\r\n"))
redirect = answering(http_reply(b"", status="302 Found", headers="Location: http://127.0.0.1:1/else\r\n"))

BEHAVIOURS = [
    ("answers well", answering(WHOLE), ACCEPTED, "ok"),
    ("answers well in chunks", answering(CHUNKED), ACCEPTED, "ok"),
    ("answers well after a 100 Continue", interim_then_good, ACCEPTED, "ok"),
    ("answers well without a length", answering(b"HTTP/1.1 200 OK\r\n\r\n" + GOOD_BODY), ACCEPTED, "ok"),
    ("answers well, gzipped unasked", packed(GOOD_BODY), ACCEPTED, "ok"),
    ("never answers", never_answers, AMBIGUOUS, "read_timeout"),
    ("closes after the request", closes_at_once, AMBIGUOUS, "connection_lost"),
    ("resets after the request", resets_after_the_request, AMBIGUOUS, "connection_lost"),
    ("resets inside the answer", resets_inside_the_answer, AMBIGUOUS, "connection_lost"),
    ("drips the head byte by byte", drips_the_head, AMBIGUOUS, "deadline"),
    ("drips the body byte by byte", drips_the_body, AMBIGUOUS, "deadline"),
    ("sends without end", sends_without_end, AMBIGUOUS, "reply_too_large"),
    ("announces too much", answering(http_reply(length=9_000)), AMBIGUOUS, "connection_lost"),
    ("answers with 2 MiB", answering(http_reply(b" " * (2 << 20))), AMBIGUOUS, "reply_too_large"),
    ("answers with a gzip bomb", packed(b" " * (64 << 20)), AMBIGUOUS, "reply_too_large"),
    ("answers in brotli", packed(GOOD_BODY, "br"), AMBIGUOUS, "unreadable_encoding"),
    ("cuts compressed data", cut_gzip, AMBIGUOUS, "unreadable_encoding"),
    ("answers with a page", answering(http_reply(b"<html>Welcome to Hotel WiFi</html>")), AMBIGUOUS, "html_reply"),
    ("answers with cut JSON", answering(http_reply(GOOD_BODY[:-2])), AMBIGUOUS, "not_json"),
    ("answers with nothing", answering(http_reply(b"")), AMBIGUOUS, "empty_reply"),
    ("sends a chunk of negative length", answering(NEGATIVE), AMBIGUOUS, "connection_lost"),
    ("does not speak HTTP", answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), AMBIGUOUS, "connection_lost"),
    ("redirects", redirect, CONFIG, "redirected"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "behave", "cls", "reason"), BEHAVIOURS, ids=[row[0] for row in BEHAVIOURS])
def test_a_send_to_a_peer_that(what: str, behave: Behaviour, cls: OutcomeClass, reason: str, attempt: Try) -> None:
    with peer(behave) as server:
        outcome = attempt(server.url)
    assert (outcome.cls, outcome.reason) == (cls, reason), outcome
    assert server.connections == 1, "nothing may be repeated or followed"
    assert TOKEN not in repr(outcome)


@pytest.mark.parametrize("whole", [WHOLE, CHUNKED], ids=["with a length", "in chunks"])
def test_an_answer_cut_at_any_byte_is_never_taken_for_an_answer(whole: bytes, attempt: Try) -> None:
    """Every offset: the only answer is the whole one. After the 0 of the last chunk only line ends follow."""
    for offset in range(len(whole) - (0 if whole is WHOLE else 4)):
        with peer(answering(whole[:offset])) as server:
            outcome = attempt(server.url)
        assert outcome.cls is AMBIGUOUS, f"cut after {offset} bytes: {outcome}"
        assert server.connections == 1


@pytest.mark.parametrize("taken", [1, 40, 100, 250, 290, 330])
def test_a_peer_that_closes_while_we_upload_leaves_it_open(taken: int, attempt: Try) -> None:
    def stops_reading(talk: Talk) -> None:
        talk.socket.recv(taken)
        talk.reset()

    with peer(stops_reading) as server:
        outcome = attempt(server.url, params={"chatId": "1@c.us", "message": "x" * 20_000})
    assert outcome.cls is AMBIGUOUS
    assert outcome.reason in ("connection_lost", "write_failed")


def test_a_peer_that_never_reads_ends_at_the_write_limit(attempt: Try) -> None:
    timeouts = Timeouts(connect=1.0, write=0.3, read=5.0, margin=5.0)

    def deaf(talk: Talk) -> None:
        talk.leaving.wait()

    with peer(deaf) as server:
        outcome = attempt(server.url, params={"chatId": "1@c.us", "message": "x" * 30_000_000}, timeouts=timeouts)
    assert (outcome.cls, outcome.reason) == (AMBIGUOUS, "write_failed")


@pytest.mark.parametrize("host", ["api..example.invalid", "a" * 64 + ".example.invalid", "no-such-host.invalid"])
def test_a_host_that_cannot_exist_has_received_nothing(host: str, attempt: Try) -> None:
    outcome = attempt(f"https://{host}")
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "dns_failed")


def test_nobody_listens_so_nothing_was_sent(attempt: Try) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = attempt(f"http://127.0.0.1:{port}")
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "connect_failed")


def test_a_full_backlog_ends_at_the_connect_limit(attempt: Try) -> None:
    """A peer whose kernel drops our SYN is a black hole: nothing was sent."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            timeouts = Timeouts(connect=0.3, write=1.0, read=1.0, margin=1.0)
            outcome = attempt(f"http://127.0.0.1:{address[1]}", timeouts=timeouts)
        finally:
            for filler in fillers:
                filler.close()
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "connect_timeout")


def test_a_name_that_does_not_exist_is_told_from_a_dead_host(attempt: Try) -> None:
    outcome = attempt("http://no-such-host.invalid")
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "dns_failed")


def test_a_peer_without_tls_is_no_https_peer(attempt: Try) -> None:
    seen: list[bytes] = []

    def speaks_plainly(talk: Talk) -> None:
        seen.append(talk.socket.recv(65536))
        talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with peer(speaks_plainly) as server:
        outcome = attempt(server.url.replace("http:", "https:"))
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "tls_failed")
    assert seen
    assert TOKEN.encode() not in seen[0]


def test_a_kept_connection_serves_the_next_call(attempt: Try) -> None:
    with peer(answering(WHOLE, WHOLE, WHOLE)) as server:
        outcome = attempt(server.url, times=3)
    assert outcome.cls is ACCEPTED
    assert server.connections == 1


def test_a_kept_connection_that_the_peer_closed_is_not_used_again(mode: Mode) -> None:
    """Written into, it would make the second call ambiguous for nothing."""
    closed = threading.Event()

    def answers_once(talk: Talk) -> None:
        talk.read_request()
        talk.send(WHOLE)
        talk.socket.close()
        closed.set()

    async def two_calls(url: str) -> Outcome:
        client = Client(credentials(url), transport=transport(mode, {}), timeouts=HASTY, environ={})
        await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"})
        assert closed.wait(5.0)
        outcome = await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"})
        await client.aclose()
        return outcome

    with peer(answers_once) as server:
        outcome = run_inline(two_calls(server.url)) if mode == "inline" else asyncio.run(two_calls(server.url))
    assert (outcome.cls, server.connections) == (ACCEPTED, 2)


def test_a_lost_answer_to_a_question_is_just_not_an_answer(attempt: Try) -> None:
    with peer(closes_at_once) as server:
        outcome = attempt(server.url, "getStateInstance", {})
    assert (outcome.cls, outcome.reason) == (NOT_SENT, "connection_lost")
    assert server.connections == 1, "the client itself never asks again"


def test_a_peer_that_repeats_a_guests_number_is_not_quoted_with_it(attempt: Try) -> None:
    with peer(answering(b"HTTP/1.1 abc 79001234567 is wrong\r\n\r\n")) as server:
        outcome = attempt(server.url)
    assert outcome.cls is AMBIGUOUS
    assert "79001234567" not in repr(outcome)


def test_a_redirect_names_the_host_and_never_the_path(attempt: Try) -> None:
    location = f"Location: https://portal.example.invalid/waInstance1101000001/sendMessage/{TOKEN}\r\n"
    with peer(answering(http_reply(b"", status="307 Temporary Redirect", headers=location))) as server:
        outcome = attempt(server.url)
    assert outcome.detail == "answered with a redirect to portal.example.invalid"


def test_large_answers_are_read_where_they_are_expected(attempt: Try) -> None:
    body = b"[" + b",".join([b'{"idMessage":"%032d"}' % number for number in range(60_000)]) + b"]"
    assert len(body) > 2 << 20
    with peer(answering(http_reply(body))) as server:
        outcome = attempt(server.url, "lastOutgoingMessages", {"minutes": 5}, timeouts=Timeouts())
    assert isinstance(outcome.data, list)
    assert len(outcome.data) == 60_000


def test_polling_waits_as_long_as_it_asked_for(attempt: Try) -> None:
    def slow(talk: Talk) -> None:
        talk.read_request()
        talk.leaving.wait(HASTY.read + 0.4)
        talk.send(http_reply(b"null"))

    with peer(slow) as server:
        outcome = attempt(server.url, "receiveNotification", {"receiveTimeout": 5})
    assert (outcome.cls, outcome.data) == (OutcomeClass.OK, None)
    assert server.requests[0].startswith(
        b"GET /waInstance1101000001/receiveNotification/" + TOKEN.encode() + b"?receiveTimeout=5 "
    )
