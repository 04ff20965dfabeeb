"""Removing what is over and old, in small transactions beside the ongoing work."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.db.audit import Operator, note
from greenbot.errors import UsageError
from greenbot.inbox.arrival import STALE_MS
from greenbot.inbox.states import OVER, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Rows of one transaction.
BATCH = 500
#: What is younger may be delivered again; a digest that was forgotten would let it happen twice.
LEAST_AGE_MS = STALE_MS + 86_400_000

# Ids grow with time but for what waited in a long transaction, so a page further on is not worth a look.
OLD = """
select id, received_at_ms, state in (select value from json_each(:states))
       and (:instance is null or instance = :instance) as goes
  from events where id > :after and received_at_ms < :before order by id limit :most
"""
REMOVE = "delete from events where id = :id and state not in ('stored', 'processing')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What may go: events in these states that came so long ago. Raises UsageError for less than eight days."""

    older_than_ms: int
    states: tuple[State, ...] = OVER
    instance: str | None = None

    def __post_init__(self) -> None:
        if self.older_than_ms < LEAST_AGE_MS:
            raise UsageError(
                "Events are kept for at least 8 days: until then GREEN-API or somebody else may deliver them again.",
                hint="Write --older-than 8d or more.",
            )
        still_open = [state for state in self.states if state not in OVER]
        if still_open:
            raise UsageError(
                f"Events that are {still_open[0]} are never removed.", hint=f"States that can be: {', '.join(OVER)}."
            )


def count_old(db: "Db", retention: Retention, now_ms: int) -> int:
    """How many events `purge` would remove. Reads only, page by page."""
    return sum(map(len, _pages(db, retention, now_ms)))


def purge(db: "Db", retention: Retention, by: Operator) -> Iterator[int]:
    """Remove what is old with its log; how many events each transaction removed.

    Raises Busy, StoreError; what was removed before stays removed.
    """
    for page in _pages(db, retention, by.clock.now_ms()):
        with db.write() as tx:
            removed = sum(tx.run(REMOVE, id=event_id) for event_id in page)
            if removed:
                facts = {"events": removed, "first": page[0], "last": page[-1]}
                note(tx, by, action="events.purge", subject=retention.instance or "inbox", before=facts)
                # The store was made with incremental vacuum: without this the file never becomes smaller.
                tx.all("pragma incremental_vacuum(500)")
        yield removed


def _pages(db: "Db", retention: Retention, now_ms: int) -> Iterator[list[int]]:
    import json

    after = 0
    while True:
        rows = db.all(
            OLD,
            states=json.dumps([*retention.states]),
            instance=retention.instance,
            after=after,
            before=now_ms - retention.older_than_ms,
            most=BATCH,
        )
        if not rows:
            return
        after = rows[-1]["id"]
        if page := [row["id"] for row in rows if row["goes"]]:
            yield page
