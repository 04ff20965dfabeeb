"""How long an instance usually goes without an event at this time of the day, and how long it has gone without one now.

The usual is counted over the past week, hour of the day by hour of the day, so a night is not an outage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.metrics.names import Names
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db

DAYS = 7
#: Fewer events in a week say nothing about a silence.
LEAST_EVENTS = 20
#: Events come in bursts: what is shorter is no silence.
SHORTEST_MS = 1_800_000
#: How long the usual is believed, and how many instances are counted anew at once.
BELIEVED_MS = 6 * 3_600_000
LEARN_EVERY_MS = 60_000
AT_ONCE = 25

HOURS = "select at_s, n from metric_hours where instance = :instance and series = :series and at_s >= :since"
LAST = "select max(at_s) from metric_minutes where instance = :instance and series = :series"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Events of an instance in each hour of a day, UTC; None for an instance that has too few to say."""

    counted_at_ms: int
    per_hour: tuple[float, ...] | None


class Silences:
    """Knows of each instance when its last event was, and what is usual."""

    def __init__(self, begun_at_ms: int) -> None:
        # Before that nobody may have been there to take events.
        self._begun_at_ms = begun_at_ms
        self._usual: dict[str, Usual] = {}
        self._last_ms: dict[str, int] = {}
        self._learned_at_ms = 0

    def heard(self, instance: str, at_ms: int) -> None:
        """An event was worked."""
        self._last_ms[instance] = max(at_ms, self._last_ms.get(instance, 0))

    def learn(self, db: "Db", names: Names, instances: Iterable[str], now_ms: int) -> None:
        """Count some of the instances of which too little is known, once a minute. Raises Busy, StoreError."""
        if 0 <= now_ms - self._learned_at_ms < LEARN_EVERY_MS:
            return
        self._learned_at_ms = now_ms
        old = [
            name
            for name in instances
            if name not in self._usual or now_ms - self._usual[name].counted_at_ms > BELIEVED_MS
        ]
        for instance in old[:AT_ONCE]:
            number = names.find(db, instance)
            self._usual[instance] = _counted(db, number, now_ms)
            last_s = None if number is None else db.scalar(LAST, instance=number, series=int(Series.EVENT))
            if isinstance(last_s, int):
                self.heard(instance, last_s * 1000)

    def now(self, now_ms: int) -> Mapping[str, float]:
        """The silences that are long enough to be one, in usual gaps: events that should have come meanwhile."""
        found: dict[str, float] = {}
        for instance, usual in self._usual.items():
            since_ms = max(self._last_ms.get(instance, 0), self._begun_at_ms)
            if usual.per_hour is not None and now_ms - since_ms >= SHORTEST_MS:
                found[instance] = expected(usual.per_hour, since_ms, now_ms)
        return found


def _counted(db: "Db", number: int | None, now_ms: int) -> Usual:
    since_s = now_ms // 3_600_000 * 3600 - DAYS * 86_400
    per_hour = [0.0] * 24
    events = 0
    rows = [] if number is None else db.all(HOURS, instance=number, series=int(Series.EVENT), since=since_s)
    for row in rows:
        events += row["n"]
        per_hour[row["at_s"] // 3600 % 24] += row["n"] / DAYS
    return Usual(counted_at_ms=now_ms, per_hour=tuple(per_hour) if events >= LEAST_EVENTS else None)


def expected(per_hour: tuple[float, ...], since_ms: int, until_ms: int) -> float:
    """How many events usually come between two moments."""
    day_ms, hour_ms = 86_400_000, 3_600_000
    days, rest_ms = divmod(until_ms - since_ms, day_ms)
    events = days * sum(per_hour)
    at_ms, end_ms = since_ms, since_ms + rest_ms
    while at_ms < end_ms:
        next_ms = min(end_ms, (at_ms // hour_ms + 1) * hour_ms)
        events += per_hour[at_ms // hour_ms % 24] * (next_ms - at_ms) / hour_ms
        at_ms = next_ms
    return events
