"""A blocking connection whose every step ends in time: name look-up, connecting, TLS, reads and writes."""

import io
import socket
import threading
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from greenbot.api.proxy import ProxyError
from greenbot.api.request import Limits, Monotonic

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    _Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
    _Addresses = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, _Address]]

_PORTS = {"http": 80, "https": 443}


class ConnectTimeout(TimeoutError):
    """No connection in time."""


class WriteTimeout(TimeoutError):
    """The peer did not take what we send."""


class Deadline:
    """A moment after which nothing of this call may go on."""

    def __init__(self, seconds: float, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """The moment has passed."""
        return self._monotonic() >= self._ends

    def left(self, at_most: float) -> float:
        """Seconds until then, but not more than `at_most`. Raises TimeoutError when it is over."""
        seconds = min(at_most, self._ends - self._monotonic())
        if seconds <= 0:
            raise TimeoutError("the whole call took too long")
        return seconds

    def sooner(self, seconds: float) -> "Deadline":
        """A deadline within this one."""
        return Deadline(min(seconds, self._ends - self._monotonic()), self._monotonic)


class Wire:
    """One connection, in the shape http.client's response parser asks for."""

    def __init__(self, sock: socket.socket, limits: Limits, deadline: Deadline) -> None:
        self._sock = sock
        self._limits = limits
        self._deadline = deadline

    def begin(self, limits: Limits, deadline: Deadline) -> None:
        """Serve another call."""
        self._limits, self._deadline = limits, deadline

    def sendall(self, data: bytes) -> None:
        """Write all of it. Raises WriteTimeout, OSError."""
        self._sock.settimeout(self._deadline.left(self._limits.write))
        try:
            self._sock.sendall(data)
        except TimeoutError:
            raise WriteTimeout("the peer does not read") from None

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        """Read what is there, waiting for the first byte. Raises TimeoutError, OSError."""
        self._sock.settimeout(self._deadline.left(self._limits.read))
        return self._sock.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The reading side; closing it leaves the connection open."""
        assert mode == "rb"
        return io.BufferedReader(_Incoming(self))

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._wire.receive_into(buffer)


def connect(scheme: str, host: str, port: int | None, *, proxy: str | None, limits: Limits, deadline: Deadline) -> Wire:
    """A new connection, TLS included, within the connect limit. Raises OSError; no byte of a request has left then."""
    port = port or _PORTS[scheme]
    connecting = deadline.sooner(limits.connect)
    sock: socket.socket | None = None
    try:
        sock = _through(proxy, host, port, limits, connecting) if proxy else _reach(host, port, connecting)
        if scheme == "https":
            from greenbot.api.tls import tls_context

            sock.settimeout(connecting.left(limits.connect))
            sock = tls_context().wrap_socket(sock, server_hostname=host)
    except BaseException as error:
        if sock is not None:
            sock.close()
        if isinstance(error, TimeoutError):
            raise ConnectTimeout("no connection in time") from None
        raise
    return Wire(sock, limits, deadline)


def _reach(host: str, port: int, connecting: Deadline) -> socket.socket:
    problem: OSError = ConnectTimeout("no address answers")
    for family, kind, protocol, _, address in _look_up(host, port, connecting):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(connecting.left(60.0))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            problem = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise problem


def _look_up(host: str, port: int, connecting: Deadline) -> "_Addresses":
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except UnicodeError:
        # An empty label, or one of more than 63 letters: no resolver need be asked.
        raise socket.gaierror(socket.EAI_NONAME, "this cannot be the name of a host") from None
    except socket.gaierror:
        return _ask_resolver(host, port, connecting.left(60.0))


def _ask_resolver(host: str, port: int, seconds: float) -> "_Addresses":
    # The system's resolver cannot be told to hurry; a thread can be left behind.
    found: list[_Addresses] = []
    problems: list[OSError] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            problems.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="resolver")
    thread.start()
    thread.join(seconds)
    if found:
        return found[0]
    raise problems[0] if problems else socket.gaierror(socket.EAI_AGAIN, "the resolver does not answer")


def _through(proxy: str, host: str, port: int, limits: Limits, connecting: Deadline) -> socket.socket:
    parts = urlsplit(proxy)
    if parts.scheme != "http":
        raise ProxyError("only http:// proxies are supported for a single command")
    try:
        sock = _reach(parts.hostname or "", parts.port or _PORTS["http"], connecting)
    except TimeoutError:
        raise
    except OSError as error:
        raise ProxyError(f"the proxy cannot be reached: {error}") from None
    try:
        _ask_proxy(Wire(sock, limits, connecting), parts.username, parts.password, f"{host}:{port}")
    except BaseException:
        sock.close()
        raise
    return sock


def _ask_proxy(wire: Wire, user: str | None, password: str | None, target: str) -> None:
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if user:
        from base64 import b64encode

        pair = f"{unquote(user)}:{unquote(password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {b64encode(pair).decode()}")
    wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    response = HTTPResponse(wire, method="CONNECT")  # type: ignore[arg-type]  # it asks for makefile only
    try:
        response.begin()
    except HTTPException:
        raise ProxyError("the proxy does not answer as one") from None
    finally:
        response.close()
    if response.status != 200:
        raise ProxyError(f"the proxy answers {response.status}")
