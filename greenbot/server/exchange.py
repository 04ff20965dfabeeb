"""What a handler gets and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from greenbot.server.head import Head

_REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

#: On every answer but those to webhooks: nothing is loaded, framed, sniffed, kept or passed on. A handler may say its
#: own in their place.
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks, as far as a credential says it."""

    #: The instances whose webhook token, or relay's signature, came with the request.
    instances: tuple[str, ...] = ()
    #: `viewer` or `admin`, when that token, or a session it opened, came with the request.
    role: str | None = None
    #: The cookie of that session; None when the token itself came.
    session: str | None = None


class Request:
    """A request that may be answered: its credential is checked and its body is here. Nobody changes it."""

    __slots__ = ("body", "client", "head", "identity", "params")

    def __init__(self, head: Head, params: Mapping[str, str], body: bytes, identity: Identity, client: str) -> None:
        self.head = head
        self.params = params
        self.body = body
        self.identity = identity
        #: The client's address; behind a trusted proxy the one that proxy names.
        self.client = client

    def query(self) -> Mapping[str, list[str]]:
        """The values behind `?`. Raises ValueError when they make no sense."""
        return parse_qs(
            self.head.query, keep_blank_values=True, strict_parsing=bool(self.head.query), max_num_fields=64
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Nothing more is read from this connection.
    closes: bool = False

    def encoded(self, *, date: bytes, closes: bool) -> bytes:
        """The answer as it goes over the wire; `date` is a whole header line."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS[self.status]}", f"Content-Length: {len(self.body)}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {value}" for name, value in {**SECURITY_HEADERS, **self.headers}.items())
        if closes:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n" + date + b"\r\n"
        return head + self.body


class Later:
    """An answer that comes of itself, for less than a task costs. `give` it once; who waits for it says so with `then`.

    An exception in its place is a bug in the handler.
    """

    __slots__ = ("_reply", "_taker")

    def __init__(self) -> None:
        self._reply: Reply | Exception | None = None
        self._taker: Callable[[Reply | Exception], None] | None = None

    def give(self, reply: Reply | Exception) -> None:
        """This is the answer."""
        self._reply = reply
        if self._taker is not None:
            self._taker(reply)

    def then(self, taker: Callable[[Reply | Exception], None]) -> None:
        """Call `taker` with the answer, at once when it is there."""
        self._taker = taker
        if self._reply is not None:
            taker(self._reply)


class Acknowledged(Reply):
    """200 to a webhook. It is said thousands of times a second, so it is short and made once."""

    __slots__ = ()

    def encoded(self, *, date: bytes, closes: bool) -> bytes:
        return b"".join((_ACKNOWLEDGED_LAST if closes else _ACKNOWLEDGED, date, b"\r\nok\n"))


_ACKNOWLEDGED = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain; charset=utf-8\r\n"
_ACKNOWLEDGED_LAST = _ACKNOWLEDGED + b"Connection: close\r\n"


def plain(status: int, word: str, *, closes: bool = False, **headers: str) -> Reply:
    """A short fixed answer that tells nothing but its status; `Retry_After` stands for `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=word.encode() + b"\n", headers=named, closes=closes)


FORBIDDEN_ORIGIN = plain(403, "this request does not come from a page of this server")
UNAUTHORIZED = plain(401, "unauthorized", WWW_Authenticate="Bearer")
TOO_MANY = plain(429, "too many attempts", Retry_After="60", closes=True)
NOT_FOUND = plain(404, "not found")
MISDIRECTED = plain(421, "unknown host", closes=True)
TOO_LARGE = plain(413, "body too large", closes=True)
ENCODED = plain(415, "send the body as it is, without Content-Encoding", closes=True)
BAD_REQUEST = plain(400, "bad request", closes=True)
EXPECTATION_FAILED = plain(417, "unknown expectation", closes=True)
TIMED_OUT = plain(408, "too slow", closes=True)
BUSY = plain(503, "try again", Retry_After="1")
