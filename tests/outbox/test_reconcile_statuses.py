"""Statuses climb, whatever order they come in; what GREEN-API never sends on is noticed."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.effects import status_news
from greenbot.messages.incoming.parse import parse
from greenbot.outbox.history import log_of
from greenbot.outbox.message import Message
from greenbot.outbox.reconcile import Reconciler
from greenbot.outbox.states import State
from greenbot.outbox.statuses import LADDER, REFUSALS, StatusNews, apply, step
from greenbot.outbox.table import get
from tests.architecture.files import ROOT
from tests.outbox.conftest import ACCEPTED, Add
from tests.outbox.shelf import GUEST_CHAT, Shelf
from tests.outbox.test_reconcile import look, passes, post

BODIES: dict[str, dict[str, Any]] = {
    path.stem.partition(".")[2]: json.loads(path.read_text())
    for path in (ROOT / "tests" / "data" / "webhooks").glob("outgoingMessageStatus.*.json")
}


def told(name: str) -> StatusNews | None:
    """What a notification as GREEN-API sends it says."""
    return status_news(parse(json.dumps(BODIES[name]).encode()))


@pytest.fixture
def accepted(db: Db, clock: ManualClock, add: Add) -> Message:
    return post(db, clock, add(), ACCEPTED)


@pytest.fixture
def shelf(clock: ManualClock) -> Shelf:
    return Shelf(clock=clock)


@pytest.fixture
def desk(db: Db, clock: ManualClock, run_dir: Path, shelf: Shelf) -> Reconciler:
    return Reconciler(db, {"kyiv": shelf}, clock=clock, run_dir=run_dir)


def tell(db: Db, clock: ManualClock, *words: str) -> list[str]:
    return [apply(db, "kyiv", StatusNews(remote_id="BAE5", status=word), clock=clock) for word in words]


@pytest.mark.parametrize("words", [*itertools.permutations([*LADDER, "sent", "pending"])], ids=" ".join)
def test_in_whatever_order_and_however_often_a_message_only_climbs(
    db: Db, clock: ManualClock, accepted: Message, words: tuple[str, ...]
) -> None:
    tell(db, clock, *words)
    message = get(db, accepted.id)
    assert (message.state, message.delivery) == (State.DELIVERED, "read")
    told = [LADDER.index(line.cause) for line in log_of(db, accepted.id) if line.cause in LADDER]
    assert told == sorted(set(told))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_ends_it_and_nothing_follows(db: Db, clock: ManualClock, accepted: Message, refusal: str) -> None:
    assert tell(db, clock, "sent", refusal, "delivered", "read") == ["moved", "moved", "known", "known"]
    message = get(db, accepted.id)
    assert (message.state, message.reason, message.cause) == (State.FAILED, "status", refusal)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_has_arrived_cannot_be_refused(db: Db, clock: ManualClock, accepted: Message, refusal: str) -> None:
    assert tell(db, clock, "delivered", refusal) == ["moved", "known"]
    assert get(db, accepted.id).state is State.DELIVERED


def test_a_failed_edit_is_not_a_failed_message() -> None:
    news = told("failed.editWindow")
    assert news is not None
    assert step(State.ACCEPTED, "sent", news) is None


@pytest.mark.webhook
@pytest.mark.parametrize(
    ("name", "state", "delivery"),
    [
        ("sent", State.ACCEPTED, "sent"),
        ("delivered", State.DELIVERED, "delivered"),
        ("read", State.DELIVERED, "read"),
        ("noAccount", State.FAILED, None),
        ("notInGroup", State.FAILED, None),
        ("yellowCard", State.FAILED, None),
        ("failed.swe004", State.FAILED, None),
    ],
)
def test_a_notification_tells_a_status(name: str, state: State, delivery: str | None) -> None:
    news = told(name)
    assert news is not None
    found = step(State.ACCEPTED, None, news)
    assert found is not None
    assert (found.change.state, found.delivery) == (state, delivery)
    assert news.at_ms == BODIES[name]["timestamp"] * 1000


def test_a_status_of_an_unknown_message_is_said_so(db: Db, clock: ManualClock) -> None:
    assert tell(db, clock, "sent") == ["unknown"]


@pytest.mark.parametrize(
    "changes",
    [
        {"typeWebhook": "x"},
        {"typeWebhook": "incomingMessageStatus"},
        {"idMessage": None},
        {"status": ""},
    ],
    ids=str,
)
def test_other_bodies_are_no_statuses_of_ours(changes: dict[str, object]) -> None:
    assert status_news(parse(json.dumps(BODIES["read"] | changes).encode())) is None


# --- without notifications ---------------------------------------------------------------------------------------


def test_statuses_are_fetched_while_nobody_tells_them(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, accepted: Message
) -> None:
    shelf.journal = [shelf.item("BAE5", "Welcome", status="delivered")]
    told = passes(desk, clock, 120)
    assert sum(one.statuses for one in told) == 1
    assert get(db, accepted.id).state is State.DELIVERED
    assert shelf.asked == {"lastOutgoingMessages": 1}
    passes(desk, clock, 600)
    assert shelf.asked.total() == 1, "nothing is unconfirmed any more"


def test_what_is_never_sent_on_is_stalled_after_a_quarter_of_an_hour(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, accepted: Message
) -> None:
    shelf.journal = [shelf.item("BAE5", "Welcome", status="pending")]
    look(desk, now=True)  # it is authorized all the time
    passes(desk, clock, 890)
    assert get(db, accepted.id).state is State.ACCEPTED
    passes(desk, clock, 120)
    assert (get(db, accepted.id).state, get(db, accepted.id).reason) == (State.STALLED, "silence")
    assert tell(db, clock, "sent") == ["moved"]
    assert get(db, accepted.id).state is State.ACCEPTED


def test_an_entry_the_journal_forgot_is_asked_for_before_it_counts_as_silence(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, accepted: Message
) -> None:
    shelf.known = {(GUEST_CHAT, "BAE5"): shelf.item("BAE5", "Welcome", status="read")}
    look(desk, now=True)
    passes(desk, clock, 1_000)
    assert (get(db, accepted.id).state, get(db, accepted.id).delivery) == (State.DELIVERED, "read")


@pytest.mark.parametrize("state", ["notAuthorized", "suspended"])
def test_silence_does_not_count_while_the_number_cannot_send(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, accepted: Message, state: str
) -> None:
    shelf.state = state
    passes(desk, clock, 3_600, step=30)
    assert get(db, accepted.id).state is State.ACCEPTED


def test_a_number_that_could_not_send_for_a_while_gets_its_quarter_of_an_hour(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, accepted: Message
) -> None:
    shelf.state = "notAuthorized"
    look(desk, now=True)
    passes(desk, clock, 1_800, step=30)
    shelf.state = "authorized"
    look(desk, now=True)
    passes(desk, clock, 840, step=30)
    assert get(db, accepted.id).state is State.ACCEPTED
    passes(desk, clock, 300, step=30)
    assert get(db, accepted.id).state is State.STALLED
