"""The outbox in numbers: what stands where and why, and how fast it moves. The cost does not grow with the queue."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.outbox.states import State

if TYPE_CHECKING:
    from greenbot.db.connect import Db

# What simply waits for its turn is not counted by reason: it is what the counters of the others leave over.
REASONS = """
select instance, state, why, messages from message_reasons
 where messages > 0 and (:instance is null or instance = :instance)
 union all
select counts.instance, counts.state, 'added',
       counts.messages - coalesce((select sum(why.messages) from message_reasons as why
                                    where why.instance = counts.instance and why.state = counts.state), 0) as messages
  from message_counts as counts
 where counts.state = 'queued' and messages > 0 and (:instance is null or counts.instance = :instance)
"""
# Over a few minutes: as many rows as the limits of the instances allow calls, however long the queue is.
LATELY = """
select instance, outcome, elapsed_ms from calls indexed by calls_by_time
 where started_at_ms >= :since and (:instance is null or instance = :instance)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """How many messages of one instance are in one state for one reason."""

    instance: str
    state: State
    why: str
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The calls of one instance over the last `window_ms`."""

    instance: str
    window_ms: int
    calls: int
    accepted: int
    #: Of the calls that were answered, milliseconds.
    median_ms: int | None
    p95_ms: int | None

    @property
    def accepted_per_minute(self) -> float:
        """How many messages GREEN-API takes in a minute."""
        return round(self.accepted * 60_000 / self.window_ms, 1)

    @property
    def failed_percent(self) -> float | None:
        """The share of calls that did not bring a message on its way; None without calls."""
        return round(100 * (self.calls - self.accepted) / self.calls, 1) if self.calls else None


def reasons(db: "Db", instance: str | None = None) -> list[Why]:
    """Why messages wait or ended, the most frequent reason first. Raises Busy, StoreError."""
    found = [
        Why(instance=row["instance"], state=State(row["state"]), why=row["why"], messages=row["messages"])
        for row in db.all(REASONS, instance=instance)
        if row["messages"]
    ]
    return sorted(found, key=lambda one: (one.instance, one.state, -one.messages, one.why))


def pace(db: "Db", instance: str | None = None, *, now_ms: int, window_ms: int = 300_000) -> dict[str, Pace]:
    """How fast messages leave, by instance; instances without calls are left out. Raises Busy, StoreError."""
    outcomes: dict[str, list[str | None]] = {}
    elapsed: dict[str, list[int]] = {}
    for row in db.all(LATELY, since=now_ms - window_ms, instance=instance):
        outcomes.setdefault(row["instance"], []).append(row["outcome"])
        elapsed.setdefault(row["instance"], [])
        if row["elapsed_ms"] is not None:
            elapsed[row["instance"]].append(row["elapsed_ms"])
    return {
        name: Pace(
            instance=name,
            window_ms=window_ms,
            calls=len(found),
            accepted=found.count("accepted"),
            median_ms=quantile(elapsed[name], 0.5),
            p95_ms=quantile(elapsed[name], 0.95),
        )
        for name, found in outcomes.items()
    }


def quantile(values: Iterable[int], share: float) -> int | None:
    """The smallest value that at least `share` of the values do not exceed; None of no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
