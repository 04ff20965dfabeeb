"""When each message of a campaign leaves: pure.

Spacing is random within its bounds, so that a number does not tick like a machine. A guest whose
quiet hours have begun lets others go first, and so does a new chat when the number has begun as
many as it may today; nobody is left out.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from greenbot.campaigns.localtime import Quiet, day_around
from greenbot.errors import UsageError

#: A plan that goes on for longer is a mistake in its numbers.
LONGEST_MS = 400 * 86_400_000


def _any_number(day_begins_ms: int) -> int | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChats:
    """How many new chats may begin on the day that begins at a moment (None: any number), by the days of `zone`."""

    zone: tzinfo = UTC
    cap: Callable[[int], int | None] = _any_number


#: A number that has been in use for long.
NO_LIMIT = NewChats()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The rules of one campaign. `zone` is the hotel's: its midnight begins a day."""

    zone: tzinfo
    spacing_ms: tuple[int, int]
    quiet: Quiet | None = None
    max_per_day: int | None = None
    new_chats: NewChats = NO_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One message on the way: in whose time zone, and whether it would begin a new chat."""

    zone: tzinfo
    new: bool = False


class _Day:
    """How many have left on the day under way; days are those of a zone."""

    def __init__(self, zone: tzinfo, now: int, count: int) -> None:
        self._zone = zone
        self.begin_ms, self.end_ms = day_around(now, zone)
        self.count = count

    def turn(self, now: int) -> None:
        if now >= self.end_ms:
            self.begin_ms, self.end_ms = day_around(now, self._zone)
            self.count = 0


def timetable(
    stops: Sequence[Stop],
    pace: Pace,
    *,
    begin_ms: int,
    rng: random.Random,
    left_today: int = 0,
    new_today: int = 0,
) -> list[int]:
    """A moment for each stop, none before `begin_ms`, any two at least the smallest spacing apart.

    `left_today` and `new_today` count what left on that day already. The same seed gives the same
    timetable. Raises `UsageError` when the rules would stretch it over more than a year.
    """
    return _Planner(stops, pace, begin_ms, rng, left_today, new_today).run()


@dataclass(slots=True)
class _Line:
    """The stops that wait under one condition, first come first served, and until when the way is known to be free."""

    stop: Stop
    waiting: deque[int] = field(default_factory=deque)
    free_until_ms: int = -1


class _Planner:
    def __init__(
        self, stops: Sequence[Stop], pace: Pace, begin_ms: int, rng: random.Random, left_today: int, new_today: int
    ) -> None:
        self._pace = pace
        self._begin_ms = begin_ms
        self._rng = rng
        self._moments = [0] * len(stops)
        self._lines: dict[Stop, _Line] = {}
        for index, stop in enumerate(stops):
            self._lines.setdefault(stop, _Line(stop)).waiting.append(index)
        self._all = _Day(pace.zone, begin_ms, left_today)
        self._new = _Day(pace.new_chats.zone, begin_ms, new_today)

    def run(self) -> list[int]:
        now = self._begin_ms
        waiting = list(self._lines.values())
        while waiting:
            if now > self._begin_ms + LONGEST_MS:
                raise UsageError(
                    "With these rules the campaign would take more than a year.",
                    hint="Allow more per day, shorter spacing or fewer quiet hours; or split the list.",
                )
            self._all.turn(now)
            self._new.turn(now)
            free = [line for line in waiting if self._opens(line, now) <= now]
            if not free:
                now = min(self._opens(line, now) for line in waiting)
                continue
            line = min(free, key=lambda candidate: candidate.waiting[0])
            self._leave(line, now)
            now += self._rng.randint(*self._pace.spacing_ms)
            waiting = waiting if line.waiting else [other for other in waiting if other.waiting]
        return self._moments

    def _leave(self, line: _Line, now: int) -> None:
        self._moments[line.waiting.popleft()] = now
        self._all.count += 1
        self._new.count += line.stop.new

    def _opens(self, line: _Line, now: int) -> int:
        """The first moment from now on at which the head of a line may leave, as far as today tells."""
        full = self._full_day(line.stop)
        if full is not None:
            return max(full.end_ms, now + 1)
        quiet = self._pace.quiet
        if quiet is None or now < line.free_until_ms:
            return now
        opens = quiet.open_from(now, line.stop.zone)
        line.free_until_ms = quiet.quiet_from(opens, line.stop.zone) if opens == now else -1
        return opens

    def _full_day(self, stop: Stop) -> _Day | None:
        most = self._pace.max_per_day
        if most is not None and self._all.count >= most:
            return self._all
        new = self._pace.new_chats.cap(self._new.begin_ms) if stop.new else None
        return self._new if new is not None and self._new.count >= new else None
