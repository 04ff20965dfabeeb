"""What the worker does when GREEN-API does not: retries, stops, and comes back, in virtual time."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.states import State
from greenbot.outbox.table import get
from greenbot.resilience.shared_health import health_of, resume
from tests.outbox.conftest import Add
from tests.outbox.virtual import UNREACHABLE, Post, Remote, Weather, Yard, refused

FORBIDDEN = refused(401, OutcomeClass.AUTH, "token_refused")
QUOTA = refused(466, OutcomeClass.QUOTA, "quota_method")
UNAVAILABLE = refused(503, OutcomeClass.NOT_SENT)
TOO_MANY = refused(429, OutcomeClass.LIMITED, "rate_limited")
NOT_LINKED = refused(400, OutcomeClass.NOT_SENT, "instance_not_authorized")
NOWHERE = refused(404, OutcomeClass.CONFIG, "not_found")


@pytest.fixture
def remote(clock: ManualClock) -> Remote:
    return Remote(clock=clock)


@pytest.fixture
def yard(db: Db, clock: ManualClock, run_dir: Path, remote: Remote) -> Yard:
    # Without a bound on the remote queue, so that the limits alone set the pace.
    return Yard(db=db, clock=clock, run_dir=run_dir, remote=remote, limits=LaneLimits(most_unconfirmed=None))


def linked_as(account: str) -> Outcome:
    return Outcome(cls=OutcomeClass.OK, reason="ok", data={"stateInstance": account}, status=200)


def until(clock: ManualClock, seconds: float, outcome: Outcome, *, also_queries: bool = True) -> Weather:
    """Bad weather for so long from now on, then fine."""
    end_ms = clock.now_ms() + seconds * 1000

    def weather(post: Post) -> Outcome | None:
        bad = post.at_ms < end_ms and (also_queries or post.method.startswith("send"))
        return outcome if bad else None

    return weather


def test_what_was_certainly_not_sent_is_tried_again_after_one_two_and_four_seconds(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    message = add("again and again")
    remote.weather = lambda post: UNAVAILABLE if post.text else None
    yard.work(owner, seconds=12)
    moments = [post.at_ms for post in remote.sends()]
    waits = [(later - first) / 1000 for first, later in pairwise(moments)]
    assert len(waits) == 3
    assert all(0.5 * due <= wait <= 1.5 * due + 0.3 for due, wait in zip((1, 2, 4), waits, strict=True))
    after = get(yard.db, message.id)
    assert (after.state, after.attempts, after.round_attempts) == (State.QUEUED, 4, 0)


def test_after_its_round_a_message_rests_and_gets_another_one(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    message = add("again and again")
    remote.weather = until(clock, 60, UNAVAILABLE, also_queries=False)
    assert yard.drain(owner)
    after = get(yard.db, message.id)
    assert after.state is State.ACCEPTED
    assert after.attempts > 4


def test_a_pause_that_was_asked_for_is_kept(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    add("first")
    add("second", "380447654321")
    limited = refused(429, OutcomeClass.LIMITED, "rate_limited", wait=7.0)
    remote.weather = lambda post: limited if post.text and len(remote.sends()) == 1 else None
    assert yard.drain(owner)
    moments = [post.at_ms for post in remote.sends()]
    assert moments[1] - moments[0] >= 7000
    assert len(moments) == 3


def test_two_refused_tokens_stop_an_instance_keep_its_queue_and_leave_the_others_alone(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    for number in range(10):
        add(f"kyiv {number}", f"38050{number:07d}")
        add(f"odesa {number}", f"38050{number:07d}", instance="odesa")
    remote.weather = lambda post: FORBIDDEN if post.instance == "kyiv" else None
    assert yard.drain(owner)
    posts = Counter(post.instance for post in remote.posts)
    assert posts["kyiv"] == 2
    assert len(remote.executed) == 10
    assert health_of(yard.db, "kyiv").state == "auth_failed"
    assert yard.db.scalar("select count(*) from messages where instance = 'kyiv' and state = 'queued'") == 10
    assert (
        "kyiv",
        "GREEN-API refused the token twice, so nothing is tried until somebody stores the right one",
    ) in yard.news


def test_a_person_lets_a_stopped_instance_go_on(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    add("waits for a person")
    remote.weather = lambda post: FORBIDDEN
    yard.work(owner, seconds=300)
    assert len(remote.posts) == 2
    # Nobody asks again soon, and a good answer would not do: somebody has to say so.
    remote.weather = lambda post: None
    yard.work(owner, seconds=1800)
    assert [post.method for post in remote.posts[2:]] == ["getStateInstance"] * 2
    resume(yard.db, "kyiv", clock)
    assert yard.drain(owner)
    assert [post.text for post in remote.executed] == ["waits for a person"]


def test_a_used_up_quota_holds_its_instance_and_is_tried_again_after_an_hour(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    for number in range(5):
        add(f"kyiv {number}", f"38050{number:07d}")
    add("odesa", instance="odesa")
    remote.weather = lambda post: QUOTA if post.text.startswith("kyiv") else None
    yard.work(owner, seconds=3 * 3600)
    tries = [post for post in remote.sends() if post.instance == "kyiv"]
    assert 3 <= len(tries) <= 5
    assert [post.text for post in remote.executed] == ["odesa"]
    assert health_of(yard.db, "kyiv").state == "quota"
    remote.weather = lambda post: None
    yard.work(owner, seconds=2 * 3600)
    assert len(remote.executed) == 6
    assert health_of(yard.db, "kyiv").state == "authorized"


@pytest.mark.parametrize("account", ["notAuthorized", "blocked", "yellowCard", "suspended", "starting"])
def test_nothing_is_sent_while_the_number_cannot_and_all_is_when_it_can_again(
    account: str, yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    for number in range(5):
        add(f"text {number}", f"38050{number:07d}")
    start = clock.now_ms()
    remote.weather = lambda post: (
        linked_as(account) if post.method == "getStateInstance" and post.at_ms < start + 300_000 else None
    )
    yard.work(owner, seconds=290)
    assert remote.sends() == []
    assert 5 <= len(remote.posts) <= 30
    yard.work(owner, seconds=120)
    assert len(remote.executed) == 5


def test_an_unlinked_phone_that_only_a_send_reveals_stops_the_instance_after_one(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    for number in range(5):
        add(f"text {number}", f"38050{number:07d}")
    yard.limits = LaneLimits(second_rate=1, most_unconfirmed=None)
    remote.weather = lambda post: NOT_LINKED if post.text else None
    yard.work(owner, seconds=25)
    assert len(remote.sends()) == 1
    assert health_of(yard.db, "kyiv").state == "not_sendable"


def test_a_sleeping_phone_gets_only_what_may_arrive_tomorrow(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    now = clock.now_ms()
    add("any time", "380501111111")
    add("within a week", "380502222222", expires_at_ms=now + 7 * 86_400_000)
    add("today", "380503333333", expires_at_ms=now + 8 * 3_600_000)
    remote.weather = lambda post: linked_as("sleepMode") if post.method == "getStateInstance" else None
    yard.work(owner, seconds=300)
    assert [post.text for post in remote.executed] == ["any time", "within a week"]


def test_a_wrong_address_is_asked_again_every_five_minutes_and_no_more(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    for number in range(5):
        add(f"text {number}", f"38050{number:07d}")
    remote.weather = lambda post: NOWHERE
    yard.work(owner, seconds=1500)
    assert len(remote.posts) <= 6
    assert yard.db.scalar("select count(*) from messages where state = 'queued'") == 5


STORMS = [
    pytest.param(UNAVAILABLE, True, id="503 for everything"),
    pytest.param(UNAVAILABLE, False, id="503 for messages only"),
    pytest.param(UNREACHABLE, True, id="connection refused"),
    pytest.param(TOO_MANY, False, id="429 for messages"),
    pytest.param(TOO_MANY, True, id="429 for everything"),
]


@pytest.mark.parametrize(("outcome", "also_queries"), STORMS)
@pytest.mark.parametrize("messages", [100, 400])
def test_ten_minutes_of_bad_weather_are_not_answered_with_a_storm_of_tries(
    outcome: Outcome,
    also_queries: bool,
    messages: int,
    yard: Yard,
    add: Add,
    owner: Owner,
    remote: Remote,
    clock: ManualClock,
) -> None:
    for number in range(messages):
        add(f"text {number}", f"38050{number:07d}")
    remote.weather = until(clock, 600, outcome, also_queries=also_queries)
    assert yard.drain(owner, seconds=4 * 3600)
    assert len(remote.executed) == messages
    assert len(remote.sends()) <= 1.1 * messages + 10
    minutes = (remote.posts[-1].at_ms - remote.posts[0].at_ms) / 60_000
    assert len(remote.posts) - len(remote.sends()) <= minutes + 5
    # No herd: the messages that waited leave at the pace of the limits.
    good = [post.at_ms for post in remote.executed]
    assert all(later - first >= 1000 for first, later in zip(good, good[2:], strict=False))


def test_with_limits_lifted_an_opening_is_tried_with_one_call_at_a_time(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    yard.limits = LaneLimits(minute_count=None, second_rate=None, most_unconfirmed=None)
    for number in range(300):
        add(f"text {number}", f"38050{number:07d}")
    end_ms = clock.now_ms() + 120_000
    remote.weather = until(clock, 120, UNREACHABLE)
    yard.work(owner, seconds=240)
    after = [post for post in remote.posts if post.at_ms >= end_ms]
    assert after[0].method == "getStateInstance"
    first, second = [post.at_ms for post in after if post.text][:2]
    assert second > first
