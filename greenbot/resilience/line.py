"""A line of reserved moments: who may call when, under limits that hold for any window. Pure.

A line remembers the moments of the last calls and those already promised. A newcomer gets the
earliest moment that no limit forbids, so who came first goes first, and everyone waits exactly once.
Moments are milliseconds since boot. Each carries a number, so that its owner finds it again after it
was moved; both travel in one integer, which sorts by moment.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from greenbot.resilience.limits import Limit

_NUMBER_BITS = 20
_NUMBERS = 1 << _NUMBER_BITS

#: Back to the full rate this long after the end of a pause from nothing; from one half, after half of it.
RECOVERY_MS = 120_000
LEAST_SHARE = 1 / 16
#: A 429 so long after the last pause is a new story.
CALM_MS = 60_000


#: Kept as 64-bit integers side by side, as they are stored. Never changed once they are part of a line.
Slots: TypeAlias = "array[int]"


def slots_of(slots: Iterable[int] | bytes = ()) -> Slots:
    """Slots from integers, or from the bytes they are stored as."""
    return array("q", slots)


class Line(NamedTuple):
    """Everything the processes of a machine share about one scope.

    A tuple, because one is made twice for every call, and this is the quickest thing to make.

    `version` grows whenever a promised moment is moved, or may no longer be used: it tells the
    waiting to look again.
    """

    slots: Slots = slots_of()
    next_number: int = 0
    version: int = 0
    paused_until_ms: int = 0
    #: Of the full rate, when the last pause ends; from then on it grows.
    share: float = 1.0
    limited_at_ms: int = -1
    strikes: int = 0

    def moments(self) -> list[int]:
        """All remembered and promised moments, in order."""
        return [slot >> _NUMBER_BITS for slot in self.slots]

    def moment_of(self, number: int) -> int | None:
        """Where the reservation with this number stands now; None when it is too long ago to matter."""
        return next((slot >> _NUMBER_BITS for slot in self.slots if slot & (_NUMBERS - 1) == number), None)

    def share_at(self, now_ms: int) -> float:
        """The part of the full rate that is used now: halved by a 429, then growing steadily."""
        return min(1.0, self.share + max(0, now_ms - self.paused_until_ms) / RECOVERY_MS)

    def limits_at(self, now_ms: int, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        """The limits in force now: the given ones, and slower ones while the line recovers from a 429."""
        if self.share >= 1:
            return limits
        share = self.share_at(now_ms)
        return limits if share >= 1 else (*limits, *(limit.at_share(share) for limit in limits))


def first_free(slots: Sequence[int], limits: Iterable[Limit], start_ms: int) -> tuple[int, Limit | None]:
    """The same as `earliest`, for the slots of a line."""
    if slots and slots[-1] >> _NUMBER_BITS > start_ms:
        return earliest([slot >> _NUMBER_BITS for slot in slots], limits, start_ms)
    # Nobody waits, which is the usual case: only what is last in line can be in the way.
    moment_ms, because = start_ms, None
    for limit in limits:
        for count, apart_ms in limit.distances_ms:
            if count <= len(slots) and (slots[-count] >> _NUMBER_BITS) + apart_ms > moment_ms:
                moment_ms, because = (slots[-count] >> _NUMBER_BITS) + apart_ms, limit
    return moment_ms, because


def earliest(moments: Sequence[int], limits: Iterable[Limit], start_ms: int) -> tuple[int, Limit | None]:
    """The first moment from `start_ms` on at which one more call breaks no limit, and the limit that decided it."""
    rules = [(limit, count, apart_ms) for limit in limits for count, apart_ms in limit.distances_ms]
    moment_ms, because = start_ms, None
    settled = False
    while not settled:
        settled = True
        for limit, count, apart_ms in rules:
            later_ms = _earliest_for(moments, count, apart_ms, moment_ms)
            if later_ms > moment_ms:
                moment_ms, because, settled = later_ms, limit, False
    return moment_ms, because


def _earliest_for(moments: Sequence[int], count: int, apart_ms: int, moment_ms: int) -> int:
    # Wherever `count` moments stand so close that one more between or beside them would be too
    # many, the newcomer has to stay far enough behind the first of them.
    for first in range(bisect_right(moments, moment_ms - apart_ms), len(moments) - count + 1):
        begin_ms, end_ms = moments[first], moments[first + count - 1]
        if max(end_ms, moment_ms) - min(begin_ms, moment_ms) < apart_ms:
            moment_ms = begin_ms + apart_ms
        elif begin_ms > moment_ms:
            break
    return moment_ms


def joined(line: Line, limits: tuple[Limit, ...], now_ms: int, moment_ms: int) -> tuple[Line, int]:
    """The line with one more moment, and its number; without those that no limit in force can ask for any more."""
    horizon_ms = now_ms
    for limit in line.limits_at(now_ms, limits):
        horizon_ms = min(horizon_ms, now_ms - limit.distances_ms[-1][1])
    number = line.next_number
    slot = moment_ms << _NUMBER_BITS | number
    first, place = bisect_right(line.slots, horizon_ms << _NUMBER_BITS), bisect_right(line.slots, slot)
    slots = line.slots[first:place]
    slots.append(slot)
    if place < len(line.slots):
        slots += line.slots[place:]
    return Line(slots, (number + 1) % _NUMBERS, *line[2:]), number


def without(line: Line, number: int) -> Line:
    """The line without the reservation of this number."""
    return line._replace(slots=slots_of(slot for slot in line.slots if slot & (_NUMBERS - 1) != number))


def given_back(line: Line, number: int) -> Line | None:
    """The line as if this reservation had not been made; None unless it is the newest, so that nobody is overtaken."""
    if (number + 1) % _NUMBERS != line.next_number:
        return None
    return without(line, number)._replace(next_number=number)


def taken_turn(line: Line, limits: tuple[Limit, ...], now_ms: int, *, number: int, moment_ms: int) -> Line:
    """The line after its owner moved a reservation that was due, all who come later kept behind it, in order."""
    others = without(line, number)
    past, waiting = _parted(others, now_ms)
    first = slots_of(sorted((*past, moment_ms << _NUMBER_BITS | number)))
    return _respaced(others._replace(slots=first), limits, now_ms, waiting)


def limited(line: Line, limits: tuple[Limit, ...], now_ms: int, *, wait_ms: int, is_new: bool) -> Line:
    """The line after a 429: a pause, half the rate behind it, and everyone who waits moved back, in order.

    Not halved again when `is_new` is false: the call had left before the last 429 was known.
    """
    paused_until_ms = max(line.paused_until_ms, now_ms + wait_ms)
    if is_new:
        share = max(LEAST_SHARE, line.share_at(now_ms) / 2)
        line = line._replace(share=share, strikes=strikes_after(line, now_ms), limited_at_ms=now_ms)
    line = line._replace(paused_until_ms=paused_until_ms, version=line.version + 1)
    past, waiting = _parted(line, now_ms)
    return _respaced(line._replace(slots=past), limits, now_ms, waiting)


def due(line: Line, now_ms: int, *, without_number: int) -> Slots:
    """The slots up to now, but for one reservation."""
    return _parted(without(line, without_number), now_ms)[0]


def counts_as_new(line: Line, departed_ms: int) -> bool:
    """Whether a 429 for a call that left at this moment says something new: not if the last one came after that."""
    return departed_ms >= line.limited_at_ms


def strikes_after(line: Line, now_ms: int) -> int:
    """The how-manieth 429 in a row one received now would be."""
    return 1 if now_ms > line.paused_until_ms + CALM_MS else line.strikes + 1


def _parted(line: Line, now_ms: int) -> tuple[Slots, Slots]:
    cut = bisect_right(line.slots, now_ms << _NUMBER_BITS | (_NUMBERS - 1))
    return line.slots[:cut], line.slots[cut:]


def _respaced(line: Line, limits: tuple[Limit, ...], now_ms: int, waiting: Slots) -> Line:
    """The line with those who wait behind it again, each where limits and pause allow it at the earliest."""
    in_force = line.limits_at(now_ms, limits)
    slots = list(line.slots)
    for slot in waiting:
        # Never before the one in front, so the line stays in order.
        last_ms = slots[-1] >> _NUMBER_BITS if slots else 0
        start_ms = max(slot >> _NUMBER_BITS, line.paused_until_ms, last_ms)
        moment_ms, _ = first_free(slots, in_force, start_ms)
        slots.append(moment_ms << _NUMBER_BITS | slot & (_NUMBERS - 1))
    moved = slots[len(line.slots) :] != waiting.tolist()
    return line._replace(slots=slots_of(sorted(slots)), version=line.version + moved)
