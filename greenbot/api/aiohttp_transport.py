"""What the engine leaves to a library: uploads, long bodies, proxies. aiohttp, without httpx's objects in between.

httpx's own pool looks at every connection for every call, so fifty at a time are slower than one; and its requests and
responses, over another engine, cost as much again as the call.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_writer import StreamWriter
from aiohttp.payload import Payload

from greenbot.api.body import RequestBody
from greenbot.api.ending import IDLE_SECONDS, cancel_again, stage_of
from greenbot.api.facts import Failure, FailureKind, Reply
from greenbot.api.intake import Intake, UnreadableEncoding
from greenbot.api.proxy import ProxyError, proxy_for
from greenbot.api.request import Limits, Request, Watch
from greenbot.api.tls import tls_context

# Its messages name whole URLs, and a URL of GREEN-API carries the token.
logging.getLogger("aiohttp").setLevel(logging.WARNING)

MOST_CONNECTIONS = 200
_OF_ITS_OWN = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
#: A piece of this size fits into the buffers of any idle connection.
_SMALL_BYTES = 16 * 1024


class AiohttpTransport:
    """Calls over aiohttp, for one event loop; connections are kept for as long as it is safe for a POST.

    It repeats nothing, follows nothing, keeps no cookies, and knows exactly when a request begins to leave.
    """

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, request: Request) -> Reply | Failure:
        """Send once and read the whole answer; whatever happens on the wire becomes a fact, not an exception.

        A cancelled task gets its Failure and stays cancelled: the next await of the caller raises CancelledError.
        """
        watch = request.watch
        try:
            async with asyncio.timeout(request.limits.total):
                return await self._exchange(request, watch)
        except TimeoutError as error:
            if isinstance(error, _NAMED):
                return _failure(error, watch)
            return Failure(stage=stage_of(watch), kind="deadline", detail="the whole call took too long")
        except asyncio.CancelledError:
            cancel_again()
            return Failure(stage=stage_of(watch), kind="cancelled", detail="stopped")
        except (aiohttp.ClientError, OSError, UnreadableEncoding, UnicodeError) as error:
            return _failure(error, watch)
        finally:
            if request.body is not None:
                request.body.close()

    async def aclose(self) -> None:
        """Close all connections; harmless when done twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _exchange(self, request: Request, watch: Watch) -> Reply:
        parts = urlsplit(request.url)
        await _notice_closed_connections()
        body = request.body
        # Nothing else will tell when a request without a body begins to leave.
        watch.started = body is None
        response = await self._opened().request(
            request.verb,
            request.url,
            headers=request.headers,
            data=None if body is None else _Body(body, watch, write_seconds=request.limits.write),
            timeout=_timeout(request.limits),
            proxy=proxy_for(parts.scheme, parts.hostname or "", self._environ),
            ssl=tls_context() if parts.scheme == "https" else False,
            allow_redirects=False,
        )
        return await _read(response, request.reply_limit_bytes)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_OF_ITS_OWN,
                trust_env=False,
            )
            # aiohttp repeats a GET by itself, and GREEN-API has GETs that change things: updateApiToken, reboot.
            self._session._retry_connection = False
        return self._session


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        intake = Intake(limit_bytes=limit_bytes, headers=headers)
        async for piece in response.content.iter_any():
            if not intake.take(piece):
                break
        body = intake.finish()
    finally:
        if response.content.at_eof():
            response.release()
        else:
            # What is left unread would be the beginning of the next answer.
            response.close()
    return Reply(status=response.status, headers=headers, body=body, truncated=intake.truncated)


async def _notice_closed_connections() -> None:
    """Let the loop read what came meanwhile: a kept connection that the peer has closed must not carry a POST."""
    # In the first round the loop looks at the sockets, in the second it has told the connections.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class _PeerIsDeaf(TimeoutError):
    """The peer does not take what we send."""


class _Body(Payload):
    """A body as it is produced, each piece within the write limit, which aiohttp does not know."""

    def __init__(self, body: RequestBody, watch: Watch, *, write_seconds: float) -> None:
        super().__init__(body, content_type=body.content_type)
        self._size = body.length
        self._body = body
        self._watch = watch
        self._write_seconds = write_seconds

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """aiohttp asks for this to show a body; ours is shown to nobody."""
        return ""

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._watch.started = True
        for piece in self._body.chunks():
            if len(piece) <= _SMALL_BYTES and self._body.length <= _SMALL_BYTES:
                await writer.write(piece)
            else:
                await self._write_in_time(writer, piece)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await self.write(writer)

    async def _write_in_time(self, writer: AbstractStreamWriter, piece: bytes) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await writer.write(piece)
        except TimeoutError:
            if isinstance(writer, StreamWriter) and writer.transport is not None:
                # Closing would wait until the peer takes what is left.
                writer.transport.abort()
            raise _PeerIsDeaf from None


def _timeout(limits: Limits) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_connect=limits.connect, sock_read=limits.read)


#: In this order: the first that fits tells. The texts are ours, because aiohttp's own can carry the address.
_MEANINGS: tuple[tuple[type[Exception], FailureKind, str], ...] = (
    (ProxyError, "proxy", "HTTPS_PROXY does not hold the address of an HTTP proxy"),
    (aiohttp.ClientProxyConnectionError, "proxy", "the proxy could not be reached"),
    (aiohttp.ClientHttpProxyError, "proxy", "the proxy refused"),
    (aiohttp.ConnectionTimeoutError, "timeout", "no connection in time"),
    (aiohttp.ClientConnectorDNSError, "dns", "no connection"),
    (aiohttp.ClientConnectorCertificateError, "tls", "no connection"),
    (aiohttp.ClientConnectorSSLError, "tls", "no connection"),
    (aiohttp.ClientConnectorError, "connect", "no connection"),
    (aiohttp.InvalidURL, "connect", "the address is not usable"),
    (UnicodeError, "dns", "this cannot be the name of a host"),
    (_PeerIsDeaf, "write", "the peer does not read"),
    (aiohttp.ServerTimeoutError, "timeout", "no answer in time"),
    (aiohttp.ClientPayloadError, "read", "the answer ended early"),
    (aiohttp.ServerDisconnectedError, "read", "the connection was closed without an answer"),
    (UnreadableEncoding, "encoding", "the answer is encoded in a way nobody asked for"),
)
#: These are TimeoutErrors of one step, not of the whole call.
_NAMED = (aiohttp.ServerTimeoutError, _PeerIsDeaf)
#: With these no byte of the request has left, whatever else is known.
_BEFORE = (
    ProxyError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    UnicodeError,
)


def _failure(error: Exception, watch: Watch) -> Failure:
    """The fact behind an error of aiohttp or of the network."""
    watch.started = watch.started and not isinstance(error, _BEFORE)
    stage = stage_of(watch)
    for kind, meaning, words in _MEANINGS:
        if isinstance(error, kind):
            return Failure(stage=stage, kind=_deeper(error, meaning), detail=words)
    if isinstance(error, OSError) and error.errno is not None:
        return Failure(stage=stage, kind="read", detail=error.strerror or "the connection broke")
    return Failure(stage=stage, kind="read", detail="the answer is not HTTP")


def _deeper(error: BaseException | None, meaning: FailureKind) -> FailureKind:
    """What lies under a connection that could not be made."""
    while meaning == "connect" and error is not None:
        if isinstance(error, socket.gaierror):
            return "dns"
        if isinstance(error, ssl.SSLError):
            return "tls"
        error = error.__cause__ or error.__context__
    return meaning
