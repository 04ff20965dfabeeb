"""A webhook endpoint on loopback that answers as it is told and remembers what it got."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

HANG = 0
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request that reached the endpoint."""

    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, object]:
        value = json.loads(self.raw)
        assert isinstance(value, dict)
        return value


@dataclass(slots=True)
class Receiver:
    """`answers` are HTTP statuses used up in turn (HANG: never answers); after them everything gets 200."""

    url: str = ""
    answers: deque[int] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    runner: web.AppRunner | None = None
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.headers, await request.read()))
        status = self.answers.popleft() if self.answers else 200
        if status == HANG:
            await self.leaving.wait()
        headers = {"Location": "/elsewhere"} if status in (301, 302, 307) else {}
        return web.Response(status=status or 200, headers=headers)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.handle)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        host, port = self.runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/hook/"

    async def stop(self) -> None:
        self.leaving.set()
        assert self.runner is not None
        await self.runner.cleanup()


async def eventually(is_true: Callable[[], bool], what: str) -> None:
    """Waits in real time for something that a socket brings; fails loudly when it does not come."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not is_true():
        assert asyncio.get_running_loop().time() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.001)
