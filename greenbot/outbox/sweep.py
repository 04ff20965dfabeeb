"""Recovering what dead processes left behind. Any process may do it, at any time."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.owner import is_alive
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db

# Without statistics SQLite would walk all queued messages instead of the two small indexes.
OWNED = """
select * from messages indexed by messages_owned
 where state in ('claimed', 'sending') and owner is not null order by owner
"""
EXPIRED = """
select * from messages indexed by messages_expiring
 where state = 'queued' and expires_at_ms is not null and expires_at_ms <= :now
 order by expires_at_ms limit 500
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep moved, by message id."""

    requeued: tuple[int, ...] = ()
    uncertain: tuple[int, ...] = ()
    expired: tuple[int, ...] = ()


def sweep(db: "Db", *, run_dir: Path, clock: Clock) -> Swept:
    """Take messages back from owners that died or whose lease is over, and expire what is too late.

    What was only claimed goes back to the queue: nothing had left. What was being sent becomes
    uncertain, never queued. Costs one look at two small indexes when there is nothing to do.
    Raises Busy, StoreError.
    """
    abandoned = _abandoned(db, run_dir, clock)
    late = [Message.from_row(row) for row in db.all(EXPIRED, now=clock.now_ms())]
    if not abandoned and not late:
        return Swept()
    expire = Change(state=State.EXPIRED, reason=Reason.EXPIRED)
    planned = [(message, _recovered(message, reason)) for message, reason in abandoned]
    planned += [(message, expire) for message in late]
    with db.write() as tx:
        # By epoch: whoever came first, a sweeper or the owner itself, has it.
        done = [(message.id, change.state) for message, change in planned if move(tx, message, change, "sweep", clock)]
    return Swept(
        requeued=tuple(message_id for message_id, state in done if state is State.QUEUED),
        uncertain=tuple(message_id for message_id, state in done if state is State.UNCERTAIN),
        expired=tuple(message_id for message_id, state in done if state is State.EXPIRED),
    )


def _abandoned(db: "Db", run_dir: Path, clock: Clock) -> list[tuple[Message, Reason]]:
    alive: dict[str, bool] = {}
    found: list[tuple[Message, Reason]] = []
    for row in db.all(OWNED):
        message = Message.from_row(row)
        owner = message.owner or ""
        if owner not in alive:
            alive[owner] = is_alive(run_dir, owner)
        if not alive[owner]:
            found.append((message, Reason.OWNER_DEAD))
        elif _lease_is_over(message, clock):
            found.append((message, Reason.LEASE_OVER))
    return found


def _lease_is_over(message: Message, clock: Clock) -> bool:
    if message.boot_id != clock.boot_id() or message.lease_until_boot_ms is None:
        return True
    return clock.boot_ms() > message.lease_until_boot_ms


def _recovered(message: Message, reason: Reason) -> Change:
    state = State.QUEUED if message.state is State.CLAIMED else State.UNCERTAIN
    return Change(state=state, reason=reason, cause=None, detail=f"owner {message.owner}")
