"""What the outcome of one POST means for its message: pure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.api.outcome import OutcomeClass
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome

#: What becomes of a message that was certainly not sent: `fail` ends it, for a shell command whose user
#: will run it again; `requeue` keeps it for its next round, for a worker.
OnNotSent = Literal["fail", "requeue"]

#: The outcome of an exchange that was interrupted before its first byte.
INTERRUPTED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Where a message goes, and why."""

    state: State
    reason: Reason
    cause: str | None = None
    detail: str | None = None


def after_outcome(outcome: "Outcome", on_not_sent: OnNotSent) -> Change:
    """The change a message in `sending` makes after `outcome` (guarantees: outcome classes)."""
    state, reason = _move(outcome, on_not_sent)
    return Change(state=state, reason=reason, cause=outcome.reason, detail=outcome.detail or None)


def _move(outcome: "Outcome", on_not_sent: OnNotSent) -> tuple[State, Reason]:
    if outcome.cls.succeeded:
        return State.ACCEPTED, Reason.RESPONSE
    if outcome.cls is OutcomeClass.AMBIGUOUS:
        return State.UNCERTAIN, Reason.AMBIGUOUS
    if outcome.cls is OutcomeClass.PERMANENT:
        return State.FAILED, Reason.REJECTED
    # What is left is known not sent: network before the first byte, 429, quota, credentials, configuration.
    if on_not_sent == "requeue":
        return State.QUEUED, Reason.NOT_SENT
    if outcome.reason == INTERRUPTED:
        return State.CANCELLED, Reason.INTERRUPTED
    return State.FAILED, Reason.NOT_SENT


def wait_ms(outcome: "Outcome", round_attempts: int) -> int:
    """How long a requeued message rests unless its caller knows better: the server's word, or 1 s doubling to 60."""
    if outcome.retry_after_seconds is not None:
        return round(outcome.retry_after_seconds * 1000)
    return min(60_000, 1000 << min(max(0, round_attempts - 1), 6))
