"""What the store knows besides metrics: numbers that cannot send, queues that grow old, doubts, the disk.

Only what is out of the ordinary is told, so a fleet in good health costs a few small reads.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.metrics.names import FLEET

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

MEGABYTE = 1024 * 1024
#: What the disk must have free: a twentieth of it, but not less than this, and not more than that.
LEAST_RESERVE_BYTES = 256 * MEGABYTE
MOST_RESERVE_BYTES = 5 * 1024 * MEGABYTE
#: How many instances with a queue are asked for their oldest message in one look.
MOST_AGES = 1000

#: How long a state of an instance may last before somebody is told (guarantees, health of an instance).
TOLD_AFTER_MS: Mapping[str, int] = {
    "not_sendable": 0,
    "quota": 0,
    "auth_failed": 0,
    "unreachable": 180_000,
    "degraded": 600_000,
}
STARTING_TOLD_AFTER_MS = 300_000
#: Nothing can be learned about calls from an instance in such a state.
CUT_OFF_STATES = ("auth_failed", "unreachable")

HEALTH = """
select instance, state, account, since_at_ms from instance_health
 where state in ('not_sendable', 'quota', 'auth_failed', 'unreachable', 'degraded')
"""
BREAKERS = """
select instance from breakers
 where host = 'api' and state <> 'closed' and (boot_id = :boot or state = 'forced_open')
"""
COUNTS = """
select instance, state, messages from message_counts
 where messages > 0 and state in ('queued', 'uncertain', 'stalled')
"""
OLDEST = """
select max(scheduled_at_ms, created_at_ms) from messages indexed by messages_by_instance
 where instance = :instance and state = 'queued' and held_reason is null and scheduled_at_ms <= :now
 order by id limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure, and what it is about."""

    value: float
    why: str = ""


@dataclass(slots=True, kw_only=True)
class StoreFacts:
    """What one look found: measure -> instance -> figure. An instance that is not there is as it should be."""

    of: dict[str, dict[str, Fact]] = field(default_factory=dict)
    cut_off: set[str] = field(default_factory=set)

    def get(self, measure: str, instance: str) -> Fact:
        """The figure for an instance, or for the fleet: the worst age, the sum of everything else."""
        facts = self.of.get(measure, {})
        if instance in facts or instance != FLEET:
            return facts.get(instance, Fact(value=0))
        values = [fact.value for fact in facts.values()]
        return Fact(value=max(values, default=0) if measure in _LARGEST else sum(values))

    def put(self, measure: str, instance: str, value: float, why: str = "") -> None:
        """Tell a figure."""
        self.of.setdefault(measure, {})[instance] = Fact(value=value, why=why)


_LARGEST = ("outbox_oldest_age", "webhook_silence")


def take(db: "Db", clock: Clock, at_ms: int, known: Collection[str] | None = None) -> StoreFacts:
    """Look once. `known` are the instances that exist now, None for whatever there is. Raises Busy, StoreError."""
    facts = StoreFacts()

    def exists(row: "Row") -> bool:
        return known is None or row["instance"] in known

    for row in filter(exists, db.all(BREAKERS, boot=clock.boot_id())):
        facts.cut_off.add(row["instance"])
    for row in filter(exists, db.all(HEALTH)):
        _health(facts, row, at_ms)
    for row in filter(exists, db.all(COUNTS)):
        _count(db, facts, row, at_ms)
    _machine(db, facts)
    return facts


def _health(facts: StoreFacts, row: "Row", at_ms: int) -> None:
    state, instance = str(row["state"]), str(row["instance"])
    if state in CUT_OFF_STATES:
        facts.cut_off.add(instance)
    patience_ms = STARTING_TOLD_AFTER_MS if row["account"] == "starting" else TOLD_AFTER_MS[state]
    if at_ms - row["since_at_ms"] >= patience_ms:
        facts.put("instance_not_sendable", instance, 1, row["account"] or state)


def _count(db: "Db", facts: StoreFacts, row: "Row", at_ms: int) -> None:
    instance, state = str(row["instance"]), row["state"]
    if state != "queued":
        facts.put(f"{state}_messages", instance, row["messages"])
    elif len(facts.of.get("outbox_oldest_age", {})) < MOST_AGES:
        since_ms = db.scalar(OLDEST, instance=instance, now=at_ms)
        if isinstance(since_ms, int):
            facts.put("outbox_oldest_age", instance, max(0, at_ms - since_ms))


def _machine(db: "Db", facts: StoreFacts) -> None:
    room = os.statvfs(db.path.parent)
    free, size = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
    facts.put("disk_reserve", FLEET, 100 * free / reserve_bytes(size))
    log = db.path.with_name(db.path.name + "-wal")
    try:
        facts.put("db_guard", FLEET, log.stat().st_size / MEGABYTE)
    except FileNotFoundError:
        facts.put("db_guard", FLEET, 0)


def reserve_bytes(size: int) -> int:
    """What must be free on a disk of that size."""
    return max(LEAST_RESERVE_BYTES, min(size // 20, MOST_RESERVE_BYTES))
