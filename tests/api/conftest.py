"""One call through any transport, for tests that hold both to the same table."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

import pytest

from greenbot.api.aiohttp_transport import AiohttpTransport
from greenbot.api.client import Client, Credentials, OnCall, ignore_call
from greenbot.api.engine import Engine
from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome
from greenbot.api.request import Timeouts
from greenbot.redact import Secret

TOKEN = "7f3a9c1e5b8d2046fa91c7e3d5b60824"
HASTY = Timeouts(connect=1.0, write=1.0, read=0.3, transfer=0.5, poll_extra=0.1, margin=0.2)
Mode = Literal["pooled", "inline", "aiohttp", "engine"]

Try = Callable[..., Outcome]


def credentials(url: str = "http://127.0.0.1:9") -> Credentials:
    """An instance that lives at `url`."""
    return Credentials(
        instance_name="grand-kyiv",
        id="1101000001",
        token=Secret(TOKEN),
        api_url=url,
        media_url=url,
        partner_url=url,
        partner_token=Secret("gac.0123456789abcdef"),
    )


def transport(mode: Mode, environ: Mapping[str, str]) -> Literal["pooled", "inline"] | AiohttpTransport | Engine:
    """What `Client` is given for a mode."""
    if mode == "engine":
        return Engine(environ=environ)
    return AiohttpTransport(environ=environ) if mode == "aiohttp" else mode


@pytest.fixture(params=["pooled", "inline", "aiohttp", "engine"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """All transports must agree."""
    chosen: Mode = request.param
    return chosen


@pytest.fixture
def attempt(mode: Mode) -> Try:
    """Make `times` calls with one client and return the last outcome."""

    def attempt(
        url: str,
        method: str = "sendMessage",
        params: Mapping[str, object] | None = None,
        *,
        timeouts: Timeouts = HASTY,
        times: int = 1,
        file: object = None,
        on_progress: Callable[[int, int], None] = lambda sent, total: None,
        on_call: OnCall = ignore_call,
        environ: Mapping[str, str] | None = None,
    ) -> Outcome:
        async def calls() -> Outcome:
            around = environ or {}
            client = Client(
                credentials(url),
                transport=transport(mode, around),
                timeouts=timeouts,
                on_call=on_call,
                environ=around,
            )
            given = {"chatId": "79001234567@c.us", "message": "Hello"} if params is None else params
            try:
                for _ in range(times):
                    outcome = await client.exchange(method, given, file=file, on_progress=on_progress)  # type: ignore[arg-type]  # some tests pass odd files
                return outcome
            finally:
                await client.aclose()

        return run_inline(calls()) if mode == "inline" else asyncio.run(calls())

    return attempt
