"""Waiting until a message is where its sender wants it, and what the command leaves with otherwise."""

import itertools
from collections.abc import Callable

import pytest

from greenbot.api.inline import run_inline
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import ExitCode, StillPending
from greenbot.messages.outgoing import TextStatus
from greenbot.outbox.assurance import assured, refresh, shortfall, wait_for
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.statuses import StatusNews, apply
from greenbot.outbox.table import enqueue, get
from greenbot.outbox.watch import Goal
from tests.outbox.conftest import ACCEPTED, Add
from tests.outbox.shelf import BLIND, GUEST_CHAT, Shelf
from tests.outbox.test_reconcile import AMBIGUOUS, post


@pytest.fixture
def shelf(clock: ManualClock) -> Shelf:
    return Shelf(clock=clock)


@pytest.fixture
def message(db: Db, clock: ManualClock, add: Add) -> Message:
    return post(db, clock, add(), ACCEPTED)


Wait = Callable[..., Message]


@pytest.fixture
def wait(db: Db, clock: ManualClock, shelf: Shelf) -> Wait:
    def run(message: Message, goal: Goal, seconds: float = 60.0) -> Message:
        return run_inline(wait_for(db, message.id, goal, seconds=seconds, client=shelf, clock=clock))

    return run


def says(shelf: Shelf, status: str) -> None:
    shelf.known = {(GUEST_CHAT, "BAE5"): shelf.item("BAE5", "Welcome", status=status)}


def test_one_call_waits_and_raises_what_the_command_leaves_with(
    db: Db, clock: ManualClock, shelf: Shelf, message: Message
) -> None:
    says(shelf, "sent")
    asked = {"seconds": 10.0, "client": shelf, "clock": clock}
    assert run_inline(assured(db, message.id, "sent", **asked)).status == "sent"  # type: ignore[arg-type]  # three of three types
    with pytest.raises(StillPending, match="not delivered yet"):
        run_inline(assured(db, message.id, "delivered", **asked))  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("goal", "status", "code"),
    [
        ("accepted", "", None),
        ("sent", "sent", None),
        ("sent", "read", None),
        ("delivered", "delivered", None),
        ("read", "read", None),
        ("sent", "pending", ExitCode.PENDING),
        ("delivered", "sent", ExitCode.PENDING),
        ("read", "delivered", ExitCode.PENDING),
        ("sent", "noAccount", ExitCode.NOT_SENT),
        ("read", "notInGroup", ExitCode.NOT_SENT),
        ("delivered", "yellowCard", ExitCode.NOT_SENT),
    ],
)
def test_the_exit_code_says_how_far_it_came(
    shelf: Shelf, wait: Wait, message: Message, goal: Goal, status: str, code: ExitCode | None
) -> None:
    says(shelf, status)
    error = shortfall(wait(message, goal), goal)
    assert (error.exit_code if error else None) == code


def test_an_unknown_outcome_is_told_at_once(db: Db, clock: ManualClock, shelf: Shelf, add: Add, wait: Wait) -> None:
    doubt = post(db, clock, add(), AMBIGUOUS)
    begun = clock.monotonic()
    error = shortfall(wait(doubt, "delivered"), "delivered")
    assert error is not None
    assert (error.exit_code, clock.monotonic()) == (ExitCode.OUTCOME_UNKNOWN, begun)


def test_what_is_only_queued_when_the_time_is_over_is_pending(clock: ManualClock, add: Add, wait: Wait) -> None:
    begun = clock.monotonic()
    error = shortfall(wait(add(), "accepted", seconds=7), "accepted")
    assert error is not None
    assert (error.exit_code, round(clock.monotonic() - begun)) == (ExitCode.PENDING, 7)


def test_a_status_that_a_notification_told_needs_no_question(
    db: Db, clock: ManualClock, shelf: Shelf, wait: Wait, message: Message
) -> None:
    apply(db, "kyiv", StatusNews(remote_id="BAE5", status="read"), clock=clock)
    assert wait(message, "read").status == "read"
    assert shelf.asked.total() == 0


def test_it_asks_seldom_and_ever_more_seldom(clock: ManualClock, shelf: Shelf, wait: Wait, message: Message) -> None:
    moments: list[float] = []
    shelf.on_call = lambda method: moments.append(clock.monotonic())
    wait(message, "sent", seconds=60)
    gaps = [round(after - before, 1) for before, after in itertools.pairwise(moments)]
    assert shelf.asked.total() == shelf.asked["getMessage"] <= 16
    assert min(gaps) >= 1.0
    assert gaps[-1] >= 5.0


def test_a_network_that_is_down_is_no_answer(db: Db, clock: ManualClock, shelf: Shelf, message: Message) -> None:
    shelf.fails = {"getMessage"}
    assert run_inline(refresh(db, message, client=shelf, clock=clock)) == "unknown"
    assert get(db, message.id) == message
    assert not BLIND.succeeded


def test_of_a_story_nothing_more_will_be_told(db: Db, clock: ManualClock, shelf: Shelf, wait: Wait) -> None:
    story = enqueue(db, NewMessage(instance="kyiv", draft=TextStatus(text="Open")), clock)
    post(db, clock, story, ACCEPTED)
    begun = clock.monotonic()
    error = shortfall(wait(story, "delivered"), "delivered")
    assert error is not None
    assert (error.exit_code, clock.monotonic(), shelf.asked.total()) == (ExitCode.PENDING, begun, 0)
    assert shortfall(get(db, story.id), "accepted") is None
