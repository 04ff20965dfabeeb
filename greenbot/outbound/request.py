"""The one place that calls addresses which people configured or guests sent.

A call goes once, to an address that was checked, past every proxy, follows no redirect, keeps no cookie and no
connection, and takes an answer of limited size within a limited time.

Proxies of the environment are not used on purpose: a proxy would resolve the name again, behind the check.
"""

import asyncio
import hashlib
import logging
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp

from greenbot.outbound.addresses import Address
from greenbot.outbound.guard import ForbiddenTarget, Policy, Target, check_addresses, check_url
from greenbot.outbound.resolver import PinnedResolver, Resolve, socket_for, system_resolve
from greenbot.outbound.tls import tls_context
from greenbot.version import VERSION

# Its messages name whole URLs.
logging.getLogger("aiohttp").setLevel(logging.WARNING)

#: `forbidden`: nothing was connected. `dns`, `connect`, `tls`: nothing was sent. `timeout`, `broken`: the other side
#: may have taken it. `too_large`: an answer of a download that is longer than allowed. `status`: not a 200.
FailureKind = Literal["forbidden", "dns", "connect", "tls", "timeout", "broken", "too_large", "status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRequest:
    """What to send. Header names as the other side should see them."""

    url: str = field(repr=False)
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a call may take as a whole, and until it is connected; how much of the answer is kept."""

    total_seconds: float = 20.0
    connect_seconds: float = 10.0
    reply_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundReply:
    """An answer, whatever its status. Header names in small letters. `truncated`: the rest was not read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    truncated: bool
    elapsed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFailure:
    """No answer. `words` can be shown: no path and no query of the address is in them."""

    kind: FailureKind
    words: str
    elapsed_ms: int
    #: The other side may have received it.
    maybe_arrived: bool
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that has arrived completely."""

    size_bytes: int
    sha256: str
    content_type: str
    elapsed_ms: int


DEFAULT_LIMITS = Limits()
#: Nothing compressed: a small answer must not become a large one.
_ALWAYS = {"User-Agent": f"greenbot/{VERSION}", "Accept": "*/*", "Accept-Encoding": "identity"}


async def send(
    request: OutboundRequest,
    *,
    policy: Policy,
    limits: Limits = DEFAULT_LIMITS,
    resolve: Resolve = system_resolve,
    monotonic: Callable[[], float] = time.monotonic,
) -> OutboundReply | OutboundFailure:
    """Send once and read the answer; whatever happens on the wire becomes a value. Cancelling it cancels the call."""
    call = _Call(monotonic)
    try:
        async with asyncio.timeout(limits.total_seconds), _answer(request, policy, limits, resolve, call) as response:
            body, truncated = await _read(response, limits.reply_bytes)
            return OutboundReply(
                status=response.status,
                headers=_headers(response),
                body=body,
                truncated=truncated,
                elapsed_ms=call.elapsed_ms(),
            )
    except _EXPECTED as error:
        return _failure(error, call)


async def download(
    url: str,
    to: int,
    *,
    policy: Policy,
    most_bytes: int,
    limits: Limits = DEFAULT_LIMITS,
    resolve: Resolve = system_resolve,
    monotonic: Callable[[], float] = time.monotonic,
) -> Downloaded | OutboundFailure:
    """Write the file behind a URL to the file descriptor `to`, at most `most_bytes`.

    After a failure `to` can hold a part. An error of writing (a full disk) is raised as OSError.
    """
    call = _Call(monotonic)
    request = OutboundRequest(url=url, method="GET")
    try:
        async with asyncio.timeout(limits.total_seconds), _answer(request, policy, limits, resolve, call) as response:
            if response.status != 200:
                return call.failed("status", f"the answer is status {response.status}", status=response.status)
            if (response.content_length or 0) > most_bytes:
                return call.failed("too_large", f"the file has {response.content_length} bytes")
            return await _store(response, to, most_bytes, call)
    except _Unwritable as error:
        raise error.reason from None
    except _EXPECTED as error:
        return _failure(error, call)


class _Call:
    """How far a call has come, and how long it has taken."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self.connected = False

    def elapsed_ms(self) -> int:
        return round((self._monotonic() - self._began) * 1000)

    def failed(self, kind: FailureKind, words: str, status: int | None = None) -> OutboundFailure:
        return OutboundFailure(
            kind=kind, words=words, elapsed_ms=self.elapsed_ms(), maybe_arrived=self.connected, status=status
        )


class _Unwritable(Exception):
    """The file we write to, not the network, is the trouble."""

    def __init__(self, reason: OSError) -> None:
        super().__init__()
        self.reason = reason


@asynccontextmanager
async def _answer(
    request: OutboundRequest, policy: Policy, limits: Limits, resolve: Resolve, call: _Call
) -> AsyncIterator[aiohttp.ClientResponse]:
    target = check_url(request.url, policy)
    addresses = [target.address] if target.address is not None else await _resolved(target, resolve)
    checked = check_addresses(target, addresses, policy)
    connector = aiohttp.TCPConnector(
        resolver=PinnedResolver(target.host, checked),
        socket_factory=socket_for(checked),
        use_dns_cache=False,
        force_close=True,
        limit=1,
    )
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_when_connected(call)],
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_seconds),
        ) as session,
        session.request(
            request.method,
            request.url,
            headers={
                "User-Agent": f"greenbot/{VERSION}",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                **request.headers,
            },
            data=request.body,
            ssl=tls_context() if target.scheme == "https" else False,
            allow_redirects=False,
        ) as response,
    ):
        try:
            yield response
        finally:
            # What is left unread is not waited for.
            response.close()


async def _resolved(target: Target, resolve: Resolve) -> Sequence[Address]:
    try:
        return await resolve(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise _NoAddress from error


def _when_connected(call: _Call) -> aiohttp.TraceConfig:
    async def connected(*_: object) -> None:
        call.connected = True

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(connected)
    return config


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> tuple[bytes, bool]:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            break
    return b"".join(pieces)[:most_bytes], size > most_bytes


async def _store(
    response: aiohttp.ClientResponse, to: int, most_bytes: int, call: _Call
) -> Downloaded | OutboundFailure:
    digest, size = hashlib.sha256(), 0
    async for piece in response.content.iter_chunked(64 * 1024):
        size += len(piece)
        if size > most_bytes:
            return call.failed("too_large", f"the file has more than {most_bytes} bytes")
        digest.update(piece)
        _write(to, piece)
    return Downloaded(
        size_bytes=size,
        sha256=digest.hexdigest(),
        content_type=response.headers.get("Content-Type", ""),
        elapsed_ms=call.elapsed_ms(),
    )


def _write(to: int, piece: bytes) -> None:
    rest = memoryview(piece)
    try:
        while rest:
            rest = rest[os.write(to, rest) :]
    except OSError as error:
        raise _Unwritable(error) from error


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


_EXPECTED = (ForbiddenTarget, TimeoutError, aiohttp.ClientError, OSError, ValueError)


def _failure(error: Exception, call: _Call) -> OutboundFailure:
    """The value for an error. The texts are ours: aiohttp's own carry the address."""
    for kinds, kind, words in _MEANINGS:
        if isinstance(error, kinds):
            return call.failed(kind, words)
    if isinstance(error, ForbiddenTarget):
        return call.failed("forbidden", str(error))
    return call.failed("broken", "the connection broke" if call.connected else "no connection")


class _NoAddress(OSError):
    """The name is not known."""


_Kinds = type[Exception] | tuple[type[Exception], ...]
_MEANINGS: tuple[tuple[_Kinds, FailureKind, str], ...] = (
    (_NoAddress, "dns", "the name of the host is not known"),
    (aiohttp.ConnectionTimeoutError, "connect", "no connection in time"),
    (TimeoutError, "timeout", "no answer in time"),
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError),
        "tls",
        "the certificate or TLS of the host is not in order",
    ),
    (aiohttp.ClientConnectorError, "connect", "no connection"),
    (aiohttp.ServerDisconnectedError, "broken", "the connection was closed without an answer"),
    (aiohttp.ClientPayloadError, "broken", "the answer ended early"),
    (aiohttp.ClientResponseError, "broken", "the answer is not HTTP"),
)
