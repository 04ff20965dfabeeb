"""One HTTP request as both transports take it, and its clock limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greenbot.api.body import RequestBody
from greenbot.api.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: to connect (TLS included), to get bytes away, between bytes of the answer, and for all of it."""

    connect: float
    write: float
    read: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The deadlines of the client, in seconds.

    `read` is how long GREEN-API may think about an ordinary call, `transfer` about an upload and other slow ones.
    A poll may take its own receiveTimeout and `poll_extra`. The whole call ends `margin` after that, also against a
    peer that drips single bytes.
    """

    connect: float = 10.0
    write: float = 15.0
    read: float = 30.0
    transfer: float = 180.0
    poll_extra: float = 10.0
    margin: float = 15.0

    def limits(self, endpoint: Endpoint, params: Mapping[str, object]) -> Limits:
        """The limits of one call."""
        read = self.transfer if endpoint.call_class == "transfer" else self.read
        if endpoint.call_class == "poll":
            wait = params.get("receiveTimeout")
            # GREEN-API docs: 5 to 60 seconds, 5 by default; 20 was fixed in older versions.
            read = self.poll_extra + (min(max(5.0, float(wait)), 60.0) if isinstance(wait, (int, float)) else 20.0)
        return Limits(connect=self.connect, write=self.write, read=read, total=read + self.margin)


@dataclass(slots=True)
class Watch:
    """Whether any byte of the request may have left; set by the transport, read when something breaks."""

    started: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What goes out. The URL carries the token and is never shown."""

    verb: str
    url: str = field(repr=False)
    headers: Mapping[str, str]
    limits: Limits
    reply_limit_bytes: int
    body: RequestBody | None = field(default=None, repr=False)
    watch: Watch = field(default_factory=Watch)


Monotonic = Callable[[], float]
