"""Requests over real sockets: in order, in pieces, too large, too slow."""

import asyncio
import time

import pytest

from greenbot.errors import Busy, StoreFull
from greenbot.server.limits import Limits
from greenbot.server.webhooks import PATH
from tests.server.conftest import ADMIN, COAST, KYIV, VIEWER, Desk, bearer, event, serving, statuses, until
from tests.server.test_auth import relay_signature

HEAD = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: {KYIV}\r\n".encode()
HASTY = Limits(
    header_seconds=0.2, body_seconds=0.2, write_seconds=0.2, idle_seconds=0.2, linger_seconds=0.2, small_bytes=1000
)


def post(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def test_pipelined_events_are_kept_and_answered_in_order(desk: Desk) -> None:
    bodies = [b"event %d" % number for number in range(300)]
    answered = await desk.say(b"".join(post(body) for body in bodies))
    assert statuses(answered) == [200] * 300
    assert [arrival.raw for arrival in desk.kept] == bodies


async def test_a_refused_request_in_between_does_not_disturb_the_others(desk: Desk) -> None:
    wrong = post(b"forged", f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n".encode())
    missing = b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
    assert statuses(await desk.say(post(b"1") + wrong + missing + post(b"2"))) == [200, 401, 404, 200]
    assert [arrival.raw for arrival in desk.kept] == [b"1", b"2"]


async def test_a_request_may_come_byte_by_byte(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    for byte in post(b"slowly"):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    assert desk.kept[0].raw == b"slowly"


async def test_chunks_are_stored_joined(desk: Desk) -> None:
    raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + post(b"next")
    assert statuses(await desk.say(raw)) == [200, 200]
    assert [arrival.raw for arrival in desk.kept] == [b"abcde", b"next"]


async def test_an_empty_event_is_kept_too(desk: Desk) -> None:
    assert statuses(await desk.say(post(b""))) == [200]
    assert desk.kept[0].raw == b""


async def test_a_client_that_asks_first_hears_continue_only_with_a_good_token(desk: Desk) -> None:
    expect = b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(HEAD + expect)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"body")
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    stranger = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n".encode()
    assert statuses(await desk.say(stranger + expect, then_close=False)) == [401]
    assert statuses(await desk.say(HEAD + b"Expect: 200-ok\r\nContent-Length: 4\r\n\r\nbody")) == [417]


@pytest.mark.parametrize(
    "raw, status",
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", 400),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 415),
        (HEAD + b"Content-Encoding: identity, br\r\nContent-Length: 3\r\n\r\nabc", 415),
        (HEAD + b"Content-Length: 10000000000\r\n\r\n", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", 413),
        (HEAD + b"X: " + b"y" * 9000, 431),
        (HEAD + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431),
        (HEAD + b"".join(b"X%d: y\r\n" % number for number in range(120)) + b"\r\n", 431),
    ],
)
async def test_what_makes_no_sense_or_is_too_much_ends_the_connection(desk: Desk, raw: bytes, status: int) -> None:
    assert statuses(await desk.say(raw + post(b"smuggled"), then_close=False)) == [status]
    assert not desk.kept


async def test_an_event_that_is_too_large_is_told_to_a_person(desk: Desk) -> None:
    await desk.say(HEAD + b"Content-Length: 16777217\r\n\r\n", then_close=False)
    assert desk.news[0][0] == "kyiv" and "delivers nothing else" in desk.news[0][1]


async def test_a_large_event_within_the_limit_is_kept_whole(desk: Desk) -> None:
    body = bytes(range(256)) * 8192  # 2 MiB
    assert statuses(await desk.say(post(body))) == [200]
    assert desk.kept[0].raw == body


async def test_large_bodies_without_room_are_asked_to_come_again() -> None:
    async with serving(limits=Limits(large_bodies_bytes=100)) as desk:
        assert statuses(await desk.say(post(b"x" * 450_000), then_close=False)) == [503]
        assert statuses(await desk.say(post(b"small"))) == [200]


@pytest.mark.parametrize(
    "raw, answered",
    [
        (b"", []),
        (b"POST", [408]),
        (HEAD, [408]),
        (HEAD + b"Content-Length: 5\r\n\r\nabc", [408]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", [408]),
        (post(b"whole"), [200]),
    ],
)
async def test_a_client_that_stops_in_the_middle_is_let_go(raw: bytes, answered: list[int]) -> None:
    async with serving(limits=HASTY) as desk:
        assert statuses(await desk.say(raw, then_close=False)) == answered
        await until(lambda: not len(desk.server.crowd))


async def test_a_client_that_drips_its_head_does_not_gain_time() -> None:
    async with serving(limits=HASTY) as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"A")
            await asyncio.sleep(0.02)
        writer.close()
        assert statuses(ended.result()) in ([408], [])


async def test_a_client_that_never_reads_is_cut_off() -> None:
    async with serving(limits=HASTY) as desk:
        _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        question = b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n" * 5000
        with pytest.raises((ConnectionError, TimeoutError)):
            async with asyncio.timeout(20):
                while True:
                    writer.write(question)
                    await writer.drain()
        writer.close()
        await until(lambda: not len(desk.server.crowd))


async def test_many_slow_clients_do_not_keep_an_event_out() -> None:
    async with serving(limits=Limits(connections=50)) as desk:
        slow = [await asyncio.open_connection("127.0.0.1", desk.port) for _ in range(45)]
        for _, writer in slow:
            writer.write(HEAD)
        slow += [await asyncio.open_connection("127.0.0.1", desk.port) for _ in range(45)]
        assert (await desk.webhook(event(), bearer(KYIV))).status == 200
        assert len(desk.server.crowd) <= 50
        for _, writer in slow:
            writer.close()


@pytest.mark.parametrize("trouble", [Busy(), StoreFull()])
async def test_what_could_not_be_kept_is_never_acknowledged(desk: Desk, trouble: Busy | StoreFull) -> None:
    desk.trouble = trouble
    answer = await desk.webhook(event(), bearer(KYIV))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert desk.failures == [trouble]


async def test_the_answer_waits_until_the_event_is_kept(desk: Desk) -> None:
    desk.open.clear()
    asked = asyncio.create_task(desk.webhook(event(), bearer(KYIV)))
    assert (await desk.ask("GET", "/healthz")).status == 200
    assert not asked.done()
    desk.open.set()
    assert (await asked).status == 200


async def test_at_the_end_what_is_under_way_is_finished(desk: Desk) -> None:
    desk.open.clear()
    asked = asyncio.create_task(desk.webhook(event(), bearer(KYIV)))
    idle, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    await until(lambda: len(desk.server.crowd) == 2 and desk.asked)
    desk.server.stop()
    assert await idle.read() == b""
    desk.open.set()
    assert (await asked).status == 200
    writer.close()


async def test_the_token_says_whose_event_it_is(desk: Desk) -> None:
    await desk.webhook(event("1101000001"), bearer(KYIV))
    await desk.webhook(event("1101000001"), bearer(COAST))
    await desk.webhook(event("1101000002"), bearer(COAST), path=f"{PATH}/coast")
    assert (await desk.webhook(event(), bearer(COAST), path=f"{PATH}/kyiv")).status == 401
    assert [arrival.instance for arrival in desk.kept] == ["kyiv", "coast", "coast"]


async def test_a_signed_event_is_stored_for_the_instance_it_speaks_of(desk: Desk) -> None:
    for number in ("1101000002", "1101000001", "999"):
        body = event(number)
        assert (await desk.webhook(body, relay_signature(body))).status == 200
    assert [arrival.instance for arrival in desk.kept] == ["coast", "kyiv", "kyiv"]
    body = event("1101000002")
    assert (await desk.webhook(body, relay_signature(body), path=f"{PATH}/kyiv")).status == 200
    assert desk.kept[-1].instance == "kyiv"
    assert (await desk.webhook(body, relay_signature(body), path=f"{PATH}/nowhere")).status == 401
    assert (await desk.webhook(body + b" ", relay_signature(body))).status == 401
    assert len(desk.kept) == 4


async def test_a_page_takes_only_a_small_body(desk: Desk) -> None:
    assert (await desk.ask("PUT", "/rules/a", bearer(ADMIN), body=b"x" * 65536)).status == 200
    assert (await desk.ask("PUT", "/rules/a", bearer(ADMIN), body=b"x" * 65537)).status == 413
    assert (await desk.ask("GET", "/figures", bearer(VIEWER))).body == b"figures"


async def test_the_date_is_the_clocks(desk: Desk) -> None:
    assert (await desk.ask("GET", "/healthz")).headers["Date"] == time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(desk.clock.now_ms() / 1000)
    )
