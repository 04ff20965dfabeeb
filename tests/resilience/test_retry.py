"""When to try again, as a table; how long to wait, with chance fixed at its edges."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.resilience.retry import RetryDecision, RetryPolicy, limited_wait_seconds, next_retry
from tests.resilience.stores import Fixed, Half

NEARLY_ONE = math.nextafter(1.0, 0.0)


@pytest.mark.parametrize(
    ("attempts", "retryable", "retry_after", "wait_seconds"),
    [
        (1, True, None, 1.0),  # the first wait
        (2, True, None, 2.0),  # doubling
        (3, True, None, 4.0),
        (4, True, None, None),  # three retries at most
        (1, False, None, None),  # what may have happened is never repeated
        (1, False, 5.0, None),  # also not when the server invites us
        (1, True, 7.0, 7.0),  # the server's word wins
        (3, True, 0.5, 0.5),  # also when it is shorter
        (1, True, 90.0, 90.0),  # also beyond the cap
        (4, True, 7.0, None),  # but not beyond the last retry
        (1, True, 0.0, 1.0),  # what makes no sense is not followed
        (1, True, -3.0, 1.0),
        (1, True, math.nan, 1.0),
        (1, True, math.inf, 1.0),
    ],
)
def test_the_wait_after_an_attempt(
    attempts: int, retryable: bool, retry_after: float | None, wait_seconds: float | None
) -> None:
    decision = next_retry(attempts, retryable=retryable, retry_after_seconds=retry_after, rng=Half())
    expected = None if wait_seconds is None else RetryDecision(wait_seconds=wait_seconds, retry=attempts)
    assert decision == expected


@pytest.mark.parametrize(
    ("chance", "attempts", "wait_seconds"),
    [
        (0.0, 1, 0.5),  # 1 s - 50 %
        (NEARLY_ONE, 1, 1.5),  # 1 s + 50 %
        (0.0, 3, 2.0),
        (NEARLY_ONE, 3, 6.0),
    ],
)
def test_jitter_is_fifty_percent_in_both_directions(chance: float, attempts: int, wait_seconds: float) -> None:
    decision = next_retry(attempts, retryable=True, retry_after_seconds=None, rng=Fixed(chance))
    assert decision is not None
    assert decision.wait_seconds == pytest.approx(wait_seconds)


@pytest.mark.parametrize("max_retries", [0, 1, 5])
def test_a_setting_says_how_many_retries_there_are(max_retries: int) -> None:
    policy = RetryPolicy(max_retries=max_retries)
    made = [
        next_retry(attempts, retryable=True, retry_after_seconds=None, rng=Half(), policy=policy)
        for attempts in range(1, 9)
    ]
    assert sum(decision is not None for decision in made) == max_retries


@given(seed=st.integers(), attempts=st.integers(1, 2000))
def test_no_formula_waits_longer_than_the_cap_or_less_than_half_of_the_first_wait(seed: int, attempts: int) -> None:
    policy = RetryPolicy(max_retries=5000)
    decision = next_retry(attempts, retryable=True, retry_after_seconds=None, rng=Random(seed), policy=policy)
    assert decision is not None
    assert 0.5 <= decision.wait_seconds <= 60.0


def test_waits_grow_on_average_until_the_cap() -> None:
    rng, policy = Random(3), RetryPolicy(max_retries=10)

    def mean(attempts: int) -> float:
        made = [
            next_retry(attempts, retryable=True, retry_after_seconds=None, rng=rng, policy=policy) for _ in range(400)
        ]
        return sum(decision.wait_seconds for decision in made if decision) / len(made)

    means = [mean(attempts) for attempts in range(1, 7)]
    assert means == sorted(means)
    assert len({round(wait) for wait in means}) == len(means)


@pytest.mark.parametrize(
    ("strikes", "least", "most"),
    [
        (1, 1.0, 2.0),
        (2, 2.0, 4.0),
        (3, 4.0, 8.0),
        (4, 8.0, 16.0),
        (5, 15.0, 30.0),
        (500, 15.0, 30.0),
    ],
)
def test_after_a_429_half_of_the_wait_is_fixed_and_half_is_chance(strikes: int, least: float, most: float) -> None:
    waits = [limited_wait_seconds(strikes, retry_after_seconds=None, rng=Fixed(chance)) for chance in (0.0, NEARLY_ONE)]
    assert waits == pytest.approx([least, most])


def test_after_a_429_the_servers_word_wins() -> None:
    assert limited_wait_seconds(1, retry_after_seconds=45.0, rng=Half()) == 45.0
    assert limited_wait_seconds(1, retry_after_seconds=math.nan, rng=Half()) == 1.5
