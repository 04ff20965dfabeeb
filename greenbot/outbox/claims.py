"""Moving one message on: claim, begin to post, finish. Each is one transaction, fenced by the epoch.

Whoever writes with an epoch that is no longer the message's has lost it to somebody else, and
what it wanted to write is dropped.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from greenbot.clock import Clock
from greenbot.errors import UnknownMessage
from greenbot.outbox.accepting import accept, accept_at_once
from greenbot.outbox.decide import Change, OnNotSent, after_outcome, wait_ms
from greenbot.outbox.gate import Rules, Verdict
from greenbot.outbox.message import Message
from greenbot.outbox.moving import IN_FLIGHT_IN_CHAT, move, move_row
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import get

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db, Tx

__all__ = [
    "LEASE_FOR_FILES_MS",
    "LEASE_MS",
    "OLDER_IN_CHAT",
    "Blocked",
    "Claim",
    "Fenced",
    "claim",
    "finish",
    "finish_in",
    "mark_in",
    "mark_sending",
    "move",
    "release",
    "release_in",
    "take_in",
]

#: Longer than any send may take (15 s to write, 30 s to read and 15 s of grace); uploads need more.
LEASE_MS = 90_000
LEASE_FOR_FILES_MS = 240_000


class Fenced(Exception):
    """The message moved on without us; what we were about to record is not true any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on one message, until somebody else's epoch."""

    message_id: int
    epoch: int
    owner: str
    lease_ms: int
    call_id: int | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Why a message could not be claimed; `behind` is the message of the same chat it waits for."""

    why: Literal["not_queued", "held", "too_early", "expired", "chat_busy", "chat_order", "rules"]
    behind: int | None = None
    behind_state: State | None = None
    until_ms: int | None = None
    #: What the rules said, where they are why.
    verdict: Verdict | None = None


BY_ID = "select * from messages where id = :id"
# Held messages and those whose time has not come let younger ones pass; those resting after a failure do not.
OLDER_IN_CHAT = """
select id, state from messages
 where instance = :instance and chat_id = :chat_id and id < :id
   and state in ('queued', 'claimed', 'sending', 'uncertain')
   and held_reason is null and scheduled_at_ms <= :now and (expires_at_ms is null or expires_at_ms > :now)
 order by id limit 1
"""
TAKE = """
update messages
   set state = 'claimed', epoch = epoch + 1, state_at_ms = :now, reason = 'claim', cause = null, detail = null,
       actor = :owner, owner = :owner, boot_id = :boot, lease_until_boot_ms = :lease
 where id = :id and state = 'queued' and epoch = :epoch
"""


def claim(
    db: "Db",
    message_id: int,
    *,
    owner: str,
    clock: Clock,
    lease_ms: int = LEASE_MS,
    may_overtake: bool = False,
    rules: Rules | None = None,
) -> Claim | Blocked:
    """Take one message to work on it, if it may leave now.

    A chat's messages leave in the order of acceptance: an older one that is due blocks this one
    unless `may_overtake`; one in flight or uncertain always does. A message whose time is over
    becomes expired here. Raises UnknownMessage, Busy, StoreError.
    """
    with db.write() as tx:
        message = _read(tx, message_id)
        blocked = _blocked(tx, message, clock.now_ms(), may_overtake=may_overtake) or _held_back(
            tx, message, clock.now_ms(), rules
        )
        if blocked is None:
            return take_in(tx, message, owner=owner, clock=clock, lease_ms=lease_ms)
        if blocked.why == "expired":
            move(tx, message, Change(state=State.EXPIRED, reason=Reason.EXPIRED), owner, clock)
    return blocked


def _blocked(tx: "Tx", message: Message, now_ms: int, *, may_overtake: bool) -> Blocked | None:
    if message.state is not State.QUEUED:
        return Blocked(why="not_queued")
    if message.expires_at_ms is not None and message.expires_at_ms <= now_ms:
        return Blocked(why="expired")
    if message.held_reason is not None:
        return Blocked(why="held")
    if message.not_before_ms > now_ms:
        return Blocked(why="too_early", until_ms=message.not_before_ms)
    return _behind(tx, message, now_ms, may_overtake=may_overtake)


def _held_back(tx: "Tx", message: Message, now_ms: int, rules: Rules | None) -> Blocked | None:
    verdict = None if rules is None else rules.may_leave(tx, message, now_ms)
    return None if verdict is None or verdict.go else Blocked(why="rules", verdict=verdict)


def _behind(tx: "Tx", message: Message, now_ms: int, *, may_overtake: bool) -> Blocked | None:
    chat = {"instance": message.instance, "chat_id": message.chat_id}
    busy = tx.one(IN_FLIGHT_IN_CHAT, **chat)
    if busy is not None:
        return Blocked(why="chat_busy", behind=busy["id"], behind_state=State(busy["state"]))
    older = None if may_overtake else tx.one(OLDER_IN_CHAT, **chat, id=message.id, now=now_ms)
    if older is not None:
        return Blocked(why="chat_order", behind=older["id"], behind_state=State(older["state"]))
    return None


def _read(tx: "Tx", message_id: int) -> Message:
    row = tx.one(BY_ID, id=message_id)
    if row is None:
        raise UnknownMessage(f"There is no message {message_id}.", message_id=message_id)
    return Message.from_row(row)


def take_in(tx: "Tx", message: Message, *, owner: str, clock: Clock, lease_ms: int) -> Claim:
    """Claim a message that was read, and found free to leave, in this very transaction."""
    taken = tx.run(
        TAKE,
        id=message.id,
        epoch=message.epoch,
        owner=owner,
        now=clock.now_ms(),
        boot=clock.boot_id(),
        lease=clock.boot_ms() + lease_ms,
    )
    assert taken == 1, "read and taken in one transaction"
    return Claim(message_id=message.id, epoch=message.epoch + 1, owner=owner, lease_ms=lease_ms)


POST = """
update messages
   set state = 'sending', epoch = epoch + 1, state_at_ms = :now, reason = 'post', cause = null, detail = null,
       lease_until_boot_ms = :lease, attempts = attempts + 1, round_attempts = round_attempts + 1,
       first_post_at_ms = coalesce(first_post_at_ms, :now), last_post_at_ms = :now
 where id = :id and state = 'claimed' and epoch = :epoch
returning instance, method, attempts
"""
BEGIN_CALL = """
insert into calls (message_id, instance, method, attempt, owner, started_at_ms)
values (:id, :instance, :method, :attempt, :owner, :now)
"""
END_CALL = """
update calls set outcome = :outcome, reason = :reason, detail = :detail, status = :status, remote_id = :remote_id,
                 retry_after_ms = :retry_after, elapsed_ms = :elapsed
 where id = :id
"""
REST = "update messages set not_before_ms = max(not_before_ms, :until) where id = :id"


def mark_sending(db: "Db", held: Claim, *, clock: Clock) -> Claim:
    """Commit "about to POST": from here on a crash leaves the message uncertain, not queued.

    The lease begins anew, so it always outlasts the one POST that follows. Raises Fenced, Busy, StoreError.
    """
    with db.write() as tx:
        return mark_in(tx, held, clock=clock)


def mark_in(tx: "Tx", held: Claim, *, clock: Clock) -> Claim:
    """The same inside the caller's transaction; the POST waits for its commit."""
    row = tx.one(POST, id=held.message_id, epoch=held.epoch, now=clock.now_ms(), lease=clock.boot_ms() + held.lease_ms)
    if row is None:
        raise Fenced
    call_id = tx.insert(
        BEGIN_CALL,
        id=held.message_id,
        instance=row["instance"],
        method=row["method"],
        attempt=row["attempts"],
        owner=held.owner,
        now=clock.now_ms(),
    )
    return Claim(
        message_id=held.message_id,
        epoch=held.epoch + 1,
        owner=held.owner,
        lease_ms=held.lease_ms,
        call_id=call_id,
        attempt=row["attempts"],
    )


def finish(
    db: "Db",
    held: Claim,
    outcome: "Outcome",
    *,
    clock: Clock,
    on_not_sent: OnNotSent = "requeue",
    rest_ms: int | None = None,
) -> Message:
    """Record the outcome of the POST; the message as it is afterwards.

    A message that goes back to the queue rests `rest_ms`, or as long as the outcome suggests.
    When somebody gave the message up meanwhile, only a real answer still counts: it outranks any
    guess. Raises Fenced when the outcome had to be dropped, Busy, StoreFull, StoreError.
    """
    with db.write() as tx:
        recorded = finish_in(tx, held, outcome, clock=clock, on_not_sent=on_not_sent, rest_ms=rest_ms)
    if recorded is None:
        raise Fenced
    return get(db, held.message_id)


def finish_in(
    tx: "Tx",
    held: Claim,
    outcome: "Outcome",
    *,
    clock: Clock,
    on_not_sent: OnNotSent = "requeue",
    rest_ms: int | None = None,
) -> Change | None:
    """The same inside the caller's transaction: the change that was made, None when the outcome had to be dropped."""
    _end_call(tx, held, outcome)
    change = after_outcome(outcome, on_not_sent)
    if change.state is State.ACCEPTED and accept_at_once(
        tx, held.message_id, held.epoch, change, outcome, held.owner, clock
    ):
        return change
    if not move_row(tx, held.message_id, held.epoch, change, held.owner, clock):
        message = _read(tx, held.message_id)
        late = _late(message, held, change)
        if late is None:
            return None
        move(tx, message, late, held.owner, clock)
        change = late
    _afterwards(tx, held.message_id, change, outcome, clock, rest_ms)
    return change


def release(db: "Db", held: Claim, change: Change, *, clock: Clock) -> bool:
    """End a claim without an outcome: given back, cancelled, or in doubt. False when fenced."""
    with db.write() as tx:
        return release_in(tx, held, change, clock=clock)


def release_in(tx: "Tx", held: Claim, change: Change, *, clock: Clock) -> bool:
    """The same inside the caller's transaction."""
    return move_row(tx, held.message_id, held.epoch, change, held.owner, clock)


def _late(message: Message, held: Claim, change: Change) -> Change | None:
    """What an answer still means for a message that was given up while it was on its way."""
    if message.state is State.UNCERTAIN and message.attempts == held.attempt and change.state is State.ACCEPTED:
        return replace(change, reason=Reason.LATE_RESPONSE)
    return None


def _end_call(tx: "Tx", held: Claim, outcome: "Outcome") -> None:
    wait = outcome.retry_after_seconds
    tx.run(
        END_CALL,
        id=held.call_id,
        outcome=outcome.cls,
        reason=outcome.reason,
        detail=outcome.detail,
        status=outcome.status,
        remote_id=outcome.remote_id,
        retry_after=None if wait is None else round(wait * 1000),
        elapsed=outcome.elapsed_ms,
    )


def _afterwards(
    tx: "Tx", message_id: int, change: Change, outcome: "Outcome", clock: Clock, rest_ms: int | None
) -> None:
    if change.state is State.QUEUED:
        rest = wait_ms(outcome, _read(tx, message_id).round_attempts) if rest_ms is None else rest_ms
        tx.run(REST, id=message_id, until=clock.now_ms() + rest)
    elif change.state is State.ACCEPTED:
        accept(tx, message_id, outcome, clock)
