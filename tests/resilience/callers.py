"""Simulated processes on one clock and one line: who reserves, sleeps, wakes up late and calls."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from greenbot.clock import ManualClock
from greenbot.resilience.limiter import Reservation, give_back, reserve, slow_down, when_due
from greenbot.resilience.limits import Limit, Scope
from greenbot.resilience.lines import Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Arrives, wakes up `late_ms` too late once; may be answered with a 429, or go away without calling."""

    gap_ms: int = 0
    late_ms: int = 0
    limited: bool = False
    leaves: bool = False


@dataclass(slots=True, kw_only=True)
class Door:
    """What the server sees: the moments of the calls, and who made them."""

    moments: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    sleeps: dict[int, int] = field(default_factory=dict)

    def worst_gap_ms(self, limit: Limit) -> int | None:
        """The least time that ever lay between a call and the `count`-th after it; None when there were too few."""
        ordered = sorted(self.moments)
        gaps = (last - first for first, last in zip(ordered, ordered[limit.count :], strict=False))
        return min(gaps, default=None)


def run(lines: Lines, clock: ManualClock, scopes: Sequence[Scope], callers: Sequence[Caller]) -> Door:
    """Let all callers arrive, wait and call; the clock moves from event to event."""
    door, rng, waiting = Door(), Random(1), list[tuple[int, int, Reservation]]()
    arrival_ms = clock.boot_ms()
    arrivals = []
    for name, caller in enumerate(callers):
        arrival_ms += caller.gap_ms
        arrivals.append((arrival_ms, name))
    while arrivals or waiting:
        if arrivals and (not waiting or arrivals[0][0] <= waiting[0][0]):
            moment_ms, name = arrivals.pop(0)
            _move_to(clock, moment_ms)
            made = reserve(lines, scopes, clock)
            if callers[name].leaves and give_back(lines, made, clock):
                continue
            heapq.heappush(waiting, (made.moment_ms + callers[name].late_ms, name, made))
            continue
        moment_ms, name, made = heapq.heappop(waiting)
        _move_to(clock, moment_ms)
        door.sleeps[name] = door.sleeps.get(name, 0) + 1
        now = when_due(lines, made, clock)
        if now.wait_ms(clock) > 0:
            heapq.heappush(waiting, (now.moment_ms, name, now))
            continue
        door.moments.append(clock.boot_ms())
        door.order.append(name)
        if callers[name].limited:
            slow_down(lines, now, clock, retry_after_seconds=None, rng=rng)
    return door


def _move_to(clock: ManualClock, moment_ms: int) -> None:
    clock.advance(max(0, moment_ms - clock.boot_ms()) / 1000)
