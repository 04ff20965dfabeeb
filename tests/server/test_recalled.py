"""A head that came before is recalled instead of read again, and never opens more than it would if it were read."""

import asyncio
from collections.abc import Callable

import pytest

from greenbot.redact import Secret
from greenbot.server import gate as gate_module
from greenbot.server.auth import Credentials, Tokens
from greenbot.server.head import Head, parse_head
from greenbot.server.webhooks import PATH
from tests.server.conftest import ADMIN, COAST, KYIV, Desk, bearer, event, statuses
from tests.server.test_auth import relay_signature


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every head that was read."""
    seen: list[bytes] = []

    def watched(raw: bytes, *, most_lines: int) -> Head:
        seen.append(raw)
        return parse_head(raw, most_lines=most_lines)

    monkeypatch.setattr("greenbot.server.connection.parse_head", watched)
    return seen


def post(token: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {PATH} HTTP/1.1", "Host: hotel", bearer(token), f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_the_same_head_is_read_once_and_each_body_is_its_own(desk: Desk, parsed: list[bytes]) -> None:
    bodies = [event(text=f"room {number}") for number in range(6)]
    answered = await desk.say(b"".join(post(KYIV, body) for body in bodies))
    assert statuses(answered) == [200] * 6
    assert [arrival.raw for arrival in desk.kept] == bodies
    assert len(parsed) == 1


async def test_another_token_is_another_head(desk: Desk, parsed: list[bytes]) -> None:
    raw = post(KYIV, event()) + post(COAST, event("1101000002")) + post("nobody-has-this-token", event())
    assert statuses(await desk.say(raw + raw)) == [200, 200, 401] * 2
    assert [arrival.instance for arrival in desk.kept] == ["kyiv", "coast"] * 2
    # What was refused is read anew each time.
    assert len(parsed) == 4


async def test_a_token_that_was_taken_away_opens_nothing_on_the_same_connection(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(post(KYIV, event()))
    assert b"200 OK" in await reader.readuntil(b"ok\n")
    desk.gate.credentials = Credentials(Tokens(webhook={"kyiv": (Secret("another-token-of-kyiv"),)}))
    writer.write(post(KYIV, event()))
    assert b" 401 " in await reader.readline()
    writer.close()
    assert len(desk.kept) == 1


async def test_a_body_that_is_longer_or_comes_in_pieces_is_waited_for(desk: Desk, parsed: list[bytes]) -> None:
    body = event()
    raw = post(KYIV, body)
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    for part in (raw, raw[:-40], raw[-40:], raw[:30], raw[30:]):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.01)
    for _ in range(3):
        assert b"200 OK" in await reader.readuntil(b"ok\n")
    writer.close()
    assert [arrival.raw for arrival in desk.kept] == [body] * 3
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(
            lambda body: (
                f"POST {PATH} HTTP/1.1\r\nHost: hotel\r\nContent-Length: {len(body)}\r\n".encode()
                + relay_signature(body)
                + b"\r\n\r\n"
                + body
            ),
            id="a signature is about one body",
        ),
        pytest.param(
            lambda body: f"GET /rules/x HTTP/1.1\r\nHost: localhost\r\n{bearer(ADMIN)}\r\n\r\n".encode(),
            id="pages have rules of their own",
        ),
    ],
)
async def test_only_webhooks_that_their_token_opened_are_recalled(
    desk: Desk, parsed: list[bytes], request_of: Callable[[bytes], bytes]
) -> None:
    await desk.say(request_of(event()) * 3)
    assert len(parsed) == 3


async def test_heads_without_end_fill_no_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_MOST_KNOWN", 5)
    raw = b"".join(post(KYIV, event(), f"X-Request-Id: {number}") for number in range(23))
    assert statuses(await desk.say(raw)) == [200] * 23
    assert len(desk.gate._known) <= 5


async def test_a_peer_recalls_its_own_heads_only(desk: Desk) -> None:
    head = post(KYIV, b"x").partition(b"\r\n\r\n")[0]
    await desk.say(post(KYIV, b"x"))
    assert desk.gate.recall(head, "127.0.0.1") is not None
    assert desk.gate.recall(head, "192.0.2.1") is None
