"""Ctrl-C, cancelled tasks and crashes in the middle of a call."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from greenbot.api.client import Client
from greenbot.api.engine import Engine
from greenbot.api.failures import error_of
from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.api.request import Timeouts
from tests.api.conftest import TOKEN, Mode, credentials
from tests.api.peer import Talk, answering, http_reply, peer

PATIENT = Timeouts(connect=5.0, write=5.0, read=5.0, margin=5.0)
ROOT = Path(__file__).parents[2]


async def test_a_cancelled_send_says_so_and_the_task_stays_cancelled() -> None:
    arrived = threading.Event()

    def hold(talk: Talk) -> None:
        talk.read_request()
        arrived.set()
        talk.wait_for_the_client_to_leave()

    outcomes: list[Outcome] = []
    later: list[str] = []

    async def deliver(url: str) -> None:
        client = Client(credentials(url), timeouts=PATIENT, environ={})
        try:
            outcomes.append(await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"}))
            await asyncio.sleep(0)
            later.append("went on")
        finally:
            await client.aclose()

    with peer(hold) as server:
        task = asyncio.create_task(deliver(server.url))
        await asyncio.to_thread(arrived.wait, 5.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(outcome.cls, outcome.reason) for outcome in outcomes] == [(OutcomeClass.AMBIGUOUS, "cancelled")]
    assert later == []


async def test_a_send_cancelled_while_connecting_was_not_sent() -> None:
    outcomes: list[Outcome] = []

    async def deliver() -> None:
        client = Client(credentials("http://127.0.0.1:9"), timeouts=PATIENT, environ={})
        outcomes.append(await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"}))

    task = asyncio.create_task(deliver())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(outcome.cls, outcome.reason) for outcome in outcomes] == [(OutcomeClass.NOT_SENT, "cancelled")]
    assert error_of(outcomes[0], instance="a").exit_code == 130


def test_ctrl_c_during_a_send_becomes_its_outcome() -> None:
    def interrupt(talk: Talk) -> None:
        talk.read_request()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        talk.wait_for_the_client_to_leave()

    with peer(interrupt) as server:
        client = Client(credentials(server.url), transport="inline", timeouts=PATIENT, environ={})
        outcome = run_inline(client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"}))
    assert (outcome.cls, outcome.reason) == (OutcomeClass.AMBIGUOUS, "cancelled")
    assert error_of(outcome, instance="a").exit_code == 7


CRASHING = """
import asyncio, sys
from greenbot.api.client import Client, Credentials
from greenbot.api.inline import run_inline
from greenbot.redact import Secret
url, mode, method = sys.argv[1:]
async def main():
    if mode == "engine":
        from greenbot.api.engine import Engine
        carrier = Engine(environ={})
    elif mode == "aiohttp":
        from greenbot.api.aiohttp_transport import AiohttpTransport
        carrier = AiohttpTransport(environ={})
    else:
        carrier = mode
    lives = Credentials(instance_name="a", id="1", token=Secret(%r), api_url=url)
    client = Client(lives, transport=carrier, environ={})
    print((await client.exchange(method, {"chatId": "1@c.us", "message": "x"})).reason)
    await client.aclose()
run_inline(main()) if mode == "inline" else asyncio.run(main())
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("method", "failpoint", "code", "said"),
    [
        ("sendMessage", "out.mid_post=kill", -signal.SIGKILL, ""),
        ("sendMessage", "out.mid_post=raise:EIO", 0, "connection_lost\n"),
        ("checkWhatsapp", "out.mid_post=kill", 0, "ok\n"),  # no send, no such point
    ],
)
def test_the_failpoint_lies_right_after_the_first_bytes_of_a_send(
    method: str, failpoint: str, code: int, said: str, mode: Mode
) -> None:
    seen: list[bytes] = []
    answer = http_reply()

    def keep(talk: Talk) -> None:
        data = b""
        while not data.endswith(b'"x"}'):
            piece = talk.socket.recv(65536)
            if not piece:
                break
            data += piece
        seen.append(data)
        talk.send(answer)

    with peer(keep) as server:
        done = subprocess.run(
            [sys.executable, "-c", CRASHING % TOKEN, server.url, mode, method],
            env={**os.environ, "GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": failpoint, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert (done.returncode, done.stdout) == (code, said), done.stderr
    assert seen[0].endswith(b'{"chatId":"1@c.us","message":"x"}')
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.integration
def test_nothing_is_logged_not_even_at_debug_by_the_libraries(mode: Mode) -> None:
    """Not even the header of a redirect that repeats our path."""
    program = "import logging; logging.basicConfig(level=logging.DEBUG)\n" + CRASHING % TOKEN
    location = f"Location: https://portal.example.invalid/waInstance1/sendMessage/{TOKEN}\r\n"
    with peer(answering(http_reply(status="302 Found", headers=location))) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url, mode, "sendMessage"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.stdout == "redirected\n"
    assert TOKEN not in done.stderr
    assert "waInstance" not in done.stderr


def test_an_engine_is_closed_again_without_a_loop() -> None:
    """A shell command closes its clients at its end, when the loop they worked in is gone."""
    engine = Engine(environ={})

    async def work(url: str) -> None:
        client = Client(credentials(url), transport=engine, timeouts=PATIENT, environ={})
        await client.exchange("sendMessage", {"chatId": "1@c.us", "message": "x"})
        await engine.aclose()

    with peer(answering(http_reply())) as server:
        asyncio.run(work(server.url))
    run_inline(engine.aclose())
