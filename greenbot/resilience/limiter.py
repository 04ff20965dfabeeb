"""Asking for permission to call, across all processes of the machine.

    reservation = reserve(lines, scopes, clock)          one small transaction: a moment of one's own
    wait for reservation.wait_ms(clock)                  once
    reservation = when_due(lines, reservation, clock)    one look: has the moment been moved?
    call, if reservation.wait_ms(clock) is 0

All scopes of a call are reserved together, so no limit is used up in vain. The order is first come,
first served. A 429 moves everybody who waits; that, and a machine too busy to wake up in time, is
what `when_due` is for: it is the reason that no window is ever exceeded at the server's door.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from greenbot.clock import Clock
from greenbot.resilience import line as lines_of
from greenbot.resilience.limits import Limit, Scope
from greenbot.resilience.line import Line, Slots
from greenbot.resilience.lines import LineReader, Lines, LineWriter
from greenbot.resilience.retry import Rng, limited_wait_seconds

#: A call that wakes up later than this tells the line; the rest of the pad belongs to the way to the server.
LATE_MS = 5
#: On a machine that is never on time the call goes out some day all the same.
_TRIES = 5


class Ticket(NamedTuple):
    """One reservation in one scope."""

    scope: Scope
    number: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why an instance waits, and until when.

    `reason` is `limit` (its own limits or GREEN-API's published ones), `slowed` (the same at a lower
    rate, some time after a 429) or `server` (a 429 a moment ago).
    """

    reason: str
    until_at_ms: int
    wait_ms: int
    limit: Limit | None = None

    def __str__(self) -> str:
        if self.reason == "server":
            return "GREEN-API asked for a pause (429)"
        slowed = ", slowed down since GREEN-API asked for fewer calls (429)" if self.reason == "slowed" else ""
        return f"the limit of {self.limit}{slowed}"


class Reservation(NamedTuple):
    """The moment at which a call may be made, in milliseconds since this boot; `waiting` when it is not now.

    A tuple, like its tickets and its line: asking is done for every call, and most of its cost is making these.
    """

    moment_ms: int
    boot_id: str
    tickets: tuple[Ticket, ...]
    waiting: Waiting | None = None

    def wait_ms(self, clock: Clock) -> int:
        """How long to wait from now on; 0 when the moment has come."""
        return max(0, self.moment_ms - clock.boot_ms())


@dataclass(slots=True, kw_only=True)
class _Place:
    """A scope with its line while a transaction works on it."""

    scope: Scope
    line: Line


def reserve(lines: Lines, scopes: Sequence[Scope], clock: Clock) -> Reservation:
    """The earliest moment that all scopes allow, from now on the caller's own. Raises Busy, StoreError.

    Without scopes nothing is limited: the moment is now, and nothing is noted.
    """
    if not scopes:
        return Reservation(moment_ms=clock.boot_ms(), boot_id=clock.boot_id(), tickets=())
    with lines.change() as writer:
        return reserve_in(writer, scopes, clock)


def reserve_in(writer: LineWriter, scopes: Sequence[Scope], clock: Clock) -> Reservation:
    """The same inside a change that is under way, such as `TxLines(tx)`; rolled back with it, nothing is reserved."""
    now_ms, boot_id = clock.boot_ms(), clock.boot_id()
    places = _load(writer, scopes, boot_id)
    moment_ms, waiting = _first_moment(places, clock, now_ms)
    tickets = []
    for place in places:
        line, number = lines_of.joined(place.line, place.scope.limits, now_ms, moment_ms)
        writer.save(place.scope.key, boot_id, line)
        tickets.append(Ticket(scope=place.scope, number=number, version=line.version))
    return Reservation(moment_ms=moment_ms, boot_id=boot_id, tickets=tuple(tickets), waiting=waiting)


def when_due(lines: Lines, reservation: Reservation, clock: Clock) -> Reservation:
    """To be asked right before the call: the same reservation, or one with a later moment to wait for.

    In the usual case this only reads. Raises Busy, StoreError.
    """
    if _is_unmoved(lines, reservation) and not _is_late(reservation, clock):
        return reservation
    for _ in range(_TRIES):
        with lines.change() as writer:
            reservation = _renewed(writer, reservation, clock)
        # A slow disk can make even this late.
        if not _is_late(reservation, clock):
            break
    return reservation


def give_back(lines: Lines, reservation: Reservation, clock: Clock) -> bool:
    """Take back a reservation that will not be used. Raises Busy, StoreError.

    Only the newest can be: behind any other one somebody waits already, and must not be overtaken.
    """
    if not reservation.tickets or reservation.boot_id != clock.boot_id():
        return False
    with lines.change() as writer:
        places = _load(writer, [ticket.scope for ticket in reservation.tickets], reservation.boot_id)
        for place, ticket in zip(places, reservation.tickets, strict=True):
            shorter = lines_of.given_back(place.line, ticket.number)
            if shorter is None:
                return False
            place.line = shorter
        for place in places:
            writer.save(place.scope.key, reservation.boot_id, place.line)
    return True


def slow_down(
    lines: Lines, reservation: Reservation, clock: Clock, *, retry_after_seconds: float | None, rng: Rng
) -> Waiting:
    """After a 429 for this call: its narrowest scope pauses, then goes on at half the rate and recovers steadily.

    The pause is `Retry-After` if present, else 1 to 30 s of equal jitter. Everybody who waits is
    moved behind it, in order. Calls that had left before the last 429 was known do not halve the
    rate once more. Raises Busy, StoreError.
    """
    now_ms = clock.boot_ms()
    if not reservation.tickets:
        wait_ms = round(1000 * limited_wait_seconds(1, retry_after_seconds=retry_after_seconds, rng=rng))
        return _server_pause(now_ms + wait_ms, clock, now_ms)
    scope = reservation.tickets[-1].scope
    with lines.change() as writer:
        line = writer.load(scope.key, clock.boot_id())
        is_new = lines_of.counts_as_new(line, reservation.moment_ms)
        strikes = lines_of.strikes_after(line, now_ms) if is_new else max(1, line.strikes)
        wait_seconds = limited_wait_seconds(strikes, retry_after_seconds=retry_after_seconds, rng=rng)
        line = lines_of.limited(line, scope.limits, now_ms, wait_ms=round(wait_seconds * 1000), is_new=is_new)
        writer.save(scope.key, clock.boot_id(), line)
    return _server_pause(line.paused_until_ms, clock, now_ms)


def waiting(lines: Lines, scopes: Sequence[Scope], clock: Clock) -> Waiting | None:
    """Why and until when a call would have to wait if it came now; None if it would not. Reserves nothing."""
    now_ms = clock.boot_ms()
    return _first_moment(_load(lines, scopes, clock.boot_id()), clock, now_ms)[1]


def _load(reader: LineReader, scopes: Iterable[Scope], boot_id: str) -> list[_Place]:
    return [_Place(scope=scope, line=reader.load(scope.key, boot_id)) for scope in scopes]


def _is_late(reservation: Reservation, clock: Clock) -> bool:
    return clock.boot_ms() > reservation.moment_ms + LATE_MS


def _is_unmoved(lines: Lines, reservation: Reservation) -> bool:
    return all(lines.version(ticket.scope.key, reservation.boot_id) == ticket.version for ticket in reservation.tickets)


def _first_moment(places: Sequence[_Place], clock: Clock, now_ms: int) -> tuple[int, Waiting | None]:
    """The earliest moment all lines allow to a newcomer, and what made it later than now."""
    return _fit(places, [place.line.slots for place in places], clock, now_ms)


def _fit(places: Sequence[_Place], taken: Sequence[Slots], clock: Clock, now_ms: int) -> tuple[int, Waiting | None]:
    moment_ms = now_ms
    for place in places:
        moment_ms = max(moment_ms, place.line.paused_until_ms)
    waiting = _server_pause(moment_ms, clock, now_ms) if moment_ms > now_ms else None
    settled = False
    while not settled:
        settled = True
        for place, slots in zip(places, taken, strict=True):
            in_force = place.line.limits_at(now_ms, place.scope.limits)
            later_ms, limit = lines_of.first_free(slots, in_force, moment_ms)
            if limit is not None:
                # One scope alone cannot be moved by itself again; several may move each other.
                moment_ms, settled = later_ms, len(places) == 1
                waiting = _limited_by(limit, later_ms, clock, now_ms)
    return moment_ms, waiting


def _limited_by(limit: Limit, until_ms: int, clock: Clock, now_ms: int) -> Waiting:
    return Waiting(
        reason="limit" if limit.original is None else "slowed",
        until_at_ms=clock.now_ms() + until_ms - now_ms,
        wait_ms=until_ms - now_ms,
        limit=limit.original or limit,
    )


def _server_pause(until_ms: int, clock: Clock, now_ms: int) -> Waiting:
    return Waiting(reason="server", until_at_ms=clock.now_ms() + until_ms - now_ms, wait_ms=until_ms - now_ms)


def _renewed(writer: LineWriter, reservation: Reservation, clock: Clock) -> Reservation:
    """The reservation as the lines have it now; when it is due but not on time, moved, and the others behind it."""
    now_ms, boot_id = clock.boot_ms(), clock.boot_id()
    if reservation.boot_id != boot_id:
        return reserve_in(writer, [ticket.scope for ticket in reservation.tickets], clock)
    places = _load(writer, [ticket.scope for ticket in reservation.tickets], boot_id)
    found = [place.line.moment_of(ticket.number) for place, ticket in zip(places, reservation.tickets, strict=True)]
    known = [moment_ms for moment_ms in found if moment_ms is not None]
    promised_ms = max(known, default=reservation.moment_ms)
    paused = any(place.line.paused_until_ms > now_ms for place in places)
    on_time = now_ms <= promised_ms + LATE_MS and found == [promised_ms] * len(found) and not paused
    if promised_ms > now_ms or on_time:
        return _refreshed(reservation, places, promised_ms)
    return _taken_late(writer, reservation, places, clock, now_ms)


def _refreshed(reservation: Reservation, places: Sequence[_Place], moment_ms: int) -> Reservation:
    tickets = tuple(
        ticket._replace(version=place.line.version) for ticket, place in zip(reservation.tickets, places, strict=True)
    )
    return reservation._replace(moment_ms=moment_ms, tickets=tickets)


def _taken_late(
    writer: LineWriter, reservation: Reservation, places: Sequence[_Place], clock: Clock, now_ms: int
) -> Reservation:
    before = [
        lines_of.due(place.line, now_ms, without_number=ticket.number)
        for place, ticket in zip(places, reservation.tickets, strict=True)
    ]
    moment_ms, waiting = _fit(places, before, clock, now_ms)
    for place, ticket in zip(places, reservation.tickets, strict=True):
        place.line = lines_of.taken_turn(
            place.line, place.scope.limits, now_ms, number=ticket.number, moment_ms=moment_ms
        )
        writer.save(place.scope.key, reservation.boot_id, place.line)
    return _refreshed(reservation, places, moment_ms)._replace(waiting=waiting)
