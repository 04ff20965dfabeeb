"""The transport of a one-shot command: blocking sockets behind a coroutine that never suspends.

It needs no event loop and none of the packages around one, which is a third of what a shell command costs, and it
holds every single read and write to the deadline of the whole call.
"""

import http.client
import time
from collections.abc import Coroutine, Mapping
from select import POLLIN, poll
from typing import TypeVar
from urllib.parse import urlsplit

from greenbot.api.broken import failure_of
from greenbot.api.facts import Failure, FailureKind, Reply
from greenbot.api.intake import Intake, UnreadableEncoding
from greenbot.api.proxy import proxy_for
from greenbot.api.request import Monotonic, Request, Watch
from greenbot.api.wire import Deadline, Wire, connect
from greenbot.errors import Stopped

#: A kept-alive connection that the peer has closed meanwhile makes a POST ambiguous, so it is not kept for long.
IDLE_SECONDS = 5.0
_READ_BYTES = 64 * 1024

T = TypeVar("T")


def run_inline(coroutine: Coroutine[object, None, T]) -> T:
    """Run a coroutine that never suspends, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("this coroutine waits for something: it needs an event loop")


class Inline:
    """Calls over the standard library's HTTP, one at a time."""

    def __init__(self, *, environ: Mapping[str, str], monotonic: Monotonic = time.monotonic) -> None:
        self._environ = environ
        self._monotonic = monotonic
        self._kept: dict[tuple[str, str], tuple[Wire, float]] = {}

    async def carry(self, request: Request) -> Reply | Failure:
        """Send once and read the whole answer; whatever happens on the wire becomes a fact, not an exception.

        Ctrl-C becomes a fact too, so that what happened can be written down.
        """
        watch, deadline = request.watch, Deadline(request.limits.total, self._monotonic)
        try:
            return self._exchange(request, watch, deadline)
        except (KeyboardInterrupt, Stopped):
            return _failure("cancelled", "stopped", watch)
        except (OSError, http.client.HTTPException, UnreadableEncoding) as error:
            if deadline.is_over:
                return _failure("deadline", "the whole call took too long", watch)
            return failure_of(error, started=watch.started)
        finally:
            if request.body is not None:
                request.body.close()

    async def aclose(self) -> None:
        """Close all connections."""
        kept, self._kept = list(self._kept.values()), {}
        for wire, _ in kept:
            wire.close()

    def _exchange(self, request: Request, watch: Watch, deadline: Deadline) -> Reply:
        parts = urlsplit(request.url)
        where = (parts.scheme, parts.netloc)
        wire = self._kept_wire(where) or connect(
            parts.scheme,
            parts.hostname or "",
            parts.port,
            proxy=proxy_for(parts.scheme, parts.hostname or "", self._environ),
            limits=request.limits,
            deadline=deadline,
        )
        try:
            wire.begin(request.limits, deadline)
            # From here on a byte may have left, also when the write itself fails.
            watch.started = True
            _write(wire, request, target=parts._replace(scheme="", netloc="").geturl())
            reply, reusable = _read(wire, request)
        except BaseException:
            wire.close()
            raise
        if reusable:
            self._kept[where] = (wire, self._monotonic())
        else:
            wire.close()
        return reply

    def _kept_wire(self, where: tuple[str, str]) -> Wire | None:
        wire, since = self._kept.pop(where, (None, 0.0))
        if wire is None:
            return None
        if self._monotonic() - since < IDLE_SECONDS and _is_quiet(wire):
            return wire
        wire.close()
        return None


def _is_quiet(wire: Wire) -> bool:
    # Whatever can be read between two calls is an end of the stream or junk.
    poller = poll()
    poller.register(wire.fileno(), POLLIN)
    return not poller.poll(0)


def _write(wire: Wire, request: Request, *, target: str) -> None:
    lines = (f"{request.verb} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()))
    pending = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if request.body is None:
        wire.sendall(pending)
        return
    # The head leaves together with the first piece: one packet for an ordinary call.
    for piece in request.body.chunks():
        wire.sendall(pending + piece)
        pending = b""
    if pending:
        wire.sendall(pending)


def _read(wire: Wire, request: Request) -> tuple[Reply, bool]:
    response = http.client.HTTPResponse(wire, method=request.verb)  # type: ignore[arg-type]  # it asks for makefile only
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        intake = Intake(limit_bytes=request.reply_limit_bytes, headers=headers)
        while piece := response.read(_READ_BYTES):
            if not intake.take(piece):
                break
        # http.client ends a body that is shorter than announced without a word.
        if response.length and not intake.truncated:
            raise http.client.IncompleteRead(b"", response.length)
        reply = Reply(status=response.status, headers=headers, body=intake.finish(), truncated=intake.truncated)
        return reply, not (intake.truncated or response.will_close)
    except ValueError:
        # http.client stumbles over a chunk of negative length.
        raise http.client.HTTPException("the answer is not HTTP") from None
    finally:
        response.close()


def _failure(kind: FailureKind, detail: str, watch: Watch) -> Failure:
    return Failure(stage="after_first_byte" if watch.started else "before_request", kind=kind, detail=detail)
