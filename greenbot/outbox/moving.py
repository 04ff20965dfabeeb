"""The one statement that moves a message, fenced by its epoch."""

from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.states import State

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

MOVE = """
update messages
   set state = :state, epoch = epoch + 1, state_at_ms = :now, reason = :reason, cause = :cause, detail = :detail,
       actor = :actor, owner = null, boot_id = null, lease_until_boot_ms = null
 where id = :id and epoch = :epoch
"""
IN_FLIGHT_IN_CHAT = """
select id, state from messages
 where instance = :instance and chat_id = :chat_id and state in ('claimed', 'sending', 'uncertain') limit 1
"""
DOUBT = """
update messages set uncertain_since_ms = :now, looks = 0, last_look_at_ms = null,
                    ambiguous_attempts = ambiguous_attempts + 1
 where id = :id
"""


def move(tx: "Tx", message: Message, change: Change, actor: str, clock: Clock) -> bool:
    """One move, if the message is still at the epoch that was read. It ends any claim on it."""
    return move_row(tx, message.id, message.epoch, change, actor, clock)


def move_row(tx: "Tx", message_id: int, epoch: int, change: Change, actor: str, clock: Clock) -> bool:
    """The same for a message of which only this much is known."""
    moved = tx.run(
        MOVE,
        id=message_id,
        epoch=epoch,
        state=change.state,
        reason=change.reason,
        cause=change.cause,
        detail=change.detail,
        actor=actor,
        now=clock.now_ms(),
    )
    if moved and change.state is State.UNCERTAIN:
        tx.run(DOUBT, id=message_id, now=clock.now_ms())
    return moved == 1
