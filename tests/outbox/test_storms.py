"""Ten minutes in which GREEN-API gives everybody the same bad answer, two workers, and the minutes after it."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.outbox import turn
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.resilience.budget import Payment
from tests.outbox.conftest import Add
from tests.outbox.virtual import UNREACHABLE, Remote, Yard, in_virtual_time, refused

STORM_MS = 600_000
MESSAGES = 100
#: G12: attempts against the messages they are for.
MOST_ATTEMPTS = 1.1 * MESSAGES + 10

UNAVAILABLE = refused(503, OutcomeClass.NOT_SENT)
TOO_MANY = refused(429, OutcomeClass.LIMITED, "rate_limited")
TOO_MANY_WAIT = refused(429, OutcomeClass.LIMITED, "rate_limited", wait=5.0)

STORMS = [
    pytest.param(UNAVAILABLE, id="503"),
    pytest.param(TOO_MANY, id="429"),
    pytest.param(TOO_MANY_WAIT, id="429 with Retry-After"),
    pytest.param(UNREACHABLE, id="connection refused"),
]
#: As usual, and as much as GREEN-API allows at all.
LIMITS = [
    pytest.param(LaneLimits(), id="2 per second"),
    pytest.param(LaneLimits(minute_count=3000, second_rate=50.0, most_unconfirmed=None), id="50 per second"),
]
#: What a call takes in this weather.
CALL_MS = 50


@pytest.fixture
def remote(clock: ManualClock) -> Remote:
    return Remote(clock=clock)


@pytest.fixture
def yard(db: Db, clock: ManualClock, run_dir: Path, remote: Remote) -> Yard:
    return Yard(db=db, clock=clock, run_dir=run_dir, remote=remote)


@pytest.fixture
def second_owner(run_dir: Path) -> Iterator[Owner]:
    with Owner(run_dir, owner_id="other") as other:
        yield other


@pytest.fixture
def second_db(db: Db, clock: ManualClock) -> Iterator[Db]:
    other = connect(db.path, clock=clock)
    yield other
    other.close()


@pytest.fixture
def storm(yard: Yard, add: Add, owner: Owner, second_owner: Owner, second_db: Db, remote: Remote) -> "Storm":
    return Storm(yard, add, owner, second_owner, second_db, remote)


class Storm:
    """Two workers in the same weather."""

    def __init__(self, yard: Yard, add: Add, owner: Owner, second_owner: Owner, second_db: Db, remote: Remote) -> None:
        self.remote = remote
        self._yard, self._add = yard, add
        self._owners = ((owner, yard.db), (second_owner, second_db))

    def pass_over(self, outcome: Outcome, limits: LaneLimits) -> int:
        """Everything is sent in the end; when the storm ended."""
        self._yard.limits = limits
        for number in range(MESSAGES):
            self._add(f"text {number}", f"38050{number:07d}")
        end_ms = self._yard.clock.now_ms() + STORM_MS
        self.remote.weather = lambda post: outcome if post.at_ms < end_ms else None
        assert in_virtual_time(self._yard.clock, self._both()) == [True, True]
        return end_ms

    async def _both(self) -> list[bool]:
        workers = [self._yard.worker(owner, db=db, seed=seed) for seed, (owner, db) in enumerate(self._owners)]
        return await asyncio.gather(*(worker.run(drain=True) for worker in workers))


def most_in(moments_ms: list[int], window_ms: int) -> int:
    """The most calls in any window of this length."""
    return max(sum(first <= moment < first + window_ms for moment in moments_ms) for first in moments_ms)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("outcome", STORMS)
def test_ten_minutes_of_it_cost_few_attempts_and_lose_nothing(
    outcome: Outcome, limits: LaneLimits, storm: Storm
) -> None:
    storm.pass_over(outcome, limits)
    assert sorted(post.text for post in storm.remote.executed) == sorted(f"text {n}" for n in range(MESSAGES))
    assert len(storm.remote.sends()) <= MOST_ATTEMPTS
    # Whether the instance is there is asked about once a minute in fine weather, and hardly more often now.
    questions = [post for post in storm.remote.posts if post.method == "getStateInstance"]
    minutes = (storm.remote.posts[-1].at_ms - storm.remote.posts[0].at_ms) / 60_000
    assert len(questions) <= minutes + 3


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("outcome", STORMS)
def test_afterwards_nobody_exceeds_a_limit_and_all_is_sent_soon(
    outcome: Outcome, limits: LaneLimits, storm: Storm
) -> None:
    end_ms = storm.pass_over(outcome, limits)
    good_ms = [post.at_ms for post in storm.remote.executed]
    assert limits.minute_count is not None
    assert limits.second_rate is not None
    assert most_in(good_ms, 1000) <= limits.second_rate
    assert most_in(good_ms, 60_000) <= limits.minute_count
    # A breaker rests for six minutes at most; what waits in line for its retry pays one a minute.
    assert good_ms[0] - end_ms <= 6 * 60_000 + 15_000
    assert good_ms[-1] - end_ms <= 15 * 60_000


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("outcome", [UNAVAILABLE, UNREACHABLE], ids=["503", "connection refused"])
def test_first_one_process_asks_then_two_messages_try_it_one_by_one(
    outcome: Outcome, limits: LaneLimits, storm: Storm
) -> None:
    end_ms = storm.pass_over(outcome, limits)
    question, *rest = [post for post in storm.remote.posts if post.at_ms >= end_ms]
    assert question.method == "getStateInstance"
    first, second, third = rest[:3]
    moments_ms = [post.at_ms for post in (question, first, second, third)]
    assert all(post.method == "sendMessage" for post in (first, second))
    assert all(later - sooner >= CALL_MS for sooner, later in pairwise(moments_ms))


@pytest.mark.parametrize("outcome", [TOO_MANY, TOO_MANY_WAIT], ids=["429", "429 with Retry-After"])
def test_after_429_one_message_tries_it_before_the_others_follow_and_the_full_rate_comes_back(
    outcome: Outcome, storm: Storm
) -> None:
    end_ms = storm.pass_over(outcome, LaneLimits(minute_count=3000, second_rate=50.0, most_unconfirmed=None))
    first_ms, second_ms = [post.at_ms for post in storm.remote.sends() if post.at_ms >= end_ms][:2]
    assert second_ms - first_ms >= CALL_MS
    assert most_in([post.at_ms for post in storm.remote.executed][-20:], 1000) >= 10


@pytest.mark.parametrize("outcome", STORMS)
def test_while_it_lasts_no_retry_after_is_disregarded_and_no_minute_is_busy(outcome: Outcome, storm: Storm) -> None:
    end_ms = storm.pass_over(outcome, LaneLimits())
    bad = [post.at_ms for post in storm.remote.sends() if post.at_ms < end_ms]
    assert most_in(bad, 60_000) <= 10 + 1
    if outcome.retry_after_seconds:
        assert all(later - sooner >= 1000 * outcome.retry_after_seconds for sooner, later in pairwise(bad))


def test_without_a_budget_for_retries_it_would_be_too_many(storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "pay_in", lambda *_, **__: Payment(paid=True))
    storm.pass_over(TOO_MANY_WAIT, LaneLimits())
    assert len(storm.remote.sends()) > MOST_ATTEMPTS
