"""Looking into the store: only reading, and no longer than allowed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.db import driver
from greenbot.db.backup import LAST
from greenbot.db.migrations import LATEST
from greenbot.db.peek import Peek, peek
from greenbot.doctor.facts import (
    AlertsFact,
    BreakerFact,
    HookFact,
    Missing,
    QueueFact,
    ReceiverFact,
    ServiceFact,
    StoreFact,
)
from greenbot.errors import GreenbotError
from greenbot.outbox.owner import is_alive, seems_alive
from greenbot.outbox.presence import worker_is_alive
from greenbot.overview import BEAT_MS

if TYPE_CHECKING:
    from greenbot.config.settings import Settings

#: So long SQLite may check pages here; `greenbot db check` takes all the time it needs.
CHECK_SECONDS = 5.0
_AUDIT_SCHEMA = 5

OLDEST_DUE = """
select instance, min(max(not_before_ms, scheduled_at_ms, created_at_ms)) as since_ms from messages
 where state = 'queued' and held_reason is null and not_before_ms <= :now and scheduled_at_ms <= :now
   and (expires_at_ms is null or expires_at_ms > :now)
 group by instance
"""
COUNTS = "select state, sum(messages) as messages from message_counts group by state"
UNCERTAIN = "select min(uncertain_since_ms) from messages where state = 'uncertain'"
HELD = """
select held_reason, count(*) as messages from messages where state = 'queued' and held_reason is not null group by 1
"""
OWNED = """
select owner, boot_id, lease_until_boot_ms, count(*) as messages from messages
 where state in ('claimed', 'sending') and owner is not null group by 1, 2, 3
"""
PAUSED = "select instance, reason from pauses"
BREAKERS = "select instance, host, state, reason from breakers where state <> 'closed'"
EVENTS = """
select state, count(*) as events, min(received_at_ms) as oldest_ms from events where state <> 'done' group by state
"""
HOOKS = """
select name, enabled, coalesce(disabled_reason, '') as reason, open_until_ms,
       (select count(*) from hook_deliveries where hook_id = hooks.id and state = 'dead') as dead
  from hooks order by name
"""
RULES = "select enabled, receivers from alert_rules"
RECEIVERS = "select name, enabled, is_default, proved_at_ms, problem from receivers order by name"
SILENCED = """
select max(until_at_ms) from silences
 where rule = '*' and instance = '*' and severity = '*' and begins_at_ms <= :now and until_at_ms > :now
   and expired_at_ms is null
"""
FAILED_NOTICES = "select count(*) from notice_deliveries where state = 'failed' and created_at_ms > :since"
BEATS = "select part, owner, at_ms from metric_beats order by part, at_ms"
LOOKED = "select done_at_ms from duties where name = 'evaluator'"
DAY_MS = 86_400_000


def store(settings: "Settings", clock: Clock) -> StoreFact | Missing:
    """The file itself. Raises Busy, StoreError."""
    path = settings.paths.store_file
    if not path.exists():
        return Missing(why="nothing was stored yet", is_wanted=False, fix="greenbot init")
    deadline = clock.monotonic() + CHECK_SECONDS
    with peek(path) as found:
        knows_audit = found.is_ours and _AUDIT_SCHEMA <= found.schema <= LATEST
        return StoreFact(
            path=path,
            is_ours=found.is_ours,
            schema=found.schema,
            latest_schema=LATEST,
            journal_mode=str(found.pragma("journal_mode")),
            wanted_journal_mode=driver.journal_mode(driver.version),
            sqlite=driver.version,
            size_bytes=path.stat().st_size,
            wal_bytes=_size(path.with_name(path.name + "-wal")),
            problems=_problems(found, clock, deadline),
            last_backup_at_ms=_moment(found, LAST) if knows_audit else None,
        )


def _problems(found: Peek, clock: Clock, deadline: float) -> list[str] | None:
    try:
        return found.problems(thorough=False, go_on=lambda: clock.monotonic() < deadline)
    except GreenbotError as error:
        return [str(error).rstrip(".")]


def _moment(found: Peek, statement: str) -> int | None:
    try:
        value = found.scalar(statement)
    except GreenbotError:
        return None  # damaged, which another line says
    return value if isinstance(value, int) else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def queue(settings: "Settings", clock: Clock) -> QueueFact | Missing:
    """What waits. Raises Busy, StoreError."""
    with _up_to_date(settings) as found:
        if isinstance(found, Missing):
            return found
        counts = {row["state"]: row["messages"] for row in found.all(COUNTS)}
        events = {row["state"]: (row["events"], row["oldest_ms"]) for row in found.all(EVENTS)}
        now_ms, run_dir = clock.now_ms(), settings.paths.run_dir
        waiting = [events[state] for state in ("stored", "processing") if state in events]
        uncertain_since = found.scalar(UNCERTAIN)
        return QueueFact(
            oldest_due_ms={row["instance"]: now_ms - row["since_ms"] for row in found.all(OLDEST_DUE, now=now_ms)},
            queued=counts.get("queued", 0),
            uncertain=counts.get("uncertain", 0),
            oldest_uncertain_ms=now_ms - uncertain_since if isinstance(uncertain_since, int) else 0,
            stalled=counts.get("stalled", 0),
            held={row["held_reason"]: row["messages"] for row in found.all(HELD)},
            abandoned=_abandoned(found, run_dir, clock),
            paused={row["instance"]: row["reason"] for row in found.all(PAUSED)},
            breakers=[
                BreakerFact(instance=row["instance"], host=row["host"], state=row["state"], reason=row["reason"])
                for row in found.all(BREAKERS)
            ],
            events_waiting=sum(count for count, _ in waiting),
            oldest_event_ms=max((now_ms - oldest for _, oldest in waiting), default=0),
            events_dead=events.get("dead", (0, 0))[0],
            events_quarantined=events.get("quarantined", (0, 0))[0],
            hooks=_hooks(found, now_ms),
            worker_is_alive=worker_is_alive(run_dir),
        )


def _abandoned(found: Peek, run_dir: Path, clock: Clock) -> int:
    lost = 0
    for row in found.all(OWNED):
        is_over = row["boot_id"] != clock.boot_id() or (row["lease_until_boot_ms"] or 0) < clock.boot_ms()
        if is_over or not is_alive(run_dir, row["owner"]):
            lost += row["messages"]
    return lost


def _hooks(found: Peek, now_ms: int) -> list[HookFact]:
    return [
        HookFact(
            name=row["name"],
            is_enabled=bool(row["enabled"]),
            reason=row["reason"],
            dead=row["dead"],
            is_resting=row["open_until_ms"] > now_ms,
        )
        for row in found.all(HOOKS)
    ]


def alerts(settings: "Settings", clock: Clock) -> AlertsFact | Missing:
    """Rules and receivers. Raises Busy, StoreError."""
    with _up_to_date(settings) as found:
        if isinstance(found, Missing):
            return found
        rules = found.all(RULES)
        receivers = [
            ReceiverFact(
                name=row["name"],
                is_enabled=bool(row["enabled"]),
                is_default=bool(row["is_default"]),
                proved_at_ms=row["proved_at_ms"],
                problem=row["problem"],
            )
            for row in found.all(RECEIVERS)
        ]
        until_ms, failed = (
            found.scalar(SILENCED, now=clock.now_ms()),
            found.scalar(FAILED_NOTICES, since=clock.now_ms() - DAY_MS),
        )
        names = {one.name for one in receivers if one.is_enabled}
        wished = {name for row in rules if row["enabled"] for name in json.loads(row["receivers"])}
        return AlertsFact(
            rules=len(rules),
            enabled_rules=sum(bool(row["enabled"]) for row in rules),
            unknown_receivers=sorted(wished - names),
            receivers=receivers,
            silenced_ms=until_ms - clock.now_ms() if isinstance(until_ms, int) else 0,
            failed_notices=failed if isinstance(failed, int) else 0,
        )


def service(settings: "Settings", clock: Clock) -> ServiceFact | Missing:
    """Signs of life. Raises Busy, StoreError."""
    with _up_to_date(settings) as found:
        if isinstance(found, Missing):
            return found
        now_ms, looked = clock.now_ms(), found.scalar(LOOKED)
        run_dir = settings.paths.run_dir
        # Who ended a moment ago left fresh signs of life; one that is old tells of a part that hangs or is gone.
        parts: Mapping[str, int] = {
            row["part"]: age_ms
            for row in found.all(BEATS)
            if (age_ms := now_ms - row["at_ms"]) > BEAT_MS or seems_alive(run_dir, clock, row["owner"])
        }
        return ServiceFact(
            parts=parts, evaluator_looked_ms=now_ms - looked if isinstance(looked, int) and looked else None
        )


@contextmanager
def _up_to_date(settings: "Settings") -> "Iterator[Peek | Missing]":
    """The store where its rows can be read as this greenbot writes them, otherwise why not."""
    path = settings.paths.store_file
    if not path.exists():
        yield Missing(why="nothing was stored yet", is_wanted=False)
        return
    with peek(path) as found:
        if found.is_ours and found.schema == LATEST:
            yield found
        else:
            yield Missing(why=f"the store has schema {found.schema}, not {LATEST}", is_wanted=False)
