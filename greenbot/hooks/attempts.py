"""What was tried, newest first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db

LATEST = """
select attempts.started_at_ms, attempts.elapsed_ms, attempts.attempt, attempts.outcome, attempts.status, attempts.words,
       attempts.snippet, deliveries.event_id, deliveries.webhook_id
  from hook_attempts as attempts join hook_deliveries as deliveries on deliveries.id = attempts.delivery_id
 where deliveries.hook_id = :hook
 order by attempts.id desc limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a delivery. `outcome` is None while it is under way, or for ever after a crash."""

    event_id: int
    webhook_id: str
    attempt: int
    started_at_ms: int
    elapsed_ms: int | None
    outcome: str | None
    status: int | None
    words: str | None
    snippet: str | None


def latest(db: "Db", hook_id: int, limit: int) -> list[Attempt]:
    """The latest attempts of a hook."""
    rows = db.all(LATEST, hook=hook_id, limit=limit)
    return [Attempt(**dict(zip(row.keys(), row, strict=True))) for row in rows]
