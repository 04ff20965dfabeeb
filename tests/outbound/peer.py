"""A server on loopback that answers as told, and a record of every connect() of this process."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Peer:
    """What came in, in order; `answer` says what goes out."""

    answer: Answer
    port: int = 0
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.taken.append((f"{request.method} {request.path_qs}", headers, body))
        return await self.answer(request)


async def ok(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="thanks")


@asynccontextmanager
async def peer(answer: Answer = ok, **site: Any) -> Any:
    opened = Peer(answer)
    server = web.Server(opened.handle, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, **site).start()
    opened.port = runner.addresses[0][1]
    try:
        yield opened
    finally:
        await runner.cleanup()


@contextmanager
def connects() -> Iterator[list[str]]:
    """Where sockets of this process connect to meanwhile, however they do it; the connection itself is made."""
    seen: list[str] = []
    loop_class = asyncio.get_running_loop().__class__
    real_loop = loop_class.sock_connect

    async def sock_connect(self: Any, sock: socket.socket, address: Any) -> None:
        seen.append(str(address[0]))
        await real_loop(self, sock, address)

    class Recorded(socket.socket):
        def connect(self, address: Any) -> None:
            seen.append(str(address[0]))
            super().connect(address)

        def connect_ex(self, address: Any) -> int:
            seen.append(str(address[0]))
            return super().connect_ex(address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop_class, "sock_connect", sock_connect)
        patch.setattr(socket, "socket", Recorded)
        yield seen
