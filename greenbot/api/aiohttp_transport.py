"""An engine for many calls at once: aiohttp under httpx's transport interface.

httpx's own pool looks at every connection for every call, so fifty at a time are slower than one.
"""

import asyncio  # noqa: I001 - httpx comes after our transport, which keeps httpx's own command line out
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_writer import StreamWriter
from aiohttp.payload import AsyncIterablePayload

from greenbot.api.proxy import ProxyError, proxy_for
from greenbot.api.tls import tls_context
from greenbot.api.transport import IDLE_SECONDS

import httpx

# Its messages name whole URLs, and a URL of GREEN-API carries the token.
logging.getLogger("aiohttp").setLevel(logging.WARNING)

MOST_CONNECTIONS = 200
_OF_ITS_OWN = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Calls over aiohttp, for one event loop; connections are kept for as long as it is safe for a POST.

    It repeats nothing, follows nothing, keeps no cookies, and says exactly when a request begins to leave.
    """

    #: `greenbot.api.transport` may believe this engine about whether anything left.
    tells_when_it_begins = True

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send once. Raises httpx's transport errors, without any address in them."""
        url = request.url
        await _notice_closed_connections()
        try:
            response = await self._opened().request(
                request.method,
                str(url),
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=await _payload(request),
                timeout=_timeout(request),
                proxy=proxy_for(url.scheme, url.host, self._environ),
                ssl=tls_context() if url.scheme == "https" else False,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(error) from None
        except UnicodeError:
            # A label of the host is empty or longer than 63 letters.
            raise httpx.ConnectError("this cannot be the name of a host") from socket.gaierror(socket.EAI_NONAME)
        return httpx.Response(
            response.status, headers=list(response.raw_headers), stream=_Body(response), request=request
        )

    async def aclose(self) -> None:
        """Close all connections; harmless when done twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

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


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(error) from None

    async def aclose(self) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            # What is left unread would be the beginning of the next answer.
            self._response.close()


async def _notice_closed_connections() -> None:
    """Let the loop read what came meanwhile: a kept connection that the peer has closed must not carry a POST."""
    # In the first round the loop looks at the sockets, in the second it has told the connections.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class _PeerIsDeaf(TimeoutError):
    """The peer does not take what we send."""


class _Payload(AsyncIterablePayload):
    """The body as it is produced, each piece within the write limit, which aiohttp does not know."""

    def __init__(self, stream: httpx.AsyncByteStream, *, write_seconds: float) -> None:
        super().__init__(stream)
        self._stream = stream
        self._write_seconds = write_seconds

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        async for piece in self._stream:
            try:
                async with asyncio.timeout(self._write_seconds):
                    await writer.write(piece)
            except TimeoutError:
                if isinstance(writer, StreamWriter) and writer.transport is not None:
                    # Closing would wait until the peer takes what is left.
                    writer.transport.abort()
                raise _PeerIsDeaf from None


async def _payload(request: httpx.Request) -> _Payload | None:
    assert isinstance(request.stream, httpx.AsyncByteStream)
    if "content-length" in request.headers:
        return _Payload(request.stream, write_seconds=request.extensions["timeout"]["write"])
    # Nothing will be asked of the stream that notes the beginning, so it is noted now.
    await request.extensions["trace"]("http11.send_request_headers.started", {})
    return None


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    given = request.extensions["timeout"]
    return aiohttp.ClientTimeout(
        total=None, connect=given["connect"], sock_connect=given["connect"], sock_read=given["read"]
    )


#: In this order: the first that fits tells. The texts are ours, because aiohttp's own can carry the address.
_TRANSLATIONS: tuple[tuple[type[Exception], type[httpx.TransportError], str], ...] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError, "the proxy could not be reached"),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError, "the proxy refused"),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout, "no connection in time"),
    (aiohttp.ClientConnectorError, httpx.ConnectError, "no connection"),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol, "the address is not usable"),
    (_PeerIsDeaf, httpx.WriteTimeout, "the peer does not read"),
    (TimeoutError, httpx.ReadTimeout, "no answer in time"),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError, "the answer ended early"),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError, "the connection was closed without an answer"),
)


def _translated(error: Exception) -> Exception:
    """The same in httpx's words."""
    if isinstance(error, ProxyError):
        return httpx.ProxyError(str(error))
    for kind, ours, words in _TRANSLATIONS:
        if isinstance(error, kind):
            return ours(words)
    if isinstance(error, OSError) and error.errno is not None:
        return httpx.ReadError(error.strerror or "the connection broke")
    return httpx.RemoteProtocolError("the answer is not HTTP")
