"""What a person says became of a message of unknown fate. Actions for `operate.carry_out`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from greenbot.db.audit import Operator
from greenbot.outbox.doubts import again_in, declared_in, ended_in, is_ours
from greenbot.outbox.message import Message
from greenbot.outbox.operate import Reader
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Tx


def _not_in_doubt(message: Message) -> str | None:
    """Why there is nothing to decide; None for a message in doubt. It names who decided before."""
    if message.state is State.UNCERTAIN:
        return None
    by = f" (by {message.actor})" if message.reason is Reason.OPERATOR else ""
    return f"is {message.status}{by}; only an uncertain message can be resolved like this"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareSent:
    """The guest has it. With `remote_id`, GREEN-API's id of it, statuses find their message again."""

    name: ClassVar[str] = "resolve_sent"
    remote_id: str | None = None

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if (settled := _not_in_doubt(message)) is not None:
            return settled
        if self.remote_id is not None and is_ours(reader, message.instance, self.remote_id):
            return f"cannot be {self.remote_id}: that id belongs to another message"
        return None

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        assert declared_in(tx, message, self.remote_id, actor=by.name, clock=by.clock), "read in this transaction"
        return message.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAgain:
    """The guest does not have it: back to the queue."""

    name: ClassVar[str] = "resolve_resend"

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if message.state is State.STALLED:
            return "is with GREEN-API; drop it first, then: greenbot outbox retry ID --even-if-sent"
        return _not_in_doubt(message)

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        assert again_in(tx, message, Reason.OPERATOR, actor=by.name, clock=by.clock), "read in this transaction"
        return message.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Whether the guest has it or not, nobody cares about it any more."""

    name: ClassVar[str] = "resolve_drop"

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        return None if message.state is State.STALLED else _not_in_doubt(message)

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        assert ended_in(tx, message, Reason.OPERATOR, actor=by.name, clock=by.clock), "read in this transaction"
        return message.id
