"""From an exception of either transport to the fact it stands for: the one place where foreign errors end."""

import socket

from greenbot.api.facts import Failure, FailureKind
from greenbot.redact import mask_phone, redact
from greenbot.safe_text import safe_text

# By class name, so that this module needs neither HTTP library: httpx, httpcore, http.client, socket.
_KINDS: dict[str, FailureKind] = {
    "UnreadableEncoding": "encoding",
    "ConnectTimeout": "timeout",
    "ReadTimeout": "timeout",
    "WriteTimeout": "write",
    "PoolTimeout": "pool",
    "ProxyError": "proxy",
    "ConnectError": "connect",
    "UnsupportedProtocol": "connect",
    "WriteError": "write",
    "LocalProtocolError": "write",
    "ReadError": "read",
    "RemoteProtocolError": "read",
    "HTTPException": "read",
    "gaierror": "dns",
    "SSLError": "tls",
    "CertificateError": "tls",
    "BrokenPipeError": "write",
    "ConnectionResetError": "read",
    "ConnectionRefusedError": "connect",
    "TimeoutError": "timeout",
    "TransportError": "read",
    "OSError": "read",
}
#: With these no byte of the request has left, whatever else is known.
_BEFORE = ("ConnectTimeout", "ConnectError", "PoolTimeout", "ProxyError", "UnsupportedProtocol")


def failure_of(error: BaseException, *, started: bool) -> Failure:
    """The fact behind `error`; its detail carries no URL, secret or phone number, and nothing that steers a terminal.

    `started`: a byte of the request may have left.
    """
    return Failure(
        stage="after_first_byte" if started else "before_request",
        kind=_kind(error, started=started),
        detail=safe_text(mask_phone(redact(_words(error))), limit=200),
    )


#: For the reader, who is no programmer.
_PLAIN_WORDS = {
    "IncompleteRead": "the answer broke off",
    "RemoteDisconnected": "the connection was closed without an answer",
    "TimeoutError": "no answer in time",
}


def _words(error: BaseException) -> str:
    for name in _names(error):
        if name in _PLAIN_WORDS and not (name == "TimeoutError" and error.args and error.args[0] != "timed out"):
            return _PLAIN_WORDS[name]
    # Without "[Errno 111]".
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def cannot_have_left(error: BaseException) -> bool:
    """The error itself proves that no byte of the request left."""
    return any(name in _BEFORE for name in _names(error))


def _kind(error: BaseException, *, started: bool) -> FailureKind:
    kind: FailureKind = next((_KINDS[name] for name in _names(error) if name in _KINDS), "read")
    if kind == "connect" or not started:
        deeper = _deeper(error)
        if deeper is not None:
            return deeper
    return "connect" if not started and kind in ("read", "write") else kind


def _deeper(error: BaseException | None) -> FailureKind | None:
    """`dns` or `tls` if that is what lies under a connection error."""
    depth = 0
    while error is not None and depth < 8:
        if isinstance(error, socket.gaierror):
            return "dns"
        if any(name in ("SSLError", "CertificateError") for name in _names(error)):
            return "tls"
        error, depth = error.__cause__ or error.__context__, depth + 1
    return None


def _names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]
