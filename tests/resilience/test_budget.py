"""Ten tokens, a tenth back for a success: retries cannot make a bad hour worse."""

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.resilience.budget import PATIENCE_MS, Budget, earn_in, paid, pay


@pytest.mark.parametrize(
    ("tenths", "after_timeout", "since_ms", "left"),
    [
        (100, False, 0, 90),  # a retry costs one token
        (100, True, 0, 80),  # after a timeout two
        (10, False, 0, 0),
        (9, False, 0, None),  # not enough
        (19, True, 0, None),
        (9, False, PATIENCE_MS - 1, None),
        (9, False, PATIENCE_MS, 0),  # a minute without a retry allows one
        (0, True, PATIENCE_MS, 0),
    ],
)
def test_what_a_retry_costs(tenths: int, after_timeout: bool, since_ms: int, left: int | None) -> None:
    budget = Budget(tenths=tenths, paid_at_ms=5_000)
    after = paid(budget, after_timeout=after_timeout, now_ms=5_000 + since_ms)
    assert (None if after is None else after.tenths) == left


def test_a_storm_of_failures_makes_ten_retries_and_then_one_a_minute(db: Db, clock: ManualClock) -> None:
    assert [pay(db, "hotel", clock, after_timeout=False).paid for _ in range(12)] == [True] * 10 + [False] * 2
    refused = pay(db, "hotel", clock, after_timeout=False)
    assert refused.ask_again_at_ms == clock.now_ms() + PATIENCE_MS
    clock.advance(PATIENCE_MS / 1000)
    assert [pay(db, "hotel", clock, after_timeout=False).paid for _ in range(2)] == [True, False]


def test_ten_successes_buy_one_retry(db: Db, clock: ManualClock) -> None:
    for _ in range(10):
        pay(db, "hotel", clock, after_timeout=False)
    for successes in range(10):
        assert not pay(db, "hotel", clock, after_timeout=False).paid, successes
        with db.write() as tx:
            earn_in(tx, "hotel", clock)
    assert pay(db, "hotel", clock, after_timeout=False).paid


def test_a_full_budget_stays_full_and_unwritten(db: Db, clock: ManualClock) -> None:
    with db.write() as tx:
        earn_in(tx, "hotel", clock)
    assert db.scalar("select count(*) from retry_budgets") == 0


def test_no_number_of_successes_earns_more_than_ten_tokens(db: Db, clock: ManualClock) -> None:
    assert pay(db, "hotel", clock, after_timeout=False).paid
    with db.write() as tx:
        for _ in range(50):
            earn_in(tx, "hotel", clock)
    assert [pay(db, "hotel", clock, after_timeout=False).paid for _ in range(11)] == [True] * 10 + [False]


def test_instances_do_not_pay_for_each_other_and_a_new_boot_forgets(
    db: Db, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        pay(db, "hotel", clock, after_timeout=False)
    assert pay(db, "villa", clock, after_timeout=False).paid
    assert not pay(db, "hotel", clock, after_timeout=False).paid
    monkeypatch.setattr(clock, "boot_id", lambda: "the next boot")
    assert pay(db, "hotel", clock, after_timeout=False).paid
