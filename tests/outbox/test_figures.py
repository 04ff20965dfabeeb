"""The outbox in numbers: equal to what counting by hand would give."""

import random

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.outbox.actions import Cancel, Edit, Hold, Release, Retry
from greenbot.outbox.claims import Claim, claim, mark_sending, release
from greenbot.outbox.decide import Change
from greenbot.outbox.figures import Pace, Why, pace, quantile, reasons
from greenbot.outbox.listing import Filters, list_messages
from greenbot.outbox.operate import Action, Seen, carry_out
from greenbot.outbox.retention import Retention, purge
from greenbot.outbox.states import Reason, State
from greenbot.outbox.turn import next_in_line
from tests.outbox.conftest import ACCEPTED, Add, Line, Send

COUNTED_BY_HAND = """
select instance, state,
       case when held_reason is not null and state = 'queued' then 'held' when reason = 'id_conflict' then reason
            else coalesce(cause, reason) end as why,
       count(*) as messages
  from messages where state in ('queued', 'uncertain', 'stalled', 'failed', 'expired', 'cancelled')
 group by instance, state, why order by instance, state, messages desc, why
"""
AFTER_POST = [
    Change(state=State.QUEUED, reason=Reason.NOT_SENT, cause="connect"),
    Change(state=State.UNCERTAIN, reason=Reason.AMBIGUOUS, cause="read_timeout"),
    Change(state=State.FAILED, reason=Reason.REJECTED, cause="bad_request"),
    Change(state=State.ACCEPTED, reason=Reason.RESPONSE, cause="ok"),
]
ACTIONS: list[Action] = [Hold(), Hold(why="price"), Release(), Cancel(), Retry(), Edit(priority="high")]


@pytest.mark.parametrize("seed", range(5))
def test_the_reasons_equal_a_count_by_hand_whatever_happens(db: Db, add: Add, clock: ManualClock, seed: int) -> None:
    rng = random.Random(seed)
    anna = Operator(name="anna", clock=clock)
    for number in range(200):
        choice = rng.random()
        if choice < 0.4:
            add(to=f"3804400{number:05d}", instance=rng.choice(["kyiv", "odesa"]))
        elif choice < 0.6:
            message = next_in_line(db, rng.choice(["kyiv", "odesa"]), clock.now_ms())
            if message is not None:
                held = claim(db, message.id, owner="worker", clock=clock)
                assert isinstance(held, Claim)
                release(db, mark_sending(db, held, clock=clock), rng.choice(AFTER_POST), clock=clock)
        elif choice < 0.65:
            # Rules give a waiting message another cause without a new epoch.
            with db.write() as tx:
                tx.run("update messages set cause = 'quiet_hours' where state = 'queued' and id % 3 = 0")
        elif choice < 0.68:
            clock.advance(2 * 86_400)
            list(purge(db, Retention(older_than_ms=86_400_000), anna))
        else:
            seen = [Seen.of(one) for one in list_messages(db, Filters(limit=3, before_id=rng.randint(1, 80)))]
            list(carry_out(db, seen, rng.choice(ACTIONS), anna))
    kept = [(why.instance, why.state, why.why, why.messages) for why in reasons(db)]
    assert kept == [tuple(row) for row in db.all(COUNTED_BY_HAND)]
    assert len(kept) > 5


def test_what_passes_through_is_in_no_reason(db: Db, add: Add, send: Send) -> None:
    send(add(), Line(ACCEPTED))
    assert reasons(db) == []
    add(instance="odesa")
    assert reasons(db) == [Why(instance="odesa", state=State.QUEUED, why="added", messages=1)]
    assert reasons(db, "kyiv") == []


def call(db: Db, at_ms: int, outcome: str | None, elapsed_ms: int | None, instance: str = "kyiv") -> None:
    with db.write() as tx:
        tx.run(
            "insert into calls (instance, method, started_at_ms, outcome, elapsed_ms)"
            " values (:instance, 'sendMessage', :at, :outcome, :elapsed)",
            instance=instance,
            at=at_ms,
            outcome=outcome,
            elapsed=elapsed_ms,
        )


def test_the_pace_is_that_of_the_last_five_minutes(db: Db, clock: ManualClock) -> None:
    now = clock.now_ms()
    call(db, now - 300_001, "accepted", 9_999)
    for elapsed in (100, 200, 300, 4000):
        call(db, now - 1000, "accepted", elapsed)
    call(db, now - 1000, "limited", 50)
    call(db, now, None, None)
    call(db, now, "accepted", 70, instance="odesa")
    found = pace(db, now_ms=now)
    assert found["kyiv"] == Pace(instance="kyiv", window_ms=300_000, calls=6, accepted=4, median_ms=200, p95_ms=4000)
    assert (found["kyiv"].accepted_per_minute, found["kyiv"].failed_percent) == (0.8, 33.3)
    assert set(pace(db, "odesa", now_ms=now)) == {"odesa"}


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.5, 7), ([1, 2], 0.5, 1), ([1, 2, 3], 0.5, 2), (range(1, 101), 0.95, 95), ([5], 0.95, 5)],
)
def test_a_quantile_is_a_value_that_occurred(values: list[int], share: float, expected: int | None) -> None:
    assert quantile(values, share) == expected
