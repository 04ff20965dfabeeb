"""What one delivery came to, as a value: everything its caller needs to say or decide."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.errors import BadDraft, GreenbotError, NotSent, OutcomeUnknown, StillPending
from greenbot.outbox.claims import Blocked
from greenbot.outbox.message import Message
from greenbot.outbox.states import ENDS, Reason, State

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try to deliver one message.

    `message` is the row afterwards. `outcome` is what the POST led to, None when there was none.
    `blocked` says why there was none. `store_warning`: the POST was made, but its outcome could not be
    recorded; the row says `sending` and will become uncertain, whatever `outcome` knows.
    """

    message: Message
    outcome: "Outcome | None" = None
    blocked: Blocked | None = None
    store_warning: str | None = None

    @property
    def sent(self) -> bool:
        """GREEN-API took the message."""
        return self.outcome is not None and self.outcome.succeeded

    def error(self) -> GreenbotError | None:
        """What to tell a caller who wanted this message sent now; None when it was, now or earlier.

        It also serves a message that `enqueue` found under its key: `Delivery(message=found).error()`.
        A message that stays in the queue is StillPending, because running the command again
        would send it twice.
        """
        if self.sent:
            return None
        if self.message.state is State.QUEUED:
            return StillPending(self._still_pending(), message_id=self.message.id, instance=self.message.instance)
        if self.outcome is not None:
            return self._of_outcome(self.outcome)
        return self._without_post()

    def _of_outcome(self, outcome: "Outcome") -> GreenbotError:
        from greenbot.api.endpoints import ENDPOINTS
        from greenbot.api.failures import error_of

        message = self.message
        endpoint = ENDPOINTS.get(message.method)
        return error_of(outcome, instance=message.instance, message_id=message.id, endpoint=endpoint)

    def _without_post(self) -> GreenbotError | None:
        message, words = self.message, self.message.detail or self.message.cause
        if self.blocked is not None and self.blocked.behind is not None:
            return NotSent(self._behind(), hint=_HINT.format(message_id=self.blocked.behind), message_id=message.id)
        if message.reason is Reason.BAD_DRAFT:
            return BadDraft(words, message_id=message.id)
        if message.state in (State.CLAIMED, State.SENDING):
            return StillPending(f"Another process is sending message {message.id}.", message_id=message.id)
        if message.state is State.UNCERTAIN:
            return OutcomeUnknown(hint=_NOT_AGAIN.format(message_id=message.id), message_id=message.id)
        if message.state not in ENDS:
            return None
        kind = NotSent if message.known_not_sent else GreenbotError
        said = f"Message {message.id} is {message.state}" + (f": {words.rstrip('.')}." if words else ".")
        return kind(said, hint=_HINT.format(message_id=message.id), message_id=message.id)

    def _still_pending(self) -> str:
        if self.blocked is not None and self.blocked.behind is not None:
            return f"Message {self.message.id} waits behind message {self.blocked.behind} to the same chat."
        words = self.outcome.detail or self.outcome.reason if self.outcome is not None else self.message.held_reason
        return f"Message {self.message.id} is accepted and waits" + (f": {words}." if words else ".")

    def _behind(self) -> str:
        assert self.blocked is not None, "asked only about blocked messages"
        why = _AHEAD.get(self.blocked.behind_state or State.SENDING, "which is on its way")
        return f"It was not sent: first comes message {self.blocked.behind} to the same chat, {why}."


_AHEAD = {State.UNCERTAIN: "whose outcome is unknown", State.QUEUED: "which still waits"}
_HINT = "See it with: greenbot outbox show {message_id}"
_NOT_AGAIN = f"Do not just run it again: the guest could get it twice. {_HINT}"
