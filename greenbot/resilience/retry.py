"""When to try again, and how long to wait before: decisions only, nobody sleeps here.

Only for what is known not to have happened, and for calls that may be repeated. A send whose
outcome is unknown is never a case for this module.
"""

import math
from dataclasses import dataclass
from typing import Protocol

#: Bounds of the wait after a 429 that names no time (GREEN-API docs: wait at least 1 s).
LIMITED_LEAST_SECONDS = 1.0
LIMITED_MOST_SECONDS = 30.0


class Rng(Protocol):
    """What is needed of `random.Random`, so that a shell command need not import it."""

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """First wait, doubling, cap, and how often at most; each wait varies by `jitter` in both directions."""

    first_seconds: float = 1.0
    cap_seconds: float = 60.0
    max_retries: int = 3
    jitter: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """Try again, for the `retry`-th time, after this wait."""

    wait_seconds: float
    retry: int


DEFAULT_POLICY = RetryPolicy()


def next_retry(
    attempts: int,
    *,
    retryable: bool,
    retry_after_seconds: float | None,
    rng: Rng,
    policy: RetryPolicy = DEFAULT_POLICY,
) -> RetryDecision | None:
    """Whether to try again after `attempts` attempts (1 after the first), and when; None to stop.

    What the server asks for (`Retry-After`) wins over the formula, also beyond the cap.
    """
    if not retryable or attempts > policy.max_retries:
        return None
    wait_seconds = _asked_for(retry_after_seconds)
    if wait_seconds is None:
        wait_seconds = _backoff_seconds(attempts, rng, policy)
    return RetryDecision(wait_seconds=wait_seconds, retry=attempts)


def limited_wait_seconds(strikes: int, *, retry_after_seconds: float | None, rng: Rng) -> float:
    """How long to leave a limit alone after its `strikes`-th 429 in a row (1 after the first).

    `Retry-After` if present; otherwise equal jitter, half of it fixed: 1 to 2 s, doubling, up to 15 to 30 s.
    """
    asked = _asked_for(retry_after_seconds)
    if asked is not None:
        return asked
    longest = min(LIMITED_MOST_SECONDS, 2 * LIMITED_LEAST_SECONDS * _doubled(strikes))
    return longest / 2 + longest / 2 * rng.random()


def _backoff_seconds(attempts: int, rng: Rng, policy: RetryPolicy) -> float:
    wait_seconds = min(policy.cap_seconds, policy.first_seconds * _doubled(attempts))
    return min(policy.cap_seconds, wait_seconds * (1 - policy.jitter + 2 * policy.jitter * rng.random()))


def _doubled(nth: int) -> int:
    # No cap lies beyond 2^30, and larger powers would not fit a float one day.
    return 1 << min(30, max(0, nth - 1))


def _asked_for(retry_after_seconds: float | None) -> float | None:
    """The server's wish, unless it makes no sense."""
    if retry_after_seconds is None or not math.isfinite(retry_after_seconds) or retry_after_seconds <= 0:
        return None
    return retry_after_seconds
