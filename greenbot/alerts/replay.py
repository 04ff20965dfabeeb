"""The same alerts over minutes that are long gone: when a rule would have fired, and for how long. Pure.

A minute does not tell in which order its calls went. One in which some failed counts as ended by a good one, so a
streak is found where whole minutes failed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from greenbot.alerts.evaluate import EVALUATE_EVERY_MS, STREAK_WINDOW_S, Alert, Reading, judge, step
from greenbot.alerts.look import begins, ends
from greenbot.alerts.rule import Rule
from greenbot.metrics.cell import Cell

MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert that would have been: when people had been told, and when it was over, None where it was not yet."""

    instance: str
    fired_at_ms: int
    resolved_at_ms: int | None
    value: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of one instance, minute by minute. `spans` are the stretches worth a look, in UTC seconds."""

    instance: str
    minutes: Mapping[int, Cell]
    spans: Sequence[tuple[int, int]]
    is_cut_off: Callable[[int], bool]
    is_shared: Callable[[int], bool]


def firings(rule: Rule, history: History) -> tuple[list[Firing], list[float]]:
    """Every alert of a rule in a history, and the values for which it held."""
    found: list[Firing] = []
    values: list[float] = []
    for first_s, end_s in history.spans:
        _walk(rule, history, first_s, end_s, found, values)
    return found, values


def _walk(rule: Rule, history: History, first_s: int, end_s: int, found: list[Firing], values: list[float]) -> None:
    alert = Alert(rule_version=rule.version, state="inactive")
    is_open = False
    for at_s in range(first_s, end_s + 1, MINUTE_S):
        at_ms = at_s * 1000
        verdict = judge(rule, _reading(rule, history, at_s))
        # Between two minutes nothing else is known, so nobody was away.
        stepped = step(replace(alert, evaluated_at_ms=at_ms - EVALUATE_EVERY_MS), rule, verdict, at_ms)
        alert = stepped.alert
        if alert.state in ("pending", "firing") and verdict.value is not None:
            values.append(verdict.value)
        for move in stepped.moves:
            if begins(move):
                is_open = True
                found.append(
                    Firing(
                        instance=history.instance,
                        fired_at_ms=at_ms,
                        resolved_at_ms=None,
                        value=verdict.value,
                        reason=move.reason,
                    )
                )
            if ends(move) and is_open:
                is_open = False
                found[-1] = replace(found[-1], resolved_at_ms=at_ms)


def _reading(rule: Rule, history: History, at_s: int) -> Reading:
    seconds = -(-rule.window_s // MINUTE_S) * MINUTE_S
    return Reading(
        cell=_sum(history.minutes, at_s - seconds, at_s),
        latest=_sum(history.minutes, at_s - STREAK_WINDOW_S, at_s),
        is_cut_off=history.is_cut_off(at_s),
        is_shared=history.is_shared(at_s),
    )


def _sum(minutes: Mapping[int, Cell], first_s: int, end_s: int) -> Cell:
    sums = Cell()
    for at_s in range(first_s, end_s, MINUTE_S):
        if at_s in minutes:
            sums.merge(minutes[at_s])
    return sums


def with_order(cell: Cell, at_s: int) -> Cell:
    """A stored minute, which has forgotten how its calls followed each other."""
    first_ms, last_ms = at_s * 1000, (at_s + MINUTE_S) * 1000 - 1
    if cell.bad in (0, cell.n):
        tail, from_ms = (-cell.n if cell.bad else cell.n), first_ms
    else:
        tail, from_ms = 1, last_ms
    return replace(cell, tail=tail, tail_from_ms=from_ms, last_ms=last_ms)
