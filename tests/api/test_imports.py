"""What a one-shot command pays for: modules loaded in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.conftest import TOKEN
from tests.api.peer import answering, http_reply, peer

ROOT = Path(__file__).parents[2]
HEAVY = {
    "asyncio",
    "anyio",
    "sniffio",
    "httpx",
    "httpcore",
    "h11",
    "aiohttp",
    "msgspec",
    "certifi",
    "rich",
}

SEND = f"""
from greenbot.api.client import Client, Credentials
from greenbot.api.inline import run_inline
from greenbot.redact import Secret
import sys
credentials = Credentials(instance_name="a", id="1", token=Secret("{TOKEN}"), api_url=sys.argv[1])
client = Client(credentials, transport="inline")
outcome = run_inline(client.exchange("sendMessage", {{"chatId": "1@c.us", "message": "x"}}))
assert outcome.cls == "accepted", outcome
"""
POOLED = "import greenbot.api.transport"


def modules(program: str, *arguments: str) -> set[str]:
    """The modules loaded after `program` ran alone."""
    program += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stdout.split())


def test_a_whole_inline_send_needs_no_event_loop_and_no_http_library() -> None:
    with peer(answering(http_reply())) as server:
        loaded = modules(SEND, server.url)
    assert loaded & HEAVY == set()
    assert "greenbot.api.tls" not in loaded, "plain http needs no certificates"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("greenbot.api.endpoints", HEAVY | {"difflib", "json", "socket", "ssl", "urllib.parse", "logging"}),
        ("greenbot.api.outcome", HEAVY | {"difflib", "socket", "ssl", "http.client", "logging"}),
        ("greenbot.api.client", HEAVY | {"difflib", "ssl", "http.client", "logging"}),
    ],
)
def test_a_module_on_the_path_of_every_command_stays_light(module: str, forbidden: set[str]) -> None:
    already = modules("import greenbot.errors, greenbot.redact, greenbot.clock")
    assert (modules(f"import {module}") - already) & forbidden == set()


def test_httpx_comes_without_its_own_command_line() -> None:
    loaded = modules(POOLED)
    assert "httpx" in loaded
    assert loaded & {"httpx._main", "click", "rich", "pygments"} == set()


def test_httpx_keeps_its_command_line_if_it_was_already_there() -> None:
    assert "httpx._main" in modules("import httpx\n" + POOLED)
