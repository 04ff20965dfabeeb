"""Moving events on: claim, finish, give back. Each write is fenced by the epoch.

A chat's events are worked in the order of their arrival: while one of them waits for another try,
or is being worked on, the later ones of its chat wait, and no other chat does.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

LEASE_MS = 120_000
#: Bodies of one batch together, unless a single one is larger.
MOST_BYTES = 4 * 1024 * 1024

# Prefix of what is due: an older event of the same chat that is not due, or in somebody's hands, holds it back.
CANDIDATES = """
select id, attempts, length(raw) as size from events as candidate indexed by events_open
 where state = 'stored' and state <> 'done' and next_at_ms <= :now
   and not exists (
     select 1 from events as older indexed by events_held
      where older.instance = candidate.instance and older.chat_id = candidate.chat_id and older.id < candidate.id
        and older.state in ('stored', 'processing') and (older.state = 'processing' or older.next_at_ms > 0)
        and (older.state = 'processing' or older.next_at_ms > :now))
 order by id limit :most
"""
TAKE = """
update events
   set state = 'processing', epoch = epoch + 1, state_at_ms = :now, reason = 'claim', detail = null, actor = :owner,
       attempts = attempts + 1, owner = :owner, boot_id = :boot, lease_until_boot_ms = :lease
 where id in (select value from json_each(:ids)) and state = 'stored'
returning *
"""
MOVE = """
update events
   set state = :state, epoch = epoch + 1, state_at_ms = :now, reason = :reason, detail = :detail, actor = :actor,
       attempts = :attempts, next_at_ms = :next_at, duplicate_of = :duplicate_of,
       done_at_ms = case when :state = 'done' then :now end,
       owner = null, boot_id = null, lease_until_boot_ms = null
 where id = :id and epoch = :epoch
"""
SAME_MEANING = """
select id from events
 where instance = :instance and semantic_key = :key and state = 'done' and duplicate_of is null
   and semantic_key is not null
"""
EPOCH = "select epoch from events where id = :id"
WAITING = (
    "select 1 from events indexed by events_open where state in ('stored', 'processing') and state <> 'done' limit 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where an event goes; the moment before which it is not tried again, where it is to be tried again."""

    state: State
    reason: Reason
    detail: str | None = None
    attempts: int = 0
    next_at_ms: int = 0
    duplicate_of: int | None = None


def claim(db: "Db", *, owner: str, clock: Clock, most: int, lease_ms: int = LEASE_MS) -> list[StoredEvent]:
    """Take the events whose turn it is, the oldest first. Raises Busy, StoreError.

    What was tried before comes alone: should it kill its process, it takes nothing else along.
    """
    now_ms = clock.now_ms()
    if not _chosen(db, now_ms, most):
        return []
    # A power cut may forget who works on it; it is then simply stored again.
    with db.write(durable=False) as tx:
        rows = tx.all(
            TAKE,
            ids=json.dumps(_chosen(tx, now_ms, most)),
            now=now_ms,
            owner=owner,
            boot=clock.boot_id(),
            lease=clock.boot_ms() + lease_ms,
        )
    return sorted((StoredEvent.from_row(row) for row in rows), key=lambda event: event.id)


def _chosen(reader: "Db | Tx", now_ms: int, most: int) -> list[int]:
    chosen: list[int] = []
    size = 0
    for row in reader.all(CANDIDATES, now=now_ms, most=most):
        size += row["size"]
        if chosen and (row["attempts"] or size > MOST_BYTES):
            break
        chosen.append(row["id"])
        if row["attempts"]:
            break
    return chosen


def is_ours(tx: "Tx", event: StoredEvent) -> bool:
    """Whether nobody moved the event since it was read."""
    row = tx.one(EPOCH, id=event.id)
    return row is not None and row["epoch"] == event.epoch


def told_before(tx: "Tx", event: StoredEvent) -> int | None:
    """The event that was carried out and told the same in other bytes, if there is one."""
    if event.semantic_key is None:
        return None
    row = tx.one(SAME_MEANING, instance=event.instance, key=event.semantic_key)
    return None if row is None else int(row["id"])


def move(tx: "Tx", event: StoredEvent, to: Move, *, actor: str, clock: Clock) -> bool:
    """One move, if the event is still at the epoch that was read. It ends any claim on it."""
    moved = tx.run(
        MOVE,
        id=event.id,
        epoch=event.epoch,
        state=to.state,
        reason=to.reason,
        detail=to.detail,
        attempts=to.attempts,
        next_at=to.next_at_ms,
        duplicate_of=to.duplicate_of,
        actor=actor,
        now=clock.now_ms(),
    )
    return moved == 1
