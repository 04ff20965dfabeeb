"""An engine for many calls at once: aiohttp under httpx's transport interface.

httpx's own pool looks at every connection for every call, so fifty at a time are slower than one.
"""

import logging  # noqa: I001 - httpx comes after our transport, which keeps httpx's own command line out
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.payload import AsyncIterablePayload

from greenbot.api.proxy import proxy_for
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


async def _payload(request: httpx.Request) -> AsyncIterablePayload | None:
    """The body as it is produced, piece by piece; its length stands in the headers already."""
    assert isinstance(request.stream, httpx.AsyncByteStream)
    if "content-length" in request.headers:
        return AsyncIterablePayload(request.stream)
    # Nothing will be asked of the stream that notes the beginning, so it is noted now.
    await request.extensions["trace"]("http11.send_request_headers.started", {})
    return None


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    given = request.extensions["timeout"]
    return aiohttp.ClientTimeout(
        total=None, connect=given["connect"], sock_connect=given["connect"], sock_read=given["read"]
    )


def _translated(error: Exception) -> Exception:
    """The same in httpx's words; aiohttp's own texts can carry the address, and with it the token."""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return httpx.ProxyError("the proxy could not be reached")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return httpx.ProxyError(f"the proxy answered {error.status}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout("no connection in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError("no connection")
    if isinstance(error, aiohttp.InvalidURL):
        return httpx.UnsupportedProtocol("the address is not usable")
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("no answer in time")
    if isinstance(error, aiohttp.ClientPayloadError):
        return httpx.RemoteProtocolError("the answer ended early")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return httpx.RemoteProtocolError("the connection was closed without an answer")
    if isinstance(error, OSError) and error.errno is not None:
        return httpx.ReadError(error.strerror or "the connection broke")
    return httpx.RemoteProtocolError("the answer is not HTTP")
