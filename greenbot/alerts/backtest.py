"""Would this rule have been right? Stored minutes go through the state machine of the alerts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenbot.alerts.evaluate import NO_DATA_MS, STREAK_WINDOW_S
from greenbot.alerts.readings import CUT_OFF_STATES
from greenbot.alerts.replay import MINUTE_S, Firing, History, firings, with_order
from greenbot.alerts.rule import Rule
from greenbot.alerts.watch import sign_of
from greenbot.errors import UsageError
from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.cell import Cell
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.rollup import cell_of
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db

WEEK_S = 7 * 86_400
#: Thresholds tried for a suggestion.
MOST_TRIES = 24

NAMES = "select name from metric_names where id > 0 order by name"
#: Minutes in which something happened without which the rule could not have held.
SIGNS: Mapping[str, str] = {
    "bad": "bad > 0",
    "slow": "max_ms >= :least",
    "limited": "labels is not null",
    "any": "n > 0",
}
FIND: Mapping[str, str] = {
    sign: f"""
select at_s from metric_minutes
 where instance = :instance and series = :series and at_s >= :since and at_s < :until and {condition} and :least >= 0
"""  # noqa: S608 - conditions of ours
    for sign, condition in SIGNS.items()
}
READ = """
select * from metric_minutes where instance = :instance and series = :series and at_s >= :since and at_s < :until
"""
BREAKERS = "select at_ms, to_state from breaker_log where instance = :instance and host = 'api' order by id"
HEALTH = "select at_ms, to_state from health_log where instance = :instance order by id"


class NotKept(UsageError):
    """Only metrics are kept; what this rule watches is known of the present alone."""

    hint = "See what can be replayed with: greenbot metrics list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a rule would have done. `suggested` is the lowest threshold from its own on that stays within the limit;
    None where no limit was given, or none of them does."""

    rule: Rule
    since_s: int
    until_s: int
    firings: Sequence[Firing]
    suggested: float | None = None
    suggested_firings: int | None = None

    @property
    def per_week(self) -> float:
        """Alerts in a week, on average."""
        return len(self.firings) * WEEK_S / max(1, self.until_s - self.since_s)


def backtest(
    db: "Db", names: Names, rule: Rule, since_s: int, until_s: int, *, most_per_week: float | None = None
) -> Backtest:
    """Replay the stored minutes of a stretch. Raises `NotKept`, Busy, StoreError."""
    if rule.metric not in METRICS:
        raise NotKept(f"{rule.metric} is not kept over time, so nobody can say what it was.")
    since_s, until_s = since_s // MINUTE_S * MINUTE_S, until_s // MINUTE_S * MINUTE_S
    histories = [*_histories(db, names, rule, since_s, until_s)]
    found, values = _replayed(rule, histories)
    result = Backtest(rule=rule, since_s=since_s, until_s=until_s, firings=found)
    if most_per_week is None:
        return result
    limit = most_per_week * (until_s - since_s) / WEEK_S
    return _with_suggestion(result, histories, values, limit)


def _replayed(rule: Rule, histories: Sequence[History]) -> tuple[list[Firing], list[float]]:
    found: list[Firing] = []
    values: list[float] = []
    for history in histories:
        fired, held = firings(rule, history)
        found += fired
        values += held
    return sorted(found, key=lambda one: (one.fired_at_ms, one.instance)), values


def _with_suggestion(result: Backtest, histories: Sequence[History], values: Sequence[float], limit: float) -> Backtest:
    if len(result.firings) <= limit:
        return replace(result, suggested=result.rule.threshold, suggested_firings=len(result.firings))
    for threshold in _candidates(result.rule, values):
        count = len(_replayed(replace(result.rule, threshold=threshold), histories)[0])
        if count <= limit:
            return replace(result, suggested=threshold, suggested_firings=count)
    return result


def _candidates(rule: Rule, values: Sequence[float]) -> Sequence[float]:
    """Thresholds just beyond what was measured, the gentlest first."""
    grows = rule.op in (">", ">=")
    beyond = sorted({_rounded(value, up=grows) for value in values}, reverse=not grows)
    wanted = [one for one in beyond if (one > rule.threshold if grows else 0 <= one < rule.threshold)]
    most = 100.0 if METRICS[rule.metric].shape == "ratio" else float("inf")
    wanted = [one for one in wanted if one <= most]
    step = max(1, -(-len(wanted) // MOST_TRIES))
    return [*wanted[step - 1 :: step], *([wanted[-1]] if wanted and len(wanted) % step else [])]


def _rounded(value: float, *, up: bool) -> float:
    """Two figures are enough for a threshold; the next one beyond the value."""
    size = 10.0 ** max(0, len(str(int(abs(value)))) - 2)
    return (value // size + 1) * size if up else (-(-value // size) - 1) * size


def _histories(db: "Db", names: Names, rule: Rule, since_s: int, until_s: int) -> Iterator[History]:
    everybody = [str(row["name"]) for row in db.all(NAMES)]
    cut_off = {name: _cut_off(db, name) for name in everybody}
    for instance in (*everybody, FLEET):
        if not rule.concerns(instance):
            continue
        spans = _spans(db, names, rule, instance, since_s, until_s)
        if instance != FLEET:
            spans = _joined([*spans, *_troubled(rule, cut_off[instance], since_s, until_s)], rule)
        if spans:
            yield History(
                instance=instance,
                minutes=_minutes(db, names, rule, instance, spans),
                spans=spans,
                is_cut_off=_Stretches(cut_off.get(instance, ())).hold,
                is_shared=_Shared(db, names, rule, everybody, spans).at if instance == FLEET else _always,
            )


def _always(_at_s: int) -> bool:
    return True


def _spans(db: "Db", names: Names, rule: Rule, instance: str, since_s: int, until_s: int) -> list[tuple[int, int]]:
    """Where the rule could have held, with room for what follows."""
    number = names.find(db, instance)
    sql = FIND[sign_of(rule)]
    moments = {
        row["at_s"]
        for series in METRICS[rule.metric].series
        for row in db.all(
            sql, instance=number, series=int(series), since=since_s, until=until_s, least=rule.threshold / 1.02
        )
    }
    return _joined([(at_s, min(at_s + _reach(rule), until_s)) for at_s in sorted(moments)], rule)


def _reach(rule: Rule) -> int:
    """How long something can matter to a rule, in whole minutes."""
    seconds = max(rule.window_s, STREAK_WINDOW_S) + rule.for_s + rule.keep_firing_s + NO_DATA_MS // 1000 + 2 * MINUTE_S
    return -(-seconds // MINUTE_S) * MINUTE_S


def _joined(spans: Sequence[tuple[int, int]], rule: Rule) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first_s, end_s in sorted(spans):
        if joined and first_s <= joined[-1][1] + rule.window_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((first_s, end_s))
    return joined


def _minutes(db: "Db", names: Names, rule: Rule, instance: str, spans: Sequence[tuple[int, int]]) -> dict[int, Cell]:
    minutes: dict[int, Cell] = {}
    number = names.find(db, instance)
    before_s = max(rule.window_s, STREAK_WINDOW_S) + MINUTE_S
    for first_s, end_s in spans:
        for series in METRICS[rule.metric].series:
            for row in db.all(READ, instance=number, series=int(series), since=first_s - before_s, until=end_s):
                cell = cell_of(row, names, db)
                held = minutes.get(row["at_s"])
                if held is not None:
                    cell.merge(held)
                minutes[row["at_s"]] = cell
    return {at_s: with_order(cell, at_s) for at_s, cell in minutes.items()}


def _cut_off(db: "Db", instance: str) -> Sequence[tuple[int, int]]:
    """When nothing could be learned about the calls of an instance, in UTC seconds."""
    stretches: list[tuple[int, int]] = []
    for sql, bad in ((BREAKERS, ("open", "half_open", "forced_open")), (HEALTH, CUT_OFF_STATES)):
        begun: int | None = None
        for row in db.all(sql, instance=instance):
            at_s = row["at_ms"] // 1000
            if row["to_state"] in bad:
                begun = at_s if begun is None else begun
            elif begun is not None:
                stretches.append((begun, at_s))
                begun = None
        if begun is not None:
            stretches.append((begun, 2**40))
    return stretches


def _troubled(
    rule: Rule, stretches: Sequence[tuple[int, int]], since_s: int, until_s: int
) -> Iterator[tuple[int, int]]:
    if METRICS[rule.metric].shape != "ratio":
        return
    for begun_s, end_s in stretches:
        first_s = max(since_s, -(-begun_s // MINUTE_S) * MINUTE_S)
        last_s = min(until_s, -(-end_s // MINUTE_S) * MINUTE_S + _reach(rule))
        if first_s < last_s:
            yield first_s, last_s


class _Stretches:
    def __init__(self, stretches: Sequence[tuple[int, int]]) -> None:
        self._stretches = stretches

    def hold(self, at_s: int) -> bool:
        return any(first_s <= at_s < end_s for first_s, end_s in self._stretches)


class _Shared:
    """Whether more than one instance did anything in the window that ends at a moment."""

    def __init__(
        self, db: "Db", names: Names, rule: Rule, everybody: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> None:
        self._window_s = -(-rule.window_s // MINUTE_S) * MINUTE_S
        self._always = any(series is Series.AUTH for series in METRICS[rule.metric].series)
        self._who: dict[int, set[str]] = {}
        for instance in everybody:
            for at_s in _minutes(db, names, rule, instance, spans):
                self._who.setdefault(at_s, set()).add(instance)

    def at(self, at_s: int) -> bool:
        """Whether it is about several of them."""
        if self._always:
            return True
        found: set[str] = set()
        for minute in range(at_s - self._window_s, at_s, MINUTE_S):
            found |= self._who.get(minute, set())
            if len(found) > 1:
                return True
        return False
