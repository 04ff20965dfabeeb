"""Why a message waits and until when: each reason, their order, and that they are what the claim goes by."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.outbox.claims import Blocked, claim
from greenbot.outbox.pauses import Pause, pause
from greenbot.outbox.presence import Presence
from greenbot.outbox.states import Reason, State
from greenbot.outbox.waiting import Ahead, Around, Wait, ahead_of, around, standing, waits
from greenbot.resilience.breaker import Circuit
from greenbot.resilience.health import Health
from greenbot.resilience.limiter import Waiting as Limited
from greenbot.resilience.limits import per_minute
from greenbot.resilience.shared_health import change
from tests.outbox.acting import bring
from tests.outbox.conftest import GUEST, OTHER_GUEST, Add

NOW = ManualClock().now_ms()
FINE = Health(state="authorized", account="authorized", seen_at_ms=NOW)
QUIET = Around(health=FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    go: bool = False
    why: str | None = "quiet_hours"
    until_ms: int | None = NOW + 5


PAUSED = Pause(instance="kyiv", since_at_ms=NOW, reason="new phone", actor="anna")

ONE_REASON = [
    # what is around it, what is asked besides, the reason
    (replace(QUIET, pause=PAUSED), {}, Wait(why="paused", words="paused by anna: new phone")),
    (
        replace(QUIET, pause=replace(PAUSED, reason="")),
        {},
        Wait(why="paused", words="paused by anna"),
    ),
    (
        replace(QUIET, health=replace(FINE, state="quota", until_at_ms=NOW + 9)),
        {},
        Wait(why="quota", words="the quota of this month is used up", until_at_ms=NOW + 9),
    ),
    (
        replace(QUIET, health=replace(FINE, state="not_sendable", reason="notAuthorized")),
        {},
        Wait(why="not_sendable", words="notAuthorized"),
    ),
    (
        replace(QUIET, circuits={"api": Circuit(state="open", open_until_ms=30_000, reason="5 calls in a row")}),
        {},
        Wait(why="breaker", words="the circuit breaker of api is open: 5 calls in a row", until_at_ms=NOW + 30_000),
    ),
    (
        replace(QUIET, circuits={"api": Circuit(state="forced_open", reason="maintenance")}),
        {},
        Wait(why="breaker", words="the circuit breaker of api is forced open: maintenance"),
    ),
    (replace(QUIET, circuits={"media": Circuit(state="forced_open")}), {}, None),
    (
        QUIET,
        {"limited": Limited(reason="limit", until_at_ms=NOW + 7, wait_ms=7, limit=per_minute(60))},
        Wait(why="limit", words="the limit of 60 per minute", until_at_ms=NOW + 7),
    ),
    (
        QUIET,
        {"ahead": Ahead(id=3, state=State.UNCERTAIN)},
        Wait(why="chat_order", words="first comes message 3 to the same chat, whose outcome is unknown"),
    ),
    (
        QUIET,
        {"ahead": Ahead(id=3, state=State.QUEUED)},
        Wait(why="chat_order", words="first comes message 3 to the same chat, which is queued"),
    ),
    (QUIET, {"verdict": Verdict()}, Wait(why="quiet_hours", words="quiet hours", until_at_ms=NOW + 5)),
    (QUIET, {"verdict": Verdict(go=True)}, None),
    (
        replace(QUIET, served=False),
        {},
        Wait(why="no_worker", words="no worker runs; start one with: greenbot outbox run"),
    ),
    (QUIET, {}, None),
]


@pytest.mark.parametrize(("near", "besides", "expected"), ONE_REASON)
def test_each_reason_has_its_words_and_its_end(
    add: Add, clock: ManualClock, near: Around, besides: dict[str, object], expected: Wait | None
) -> None:
    found = waits(add(), near, clock, **besides)  # type: ignore[arg-type]  # rows of the table
    assert found == (() if expected is None else (expected,))


OF_THE_MESSAGE = [
    ({"held_reason": "price"}, Wait(why="held", words="held: price")),
    (
        {"scheduled_at_ms": NOW + 5, "not_before_ms": NOW + 5},
        Wait(why="scheduled", words="scheduled", until_at_ms=NOW + 5),
    ),
    (
        {"not_before_ms": NOW + 5, "attempts": 1, "reason": Reason.NOT_SENT, "cause": "connect_refused"},
        Wait(why="retry", words="try 2 after connect refused", until_at_ms=NOW + 5),
    ),
    (
        {"scheduled_at_ms": NOW + 5, "not_before_ms": NOW + 5, "campaign_id": 3},
        Wait(why="campaign", words="paced by its campaign", until_at_ms=NOW + 5),
    ),
    (
        {"scheduled_at_ms": NOW + 5, "not_before_ms": NOW + 5, "campaign_id": 3, "cause": "quiet_hours"},
        Wait(why="quiet_hours", words="quiet hours", until_at_ms=NOW + 5),
    ),
    ({"not_before_ms": NOW}, None),
]


@pytest.mark.parametrize(("fields", "expected"), OF_THE_MESSAGE)
def test_what_concerns_the_message_alone(
    add: Add, clock: ManualClock, fields: dict[str, object], expected: Wait | None
) -> None:
    message = replace(add(), **fields)  # type: ignore[arg-type]  # rows of the table
    assert waits(message, QUIET, clock) == (() if expected is None else (expected,))


def test_all_reasons_are_told_the_messages_own_first(add: Add, clock: ManualClock) -> None:
    near = Around(pause=PAUSED, health=FINE, circuits={"api": Circuit(state="forced_open")}, served=False)
    message = replace(add(), held_reason="price", not_before_ms=NOW + 5)
    found = waits(message, near, clock, ahead=Ahead(id=1, state=State.SENDING), verdict=Verdict())
    assert [wait.why for wait in found] == [
        *("held", "scheduled", "chat_order", "paused", "breaker", "quiet_hours", "no_worker")
    ]
    assert [wait.why for wait in standing(near, clock)] == ["paused", "breaker"]


@pytest.mark.parametrize("state", [state for state in State if state not in (State.QUEUED, State.EXPIRED)])
def test_what_does_not_wait_waits_for_nothing(db: Db, add: Add, clock: ManualClock, state: State) -> None:
    message = bring(db, add(), state, clock)
    assert waits(message, Around(pause=PAUSED), clock, ahead=Ahead(id=1, state=State.SENDING)) == ()


def test_what_is_around_an_instance_is_read_from_the_store(db: Db, clock: ManualClock, run_dir: Path) -> None:
    anna = Operator(name="anna", clock=clock)
    pause(db, "kyiv", reason="new phone", by=anna)
    change(db, "kyiv", lambda health: replace(health, state="auth_failed", refusals=2))
    found = around(db, "kyiv", clock, run_dir=run_dir)
    assert [wait.why for wait in standing(found, clock)] == ["paused", "auth_failed"]
    assert not found.served
    worker = Presence(run_dir, "one")
    worker.serve(["kyiv"])
    assert around(db, "kyiv", clock, run_dir=run_dir).served
    assert not around(db, "odesa", clock, run_dir=run_dir).served
    worker.close()


@pytest.mark.parametrize("first", [State.QUEUED, State.SENDING, State.UNCERTAIN])
def test_who_comes_first_in_a_chat_is_who_the_claim_would_name(
    db: Db, add: Add, clock: ManualClock, first: State
) -> None:
    older, mine, other = add(to=GUEST), add(to=GUEST), add(to=OTHER_GUEST)
    if first is not State.QUEUED:
        bring(db, older, first, clock)
    ahead = ahead_of(db, mine, clock.now_ms())
    blocked = claim(db, mine.id, owner="me", clock=clock)
    assert isinstance(blocked, Blocked)
    assert ahead == Ahead(id=older.id, state=first)
    assert (blocked.behind, blocked.behind_state) == (older.id, first)
    assert ahead_of(db, other, clock.now_ms()) is None


def test_a_younger_message_that_overtook_is_first_as_long_as_it_is_on_its_way(
    db: Db, add: Add, clock: ManualClock
) -> None:
    mine, younger = add(to=GUEST), add(to=GUEST)
    claim(db, younger.id, owner="direct", clock=clock, may_overtake=True)
    assert ahead_of(db, mine, clock.now_ms()) == Ahead(id=younger.id, state=State.CLAIMED)
