"""A rule over minutes that are long gone: when it would have fired, for whom, and which threshold had been quiet."""

from dataclasses import replace

import pytest

from greenbot.alerts.backtest import NotKept, backtest
from greenbot.alerts.defaults import SEVEN
from greenbot.alerts.drill import begin
from greenbot.alerts.evaluator import Evaluator
from greenbot.alerts.rule import Rule
from greenbot.alerts.table import UnknownRule, add
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.rollup import roll_up
from greenbot.metrics.series import Series

NOON_S = 1_795_348_800
HOUR_S = 3600
BREAKER = """
insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms) values ('kyiv', 'api', '', 0, 0)
"""
HIGH, CRITICAL, SLOW = (next(rule for rule in SEVEN if rule.name == name)
                        for name in ("high_error_rate", "critical_error_rate", "slow_response"))  # fmt: skip


class Past:
    """What happened, told minute by minute."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.names = Names()
        self._counted = Recorder(ManualClock(NOON_S * 1000))

    def calls(
        self, first_minute: int, minutes: int, *, each: int = 30, bad: int = 0, instance: str = "kyiv", ms: int = 100
    ) -> None:
        for minute in range(first_minute, first_minute + minutes):
            for number in range(each):
                self._counted.count(
                    instance,
                    Series.SEND,
                    ok=number >= bad,
                    value_ms=ms,
                    at_ms=(NOON_S + minute * 60) * 1000 + number * 60_000 // each,
                )

    def told(self, rule: Rule, hours: int = 24) -> list[tuple[str, int, int | None]]:
        """Who would have had an alert, from which minute to which."""
        self.roll_up()
        found = backtest(self.db, self.names, rule, NOON_S, NOON_S + hours * HOUR_S).firings
        return [
            (
                one.instance,
                _minute(one.fired_at_ms),
                None if one.resolved_at_ms is None else _minute(one.resolved_at_ms),
            )
            for one in found
        ]

    def roll_up(self) -> None:
        self._counted.flush(self.db, self.names)
        roll_up(self.db, self.names)


def _minute(at_ms: int) -> int:
    return (at_ms // 1000 - NOON_S) // 60


@pytest.fixture
def past(db: Db) -> Past:
    return Past(db)


def test_a_quiet_day_has_no_alert(past: Past) -> None:
    past.calls(0, 600, each=4)

    assert past.told(HIGH) == []


def test_an_outage_is_found_where_it_was(past: Past) -> None:
    past.calls(0, 60)
    past.calls(60, 20, bad=30)
    past.calls(80, 60)

    assert past.told(CRITICAL) == [("kyiv", 62, 81)]
    assert past.told(HIGH) == [("kyiv", 66, 82)]


def test_failures_that_were_too_short_are_no_alert(past: Past) -> None:
    past.calls(0, 60)
    past.calls(60, 3, bad=10)
    past.calls(63, 60)

    assert past.told(HIGH) == []


def test_slow_answers_are_found(past: Past) -> None:
    past.calls(0, 30, each=3)
    past.calls(30, 30, each=3, ms=9000)
    past.calls(60, 60, each=3)

    assert past.told(SLOW) == [("kyiv", 38, 63)]


def test_an_alert_that_is_not_over_has_no_end(past: Past) -> None:
    past.calls(0, 60, bad=30)

    assert past.told(CRITICAL, hours=1) == [("kyiv", 2, None)]


def test_the_fleet_needs_two(past: Past) -> None:
    past.calls(0, 10, bad=30)
    assert {who for who, _, _ in past.told(CRITICAL)} == {"kyiv"}

    past.calls(0, 10, bad=30, instance="lviv")
    assert {who for who, _, _ in past.told(CRITICAL)} == {"kyiv", "lviv", FLEET}


def test_only_the_instances_of_the_rule_are_looked_at(past: Past) -> None:
    for instance in ("kyiv", "lviv"):
        past.calls(0, 10, bad=30, instance=instance)

    assert {who for who, _, _ in past.told(replace(CRITICAL, instances="l*", scope="instance"))} == {"lviv"}


def test_a_breaker_that_was_open_counts_as_failures(past: Past, db: Db) -> None:
    past.calls(0, 1, each=12, bad=12)
    with db.write() as tx:
        tx.run(BREAKER)
        for minute, state in ((1, "open"), (30, "half_open"), (31, "closed")):
            tx.run("update breakers set state = :state, epoch = epoch + 1, since_at_ms = :at",
                   state=state, at=(NOON_S + minute * 60) * 1000)  # fmt: skip
    past.calls(31, 30)

    assert past.told(CRITICAL) == [("kyiv", 2, 32)]


def test_a_threshold_is_suggested_that_would_have_been_quiet(past: Past) -> None:
    for hour in range(24):
        past.calls(hour * 60, 40)
        past.calls(hour * 60 + 40, 12, bad=6)  # 20 %, every hour
        past.calls(hour * 60 + 52, 8)
    past.calls(24 * 60, 60)
    past.calls(25 * 60, 15, bad=18)  # 60 %, once
    past.calls(25 * 60 + 15, 60)
    past.roll_up()

    found = backtest(past.db, past.names, HIGH, NOON_S, NOON_S + 28 * HOUR_S, most_per_week=6)
    assert len(found.firings) == 25
    assert found.per_week == pytest.approx(25 * 6)
    assert found.suggested is not None
    assert 20 < found.suggested < 60
    assert found.suggested_firings == 1
    quiet = backtest(past.db, past.names, replace(HIGH, threshold=found.suggested), NOON_S, NOON_S + 28 * HOUR_S)
    assert len(quiet.firings) == 1


def test_a_rule_that_is_quiet_already_keeps_its_threshold(past: Past) -> None:
    past.calls(0, 600)
    past.roll_up()

    found = backtest(past.db, past.names, HIGH, NOON_S, NOON_S + 10 * HOUR_S, most_per_week=1)
    assert (found.suggested, found.suggested_firings) == (10, 0)


def test_where_no_threshold_helps_none_is_suggested(past: Past) -> None:
    for hour in range(10):
        past.calls(hour * 60, 20, bad=30)
        past.calls(hour * 60 + 20, 40)
    past.roll_up()

    assert backtest(past.db, past.names, HIGH, NOON_S, NOON_S + 10 * HOUR_S, most_per_week=1).suggested is None


def test_what_is_not_kept_cannot_be_replayed(past: Past) -> None:
    rule = Rule(name="doubts", metric="uncertain_messages", op=">=", threshold=1, window_s=60)

    with pytest.raises(NotKept, match="uncertain_messages"):
        backtest(past.db, past.names, rule, NOON_S, NOON_S + HOUR_S)


def test_it_agrees_with_what_the_evaluator_did(past: Past, db: Db, clock: ManualClock, by: Operator) -> None:
    """To the minute, and to the width of a window that begins with whole minutes."""
    past.calls(0, 20)
    past.calls(20, 15, bad=12)
    past.calls(35, 30)
    past.roll_up()
    add(db, HIGH, by)
    evaluator = Evaluator(db, clock=clock, owner="one")
    for _ in range(65 * 4):
        clock.advance(15)
        evaluator.turn()
    log = db.all("select to_state, at_ms from alert_log where instance = 'kyiv' order by id")
    real = [_minute(row["at_ms"]) for row in log if row["to_state"] in ("firing", "resolved")]
    ((_, fired, resolved),) = past.told(HIGH)

    assert len(real) == 2
    assert abs(fired - real[0]) <= 1
    assert resolved is not None
    assert abs(resolved - real[1]) <= 2


def test_a_drill_is_a_marked_notice_and_no_alert(db: Db, by: Operator, clock: ManualClock) -> None:
    add(db, HIGH, by)
    first = begin(db, "high_error_rate", "kyiv", by)
    clock.advance(1)
    second = begin(db, "high_error_rate", "kyiv", by, receivers=["night"])
    rows = db.all("select id, kind, state, reason, severity from notices order by id")

    assert [row["id"] for row in rows] == [first, second]
    assert {(row["kind"], row["state"], row["reason"], row["severity"]) for row in rows} == {
        ("drill", "waiting", "drill", "high")}  # fmt: skip
    assert db.all("select 1 from alerts") == []
    with pytest.raises(UnknownRule):
        begin(db, "nope", "kyiv", by)
