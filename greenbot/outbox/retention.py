"""Removing what is over, in small transactions; open messages are never touched (a trigger refuses it too)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.db.audit import Operator, note
from greenbot.errors import UsageError
from greenbot.outbox.states import OPEN, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

DAY_MS = 86_400_000
#: A status event, or a look into the journal, may still speak of what was sent today.
LEAST_AGE_MS = DAY_MS
#: A key is remembered for so long whatever is removed: the same command run again must not send again.
KEYS_STAY_MS = 7 * DAY_MS
BATCH = 500

#: What may be removed once it is old.
OVER = tuple(state for state in State if state not in OPEN)

# What was sent to a chat with a message in doubt stays: looking for that one, its siblings must be known.
OLD = """
select id from messages indexed by messages_by_state
 where state = :state and (:instance is null or instance = :instance) and id > :after
   and state_at_ms < :before and (dedupe_key is null or state_at_ms < :keys_before)
   and not exists (
     select 1 from messages as busy
      where busy.instance = messages.instance and busy.chat_id = messages.chat_id
        and busy.state in ('claimed', 'sending', 'uncertain'))
 order by id limit :most
"""
# A status that comes at this very moment makes it young again.
REMOVE = "delete from messages where id = :id and state = :state and state_at_ms < :before"
REMOVE_CALLS = """
delete from calls where id in (
  select id from calls indexed by calls_by_time
   where started_at_ms < :before and message_id is null and (:instance is null or instance = :instance) limit :most)
returning id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is old enough to go: over for longer than `older_than_ms`, of one instance or of all."""

    older_than_ms: int
    instance: str | None = None
    states: tuple[State, ...] = OVER

    def __post_init__(self) -> None:
        """Raises UsageError for an age below a day, or a state that is not over."""
        if self.older_than_ms < LEAST_AGE_MS:
            raise UsageError(
                "Messages are kept for at least a day: statuses and reconciliation still need them.",
                hint="Write --older-than 1d or more.",
            )
        still_open = [state for state in self.states if state in OPEN]
        if still_open:
            raise UsageError(
                f"Messages that are {still_open[0]} are never removed.",
                hint=f"States that can be: {', '.join(OVER)}. Waiting messages can be cancelled first.",
            )


def count_old(db: "Db", retention: Retention, now_ms: int) -> dict[State, int]:
    """How many messages `purge` would remove, by state. Reads only, page by page."""
    counts = {state: sum(map(len, _pages(db, retention, state, now_ms))) for state in retention.states}
    return {state: found for state, found in counts.items() if found}


def purge(db: "Db", retention: Retention, by: Operator) -> Iterator[int]:
    """Remove what is old with its log and calls; how many messages each transaction removed.

    Raises Busy, StoreError; what was removed before stays removed.
    """
    now_ms = by.clock.now_ms()
    for state in retention.states:
        for page in _pages(db, retention, state, now_ms):
            yield _remove(db, retention, state, page, by)
    while _remove_calls(db, retention, now_ms):
        pass


def _pages(db: "Db", retention: Retention, state: State, now_ms: int) -> Iterator[list[int]]:
    """The ids of what may go, one transaction's worth at a time."""
    after = 0
    while True:
        rows = db.all(
            OLD,
            state=state,
            instance=retention.instance,
            after=after,
            before=now_ms - retention.older_than_ms,
            keys_before=now_ms - max(retention.older_than_ms, KEYS_STAY_MS),
            most=BATCH,
        )
        if not rows:
            return
        yield [row["id"] for row in rows]
        after = rows[-1]["id"]


def _remove(db: "Db", retention: Retention, state: State, page: list[int], by: Operator) -> int:
    before = by.clock.now_ms() - retention.older_than_ms
    with db.write() as tx:
        removed = [number for number in page if tx.run(REMOVE, id=number, state=state, before=before)]
        if removed:
            _note(tx, by, retention, state, removed)
            # The store was made with incremental vacuum: without this the file never becomes smaller.
            tx.all("pragma incremental_vacuum(500)")
    return len(removed)


def _note(tx: "Tx", by: Operator, retention: Retention, state: State, removed: list[int]) -> None:
    facts = {"state": state, "messages": len(removed), "first": removed[0], "last": removed[-1]}
    subject = "outbox" if retention.instance is None else f"instance {retention.instance}"
    note(tx, by, action="outbox.purge", subject=subject, before=facts)


def _remove_calls(db: "Db", retention: Retention, now_ms: int) -> int:
    """Calls that belong to no message."""
    before = now_ms - retention.older_than_ms
    with db.write() as tx:
        return len(tx.all(REMOVE_CALLS, before=before, instance=retention.instance, most=BATCH))
