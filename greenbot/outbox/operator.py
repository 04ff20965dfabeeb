"""What a person decides about one message: it was sent, it was not, or it shall not be."""

from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import Refused, UnknownMessage
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State, may_move
from greenbot.outbox.table import BY_ID, get

if TYPE_CHECKING:
    from greenbot.db.connect import Db

SEEN_BY_A_PERSON = """
update messages set evidence = 'operator', accepted_at_ms = :now, uncertain_since_ms = null where id = :id
"""


def decide(db: "Db", message_id: int, state: State, *, actor: str, clock: Clock) -> Message:
    """Move a message where a person wants it: uncertain to accepted, queued or failed, queued to cancelled.

    Raises Refused when the message is in a state in which nobody may decide that, UnknownMessage, Busy, StoreError.
    """
    with db.write() as tx:
        row = tx.one(BY_ID, id=message_id)
        if row is None:
            raise UnknownMessage(f"There is no message {message_id}.", message_id=message_id)
        message = Message.from_row(row)
        if not may_move(message.state, state, Reason.OPERATOR):
            raise Refused(f"Message {message_id} is {message.state}; {_WORDS[state]}.", message_id=message_id)
        move(tx, message, Change(state=state, reason=Reason.OPERATOR), actor, clock)
        if state is State.ACCEPTED:
            tx.run(SEEN_BY_A_PERSON, id=message_id, now=clock.now_ms())
    return get(db, message_id)


_WORDS = {
    State.ACCEPTED: "only an uncertain message can be declared sent",
    State.FAILED: "only an uncertain message can be dropped",
    State.QUEUED: "only an uncertain message can be sent again this way",
    State.CANCELLED: "only a queued message can be cancelled",
}
