"""Each clause of the evaluator, broken: some golden vector must notice. A vector nobody can fail proves nothing."""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from greenbot.alerts import evaluate, look
from greenbot.alerts.stage import Stage
from greenbot.alerts.vectors import load

FOLDER = Path(__file__).parent / "vectors"

#: what is broken: the line as it is, what it becomes, and the vector that has to notice
MUTANTS: dict[str, tuple[str, str, str]] = {
    "an open breaker does not count": ("if reading.is_cut_off and", "if False and", "v5_breaker_opens"),
    "an open breaker counts for everything": (
        "rule.metric in OF_CALLS and watches_failures(rule)", "True", "breaker_and_slow_answers"),
    "one instance makes a fleet": ("if not reading.is_shared:", "if False:", "fleet_left_by_one"),
    "a latency needs no calls": ("reading.cell.timed < max(1, rule.min_total)", "reading.cell.timed < 1",
                                 "slow_but_too_few"),
    "no streak": ("if is_streak(latest):", "if False:", "streak_of_a_quiet_hotel"),
    "a streak of four": ("STREAK_CALLS = 5", "STREAK_CALLS = 4", "streak_of_four"),
    "a streak of six": ("STREAK_CALLS = 5", "STREAK_CALLS = 6", "streak_of_a_quiet_hotel"),
    "a streak of half a minute": ("STREAK_SPAN_MS = 60_000", "STREAK_SPAN_MS = 30_000", "streak_too_short_in_time"),
    "a streak of more than a minute": (
        "last_ms - latest.tail_from_ms >= STREAK", "last_ms - latest.tail_from_ms > STREAK",
        "streak_spans_just_a_minute"),
    "no clean streak": ("if latest.tail >= clean_calls(rule):", "if False:", "clean_calls_end_the_critical_rule"),
    "twice as many clean calls": (
        "latest.tail >= clean_calls", "latest.tail >= 2 * clean_calls", "clean_calls_end_the_critical_rule"),
    "fewer clean calls": ("CLEAN_CHANCE = 0.01", "CLEAN_CHANCE = 0.5", "one_failure_restarts_the_clean_count"),
    "no least number of calls": ("cell.n < max(1, rule.min_total)", "cell.n < 1", "too_few_calls"),
    "one call more is needed": ("cell.n < max(1, rule.min_total)", "cell.n <= rule.min_total", "just_enough_calls"),
    "no least number of failures": ("and cell.bad < rule.min_bad", "and False", "too_few_bad"),
    "one failure more is needed": ("cell.bad < rule.min_bad", "cell.bad <= rule.min_bad", "three_bad_of_thirty"),
    "too few failures are well": (
        'Verdict(condition=Condition.UNCLEAR, value=value, why="too_few_bad")',
        'Verdict(condition=Condition.FALSE, value=value, why="too_few_bad")', "too_few_bad_while_firing"),
    "success counted as failure": (
        'cell.n - cell.bad if rule.metric == "success_rate" else cell.bad', "cell.bad", "success_rate_high_enough"),
    "success knows no streak": ('("<", "<=") if rule.metric == "success_rate"', '() if rule.metric == "success_rate"',
                                "success_rate_streak"),
    "percents rounded": ("Fraction(100 * counted, cell.n)", "Fraction(round(100 * counted / cell.n))",
                         "a_little_more_than_a_third"),
    ">= is >": ('">=": exact >= threshold', '">=": exact > threshold', "v2_exactly_ten_percent"),
    "> is >=": ('">": exact > threshold', '">": exact >= threshold', "exactly_five_seconds"),
    "< is never": ('"<": exact < threshold', '"<": False', "nothing_happens"),
    "<= is <": ('"<=": exact <= threshold', '"<=": exact < threshold', "success_rate"),
    "no version": ("if alert.rule_version != rule.version:", "if False:", "a_threshold_nothing_reaches"),
    "an absence counts": ("return alert\n\n    def shifted", "return alert\n    return alert\n\n    def shifted",
                          "v6_evaluator_away"),
    "a long absence is a short one": ("now_ms if gap_ms > LONGEST_GAP_MS", "now_ms if False",
                                      "absence_of_more_than_an_hour_while_pending"),
    "a short absence is a long one": ("gap_ms > LONGEST_GAP_MS", "True", "v6_evaluator_away"),
    "a clock set back": ("abs(gap_ms) <=", "gap_ms <=", "clock_set_back_while_pending"),
    "an absence counts as no data": (
        "nodata_since_ms=shifted(alert.nodata_since_ms)", "nodata_since_ms=alert.nodata_since_ms",
        "absence_while_without_data"),
    "for is ignored": ("if rule.for_s == 0 else (begun, verdict.why)", "if True else (begun, verdict.why)",
                       "v4_a_minute_of_failures"),
    "for = 0 waits": ("if rule.for_s == 0 else (begun, verdict.why)", "if False else (begun, verdict.why)",
                      "fires_without_waiting"),
    "for is a look longer": ("active_since_ms >= rule.for_s * 1000", "active_since_ms > rule.for_s * 1000",
                             "v6_evaluator_away"),
    "one false look is forgiven": (
        "if verdict.condition is not Condition.TRUE:\n        return replace(alert, state=\"inactive\"",
        "if False:\n        return replace(alert, state=\"inactive\"", "condition_true_a_little_too_short"),
    "resolved is forgotten at once": ('if alert.state == "resolved" and now_ms', "if False and now_ms",
                                      "no_data_for_good"),
    "resolved is kept for ever": ("now_ms - alert.since_at_ms < RESOLVED_KEPT_MS", "True", "no_data_for_good"),
    "no data is well": ('return replace(alert, state="nodata", nodata_since_ms=now_ms), verdict.why',
                        'return _resolve(alert), "recovered"', "no_data_and_back"),
    "no data lasts for ever": ("now_ms - alert.nodata_since_ms >= NO_DATA_MS", "False", "no_data_for_good"),
    "no data for ten minutes is enough": ("NO_DATA_MS = 900_000", "NO_DATA_MS = 600_000", "no_data_for_good"),
    "no data, then true: nothing": (
        'return replace(alert, state="firing", nodata_since_ms=None), verdict.why', "return alert, alert.reason",
        "no_data_and_back"),
    "no data, then false: nothing": (
        "if verdict.condition is Condition.FALSE:\n        return _resolve", "if False:\n        return _resolve",
        "no_data_and_well"),
    "keep_firing is ignored": ("if rule.keep_firing_s:", "if False:", "keeps_firing_for_a_while"),
    "keep_firing ends at once": ("now_ms - alert.false_since_ms >=", "True or now_ms >=", "keeps_firing_for_a_while"),
    "recovering never goes back": (
        'return replace(alert, state="firing", false_since_ms=None), verdict.why', "return alert, alert.reason",
        "keeps_firing_for_a_while"),
    "the moment of a streak's memory": ("STREAK_WINDOW_S = 900", "STREAK_WINDOW_S = 600", "streak_grows_old"),
}  # fmt: skip


def mutated(old: str, new: str) -> ModuleType:
    """The evaluator with one thing changed, as a module of its own."""
    source = inspect.getsource(evaluate)
    assert source.count(old) == 1, f"the clause moved: {source.count(old)} times {old!r}"
    spec = importlib.util.spec_from_loader("mutated_evaluate", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutated_evaluate"] = module
    exec(compile(source.replace(old, new), "mutated", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("name", MUTANTS)
def test_a_vector_notices(name: str, theatre: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, vector = MUTANTS[name]
    module = mutated(old, new)
    # The rest of the program knows the real verdicts and alerts.
    for shared in ("Alert", "Move", "Reading", "Condition", "Verdict", "Step"):
        module.__dict__[shared] = getattr(evaluate, shared)
    for function in ("judge", "step", "STREAK_WINDOW_S"):
        monkeypatch.setattr(look, function, getattr(module, function))

    assert theatre.play(load(FOLDER / f"{vector}.toml")).problems, f"{vector} does not notice"
