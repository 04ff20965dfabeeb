"""One look at every alert: which ones have to be judged, by what, and what becomes of them. Nothing is written here."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from greenbot.alerts.evaluate import OF_CALLS, OPEN, STREAK_WINDOW_S, Alert, Move, Reading, judge, step
from greenbot.alerts.readings import StoreFacts
from greenbot.alerts.rule import Rule
from greenbot.alerts.states import Kept, Spot
from greenbot.alerts.watch import MOST_SECONDS, Watch, sign_of
from greenbot.metrics.catalogue import METRICS, Metric
from greenbot.metrics.cell import Cell
from greenbot.metrics.names import FLEET
from greenbot.metrics.series import Series

#: Reads what is too long ago for memory: instance, series, seconds.
ReadLong = Callable[[str, Sequence[Series], int], Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a look makes of one alert: how it stood, how it stands, and what there is to tell."""

    rule: Rule
    instance: str
    before: Kept
    after: Kept
    moves: tuple[Move, ...]
    #: Still firing, and it is time to say so again.
    repeats: bool
    total: int
    bad: int


class Look:
    """Everything there is to judge by at one instant."""

    def __init__(
        self, watch: Watch, facts: StoreFacts, at_ms: int, *, known: Collection[str], read_long: ReadLong
    ) -> None:
        self._watch = watch
        self._facts = facts
        self._at_ms = at_ms
        self._known = known
        self._read_long = read_long
        self._cells: dict[tuple[str, str, int], Cell] = {}

    def changes(self, rules: Collection[Rule], kept: Mapping[Spot, Kept], looked_at_ms: int) -> list[Change]:
        """Every alert that is not as it was; `looked_at_ms` is the instant of the last look, 0 for never."""
        unsettled: dict[str, set[str]] = {}
        for (name, instance), one in kept.items():
            if one.alert.state != "inactive":
                unsettled.setdefault(name, set()).add(instance)
        return [
            change
            for rule in rules
            if rule.enabled
            for instance in self._candidates(rule, unsettled.get(rule.name, set()))
            if (change := self._change(rule, instance, kept.get((rule.name, instance)), looked_at_ms)) is not None
        ]

    def _candidates(self, rule: Rule, unsettled: Collection[str]) -> Iterator[str]:
        """Who could have an alert of this rule, or has one that is not at rest."""
        wanted = {*unsettled, *self._suspects(rule)}
        if rule.scope != "instance" and wanted:
            wanted.add(FLEET)
        return (instance for instance in sorted(wanted) if rule.concerns(instance))

    def _suspects(self, rule: Rule) -> Collection[str]:
        if rule.metric not in METRICS:
            return self._facts.of.get(rule.metric, {}).keys()
        sign = sign_of(rule)
        if sign == "any" or rule.window_s > MOST_SECONDS:
            return {*self._known, *self._watch.instances(), FLEET}
        cut_off = self._facts.cut_off if rule.metric in OF_CALLS else set[str]()
        return {*self._watch.showing(sign, METRICS[rule.metric].series), *cut_off}

    def _change(self, rule: Rule, instance: str, kept: Kept | None, looked_at_ms: int) -> Change | None:
        if kept is None and not self._may_begin(rule, instance):
            return None
        before = kept or Kept(alert=self._resting(rule, looked_at_ms))
        alert = replace(before.alert, evaluated_at_ms=looked_at_ms or before.alert.evaluated_at_ms)
        reading = self._reading(rule, instance)
        stepped = step(alert, rule, judge(rule, reading), self._at_ms)
        if kept is None and stepped.alert.state == "inactive":
            return None
        after = replace(before, alert=stepped.alert)
        repeats = not any(map(begins, stepped.moves)) and self._repeats(rule, after)
        if (
            not repeats
            and not stepped.moves
            and replace(stepped.alert, evaluated_at_ms=0) == replace(before.alert, evaluated_at_ms=0)
        ):
            return None
        cell = reading.cell or Cell()
        return Change(
            rule=rule,
            instance=instance,
            before=before,
            after=self._counted(after, stepped.moves, repeats=repeats),
            moves=stepped.moves,
            repeats=repeats,
            total=cell.n,
            bad=cell.bad,
        )

    def _may_begin(self, rule: Rule, instance: str) -> bool:
        """A cheap look at what cannot hold: most of those who had a failure lately had one."""
        metric = METRICS.get(rule.metric)
        is_plain = metric is not None and metric.shape == "ratio" and sign_of(rule) == "bad"
        if metric is None or not is_plain or rule.window_s > MOST_SECONDS or instance in self._facts.cut_off:
            return True
        if instance == FLEET and self._facts.cut_off:
            return True
        counts = self._cell(instance, metric, rule.window_s)
        worst = 100 - rule.threshold if rule.metric == "success_rate" else rule.threshold
        # A little more than exact arithmetic would let through; the verdict itself is exact.
        if counts.bad and counts.bad >= rule.min_bad and 100.001 * counts.bad >= worst * counts.n:
            return True
        return self._watch.ends_badly(instance, metric.series, self._at_ms, STREAK_WINDOW_S)

    def _resting(self, rule: Rule, looked_at_ms: int) -> Alert:
        """What has no row: seen and found inactive, or never seen."""
        seen = looked_at_ms > rule.changed_at_ms
        return Alert(rule_version=rule.version, state="inactive" if seen else "unknown", since_at_ms=self._at_ms)

    def _repeats(self, rule: Rule, kept: Kept) -> bool:
        if kept.alert.state != "firing" or kept.notified_at_ms is None or kept.acked_by is not None:
            return False
        return self._at_ms - kept.notified_at_ms >= rule.repeat_s * 1000

    def _counted(self, kept: Kept, moves: Sequence[Move], *, repeats: bool) -> Kept:
        if any(begins(move) for move in moves):
            return replace(kept, notified_at_ms=self._at_ms, sequence=0, acked_by=None)
        if repeats:
            return replace(kept, notified_at_ms=self._at_ms, sequence=kept.sequence + 1)
        return kept

    def _reading(self, rule: Rule, instance: str) -> Reading:
        metric = METRICS.get(rule.metric)
        if metric is None:
            fact = self._facts.get(rule.metric, instance)
            return Reading(value=fact.value, why=fact.why)
        return Reading(
            cell=self._cell(instance, metric, rule.window_s),
            latest=self._latest(instance, metric) if metric.shape == "ratio" else None,
            is_cut_off=self._is_cut_off(rule, metric, instance),
            is_shared=instance != FLEET or self._is_shared(rule, metric),
        )

    def _cell(self, instance: str, metric: Metric, seconds: int) -> Cell:
        key = (instance, metric.name, seconds)
        if key not in self._cells:
            self._cells[key] = self._read(instance, metric, seconds)
        return self._cells[key]

    def _read(self, instance: str, metric: Metric, seconds: int) -> Cell:
        if seconds > MOST_SECONDS:
            return self._read_long(instance, metric.series, seconds)
        read = self._watch.counts if metric.shape == "ratio" else self._watch.window
        return read(instance, metric.series, self._at_ms, seconds)

    def _latest(self, instance: str, metric: Metric) -> Cell:
        key = (instance, metric.name, 0)
        if key not in self._cells:
            self._cells[key] = self._watch.latest(instance, metric.series, self._at_ms, STREAK_WINDOW_S)
        return self._cells[key]

    def _is_cut_off(self, rule: Rule, metric: Metric, instance: str) -> bool:
        if instance != FLEET:
            return instance in self._facts.cut_off
        # The fleet is cut off when what it consists of is: nobody else has anything to tell.
        cut_off = [one for one in self._facts.cut_off if rule.concerns(one)]
        if len(cut_off) < 2 or rule.metric not in OF_CALLS:
            return False
        others = set(self._watch.instances()) - self._facts.cut_off
        return not any(self._cell(other, metric, rule.window_s).n for other in others)

    def _is_shared(self, rule: Rule, metric: Metric) -> bool:
        if rule.window_s > MOST_SECONDS or any(one in _OWN for one in metric.series):
            return True
        return self._watch.is_shared(metric.series, self._at_ms, rule.window_s)


#: One is enough: nobody knows for which instance a stranger knocked.
_OWN = (Series.AUTH,)


def begins(move: Move) -> bool:
    """Whether people have to be told that something began."""
    return move.to_state == "firing" and move.from_state not in OPEN


def ends(move: Move) -> bool:
    """Whether people have to be told that something is over."""
    return move.to_state == "resolved" and move.from_state in OPEN
