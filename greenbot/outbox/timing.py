"""When to look for a message of unknown fate, and when a look counts: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from greenbot.clock import Clock
from greenbot.outbox.message import Message

#: Clocks are corrected by less than this without anybody calling it a jump.
_JUMP_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileTimes:
    """How patient reconciliation is; milliseconds.

    `settle_ms` after the fate of a message became unknown nothing counts that was not found: GREEN-API may
    still carry it out, and its journal may lag. Then `looks` complete looks, `apart_ms` from each
    other, must all miss it. Looks at `early_ms` can only find it, and so can those every `later_ms`
    when nothing more follows from not finding it.
    """

    settle_ms: int = 120_000
    apart_ms: int = 60_000
    looks: int = 2
    ambiguous_budget: int = 3
    early_ms: tuple[int, ...] = (5_000, 20_000, 60_000)
    later_ms: int = 600_000
    #: After a look that could not be completed, doubled up to four times.
    rest_ms: int = 10_000
    #: How often statuses are fetched while nobody tells them.
    refresh_ms: int = 60_000
    #: Accepted and not sent on for so long is stalled.
    stalled_ms: int = 900_000
    #: So long after its expiry nobody looks for it any more.
    give_up_ms: int = 86_400_000
    #: A living process that began a call so long ago is not at it any more.
    under_way_ms: int = 3_600_000

    def compressed(self, share: float) -> "ReconcileTimes":
        """The same in a part of the time, for tests with real clocks."""

        def shorter(span_ms: int) -> int:
            return round(span_ms * share)

        return replace(
            self,
            settle_ms=shorter(self.settle_ms),
            apart_ms=shorter(self.apart_ms),
            early_ms=tuple(shorter(early_ms) for early_ms in self.early_ms),
            later_ms=shorter(self.later_ms),
            rest_ms=shorter(self.rest_ms),
            refresh_ms=shorter(self.refresh_ms),
            stalled_ms=shorter(self.stalled_ms),
            give_up_ms=shorter(self.give_up_ms),
            under_way_ms=shorter(self.under_way_ms),
        )


class Moments:
    """Moments in the store are wall time, and somebody may set the clock.

    What lies in the future, or before a jump that this process has seen, is taken as if it had
    happened when this process first met it: then one waits longer, never shorter.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = clock.now_ms() - clock.boot_ms()
        self._trusted_from_ms = 0
        self._met: dict[int, int] = {}

    def check(self) -> None:
        """Compare the two clocks; to be called before each round of questions."""
        offset_ms = self._clock.now_ms() - self._clock.boot_ms()
        if abs(offset_ms - self._offset_ms) > _JUMP_MS:
            self._trusted_from_ms = self._clock.now_ms()
            self._met.clear()
        self._offset_ms = offset_ms

    def since(self, moment_ms: int) -> int:
        """The moment, as far as it can be believed."""
        now_ms = self._clock.now_ms()
        if self._trusted_from_ms <= moment_ms <= now_ms:
            return moment_ms
        return self._met.setdefault(moment_ms, now_ms)

    def forget(self, but: Iterable[int]) -> None:
        """Keep only what is still asked about."""
        kept = set(but)
        self._met = {moment: met for moment, met in self._met.items() if moment in kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When one message is looked for. Moments are those of `Moments.since`.

    `usable_from_ms`: since when the instance is known to carry out what is in its queue.
    """

    since_ms: int
    usable_from_ms: int
    last_look_ms: int | None
    looks: int
    times: ReconcileTimes

    @property
    def is_through(self) -> bool:
        """All looks were made, and it is still in doubt: by policy, or because its tries are used up."""
        return self.looks >= self.times.looks

    @property
    def counts_from_ms(self) -> int:
        """From when on a complete look that misses it counts."""
        settled_ms = max(self.since_ms, self.usable_from_ms) + self.times.settle_ms
        if self.last_look_ms is None:
            return settled_ms
        return max(settled_ms, self.last_look_ms + self.times.apart_ms)

    def is_due(self, now_ms: int, last_read_ms: int | None) -> bool:
        """Whether to look now. `last_read_ms`: when this process looked last."""
        if not self.is_through and now_ms >= self.counts_from_ms:
            return True
        read_ms = 0 if last_read_ms is None else last_read_ms
        moments = [self.since_ms + early for early in self.times.early_ms]
        if self.is_through:
            moments = [max(read_ms, self.last_look_ms or self.since_ms) + self.times.later_ms]
        return any(read_ms < moment <= now_ms for moment in moments)


def timetable(message: Message, moments: Moments, times: ReconcileTimes, *, usable_from_ms: int = 0) -> Timetable:
    """The timetable of a message in doubt."""
    last = message.last_look_at_ms
    return Timetable(
        since_ms=moments.since(message.uncertain_since_ms or message.state_at_ms),
        usable_from_ms=usable_from_ms,
        last_look_ms=None if last is None else moments.since(last),
        looks=message.looks,
        times=times,
    )


def times_of(environ: Mapping[str, str]) -> ReconcileTimes:
    """The usual times, or a part of them for a test: GREENBOT_RECONCILE_SHARE counts only with GREENBOT_TESTING=1."""
    share = environ.get("GREENBOT_RECONCILE_SHARE") if environ.get("GREENBOT_TESTING") == "1" else None
    return ReconcileTimes() if share is None else ReconcileTimes().compressed(float(share))
