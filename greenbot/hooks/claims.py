"""Who carries which delivery: claimed under a lease, ended with its epoch, taken back from the dead."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.hooks.hook import Hook
from greenbot.hooks.table import all_of
from greenbot.hooks.verdict import Circuit, Next, Outcome, Rng, after, following, needs_probe, slots
from greenbot.inbox.event import StoredEvent

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

#: Beyond the timeout of the hook: an attempt that has not come back by then is lost.
LEASE_MARGIN_MS = 30_000

DUE = """
select min(next_at_ms) as next_at_ms from hook_deliveries
 where hook_id = :hook and state = 'queued' and is_head = 1
"""
HEADS = """
select id, event_id, next_at_ms from hook_deliveries
 where hook_id = :hook and state = 'queued' and is_head = 1 and next_at_ms <= :now
 order by next_at_ms, id limit :limit
"""
UNDER_WAY = "select count(*) as sending from hook_deliveries where hook_id = :hook and state = 'sending'"
CLAIM = """
update hook_deliveries
   set state = 'sending', reason = 'claimed', epoch = epoch + 1, attempts = attempts + :counts, state_at_ms = :now,
       owner = :owner, boot_id = :boot_id, lease_until_boot_ms = :lease
 where id = :id
returning id, epoch, attempts, webhook_id, instance, chat_id
"""
BEGIN = """
insert into hook_attempts (delivery_id, attempt, owner, started_at_ms) values (:delivery, :attempt, :owner, :now)
"""
END = """
update hook_attempts
   set elapsed_ms = :elapsed, outcome = :outcome, status = :status, words = :words, snippet = :snippet
 where id = :id
"""
MOVE = """
update hook_deliveries
   set state = :state, reason = :reason, epoch = epoch + 1, next_at_ms = :next_at, state_at_ms = :now,
       owner = null, boot_id = null, lease_until_boot_ms = null, is_head = :head
 where id = :id and epoch = :epoch and state = 'sending'
"""
PROMOTE = """
update hook_deliveries set is_head = 1, epoch = epoch + 1
 where id = (select min(id) from hook_deliveries
              where hook_id = :hook and instance = :instance and chat_id = :chat and state in ('queued', 'sending'))
   and state = 'queued'
"""
CIRCUIT = """
update hooks set streak = :streak, openings = :openings, open_until_ms = :open_until where id = :hook
"""
ALL_DUE = """
update hook_deliveries set next_at_ms = :now, epoch = epoch + 1
 where hook_id = :hook and state = 'queued' and is_head = 1 and next_at_ms > :now
"""
GONE = "update hooks set enabled = 0, disabled_reason = :reason, changed_at_ms = :now where id = :hook"
HELD = (
    "select id, hook_id, instance, chat_id, epoch, attempts, owner, boot_id, lease_until_boot_ms from hook_deliveries"
)
SENDING = HELD + " where state = 'sending'"
#: The rest is made of a few words; a receiver may say anything.
_MOST_CHARACTERS = 500
_ANY_TIME_MS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One delivery in our hands, as one attempt. `event` is None when it was purged meanwhile."""

    id: int
    hook: Hook
    event: StoredEvent | None
    webhook_id: str
    instance: str
    chat_id: str
    attempt: int
    attempt_id: int
    epoch: int
    #: Tried before its time to see whether the hook is back: a failure costs it nothing.
    is_probe: bool
    due_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """How an attempt ended. `words` and `snippet` can be shown; `effect` is committed together with a success."""

    outcome: Outcome
    words: str
    status: int | None = None
    snippet: str = ""
    elapsed_ms: int = 0
    retry_after_seconds: float | None = None
    effect: "Callable[[Tx], str | None] | None" = None


def circuit_of(hook: Hook) -> Circuit:
    """How a hook has been doing."""
    return Circuit(streak=hook.streak, openings=hook.openings, open_until_ms=hook.open_until_ms)


def next_due_ms(db: "Db", mine: Callable[[Hook], bool]) -> int | None:
    """When the next delivery of these hooks may leave; None when nothing waits."""
    moments = []
    for hook in all_of(db):
        if hook.is_enabled and mine(hook):
            row = db.one(DUE, hook=hook.id)
            if row is not None and row["next_at_ms"] is not None:
                due_ms = 0 if needs_probe(circuit_of(hook)) else row["next_at_ms"]
                moments.append(max(due_ms, hook.open_until_ms))
    return min(moments, default=None)


def claim(db: "Db", mine: Callable[[Hook], bool], *, owner: str, clock: Clock, most: int) -> list[Claim]:
    """Take what may leave now: the heads of chats, as many of each hook as it may have under way.

    From here on the attempt counts, whatever becomes of this process.
    """
    found: list[Claim] = []
    with db.write() as tx:
        for hook in all_of(tx):
            if hook.is_enabled and mine(hook) and len(found) < most:
                found += _claim(tx, hook, owner, clock, most - len(found))
    return found


def _claim(tx: "Tx", hook: Hook, owner: str, clock: Clock, most: int) -> list[Claim]:
    now_ms = clock.now_ms()
    busy = tx.one(UNDER_WAY, hook=hook.id)
    assert busy is not None
    free = min(most, slots(circuit_of(hook), hook.rule.concurrency, now_ms=now_ms) - busy["sending"])
    until_ms = _ANY_TIME_MS if needs_probe(circuit_of(hook)) else now_ms
    rows = tx.all(HEADS, hook=hook.id, now=until_ms, limit=free) if free > 0 else []
    return [_taken(tx, hook, row, owner, clock) for row in rows]


def _taken(tx: "Tx", hook: Hook, head: "Row", owner: str, clock: Clock) -> Claim:
    now_ms = clock.now_ms()
    lease = clock.boot_ms() + hook.rule.timeout_ms + LEASE_MARGIN_MS
    is_probe = head["next_at_ms"] > now_ms
    row = tx.one(
        CLAIM,
        id=head["id"],
        counts=int(not is_probe),
        now=now_ms,
        owner=owner,
        boot_id=clock.boot_id(),
        lease=lease,
    )
    assert row is not None, "it was read in this transaction"
    event = tx.one("select * from events where id = :id", id=head["event_id"])
    attempt_id = tx.insert(BEGIN, delivery=row["id"], attempt=row["attempts"], owner=owner, now=now_ms)
    return Claim(
        id=row["id"],
        hook=hook,
        event=None if event is None else StoredEvent.from_row(event),
        webhook_id=row["webhook_id"],
        instance=row["instance"],
        chat_id=row["chat_id"],
        attempt=row["attempts"],
        attempt_id=attempt_id,
        epoch=row["epoch"],
        is_probe=is_probe,
        due_at_ms=head["next_at_ms"],
    )


def finish(db: "Db", held: Claim, attempted: Attempted, *, clock: Clock, rng: Rng) -> Next | None:
    """Record how an attempt ended and what follows; None when another process has taken the delivery meanwhile."""
    with db.write() as tx:
        next_ = following(attempted.outcome, held.attempt, retry_after_seconds=attempted.retry_after_seconds, rng=rng)
        if held.event is None:
            next_ = Next(state="dead", reason="event_purged")
        if held.is_probe and next_.state == "queued":
            next_ = replace(next_, wait_ms=max(0, held.due_at_ms - clock.now_ms()))
        if not _move(tx, held, next_, clock):
            return None
        note = attempted.effect(tx) if attempted.effect is not None and next_.state == "done" else None
        _end(tx, held, attempted, note)
        _promote(tx, held, next_)
        _settle(tx, held.hook.id, attempted, clock, rng)
        return next_


def _move(tx: "Tx", held: Claim, next_: Next, clock: Clock) -> bool:
    moved = tx.run(
        MOVE,
        id=held.id,
        epoch=held.epoch,
        state=next_.state,
        reason=next_.reason,
        next_at=clock.now_ms() + next_.wait_ms,
        now=clock.now_ms(),
        head=int(next_.state == "queued"),
    )
    return moved == 1


def _end(tx: "Tx", held: Claim, attempted: Attempted, note: str | None) -> None:
    tx.run(
        END,
        id=held.attempt_id,
        elapsed=attempted.elapsed_ms,
        outcome=attempted.outcome,
        status=attempted.status,
        words=(note or attempted.words)[:_MOST_CHARACTERS],
        snippet=attempted.snippet,
    )


def _promote(tx: "Tx", held: Claim, next_: Next) -> None:
    if next_.state != "queued":
        tx.run(PROMOTE, hook=held.hook.id, instance=held.instance, chat=held.chat_id)


def _settle(tx: "Tx", hook_id: int, attempted: Attempted, clock: Clock, rng: Rng) -> None:
    """What the attempt says about the hook itself."""
    row = tx.one("select streak, openings, open_until_ms from hooks where id = :hook", hook=hook_id)
    assert row is not None, "a delivery goes with its hook"
    before = Circuit(streak=row["streak"], openings=row["openings"], open_until_ms=row["open_until_ms"])
    now = after(before, attempted.outcome, now_ms=clock.now_ms(), rng=rng)
    if now != before:
        tx.run(CIRCUIT, hook=hook_id, streak=now.streak, openings=now.openings, open_until=now.open_until_ms)
    if attempted.outcome == "ok" and before.openings:
        # It is back: what was put off because of it need not wait out its own time.
        tx.run(ALL_DUE, hook=hook_id, now=clock.now_ms())
    if attempted.outcome == "gone":
        tx.run(GONE, hook=hook_id, reason="the receiver answered 410 Gone", now=clock.now_ms())


def recover(db: "Db", *, is_alive: Callable[[str], bool], mine: Collection[int], clock: Clock, rng: Rng) -> int:
    """Take back what dead processes held, or held for too long; how many. `mine` are under way in this process."""
    if not db.all(SENDING + " limit 1"):
        return 0
    taken = 0
    with db.write() as tx:
        for row in tx.all(SENDING):
            if row["id"] not in mine and _is_lost(row, is_alive, clock):
                taken += _take_back(tx, row, clock, rng)
    return taken


def _is_lost(row: "Row", is_alive: Callable[[str], bool], clock: Clock) -> bool:
    if row["boot_id"] != clock.boot_id() or clock.boot_ms() >= row["lease_until_boot_ms"]:
        return True
    return not is_alive(row["owner"])


def _take_back(tx: "Tx", row: "Row", clock: Clock, rng: Rng) -> int:
    next_ = following("lost", row["attempts"], retry_after_seconds=None, rng=rng)
    moved = tx.run(
        MOVE,
        id=row["id"],
        epoch=row["epoch"],
        state=next_.state,
        reason=next_.reason,
        next_at=clock.now_ms() + next_.wait_ms,
        now=clock.now_ms(),
        head=int(next_.state == "queued"),
    )
    if next_.state == "dead":
        tx.run(PROMOTE, hook=row["hook_id"], instance=row["instance"], chat=row["chat_id"])
    return moved
