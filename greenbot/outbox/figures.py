"""The outbox in numbers: why messages are where they are, and how fast they leave."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

# The condition is that of the index, which holds only what stays for a reason of its own.
REASONS = """
select instance, state, reason, cause, held_reason is not null as held, count(*) as messages
  from messages indexed by messages_reasoned
 where state <> 'claimed' and state <> 'sending' and state <> 'accepted' and state <> 'delivered'
   and (state <> 'queued' or reason <> 'added' or cause is not null or held_reason is not null)
   and (:instance is null or instance = :instance)
 group by instance, state, reason, cause, held_reason
"""
QUEUED = """
select instance, messages from message_counts
 where state = 'queued' and messages > 0 and (:instance is null or instance = :instance)
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
    """Why messages wait or ended, the most frequent reason first. Raises Busy, StoreError.

    The cost grows with what is held, was tried in vain or has failed, not with what simply waits for its turn.
    """
    counts: Counter[tuple[str, State, str]] = Counter()
    for row in db.all(REASONS, instance=instance):
        counts[row["instance"], State(row["state"]), _why(row)] += row["messages"]
    for row in db.all(QUEUED, instance=instance):
        queued = (row["instance"], State.QUEUED)
        told = sum(messages for (*where, _), messages in counts.items() if tuple(where) == queued)
        counts[*queued, Reason.ADDED] = row["messages"] - told
    found = [Why(instance=key[0], state=key[1], why=key[2], messages=messages) for key, messages in counts.items()]
    return sorted(
        (why for why in found if why.messages), key=lambda why: (why.instance, why.state, -why.messages, why.why)
    )


def _why(row: "Row") -> str:
    """What waits and is held waits for its release, whatever came before; the cause of a conflict names a message."""
    if row["held"] and row["state"] == State.QUEUED:
        return Reason.HELD
    told: str = row["cause"] if row["cause"] and row["reason"] != Reason.ID_CONFLICT else row["reason"]
    return told


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
