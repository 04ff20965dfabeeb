"""The server itself: it listens, keeps time for its connections, and lets them finish when it ends."""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Callable, Sequence
from email.utils import formatdate
from pathlib import Path

from greenbot.clock import Clock
from greenbot.errors import ConfigError, UnsafePermissions, UsageError
from greenbot.server.connection import Connection
from greenbot.server.crowd import Crowd
from greenbot.server.gate import Gate
from greenbot.server.limits import DEFAULT_LIMITS, Limits
from greenbot.server.origin import Network

_BACKLOG = 1024
_SWEEP_SECONDS = 1.0
_TLS_HANDSHAKE_SECONDS = 10.0

OnBug = Callable[[BaseException], str]


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address of `host`; port 0 takes a free one. Raises `UsageError` when that cannot be."""
    sockets: list[socket.socket] = []
    try:
        for family, kind, _, _, address in _addresses(host, port):
            one = socket.socket(family, kind)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # A free port is chosen once, for all addresses of the name.
            chosen = sockets[0].getsockname()[1] if len(sockets) > 1 else port
            one.bind((address[0], chosen, *address[2:]))
            # Here, not later: another server may have bound the same port and only not listen yet.
            one.listen(_BACKLOG)
            one.setblocking(False)
    except OSError as error:
        for one in sockets:
            one.close()
        raise _cannot_listen(host, port, error) from error
    return sockets


def _addresses(host: str, port: int) -> Sequence[tuple[int, int, int, str, tuple[str | int, ...]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))  # type: ignore[arg-type]  # typeshed allows bytes, for systems without IPv6


def _cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    hint = f"See who uses it with: ss -ltnp 'sport = :{port}'. Or choose another: greenbot serve --port {port + 1}"
    if isinstance(error, socket.gaierror):
        hint = "Give an address of this machine, such as 127.0.0.1."
    elif isinstance(error, PermissionError):
        hint = "Ports below 1024 belong to root. Choose another, and let a proxy pass requests on."
    return UsageError(f"greenbot cannot listen on {host}, port {port}: {error.strerror or error}.", hint=hint)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer. Raises `UnsafePermissions` when others can read the key, `ConfigError`."""
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise ConfigError(f"The TLS key {key} cannot be used: {error.strerror}.", hint=f"See: ls -l {key}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UnsafePermissions(f"Others can read the TLS key {key}.", hint=f"Run: chmod 600 {key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificate {certificate} and the key {key} cannot be used: {error.strerror or error}.",
            hint="Both must be PEM files and belong together.",
        ) from error
    return context


class Server:
    """Listens on sockets that are bound already. A part of the service: `run` until `stop`.

    `on_bug` hears of an exception in a handler and returns what the client may quote.
    """

    name = "server"

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        gate: Gate,
        *,
        clock: Clock,
        on_bug: OnBug,
        limits: Limits = DEFAULT_LIMITS,
        trusted: tuple[Network, ...] = (),
        tls: ssl.SSLContext | None = None,
        drain_seconds: float = 20.0,
    ) -> None:
        self.gate = gate
        self.limits = limits
        self.crowd = Crowd(limits)
        self.trusted = trusted
        self.is_closing = False
        self.date = b""
        self.loop: asyncio.AbstractEventLoop
        self.report = on_bug
        self._sockets = list(sockets)
        self._clock = clock
        self._tls = tls
        self._drain_seconds = drain_seconds
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()

    def stop(self) -> None:
        """Take no new connections and finish what is under way; said twice, end at once."""
        if self._stopping.is_set():
            self._hurrying.set()
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop`."""
        self.loop = asyncio.get_running_loop()
        self._tick()
        listening = [await self._listen(each) for each in self._sockets]
        try:
            while not self._stopping.is_set():
                await self._pass_time(self._stopping)
        finally:
            self.is_closing = True
            for each in listening:
                each.close()
            await self._drain()

    async def _listen(self, bound: socket.socket) -> asyncio.Server:
        # A copy, so that this part can be started again on the same port.
        copy = socket.socket(fileno=os.dup(bound.fileno()))
        handshake_seconds = _TLS_HANDSHAKE_SECONDS if self._tls else None
        return await self.loop.create_server(
            lambda: Connection(self),
            sock=copy,
            backlog=_BACKLOG,
            ssl=self._tls,
            ssl_handshake_timeout=handshake_seconds,
        )

    async def _pass_time(self, until: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(_SWEEP_SECONDS):
                await until.wait()
        except TimeoutError:
            self._tick()

    def _tick(self) -> None:
        self.date = f"Date: {formatdate(self._clock.now_ms() // 1000, usegmt=True)}\r\n".encode()
        self.crowd.sweep(self.loop.time())

    async def _drain(self) -> None:
        """Answer what is under way; then nobody is left, or time is up."""
        deadline = self.loop.time() + self._drain_seconds
        for member in self.crowd:
            member.leave()
        while len(self.crowd) and self.loop.time() < deadline and not self._hurrying.is_set():
            self.crowd.sweep(self.loop.time())
            await asyncio.sleep(0.02)
        for member in self.crowd:
            member.give_way()

    def close(self) -> None:
        """Give the port back."""
        for each in self._sockets:
            each.close()
