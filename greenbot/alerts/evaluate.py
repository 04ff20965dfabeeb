"""What one look makes of an alert: pure, and the whole of its behaviour.

    unknown -> inactive -> pending -> firing -> resolved -> inactive
                              firing -> recovering -> firing | resolved      the condition is false, for keep_firing
                              firing -> nodata     -> firing | resolved      nothing to judge by, for 15 minutes

`judge` says whether the condition of a rule holds; `step` says where that leads.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from typing import Literal

from greenbot.alerts.rule import Rule
from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.cell import Cell

EVALUATE_EVERY_MS = 15_000
#: An evaluator that was away for longer starts what was pending anew.
LONGEST_GAP_MS = 3_600_000
NO_DATA_MS = 900_000
RESOLVED_KEPT_MS = 900_000

#: The streak clause: so many calls, over at least so long, all failed, and none else since.
STREAK_CALLS = 5
STREAK_SPAN_MS = 60_000
#: How far back the latest calls are looked at.
STREAK_WINDOW_S = 900
#: So many good calls in a row would be this unlikely if the trouble were still there.
CLEAN_CHANCE = 0.01

State = Literal["unknown", "inactive", "pending", "firing", "recovering", "nodata", "resolved"]
#: People were told of it, and not yet that it is over.
OPEN: tuple[State, ...] = ("firing", "recovering", "nodata")


class Condition(Enum):
    """What a look says about a rule."""

    TRUE = "true"
    FALSE = "false"
    #: Too little happened to say anything.
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What there is to judge by.

    `cell` is what happened in the rule's window, `latest` the last quarter of an hour. `value` is given for what is
    not counted in cells, and `why` says what it is about. `is_cut_off`: the breaker is open, or credentials are
    refused, so nothing can happen at all. `is_shared` is not so for a fleet of which one instance alone did anything:
    what there is to say of it is said of that instance.
    """

    cell: Cell | None = None
    latest: Cell | None = None
    value: float | None = None
    why: str = ""
    is_cut_off: bool = False
    is_shared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the condition holds, the value it holds for, and what decided."""

    condition: Condition
    value: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule for one instance, as it stands. All moments are UTC milliseconds."""

    rule_version: int
    state: State = "unknown"
    since_at_ms: int = 0
    active_since_ms: int | None = None
    firing_since_ms: int | None = None
    false_since_ms: int | None = None
    nodata_since_ms: int | None = None
    evaluated_at_ms: int = 0
    value: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of state, and why."""

    from_state: State
    to_state: State
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a look led: the alert as it stands now, and the moves on the way, in order."""

    alert: Alert
    moves: tuple[Move, ...] = ()


#: Rules about what cannot happen while an instance is cut off: then they hold.
OF_CALLS = ("error_rate", "message_failure_rate", "success_rate")


def judge(rule: Rule, reading: Reading) -> Verdict:
    """Whether the condition of a rule holds."""
    if reading.is_cut_off and rule.metric in OF_CALLS and watches_failures(rule):
        return Verdict(condition=Condition.TRUE, value=_worst(rule), why="cut_off")
    if not reading.is_shared:
        return Verdict(condition=Condition.UNCLEAR, why="one_instance")
    metric = METRICS.get(rule.metric)
    if metric is None or reading.cell is None:
        return _of_value(rule, reading.value, reading.why)
    value = metric.value(reading.cell)
    if metric.shape == "ratio":
        return _of_ratio(rule, reading.cell, reading.latest or Cell(), value)
    if metric.shape == "duration" and reading.cell.timed < max(1, rule.min_total):
        return Verdict(condition=Condition.UNCLEAR, value=value, why="too_few")
    return _of_value(rule, value)


def watches_failures(rule: Rule) -> bool:
    """Whether a rule is about too many failures; one about too few is nobody's alarm."""
    return rule.op in (("<", "<=") if rule.metric == "success_rate" else (">", ">="))


def _worst(rule: Rule) -> float:
    return 0.0 if rule.metric == "success_rate" else 100.0


def _of_ratio(rule: Rule, cell: Cell, latest: Cell, value: float | None) -> Verdict:
    if watches_failures(rule):
        if is_streak(latest):
            return Verdict(condition=Condition.TRUE, value=_worst(rule), why="streak")
        if latest.tail >= clean_calls(rule):
            return Verdict(condition=Condition.FALSE, value=value, why="clean")
    if value is None or cell.n < max(1, rule.min_total):
        return Verdict(condition=Condition.UNCLEAR, value=value, why="too_few")
    # 3 of 30 is 10 per cent: no rounding may say otherwise.
    counted = cell.n - cell.bad if rule.metric == "success_rate" else cell.bad
    verdict = _compared(rule, Fraction(100 * counted, cell.n), value)
    if verdict.condition is Condition.TRUE and cell.bad < rule.min_bad:
        return Verdict(condition=Condition.UNCLEAR, value=value, why="too_few_bad")
    return verdict


def _of_value(rule: Rule, value: float | None, why: str = "") -> Verdict:
    if value is None or math.isnan(value):
        return Verdict(condition=Condition.UNCLEAR, why="no_value")
    return _compared(rule, Fraction(value), value, why)


def _compared(rule: Rule, exact: Fraction, value: float, why: str = "") -> Verdict:
    # As a person wrote it: 0.1 is a tenth, not the binary number next to it.
    threshold = Fraction(str(rule.threshold))
    holds = {
        ">": exact > threshold,
        ">=": exact >= threshold,
        "<": exact < threshold,
        "<=": exact <= threshold,
    }[rule.op]
    return Verdict(condition=Condition.TRUE if holds else Condition.FALSE, value=value, why=why or "value")


def is_streak(latest: Cell) -> bool:
    """Whether the latest calls all failed, enough of them and for long enough."""
    return latest.tail <= -STREAK_CALLS and latest.last_ms - latest.tail_from_ms >= STREAK_SPAN_MS


def clean_calls(rule: Rule) -> float:
    """So many good calls in a row say that a share of bad ones as high as the threshold is over: 44 for 10 %."""
    share = rule.threshold / 100 if rule.metric != "success_rate" else 1 - rule.threshold / 100
    if not 0 < share < 1:
        return math.inf if share <= 0 else 1
    return math.ceil(math.log(CLEAN_CHANCE) / math.log(1 - share))


def step(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> Step:
    """Where a verdict leads. The rule is enabled; what it judges by may have changed since the last look."""
    moves: list[Move] = []
    if alert.rule_version != rule.version:
        moves = closing(alert, "rule_changed")
        alert = Alert(rule_version=rule.version, since_at_ms=now_ms)
    alert = replace(_after_gap(alert, now_ms), evaluated_at_ms=now_ms, value=verdict.value)
    turned, reason = _turn(alert, rule, verdict, now_ms)
    if turned.state == alert.state:
        return Step(alert=turned, moves=tuple(moves))
    moves.append(Move(from_state=alert.state, to_state=turned.state, reason=reason))
    return Step(alert=replace(turned, since_at_ms=now_ms, reason=reason), moves=tuple(moves))


def closing(alert: Alert, reason: str) -> list[Move]:
    """The move that ends an alert because its rule was changed, disabled or deleted."""
    if alert.state in OPEN:
        return [Move(from_state=alert.state, to_state="resolved", reason=reason)]
    if alert.state == "pending":
        return [Move(from_state=alert.state, to_state="inactive", reason=reason)]
    return []


def _after_gap(alert: Alert, now_ms: int) -> Alert:
    """While nobody looked, nobody knows whether the condition held: that time does not count.

    The same where the wall clock was set: what was counted so far is kept, forwards and backwards.
    """
    gap_ms = now_ms - alert.evaluated_at_ms - EVALUATE_EVERY_MS
    if not alert.evaluated_at_ms or abs(gap_ms) <= EVALUATE_EVERY_MS // 2:
        return alert

    def shifted(at_ms: int | None) -> int | None:
        return None if at_ms is None else now_ms if gap_ms > LONGEST_GAP_MS else at_ms + gap_ms

    if alert.state == "pending":
        return replace(alert, active_since_ms=shifted(alert.active_since_ms))
    return replace(alert, false_since_ms=shifted(alert.false_since_ms), nodata_since_ms=shifted(alert.nodata_since_ms))


def _turn(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    """The next state and why."""
    turn = {
        "unknown": _when_quiet,
        "inactive": _when_quiet,
        "resolved": _when_quiet,
        "pending": _when_pending,
        "firing": _when_firing,
        "recovering": _when_recovering,
        "nodata": _when_blind,
    }[alert.state]
    return turn(alert, rule, verdict, now_ms)


def _when_quiet(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    if verdict.condition is Condition.TRUE:
        begun = replace(alert, state="pending", active_since_ms=now_ms, firing_since_ms=None)
        return _fire(begun, now_ms, verdict) if rule.for_s == 0 else (begun, verdict.why)
    if alert.state == "resolved" and now_ms - alert.since_at_ms < RESOLVED_KEPT_MS:
        return alert, alert.reason
    return replace(alert, state="inactive", active_since_ms=None), verdict.why


def _when_pending(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    if verdict.condition is not Condition.TRUE:
        return replace(alert, state="inactive", active_since_ms=None), verdict.why
    assert alert.active_since_ms is not None
    if now_ms - alert.active_since_ms >= rule.for_s * 1000:
        return _fire(alert, now_ms, verdict)
    return alert, alert.reason


def _when_firing(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    if verdict.condition is Condition.TRUE:
        return alert, alert.reason
    if verdict.condition is Condition.UNCLEAR:
        return replace(alert, state="nodata", nodata_since_ms=now_ms), verdict.why
    if rule.keep_firing_s:
        return replace(alert, state="recovering", false_since_ms=now_ms), verdict.why
    return _resolve(alert), "recovered"


def _when_recovering(alert: Alert, rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    if verdict.condition is Condition.TRUE:
        return replace(alert, state="firing", false_since_ms=None), verdict.why
    assert alert.false_since_ms is not None
    if now_ms - alert.false_since_ms >= rule.keep_firing_s * 1000:
        return _resolve(alert), "recovered"
    return alert, alert.reason


def _when_blind(alert: Alert, _rule: Rule, verdict: Verdict, now_ms: int) -> tuple[Alert, str]:
    if verdict.condition is Condition.TRUE:
        return replace(alert, state="firing", nodata_since_ms=None), verdict.why
    if verdict.condition is Condition.FALSE:
        return _resolve(alert), "recovered"
    assert alert.nodata_since_ms is not None
    if now_ms - alert.nodata_since_ms >= NO_DATA_MS:
        return _resolve(alert), "no_data"
    return alert, alert.reason


def _fire(alert: Alert, now_ms: int, verdict: Verdict) -> tuple[Alert, str]:
    return replace(alert, state="firing", firing_since_ms=now_ms), verdict.why


def _resolve(alert: Alert) -> Alert:
    return replace(alert, state="resolved", active_since_ms=None, false_since_ms=None, nodata_since_ms=None)
