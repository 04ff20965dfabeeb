"""One connection: requests in, one after the other, each answered before the next is looked at."""

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Protocol, cast

from greenbot import failpoints
from greenbot.server.bodies import BadBody, Body, Chunked, Measured, TooLarge
from greenbot.server.exchange import BAD_REQUEST, BUSY, TIMED_OUT, Later, Reply, Request, plain
from greenbot.server.gate import Admission
from greenbot.server.head import END, BadHead, Head, parse_head
from greenbot.server.limits import MIB
from greenbot.server.origin import is_trusted

if TYPE_CHECKING:
    from greenbot.server.crowd import Crowd
    from greenbot.server.gate import Gate
    from greenbot.server.limits import Limits
    from greenbot.server.origin import Network

NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class House(Protocol):
    """What all connections of a server share."""

    gate: "Gate"
    crowd: "Crowd"
    limits: "Limits"
    trusted: "tuple[Network, ...]"
    loop: asyncio.AbstractEventLoop
    #: The Date line of this second.
    date: bytes
    #: Connections end with their next answer.
    is_closing: bool

    def report(self, error: BaseException) -> str:
        """Tell whoever runs this about a bug in a handler; what the client may quote."""
        ...


class _Turn(Enum):
    """Whose turn it is."""

    HEAD = "the client sends a head"
    BODY = "the client sends a body"
    HANDLER = "we work on it"
    #: The answer is out; what still comes is thrown away until the client has read it.
    LINGER = "the client reads"
    OVER = "closed"


class Connection(asyncio.Protocol):
    """A client at the other end of a socket."""

    __slots__ = (
        "_admission",
        "_at",
        "_body",
        "_buffer",
        "_house",
        "_is_advancing",
        "_is_blocked",
        "_is_half_closed",
        "_is_paused",
        "_lingered",
        "_peer",
        "_reserved",
        "_task",
        "_transport",
        "_turn",
        "counted_as",
        "deadline",
    )

    def __init__(self, house: House) -> None:
        self._house = house
        self._transport: asyncio.Transport
        self._turn = _Turn.HEAD
        #: What arrived and was not used yet begins at `_at`.
        self._buffer = b""
        self._at = 0
        self._admission: Admission | None = None
        self._body: Body | None = None
        self._reserved = 0
        self._lingered = 0
        self._task: asyncio.Future[Reply] | None = None
        self._is_advancing = False
        #: The client does not read what we wrote.
        self._is_blocked = False
        #: We do not read, because enough is here already.
        self._is_paused = False
        self._is_half_closed = False
        self._peer = self.counted_as = ""
        self.deadline = NEVER

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if peer else "127.0.0.1"
        self.counted_as = "" if is_trusted(self._peer, self._house.trusted) else self._peer
        self.deadline = self._house.loop.time() + self._house.limits.header_seconds
        if self._house.is_closing or not self._house.crowd.enter(self):
            self.give_way()

    def connection_lost(self, exc: Exception | None) -> None:
        # What a handler has begun goes on: an event that is being kept is kept.
        self._turn = _Turn.OVER
        self._free()
        self._house.crowd.leave(self)

    def eof_received(self) -> bool:
        """A client may close its side behind its request and still read the answer."""
        self._is_half_closed = True
        return self._turn is _Turn.HANDLER and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        self._is_blocked = True
        self.deadline = self._house.loop.time() + self._house.limits.write_seconds
        self._pause_reading()

    def resume_writing(self) -> None:
        self._is_blocked = False
        if self._turn is _Turn.HEAD:
            self._wait_for_head()
            self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._turn is _Turn.HEAD:
            self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
            self._at = 0
            self._advance()
        elif self._turn is _Turn.BODY:
            self._feed(data)
        elif self._turn is _Turn.HANDLER:
            self._buffer = self._buffer[self._at :] + data
            self._at = 0
            if len(self._buffer) > self._house.limits.small_bytes:
                self._pause_reading()
        elif self._turn is _Turn.LINGER:
            self._lingered += len(data)
            if self._lingered > self._house.limits.linger_bytes:
                self.give_way()

    # What the crowd tells.

    def expire(self) -> None:
        """Time is up for whatever the client should have done."""
        is_waiting_for_request = self._turn is _Turn.HEAD and self._at < len(self._buffer)
        if (is_waiting_for_request or self._turn is _Turn.BODY) and not self._is_blocked:
            self._refuse(TIMED_OUT)
        else:
            self.give_way()

    def give_way(self) -> None:
        """End without a word."""
        self._turn = _Turn.OVER
        self._transport.abort()

    def leave(self) -> None:
        """End when the answer under way is out; at once when there is none."""
        if self._turn is _Turn.HEAD:
            self._turn = _Turn.OVER
            self._transport.close()

    # One request after the other.

    def _pause_reading(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _go_on(self) -> None:
        """Look at what is here already, and listen again."""
        self._advance()
        if self._is_paused and self._turn is _Turn.HEAD and not self._is_blocked:
            self._is_paused = False
            self._transport.resume_reading()

    def _advance(self) -> None:
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while self._may_take_head() and self._take_head():
                pass
        finally:
            self._is_advancing = False

    def _may_take_head(self) -> bool:
        return self._turn is _Turn.HEAD and not self._is_blocked and self._at < len(self._buffer)

    def _take_head(self) -> bool:
        """Whether a whole head was there."""
        limits = self._house.limits
        if self._buffer.startswith(b"\r\n", self._at):
            self._at += 2  # some clients end a body with an empty line that is not part of it
        end = self._buffer.find(END, self._at)
        length = (end if end >= 0 else len(self._buffer)) - self._at
        if length > limits.header_bytes:
            self._refuse(plain(431, "header too large", closes=True))
            return False
        if end < 0:
            self._wait_for_rest_of_head()
            return False
        raw = self._buffer[self._at : end]
        self._at = end + 4
        known = self._house.gate.recall(raw, self._peer)
        if known is not None:
            self._take_body(known)
            return True
        try:
            head = parse_head(raw, most_lines=limits.header_lines)
        except BadHead as bad:
            self._refuse(plain(bad.status, "bad request", closes=True))
            return False
        self._begin(head, raw)
        return True

    def _wait_for_rest_of_head(self) -> None:
        first = self._buffer[self._at : self._at + 1]
        if first and not b"A" <= first <= b"Z" and first != b"\r":
            self._refuse(BAD_REQUEST)  # TLS on a plain port, for example, would never end its head
            return
        # The time for a head runs from its first byte on, or from the start of the connection.
        self.deadline = min(self.deadline, self._house.loop.time() + self._house.limits.header_seconds)

    def _begin(self, head: Head, raw: bytes) -> None:
        admission = self._house.gate.admit(head, self._peer)
        if isinstance(admission, Reply):
            self._answer_unread(admission, head)
            return
        self._house.gate.remember(raw, self._peer, admission)
        self._take_body(admission)

    def _take_body(self, admission: Admission) -> None:
        self._admission = admission
        if admission.is_authenticated:
            self._house.crowd.recognise(self)
        head = admission.head
        end = self._at + head.content_length
        if end <= len(self._buffer) and not head.chunked:
            body = self._buffer[self._at : end]
            self._at = end
            self._handle(body)
        else:
            self._await_body(admission)

    def _answer_unread(self, reply: Reply, head: Head) -> None:
        """Refuse without having looked at the body; the connection stays when the body is here to be stepped over."""
        behind = self._at + head.content_length
        if head.chunked or behind > len(self._buffer) or reply.closes or not head.keep_alive:
            self._refuse(reply)
            return
        self._at = behind
        self._write(reply, closes=False)
        self._wait_for_head()

    def _await_body(self, admission: Admission) -> None:
        head = admission.head
        self._turn = _Turn.BODY
        self.deadline = self._house.loop.time() + self._house.limits.body_seconds
        self._body = Chunked(admission.most_bytes) if head.chunked else Measured(head.content_length)
        here, self._buffer, self._at = self._buffer[self._at :], b"", 0
        if here:
            self._feed(here)
        elif b"expect" in head.headers:
            self._transport.write(_CONTINUE)
        self._resume_for_body()

    def _resume_for_body(self) -> None:
        if self._turn is _Turn.BODY and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _make_room(self, size: int) -> bool:
        """Reserve memory as a large body grows; without room the client is asked to come again."""
        if size <= self._house.limits.small_bytes or size <= self._reserved:
            return True
        wanted = size + MIB - self._reserved
        if not self._house.crowd.reserve(wanted):
            self._refuse(BUSY)
            return False
        self._reserved += wanted
        return True

    def _feed(self, data: bytes) -> None:
        assert self._body is not None and self._admission is not None
        try:
            rest = self._body.feed(data)
        except BadBody:
            self._refuse(BAD_REQUEST)
            return
        except TooLarge:
            self._refuse(self._house.gate.too_large(self._admission))
            return
        if not self._make_room(self._body.size):
            return
        if rest is not None:
            self._buffer, self._at = rest, 0
            self._handle(self._body.content())

    # What happens with a request that is here.

    def _handle(self, body: bytes) -> None:
        admission, self._body = self._admission, None
        assert admission is not None
        failpoints.hit("web.after_read")
        self._turn = _Turn.HANDLER
        self.deadline = NEVER
        if not self._house.gate.is_genuine(admission, body):
            self._answer(self._house.gate.refuse(admission.client))
            return
        request = Request(admission.head, admission.params, body, admission.identity, admission.client)
        try:
            result = admission.route.handler(request)
        except Exception as error:  # noqa: BLE001 - the border: a bug in one handler must not end the others' service
            self._answer(self._failed(error))
            return
        if isinstance(result, Later):
            result.then(self._resolved)
        elif isinstance(result, Reply):
            self._answer(result)
        else:
            self._task = asyncio.ensure_future(result)
            self._task.add_done_callback(self._finished)

    def _resolved(self, reply: Reply | Exception) -> None:
        if self._turn is _Turn.OVER:
            return
        self._answer(reply if isinstance(reply, Reply) else self._failed(reply))
        if self._turn is _Turn.HEAD:
            self._go_on()

    def _finished(self, task: "asyncio.Future[Reply]") -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if self._turn is _Turn.OVER:
            return
        if task.cancelled():
            self._answer(BUSY)
        elif error is not None:
            self._answer(self._failed(error))
        else:
            self._answer(task.result())
        if self._turn is _Turn.HEAD:
            self._go_on()

    def _failed(self, error: BaseException) -> Reply:
        return plain(500, f"internal error {self._house.report(error)}", closes=True)

    def _answer(self, reply: Reply) -> None:
        assert self._admission is not None
        # Who closed his side already asks nothing more than what is here.
        is_last = self._is_half_closed and self._at >= len(self._buffer)
        keeps = self._admission.head.keep_alive and not (reply.closes or self._house.is_closing or is_last)
        self._free()
        if not keeps:
            self._refuse(reply)
            return
        self._write(reply, closes=False)
        self._wait_for_head()

    def _wait_for_head(self) -> None:
        self._turn = _Turn.HEAD
        if not self._is_blocked:
            self.deadline = self._house.loop.time() + self._house.limits.idle_seconds

    def _refuse(self, reply: Reply) -> None:
        """Answer for the last time. Closing at once could take the answer away from a client that still sends."""
        self._free()
        self._write(reply, closes=True)
        self._turn = _Turn.LINGER
        self._buffer, self._at = b"", 0
        self.deadline = self._house.loop.time() + self._house.limits.linger_seconds
        self._house.crowd.dismiss(self)
        if self._is_half_closed or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()

    def _write(self, reply: Reply, *, closes: bool) -> None:
        self._transport.write(reply.encoded(date=self._house.date, closes=closes))

    def _free(self) -> None:
        self._admission, self._body = None, None
        if self._reserved:
            self._house.crowd.release(self._reserved)
            self._reserved = 0
