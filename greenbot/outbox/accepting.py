"""Recording that GREEN-API took a message: its remote id, which belongs to one message only."""

from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.moving import IN_FLIGHT_IN_CHAT, move
from greenbot.outbox.states import OPEN, Reason, State

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Tx

# The end of nearly every message in one step: each step of a message costs as much as all the rest of a record.
ACCEPT_AT_ONCE = """
update messages
   set state = 'accepted', epoch = epoch + 1, state_at_ms = :now, reason = 'response', cause = :cause, detail = :detail,
       actor = :actor, owner = null, boot_id = null, lease_until_boot_ms = null,
       remote_id = :remote_id, evidence = 'response', accepted_at_ms = :now, uncertain_since_ms = null
 where id = :id and epoch = :epoch
   and not exists (
     select 1 from messages as other where other.instance = messages.instance and other.remote_id = :remote_id)
"""
# `or ignore`: a remote id that is taken changes nothing, and says so by the count.
ACCEPT = """
update or ignore messages
   set remote_id = :remote_id, evidence = :evidence, accepted_at_ms = :now, uncertain_since_ms = null
 where id = :id
"""
WITH_REMOTE_ID = """
select * from messages
 where instance = (select instance from messages where id = :id) and remote_id = :remote_id and id <> :id
"""
FORGET_REMOTE_ID = """
update messages set remote_id = null, evidence = null, accepted_at_ms = null, delivery = null, delivery_at_ms = null
 where id = :id
"""


def accept_at_once(
    tx: "Tx", message_id: int, epoch: int, change: Change, outcome: "Outcome", actor: str, clock: Clock
) -> bool:
    """Move a message from `sending` to `accepted` with its remote id, if that is all there is to it.

    False, and nothing done, when somebody gave the message up meanwhile or another one has that remote id.
    """
    accepted = tx.run(
        ACCEPT_AT_ONCE,
        id=message_id,
        epoch=epoch,
        cause=change.cause,
        detail=change.detail,
        actor=actor,
        remote_id=outcome.remote_id,
        now=clock.now_ms(),
    )
    return accepted == 1


def accept(tx: "Tx", message_id: int, outcome: "Outcome", clock: Clock) -> None:
    """Give a message that was moved to `accepted` its remote id, whoever has it now."""
    now_ms = clock.now_ms()
    if tx.run(ACCEPT, id=message_id, remote_id=outcome.remote_id, evidence="response", now=now_ms):
        return
    # Another message of this instance has that remote id.
    row = tx.one(WITH_REMOTE_ID, id=message_id, remote_id=outcome.remote_id)
    assert row is not None, "what else could have stood in the way"
    other = Message.from_row(row)
    if other.evidence == "response":
        # Two answers with one id: both are true as far as we can know, so both stay accepted.
        tx.run(ACCEPT, id=message_id, remote_id=None, evidence="response", now=now_ms)
        return
    tx.run(FORGET_REMOTE_ID, id=other.id)
    tx.run(ACCEPT, id=message_id, remote_id=outcome.remote_id, evidence="response", now=now_ms)
    _disown(tx, other, message_id, clock)


def _disown(tx: "Tx", other: Message, owner_of_id: int, clock: Clock) -> None:
    """The remote id that reconciliation gave to `other` was answered to another message: `other` is in doubt again."""
    busy = tx.one(IN_FLIGHT_IN_CHAT, instance=other.instance, chat_id=other.chat_id)
    change = Change(
        # One message in doubt per chat: where another is in flight, a human decides about this one.
        state=State.UNCERTAIN if busy is None else State.STALLED,
        reason=Reason.ID_CONFLICT,
        cause=f"message_{owner_of_id}",
    )
    if other.state not in OPEN:
        move(tx, other, change, "outbox", clock)
