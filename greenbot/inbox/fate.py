"""What becomes of an event after an attempt that failed. Pure."""

from greenbot.inbox.claims import Move
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.states import Reason, State
from greenbot.resilience.retry import RetryPolicy, Rng, next_retry

MOST_ATTEMPTS = 8
#: 1 s, doubling, at most a minute, each varied: a chat is held up for about two minutes by an event that cannot work.
POLICY = RetryPolicy(max_retries=MOST_ATTEMPTS - 1)
_MOST_DETAIL = 300


def after_failure(event: StoredEvent, error: Exception, *, rng: Rng, now_ms: int) -> Move:
    """Another try after a while, or the end of tries."""
    detail = f"{type(error).__name__}: {error}"[:_MOST_DETAIL].encode("utf-8", "replace").decode("utf-8")
    again = next_retry(event.attempts, retryable=True, retry_after_seconds=None, rng=rng, policy=POLICY)
    if again is None:
        return Move(state=State.DEAD, reason=Reason.FAILED, detail=detail, attempts=event.attempts)
    return Move(
        state=State.STORED,
        reason=Reason.FAILED,
        detail=detail,
        attempts=event.attempts,
        next_at_ms=now_ms + round(again.wait_seconds * 1000),
    )


def after_crash(event: StoredEvent, reason: Reason, *, rng: Rng, now_ms: int) -> Move:
    """Once more at once, for most processes die of something else; then after longer and longer rests.

    Without the rests an innocent event at the head of the line would be given up in a crash loop of a second.
    """
    detail = f"owner {event.owner}"
    if event.attempts >= MOST_ATTEMPTS:
        return Move(state=State.DEAD, reason=reason, detail=detail, attempts=event.attempts)
    again = next_retry(event.attempts - 1, retryable=True, retry_after_seconds=None, rng=rng, policy=POLICY)
    rest_seconds = again.wait_seconds if again is not None and event.attempts > 1 else 0.0
    next_at_ms = now_ms + round(rest_seconds * 1000) if rest_seconds else 0
    return Move(state=State.STORED, reason=reason, detail=detail, attempts=event.attempts, next_at_ms=next_at_ms)


def released(event: StoredEvent) -> Move:
    """Back as it was: nobody tried it."""
    return Move(state=State.STORED, reason=Reason.RELEASED, attempts=event.attempts - 1)
