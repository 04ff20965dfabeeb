"""What an operator can do to a message: hold, release, cancel or edit one that waits, retry one that ended.

Each action says what stands in its way (in words that go on after "Message 12"), and how it is done.
`operate.carry_out` does it, with its line in the audit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from greenbot.db.audit import Operator
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import PRIORITIES, Message, NewMessage, Priority
from greenbot.outbox.operate import Reader
from greenbot.outbox.states import ENDS, Reason, State
from greenbot.outbox.table import enqueue_in

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

#: What a paused campaign holds its messages with. Only the campaign lets them go: it also gives them new times.
CAMPAIGN_HOLD = "campaign paused"
OPERATOR_HOLD = "by an operator"

SET_HOLD = """
update messages set held_reason = :held, epoch = epoch + 1, state_at_ms = :now, reason = :reason, cause = null,
                    detail = null, actor = :actor
 where id = :id and epoch = :epoch and state = 'queued'
"""
SET_TIMES = """
update messages set scheduled_at_ms = :scheduled_at, not_before_ms = :not_before, expires_at_ms = :expires_at,
                    priority = :priority, epoch = epoch + 1, state_at_ms = :now, reason = 'edited', cause = null,
                    detail = null, actor = :actor
 where id = :id and epoch = :epoch and state = 'queued'
"""
NEWER_TRY = "select id from messages where retry_of = :id order by id desc limit 1"
GIVE_KEY_AWAY = "update messages set dedupe_key = null where id = :id"


def not_waiting(message: Message) -> str | None:
    """Why only what waits can still be changed; None for a message that does."""
    if message.state is State.QUEUED:
        return None
    return _NOT_WAITING.get(message.state, f"is {message.state} already").replace("ID", str(message.id))


_NOT_WAITING = {
    State.CLAIMED: "is being sent at this moment",
    State.SENDING: "is being sent at this moment",
    State.UNCERTAIN: "may have been sent; look with: greenbot outbox reconcile ID",
    State.ACCEPTED: "is with GREEN-API already",
    State.STALLED: "is with GREEN-API already, which did not send it on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep a message from leaving, whatever its time, until it is released."""

    name: ClassVar[str] = "hold"
    why: str = OPERATOR_HOLD

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if message.held_reason == self.why:
            return f"is held already: {self.why}"
        return not_waiting(message)

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        return _set_hold(tx, message, self.why, Reason.HELD, by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let a held message go on."""

    name: ClassVar[str] = "release"

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if message.state is State.QUEUED and message.held_reason is None:
            return "is not held"
        if message.held_reason == CAMPAIGN_HOLD:
            return "is held by its campaign; let that go on with: greenbot campaign resume"
        return not_waiting(message)

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        return _set_hold(tx, message, None, Reason.RELEASED, by)


def _set_hold(tx: "Tx", message: Message, held: str | None, reason: Reason, by: Operator) -> int:
    now_ms = by.clock.now_ms()
    changed = tx.run(SET_HOLD, id=message.id, epoch=message.epoch, held=held, reason=reason, now=now_ms, actor=by.name)
    assert changed == 1, "read in this transaction"
    return message.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """End a message that has not left; it never will."""

    name: ClassVar[str] = "cancel"
    why: str | None = None

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        return not_waiting(message)

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        ended = Change(state=State.CANCELLED, reason=Reason.OPERATOR, detail=self.why)
        assert move(tx, message, ended, by.name, by.clock), "read in this transaction"
        return message.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Change when a message leaves, until when it is worth sending, and before which others; None: as it was."""

    name: ClassVar[str] = "edit"
    scheduled_at_ms: int | None = None
    expires_at_ms: int | None = None
    never_expires: bool = False
    priority: Priority | None = None

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if (waiting := not_waiting(message)) is not None:
            return waiting
        if self.scheduled_at_ms is not None and message.campaign_id is not None:
            return "belongs to a campaign, which sets its time"
        leaves_ms = max(now_ms, self._scheduled_at_ms(message))
        expires_ms = self._expires_at_ms(message)
        return "would expire before it may leave" if expires_ms is not None and expires_ms <= leaves_ms else None

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        priority = message.priority if self.priority is None else self.priority
        changed = tx.run(
            SET_TIMES,
            id=message.id,
            epoch=message.epoch,
            scheduled_at=self._scheduled_at_ms(message),
            not_before=message.not_before_ms if self.scheduled_at_ms is None else self.scheduled_at_ms,
            expires_at=self._expires_at_ms(message),
            priority=PRIORITIES.index(priority),
            now=by.clock.now_ms(),
            actor=by.name,
        )
        assert changed == 1, "read in this transaction"
        return message.id

    def _scheduled_at_ms(self, message: Message) -> int:
        return message.scheduled_at_ms if self.scheduled_at_ms is None else self.scheduled_at_ms

    def _expires_at_ms(self, message: Message) -> int | None:
        if self.never_expires:
            return None
        return message.expires_at_ms if self.expires_at_ms is None else self.expires_at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Send what ended unsent once more: as a new message that names the old one in `retry_of`.

    The new one keeps everything but the schedule: recipient, draft, key, priority, class, policy, and its place in
    a campaign. What lived for an hour lives for an hour again. `even_if_sent`: also what may have reached the guest.
    """

    name: ClassVar[str] = "retry"
    even_if_sent: bool = False

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        if message.state not in ENDS:
            return _NOT_OVER.get(message.state, f"is {message.state}; it needs no retry").replace("ID", str(message.id))
        newer = reader.one(NEWER_TRY, id=message.id)
        if newer is not None:
            return f"was retried already, as message {newer['id']}"
        if not (self.even_if_sent or surely_unsent(message)):
            return "may have reached the guest all the same; to send it again anyway, add --even-if-sent"
        return None

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        from greenbot.outbox.deliver import draft_of

        draft = draft_of(message)
        now_ms = by.clock.now_ms()
        # The new message stands for the key now: who repeats the first command finds this try.
        tx.run(GIVE_KEY_AWAY, id=message.id)
        new = NewMessage(
            instance=message.instance,
            draft=draft,
            key=message.dedupe_key,
            priority=message.priority,
            message_class=message.message_class,
            policy=message.policy,
            expires_at_ms=_as_long_again(message, now_ms),
            campaign_id=message.campaign_id,
            campaign_row=message.campaign_row,
            retry_of=message.id,
            file_sha256=message.file_sha256,
            actor=by.name,
        )
        return enqueue_in(tx, new, by.clock).id


def surely_unsent(message: Message) -> bool:
    """Whether an ended message did not reach the guest: it never left, or GREEN-API itself reported its failure."""
    reported = message.state is State.FAILED and message.reason is Reason.STATUS and not message.ambiguous_attempts
    return message.known_not_sent or reported


def _as_long_again(message: Message, now_ms: int) -> int | None:
    if message.expires_at_ms is None:
        return None
    begun_ms = max(message.created_at_ms, message.scheduled_at_ms)
    return now_ms + max(message.expires_at_ms - begun_ms, 0)


_NOT_OVER = {
    State.QUEUED: "still waits to be sent; a worker does that: greenbot outbox run",
    State.UNCERTAIN: "may have been sent; look with: greenbot outbox reconcile ID",
    State.STALLED: "is with GREEN-API, which did not send it on; settle it with: greenbot outbox resolve ID",
}
