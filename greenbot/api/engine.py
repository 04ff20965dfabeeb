"""The engine of everything that works on without pause: small calls over connections of its own, the rest over aiohttp.

A worker makes thousands of small POSTs to one address. aiohttp spends half of each on what greenbot does not use:
redirects, cookies, middlewares, streams. Files, long bodies and proxies stay with it.
"""

import asyncio
import socket
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from greenbot.api.aiohttp_transport import AiohttpTransport
from greenbot.api.answer import Answer
from greenbot.api.broken import failure_of
from greenbot.api.ending import IDLE_SECONDS, cancel_again, stage_of
from greenbot.api.facts import Failure, Reply
from greenbot.api.intake import UnreadableEncoding
from greenbot.api.proxy import ProxyError, proxy_for
from greenbot.api.request import Limits, Request
from greenbot.api.tls import tls_context

#: It fits into the buffers of any idle connection, so that nobody has to wait until it has left.
SMALL_BYTES = 16 * 1024


class ConnectError(OSError):
    """No connection; what lies under it is its cause."""


class ConnectTimeout(TimeoutError):
    """No connection in time."""


class _Place(NamedTuple):
    is_secure: bool
    host: str
    port: int


class Engine:
    """Calls for one event loop; connections are kept for as long as it is safe for a POST.

    It repeats nothing, follows nothing, keeps no cookies, and knows exactly when a request begins to leave.
    """

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._aiohttp = AiohttpTransport(environ=environ)
        self._kept: dict[_Place, list[_Line]] = {}
        self._lines: set[_Line] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def carry(self, request: Request) -> Reply | Failure:
        """Send once and read the whole answer; whatever happens on the wire becomes a fact, not an exception.

        A cancelled task gets its Failure and stays cancelled: the next await of the caller raises CancelledError.
        """
        if not self._is_ours(request):
            return await self._aiohttp.carry(request)
        watch = request.watch
        ends = asyncio.get_running_loop().time() + request.limits.total
        try:
            return await self._exchange(request, ends)
        except asyncio.CancelledError:
            cancel_again()
            return Failure(stage=stage_of(watch), kind="cancelled", detail="stopped")
        except _Over:
            return Failure(stage=stage_of(watch), kind="deadline", detail="the whole call took too long")
        except (OSError, HTTPException, UnreadableEncoding, UnicodeError) as error:
            return failure_of(error, started=watch.started)
        finally:
            if request.body is not None:
                request.body.close()

    async def aclose(self) -> None:
        """Close all connections; harmless when done twice."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        self._kept.clear()
        lines = list(self._lines)
        self._lines.clear()
        for line in lines:
            line.close()
        await self._aiohttp.aclose()
        if lines:
            # One turn of the loop, in which they learn of it. Without lines there may be no loop any more.
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _is_ours(self, request: Request) -> bool:
        body = request.body
        if body is not None and (body.has_file or body.length > SMALL_BYTES):
            return False
        place, _ = _taken_apart(request.url)
        try:
            return proxy_for("https" if place.is_secure else "http", place.host, self._environ) is None
        except ProxyError:
            return False

    async def _exchange(self, request: Request, ends: float) -> Reply:
        place, target = _taken_apart(request.url)
        line = await self._kept_line(place) or await self._connected(place, request.limits, ends)
        try:
            answer = Answer(request.reply_limit_bytes)
            coming = line.ask(answer, read_seconds=request.limits.read, ends=ends)
            # From here on a byte may have left, also when the write itself fails.
            request.watch.started = True
            line.write(request, target)
            await coming
            reply = answer.reply()
        except BaseException:
            line.close()
            raise
        if answer.keeps_open and line.is_quiet:
            self._keep(place, line)
        else:
            line.close()
        return reply

    async def _kept_line(self, place: _Place) -> "_Line | None":
        kept = self._kept.get(place)
        if not kept:
            return None
        # Let the loop read what came meanwhile: a kept connection that the peer has closed must not carry a POST. In
        # the first round the loop looks at the sockets, in the second it has told the connections.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        while kept:
            line = kept.pop()
            if line.is_quiet and now - line.quiet_since < IDLE_SECONDS:
                return line
            line.close()
        return None

    async def _connected(self, place: _Place, limits: Limits, ends: float) -> "_Line":
        """Raises ConnectError, ConnectTimeout: no byte of a request has left then."""
        loop = asyncio.get_running_loop()
        seconds = min(limits.connect, ends - loop.time())
        try:
            async with asyncio.timeout(seconds):
                _, line = await loop.create_connection(
                    lambda: _Line(loop, self._lines),
                    place.host,
                    place.port,
                    ssl=tls_context() if place.is_secure else None,
                    server_hostname=place.host if place.is_secure else None,
                    ssl_handshake_timeout=limits.connect if place.is_secure else None,
                )
        except UnicodeError:
            # An empty label, or one of more than 63 letters: no resolver need be asked.
            raise socket.gaierror(socket.EAI_NONAME, "this cannot be the name of a host") from None
        except TimeoutError:
            raise ConnectTimeout("no connection in time") from None
        except OSError as error:
            raise ConnectError("no connection") from error
        return line

    def _keep(self, place: _Place, line: "_Line") -> None:
        loop = asyncio.get_running_loop()
        line.quiet_since = loop.time()
        self._kept.setdefault(place, []).append(line)
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close what nobody has used for a while."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - IDLE_SECONDS
        for place, lines in list(self._kept.items()):
            fresh = [line for line in lines if line.is_quiet and line.quiet_since > oldest]
            for line in set(lines) - set(fresh):
                line.close()
            self._kept[place][:] = fresh
        self._sweeping = loop.call_later(IDLE_SECONDS, self._sweep) if any(self._kept.values()) else None


class _Over(Exception):
    """The whole call took too long."""


@lru_cache(maxsize=64)
def _taken_apart(url: str) -> tuple[_Place, str]:
    """Where a URL leads, and what is asked for there: a worker posts to one address all day. The client checked it."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    place = _Place(is_secure, parts.hostname or "", parts.port or (443 if is_secure else 80))
    return place, parts._replace(scheme="", netloc="").geturl()


class _Line(asyncio.Protocol):
    """One connection, which carries one call after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lines: "set[_Line]") -> None:
        self._loop = loop
        self._lines = lines
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._coming: asyncio.Future[None] | None = None
        self._heard_at = 0.0
        self._read_seconds = 0.0
        self._ends = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: Open, and nothing has come that nobody asked for.
        self.is_quiet = False
        self.quiet_since = 0.0

    def ask(self, answer: Answer, *, read_seconds: float, ends: float) -> "asyncio.Future[None]":
        """Done when the answer is whole; it raises what stands in its way."""
        self._answer, self._coming = answer, self._loop.create_future()
        self._heard_at, self._read_seconds, self._ends = self._loop.time(), read_seconds, ends
        self._timer = self._loop.call_at(min(self._heard_at + read_seconds, ends), self._look)
        return self._coming

    def write(self, request: Request, target: str) -> None:
        """Hand the request to the system; the head leaves together with the first piece."""
        assert self._transport is not None, "it is connected"
        lines = (f"{request.verb} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()))
        pending = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        for piece in request.body.chunks() if request.body is not None else ():
            self._transport.write(pending + piece)
            pending = b""
        if pending:
            self._transport.write(pending)

    def close(self) -> None:
        """Let go of the connection; harmless when done twice."""
        self.is_quiet = False
        self._finish(None)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_quiet = transport, True
        self._lines.add(self)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            # Nobody asked: the beginning of something that would be taken for the next answer.
            self.close()
            return
        self._heard_at = self._loop.time()
        try:
            if self._answer.take(data):
                self._finish(None)
        except (HTTPException, UnreadableEncoding) as error:
            self._finish(error)

    def eof_received(self) -> None:
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lines.discard(self)
        self._ended(exc)

    def _ended(self, error: Exception | None) -> None:
        self.is_quiet = False
        if self._answer is None:
            return
        try:
            if error is None:
                self._answer.end()
            self._finish(error)
        except HTTPException as incomplete:
            self._finish(incomplete)

    def _look(self) -> None:
        """The moment at which an answer may be late."""
        now = self._loop.time()
        if now >= self._ends:
            self._finish(_Over())
        elif now >= self._heard_at + self._read_seconds:
            self._finish(TimeoutError("timed out"))
        else:
            self._timer = self._loop.call_at(min(self._heard_at + self._read_seconds, self._ends), self._look)

    def _finish(self, error: Exception | None) -> None:
        coming, self._answer, self._coming = self._coming, None, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if coming is None or coming.done():
            return
        if error is None:
            coming.set_result(None)
        else:
            coming.set_exception(error)
