"""The one module that imports httpx: the pooled transport, and any other httpx transport someone plugs in.

It works at the level of transports, below httpx's client: no redirects, cookies, retries, event hooks or log lines with
the URL, which carries the token, and about half the cost of a call.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

# httpx imports its own command line (click, rich) where these are installed. Blocked while importing, by httpx's own
# `except ImportError`: half the import time.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how the import system spells "blocked"
import httpx  # noqa: E402 - the line above must come first

if sys.modules.get("httpx._main", ...) is None:
    del sys.modules["httpx._main"]

from greenbot.api.body import RequestBody  # noqa: E402 - after the guarded import
from greenbot.api.broken import cannot_have_left, failure_of  # noqa: E402 - after the guarded import
from greenbot.api.ending import IDLE_SECONDS, cancel_again, stage_of  # noqa: E402 - after the guarded import
from greenbot.api.facts import Failure, Reply  # noqa: E402 - after the guarded import
from greenbot.api.intake import Intake, UnreadableEncoding  # noqa: E402 - after the guarded import
from greenbot.api.proxy import proxy_for  # noqa: E402 - after the guarded import
from greenbot.api.request import Limits, Request, Watch  # noqa: E402 - after the guarded import
from greenbot.api.tls import no_tls, tls_context  # noqa: E402 - after the guarded import

# At lower levels httpx logs whole URLs and httpcore all headers, a redirect's Location among them.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

#: httpx's pool scans all connections per request; beyond this it slows down.
MOST_CONNECTIONS = 10


class Pooled:
    """Calls over httpx inside an event loop; `transport` replaces the network, for tests and other engines."""

    def __init__(self, *, environ: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._environ = environ
        self._given = transport
        self._open: dict[tuple[bool, str | None], httpx.AsyncBaseTransport] = {}

    async def carry(self, request: Request) -> Reply | Failure:
        """Send once and read the whole answer; whatever happens on the wire becomes a fact, not an exception.

        A cancelled task gets its Failure and stays cancelled: the next await of the caller raises CancelledError, so
        there is time to write down, without awaiting, what happened.
        """
        watch = request.watch
        try:
            async with asyncio.timeout(request.limits.total):
                return await self._exchange(request, watch)
        except TimeoutError:
            return Failure(stage=stage_of(watch), kind="deadline", detail="the whole call took too long")
        except asyncio.CancelledError:
            cancel_again()
            return Failure(stage=stage_of(watch), kind="cancelled", detail="stopped")
        except (httpx.TransportError, httpx.InvalidURL, OSError, UnreadableEncoding) as error:
            return failure_of(error, started=watch.started and not cannot_have_left(error))
        finally:
            if request.body is not None:
                request.body.close()

    async def aclose(self) -> None:
        """Close all connections."""
        opened, self._open = list(self._open.values()), {}
        for transport in opened:
            await transport.aclose()
        if self._given is not None:
            await self._given.aclose()

    async def _exchange(self, request: Request, watch: Watch) -> Reply:
        response = await self._transport(request.url).handle_async_request(
            _as_httpx(request, watch, traces=self._traces)
        )
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            intake = Intake(limit_bytes=request.reply_limit_bytes, headers=headers)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for piece in response.stream:
                if not intake.take(piece):
                    break
            body = intake.finish()
        finally:
            await response.aclose()
        return Reply(status=response.status_code, headers=headers, body=body, truncated=intake.truncated)

    @property
    def _traces(self) -> bool:
        return self._given is None

    def _transport(self, url: str) -> httpx.AsyncBaseTransport:
        if self._given is not None:
            return self._given
        parts = urlsplit(url)
        secure, proxy = parts.scheme == "https", proxy_for(parts.scheme, parts.hostname or "", self._environ)
        if (secure, proxy) not in self._open:
            self._open[secure, proxy] = _new_pool(secure=secure, proxy=proxy)
        return self._open[secure, proxy]


def _new_pool(*, secure: bool, proxy: str | None) -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(
        verify=tls_context() if secure else no_tls(),
        trust_env=False,
        retries=0,
        proxy=httpx.Proxy(proxy) if proxy else None,
        limits=httpx.Limits(
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
        ),
    )


class _Stream(httpx.AsyncByteStream):
    def __init__(self, body: RequestBody | None, watch: Watch) -> None:
        self._body = body
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._watch.started = True
        if self._body is not None:
            for piece in self._body.chunks():
                yield piece


def _as_httpx(request: Request, watch: Watch, *, traces: bool) -> httpx.Request:
    async def trace(event: str, info: Mapping[str, object]) -> None:
        # A proxy's CONNECT is a request of its own, and none of ours has left with it.
        if event == "http11.send_request_headers.started" and _verb(info.get("request")) != b"CONNECT":
            watch.started = True

    # Without a trace nothing tells when the first byte leaves: assume the worst from the start.
    watch.started = not traces
    return httpx.Request(
        request.verb,
        request.url,
        headers=request.headers,
        stream=_Stream(request.body, watch),
        extensions={"timeout": _timeouts(request.limits), "trace": trace},
    )


def _verb(request: object) -> object:
    return getattr(request, "method", None)


def _timeouts(limits: Limits) -> dict[str, float]:
    return {"connect": limits.connect, "pool": limits.connect, "write": limits.write, "read": limits.read}
