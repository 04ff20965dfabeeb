"""The life of one message: what changed it, and each HTTP attempt for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

LOG = "select * from message_log where message_id = :id order by epoch"
CALLS = """
select id, message_id, instance, method, attempt, owner, started_at_ms, elapsed_ms, outcome, reason, detail, status,
       remote_id, retry_after_ms
  from calls where message_id = :id order by id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One change in the life of a message."""

    message_id: int
    epoch: int
    at_ms: int
    from_state: State | None
    to_state: State
    reason: Reason
    cause: str | None
    detail: str | None
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP attempt for a message. `outcome` is None while it is under way, or for ever after a crash."""

    id: int
    message_id: int | None
    instance: str
    method: str
    attempt: int
    owner: str | None
    started_at_ms: int
    elapsed_ms: int | None
    outcome: str | None
    reason: str | None
    detail: str | None
    status: int | None
    remote_id: str | None
    retry_after_ms: int | None


def log_of(db: "Db", message_id: int) -> list[LogLine]:
    """Everything that happened to a message, oldest first."""
    return [_log_line(row) for row in db.all(LOG, id=message_id)]


def calls_of(db: "Db", message_id: int) -> list[Call]:
    """Every HTTP attempt for a message, oldest first."""
    return [Call(**dict(zip(row.keys(), row, strict=True))) for row in db.all(CALLS, id=message_id)]


def _log_line(row: "Row") -> LogLine:
    return LogLine(
        message_id=row["message_id"],
        epoch=row["epoch"],
        at_ms=row["at_ms"],
        from_state=None if row["from_state"] is None else State(row["from_state"]),
        to_state=State(row["to_state"]),
        reason=Reason(row["reason"]),
        cause=row["cause"],
        detail=row["detail"],
        actor=row["actor"],
    )
