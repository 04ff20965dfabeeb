"""Every clause of judging and every move between states, as tables."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from greenbot.alerts.evaluate import (
    Alert,
    Condition,
    Reading,
    State,
    Verdict,
    clean_calls,
    closing,
    judge,
    step,
)
from greenbot.alerts.rule import Rule
from greenbot.metrics.cell import Cell

NOW_MS = 1_795_348_800_000
MINUTE_MS = 60_000
RATE = Rule(name="r", metric="error_rate", op=">=", threshold=10, window_s=300, min_total=20, min_bad=3)
SUCCESS = replace(RATE, metric="success_rate", op="<=", threshold=90)
SLOW = Rule(name="s", metric="response_time", op=">", threshold=5000, window_s=300, min_total=5)
HITS = Rule(name="h", metric="rate_limit_hits", op=">=", threshold=5, window_s=300)
TRUE, FALSE, UNCLEAR = Condition.TRUE, Condition.FALSE, Condition.UNCLEAR


def cell(good: int, bad: int = 0, *, ms: int = 0, hits: int = 0, seconds: int = 300, ends_well: bool = True) -> Cell:
    """So many good and bad ones, evenly over so many seconds; the bad ones first, or last."""
    order = [False] * bad + [True] * good if ends_well else [True] * good + [False] * bad
    made = Cell()
    for number, ok in enumerate(order):
        label = "429 rate_limited" if number < hits else ""
        made.add(NOW_MS + seconds * 1000 * number // max(1, len(order) - 1), ok=ok, value_ms=ms or None, label=label)
    return made


JUDGED: Mapping[str, tuple[Rule, Reading, Condition, str]] = {
    "3 of 30 are exactly 10 %": (RATE, Reading(cell=cell(27, 3)), TRUE, "value"),
    "3 of 31 are not": (RATE, Reading(cell=cell(28, 3)), FALSE, "value"),
    "19 calls say nothing": (RATE, Reading(cell=cell(0, 19)), UNCLEAR, "too_few"),
    "20 calls do": (RATE, Reading(cell=cell(17, 3)), TRUE, "value"),
    "2 bad ones of 20 say nothing": (RATE, Reading(cell=cell(18, 2)), UNCLEAR, "too_few_bad"),
    "2 bad ones of 100 are well": (RATE, Reading(cell=cell(98, 2)), FALSE, "value"),
    "no call says nothing": (replace(RATE, min_total=0), Reading(cell=cell(0)), UNCLEAR, "too_few"),
    "five failures over a minute": (
        RATE, Reading(cell=cell(0), latest=cell(0, 5, seconds=60)), TRUE, "streak"),
    "four failures": (RATE, Reading(cell=cell(0), latest=cell(0, 4, seconds=600)), UNCLEAR, "too_few"),
    "five failures in less than a minute": (
        RATE, Reading(cell=cell(0), latest=cell(0, 5, seconds=59)), UNCLEAR, "too_few"),
    "a streak counts from its first failure": (
        RATE, Reading(cell=cell(0), latest=cell(40, 5, seconds=300, ends_well=False)), UNCLEAR, "too_few"),
    "44 clean calls outweigh the window": (RATE, Reading(cell=cell(44, 30), latest=cell(44, 30)), FALSE, "clean"),
    "43 clean calls do not": (RATE, Reading(cell=cell(43, 30), latest=cell(43, 30)), TRUE, "value"),
    "cut off": (RATE, Reading(cell=cell(0), is_cut_off=True), TRUE, "cut_off"),
    "cut off, though all went well until then": (
        RATE, Reading(cell=cell(100), latest=cell(100), is_cut_off=True), TRUE, "cut_off"),
    "cut off says nothing about speed": (SLOW, Reading(cell=cell(0), is_cut_off=True), UNCLEAR, "too_few"),
    "cut off says nothing about limits": (HITS, Reading(cell=cell(0), is_cut_off=True), FALSE, "value"),
    "cut off says nothing about events": (
        replace(RATE, metric="event_failure_rate"), Reading(cell=cell(0), is_cut_off=True), UNCLEAR, "too_few"),
    "a fleet of one": (RATE, Reading(cell=cell(0, 50), is_shared=False), UNCLEAR, "one_instance"),
    "90 % succeed, seen from the other side": (SUCCESS, Reading(cell=cell(27, 3)), TRUE, "value"),
    "more than 90 % succeed": (SUCCESS, Reading(cell=cell(28, 3)), FALSE, "value"),
    "few succeed, and a streak": (SUCCESS, Reading(cell=cell(0), latest=cell(0, 5, seconds=60)), TRUE, "streak"),
    "few succeed, cut off": (SUCCESS, Reading(cell=cell(0), is_cut_off=True), TRUE, "cut_off"),
    "few succeed, clean": (SUCCESS, Reading(cell=cell(44, 30), latest=cell(44, 30)), FALSE, "clean"),
    "a rule about too few failures knows no streak": (
        replace(RATE, op="<"), Reading(cell=cell(0, 30), latest=cell(0, 30)), FALSE, "value"),
    "5,000 ms are not more than 5,000": (SLOW, Reading(cell=cell(5, ms=5000)), FALSE, "value"),
    "5,001 ms are": (SLOW, Reading(cell=cell(5, ms=5001)), TRUE, "value"),
    "four timed calls say nothing": (SLOW, Reading(cell=cell(4, ms=9000)), UNCLEAR, "too_few"),
    "five 429": (HITS, Reading(cell=cell(9, hits=5)), TRUE, "value"),
    "four 429": (HITS, Reading(cell=cell(9, hits=4)), FALSE, "value"),
    "no call, no 429": (HITS, Reading(cell=cell(0)), FALSE, "value"),
    "a fact of the store": (
        Rule(name="q", metric="uncertain_messages", op=">=", threshold=1, window_s=60), Reading(value=1, why="kyiv"),
        TRUE, "kyiv"),
    "a figure that is none": (
        Rule(name="q", metric="uncertain_messages", op=">=", threshold=1, window_s=60), Reading(value=float("nan")),
        UNCLEAR, "no_value"),
    "a tenth is a tenth": (
        replace(HITS, metric="webhook_silence", threshold=0.1, op="<="), Reading(value=0.1), FALSE, "value"),
}  # fmt: skip


@pytest.mark.parametrize("case", JUDGED)
def test_a_condition_holds_or_not(case: str) -> None:
    rule, reading, condition, why = JUDGED[case]
    verdict = judge(rule, reading)

    assert (verdict.condition, verdict.why) == (condition, why)


@pytest.mark.parametrize(("threshold", "calls"), [(10, 44), (25, 17), (20, 21), (15, 29)])
def test_so_many_clean_calls_say_that_it_is_over(threshold: float, calls: int) -> None:
    assert clean_calls(replace(RATE, threshold=threshold)) == calls
    assert clean_calls(replace(SUCCESS, threshold=100 - threshold)) == calls


@pytest.mark.parametrize("threshold", [0, 100])
def test_thresholds_at_the_ends_have_a_number_of_clean_calls_too(threshold: float) -> None:
    assert clean_calls(replace(RATE, threshold=threshold)) >= 1


def alert(state: State, **since_minutes: float) -> Alert:
    """An alert in a state, looked at just before; so many minutes ago this or that began."""
    known = dict.fromkeys(("active", "firing", "false", "nodata")) | {"since": 0.0} | since_minutes
    moments = {name: None if ago is None else NOW_MS - round(ago * MINUTE_MS) for name, ago in known.items()}
    return Alert(
        rule_version=1,
        state=state,
        since_at_ms=moments["since"] or NOW_MS,
        active_since_ms=moments["active"],
        firing_since_ms=moments["firing"],
        false_since_ms=moments["false"],
        nodata_since_ms=moments["nodata"],
        evaluated_at_ms=NOW_MS - 15_000,
    )


PLAIN = replace(RATE, for_s=300)
AT_ONCE = replace(RATE, for_s=0)
KEEPS = replace(RATE, keep_firing_s=120)
FIRING = alert("firing", active=9, firing=4, since=4)

#: what it is, the rule, the condition: where that leads, and why
STEPS: Mapping[str, tuple[Alert, Rule, Condition, list[tuple[str, str]]]] = {
    "unknown, and false": (alert("unknown"), PLAIN, FALSE, [("inactive", "value")]),
    "unknown, and unclear": (alert("unknown"), PLAIN, UNCLEAR, [("inactive", "value")]),
    "unknown, and true": (alert("unknown"), PLAIN, TRUE, [("pending", "value")]),
    "unknown, true, and nothing to wait for": (alert("unknown"), AT_ONCE, TRUE, [("firing", "value")]),
    "inactive, and false": (alert("inactive"), PLAIN, FALSE, []),
    "inactive, and unclear": (alert("inactive"), PLAIN, UNCLEAR, []),
    "inactive, and true": (alert("inactive"), PLAIN, TRUE, [("pending", "value")]),
    "inactive, true, and nothing to wait for": (alert("inactive"), AT_ONCE, TRUE, [("firing", "value")]),
    "pending, and true for too short": (alert("pending", active=4.99), PLAIN, TRUE, []),
    "pending, and true for long enough": (alert("pending", active=5), PLAIN, TRUE, [("firing", "value")]),
    "pending, and false": (alert("pending", active=4), PLAIN, FALSE, [("inactive", "value")]),
    "pending, and unclear": (alert("pending", active=4), PLAIN, UNCLEAR, [("inactive", "value")]),
    "firing, and true": (FIRING, PLAIN, TRUE, []),
    "firing, and false": (FIRING, PLAIN, FALSE, [("resolved", "recovered")]),
    "firing, false, and it is kept for a while": (FIRING, KEEPS, FALSE, [("recovering", "value")]),
    "firing, and unclear": (FIRING, PLAIN, UNCLEAR, [("nodata", "value")]),
    "firing, unclear, and it is kept for a while": (FIRING, KEEPS, UNCLEAR, [("nodata", "value")]),
    "recovering, and true": (alert("recovering", active=9, false=1), KEEPS, TRUE, [("firing", "value")]),
    "recovering, and false for too short": (alert("recovering", active=9, false=1.99), KEEPS, FALSE, []),
    "recovering, and false for long enough": (
        alert("recovering", active=9, false=2), KEEPS, FALSE, [("resolved", "recovered")]),
    "recovering, and unclear": (
        alert("recovering", active=9, false=2), KEEPS, UNCLEAR, [("resolved", "recovered")]),
    "without data, and true": (alert("nodata", active=9, nodata=14), PLAIN, TRUE, [("firing", "value")]),
    "without data, and false": (alert("nodata", active=9, nodata=1), PLAIN, FALSE, [("resolved", "recovered")]),
    "without data, for 14:59": (alert("nodata", active=30, nodata=14.99), PLAIN, UNCLEAR, []),
    "without data, for 15 minutes": (
        alert("nodata", active=30, nodata=15), PLAIN, UNCLEAR, [("resolved", "no_data")]),
    "resolved, and true": (alert("resolved", since=1), PLAIN, TRUE, [("pending", "value")]),
    "resolved, and false": (alert("resolved", since=14.99), PLAIN, FALSE, []),
    "resolved, and unclear": (alert("resolved", since=1), PLAIN, UNCLEAR, []),
    "resolved 15 minutes ago": (alert("resolved", since=15), PLAIN, FALSE, [("inactive", "value")]),
    "firing, by another version of the rule": (
        FIRING, replace(PLAIN, version=2), TRUE, [("resolved", "rule_changed"), ("pending", "value")]),
    "pending, by another version of the rule": (
        alert("pending", active=9), replace(PLAIN, version=2), TRUE,
        [("inactive", "rule_changed"), ("pending", "value")]),
    "inactive, by another version of the rule": (
        alert("inactive"), replace(PLAIN, version=2), FALSE, [("inactive", "value")]),
}  # fmt: skip


@pytest.mark.parametrize("case", STEPS)
def test_a_look_leads_there(case: str) -> None:
    before, rule, condition, moves = STEPS[case]
    after = step(before, rule, Verdict(condition=condition, value=50.0, why="value"), NOW_MS)

    assert [(move.to_state, move.reason) for move in after.moves] == moves
    assert after.alert.state == (moves[-1][0] if moves else before.state)
    assert after.alert.value == 50.0
    assert after.alert.evaluated_at_ms == NOW_MS


def test_every_state_is_in_the_table_with_every_condition() -> None:
    seen = {(before.state, condition) for before, rule, condition, _ in STEPS.values() if rule.version == 1}
    states = ("unknown", "inactive", "pending", "firing", "recovering", "nodata", "resolved")

    assert seen == {(state, condition) for state in states for condition in Condition}


@pytest.mark.parametrize(
    ("looked_minutes_ago", "fires"),
    [(0.25, True), (0.3, True), (0.5, False), (10, False), (59, False), (61, False)],
)
def test_time_in_which_nobody_looked_does_not_count(looked_minutes_ago: float, fires: bool) -> None:
    before = replace(alert("pending", active=5), evaluated_at_ms=NOW_MS - round(looked_minutes_ago * MINUTE_MS))
    after = step(before, PLAIN, Verdict(condition=TRUE), NOW_MS).alert

    assert (after.state == "firing") is fires


def test_after_an_absence_it_fires_as_much_later() -> None:
    before = replace(alert("pending", active=12), evaluated_at_ms=NOW_MS - 10 * MINUTE_MS)
    after = step(before, PLAIN, Verdict(condition=TRUE), NOW_MS).alert

    assert after.active_since_ms == before.active_since_ms + 10 * MINUTE_MS - 15_000  # type: ignore[operator] # pending


def test_after_more_than_an_hour_pending_begins_anew() -> None:
    before = replace(alert("pending", active=120), evaluated_at_ms=NOW_MS - 61 * MINUTE_MS)

    assert step(before, PLAIN, Verdict(condition=TRUE), NOW_MS).alert.active_since_ms == NOW_MS


def test_a_clock_that_was_set_back_changes_nothing() -> None:
    """It was pending for five minutes at the last look, and then the hour came again."""
    before = replace(alert("pending", active=4.75 - 60), evaluated_at_ms=NOW_MS + 60 * MINUTE_MS - 15_000)
    after = step(before, PLAIN, Verdict(condition=TRUE), NOW_MS).alert

    assert after.active_since_ms == NOW_MS - round(4.75 * MINUTE_MS)


def test_a_firing_alert_does_not_mind_an_absence() -> None:
    before = replace(FIRING, evaluated_at_ms=NOW_MS - 300 * MINUTE_MS)

    assert step(before, PLAIN, Verdict(condition=TRUE), NOW_MS).moves == ()


@pytest.mark.parametrize("state", ["recovering", "nodata"])
def test_an_absence_counts_neither_as_well_nor_as_no_data(state: State) -> None:
    before = replace(alert(state, active=90, false=20, nodata=20), evaluated_at_ms=NOW_MS - 20 * MINUTE_MS)

    assert step(before, KEEPS, Verdict(condition=UNCLEAR), NOW_MS).moves == ()


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        ("unknown", []), ("inactive", []), ("resolved", []), ("pending", ["inactive"]),
        ("firing", ["resolved"]), ("recovering", ["resolved"]), ("nodata", ["resolved"]),
    ],
)  # fmt: skip
def test_a_rule_that_goes_away_ends_what_it_began(state: State, moves: list[str]) -> None:
    assert [move.to_state for move in closing(alert(state), "rule_deleted")] == moves
