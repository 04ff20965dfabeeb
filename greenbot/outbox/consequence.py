"""What one outcome means beyond its message: for the breaker, the instance and the next try. Pure."""

from typing import TYPE_CHECKING

from greenbot.api.outcome import OutcomeClass
from greenbot.outbox.decide import INTERRUPTED
from greenbot.resilience import health as healths
from greenbot.resilience.health import NOWHERE, Health
from greenbot.resilience.retry import RetryPolicy, Rng, next_retry

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.resilience.breaker import Result

#: Refusals that speak of the instance and not of the message, and the state that explains them.
_STATES = {"instance_starting": "starting", "instance_not_authorized": "notAuthorized"}
#: A message whose round of tries is over rests about so long; every wait varies by half of it.
ROUND_REST_SECONDS = 60.0


def for_breaker(outcome: "Outcome") -> "Result":
    """What this outcome says about the host."""
    if outcome.cls is OutcomeClass.LIMITED or outcome.reason in (INTERRUPTED, "unexpected_error"):
        return "ignored"
    if outcome.cls not in (OutcomeClass.NOT_SENT, OutcomeClass.AMBIGUOUS):
        return "ok"
    if outcome.status is None:
        return "unreachable"
    return "ok" if 400 <= outcome.status < 499 and outcome.status != 408 else "failed"


def for_instance(health: Health, outcome: "Outcome", now_ms: int) -> Health:
    """What is known of the instance after this outcome of a send."""
    if outcome.cls.succeeded:
        return healths.worked(health, now_ms)
    if outcome.cls is OutcomeClass.AUTH:
        return healths.refused(health, outcome.detail or outcome.reason, now_ms)
    if outcome.cls is OutcomeClass.QUOTA:
        return healths.out_of_quota(health, outcome.reason, now_ms)
    if outcome.cls is OutcomeClass.CONFIG:
        return healths.not_ready(health, NOWHERE, outcome.detail or outcome.reason, now_ms)
    if outcome.reason in _STATES:
        return healths.not_ready(health, _STATES[outcome.reason], outcome.detail or outcome.reason, now_ms)
    return health


def after_question(health: Health, outcome: "Outcome", now_ms: int) -> Health:
    """What is known of the instance after getStateInstance."""
    if outcome.cls.succeeded:
        return healths.answered(health, _account(outcome.data), now_ms)
    if outcome.reason == INTERRUPTED:
        return health
    if outcome.cls is OutcomeClass.LIMITED:
        return healths.put_off(health)
    if outcome.cls is OutcomeClass.NOT_SENT and outcome.reason not in _STATES:
        return healths.missed(health, now_ms)
    return for_instance(health, outcome, now_ms)


def _account(data: object) -> str:
    # GREEN-API docs: null while the instance is being created.
    word = data.get("stateInstance") if isinstance(data, dict) else None
    return word if isinstance(word, str) else "starting"


def rest_ms(outcome: "Outcome", round_attempts: int, policy: RetryPolicy, rng: Rng) -> tuple[int, bool]:
    """How long a message that goes back to the queue rests, and whether its round of tries is over.

    What the instance or the limiter decides needs no rest of the message's own.
    """
    if outcome.cls is not OutcomeClass.NOT_SENT or outcome.reason in _STATES or outcome.reason == INTERRUPTED:
        return 0, False
    wait_seconds = outcome.retry_after_seconds
    decision = next_retry(round_attempts, retryable=True, retry_after_seconds=wait_seconds, rng=rng, policy=policy)
    if decision is not None:
        return round(decision.wait_seconds * 1000), False
    rest_seconds = ROUND_REST_SECONDS * (0.5 + rng.random())
    return round(1000 * max(rest_seconds, wait_seconds or 0)), True
