"""An outage is told in time: within the window of the rule, its `for`, and 25 seconds (a cell and a look).

On a virtual clock: traffic that is healthy for a while and then fails altogether, at any moment between two looks.
"""

from dataclasses import replace

import pytest

from greenbot.alerts import table
from greenbot.alerts.defaults import SEVEN
from greenbot.alerts.evaluator import Evaluator
from greenbot.alerts.rule import Rule
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.metrics.names import Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series

SLACK_SECONDS = 25
LOOK_SECONDS = 15
CALL_SECONDS = 4
RULES = {rule.name: replace(rule, min_total=min(rule.min_total, 10)) for rule in SEVEN if rule.metric == "error_rate"}
AT_ONCE = Rule(name="at_once", metric="errors", op=">=", threshold=1, window_s=20)


def told_after(db: Db, clock: ManualClock, rule: Rule, *, offset: int, look_seconds: int) -> float:
    """How many seconds after the beginning of an outage somebody is owed a notice."""
    table.add(db, rule, Operator(name="olena", clock=clock))
    evaluator = Evaluator(db, clock=clock, owner="one", instances=lambda: ("kyiv",))
    recorder, names, begun_ms = Recorder(clock), Names(), clock.now_ms()
    fails_from_ms = begun_ms + (rule.window_s + offset) * 1000
    for second in range(1, 2 * rule.window_s + rule.for_s + 300):
        clock.advance(1)
        if second % CALL_SECONDS == 0:
            recorder.count("kyiv", Series.SEND, ok=clock.now_ms() < fails_from_ms, value_ms=90)
            recorder.flush(db, names)
        if second % look_seconds == 0:
            evaluator.turn()
            told = db.scalar("select min(at_ms) from notices where kind = 'firing' and rule = :rule", rule=rule.name)
            if isinstance(told, int):
                return (clock.now_ms() - fails_from_ms) / 1000
    raise AssertionError("nobody was ever told")


@pytest.mark.parametrize("offset", [0, 1, 7, 14])
@pytest.mark.parametrize("rule", [*RULES.values(), AT_ONCE], ids=lambda rule: rule.name)
def test_an_outage_is_told_within_window_and_for_and_one_cell_and_one_look(
    db: Db, clock: ManualClock, rule: Rule, offset: int
) -> None:
    found = told_after(db, clock, rule, offset=offset, look_seconds=LOOK_SECONDS)
    assert rule.for_s <= found <= rule.window_s + rule.for_s + SLACK_SECONDS


def test_an_evaluator_that_looks_once_a_minute_is_too_late(db: Db, clock: ManualClock) -> None:
    found = told_after(db, clock, AT_ONCE, offset=41, look_seconds=60)
    assert found > AT_ONCE.window_s + AT_ONCE.for_s + SLACK_SECONDS, "or the test above proves nothing"
