"""The window of the evaluator: what happened lately, and who of a large fleet has to be looked at because of it.

An alert can only begin for an instance that had something bad, slow or limited in the rule's window. All others are
passed over, and how long things took is read from a cell only when somebody asks, so that a look at three hundred
healthy instances costs little more than one at ten.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from greenbot.alerts.evaluate import STREAK_WINDOW_S, watches_failures
from greenbot.alerts.rule import Rule
from greenbot.alerts.silence import Silences
from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.cell import CELL_SECONDS, Cell
from greenbot.metrics.cells import last_id
from greenbot.metrics.histogram import merge_into, unpack
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import RATE_LIMITED, SAMPLES, Series
from greenbot.metrics.window import FLEET_SECONDS, Window, aligned

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

#: Windows up to this long are kept in memory; longer ones are read from the store.
MOST_SECONDS = 3600
#: Cells are forgotten this seldom, and are kept for as much longer.
FORGET_SECONDS = 120
AT_ONCE = 100_000

_COLUMNS = "id, at_s, instance, series, n, bad, sum_ms, max_ms, tail, tail_ms, last_ms, hist, labels"
SINCE = f"select {_COLUMNS} from metric_cells where at_s >= :since and id <= :last order by at_s, id"  # noqa: S608 - ours
NEWER = f"select {_COLUMNS} from metric_cells where id > :after order by id limit :most"  # noqa: S608 - ours

#: What has to have happened before a rule can begin to hold; `any`: it may hold without anything.
Sign = Literal["bad", "slow", "limited", "any"]

_COUNTS_OF_BAD = (
    "errors", "events_failed", "webhook_errors", "auth_failures", "messages_failed", "messages_expired",
    "messages_uncertain",
)  # fmt: skip
_TIMES = (
    "response_time", "response_time_p50", "response_time_p95", "response_time_p99", "event_lag", "time_to_delivered",
)  # fmt: skip
_SERIES = {int(series): series for series in Series}


def sign_of(rule: Rule) -> Sign:
    """Without this no window makes the rule's condition true."""
    metric = METRICS.get(rule.metric)
    grows = rule.op in (">", ">=") and rule.threshold > 0
    if metric is not None and metric.shape == "ratio":
        falls_short = rule.metric == "success_rate" and watches_failures(rule) and rule.threshold < 100
        return "bad" if falls_short or (grows and rule.metric != "success_rate") else "any"
    if grows and rule.metric in _COUNTS_OF_BAD:
        return "bad"
    if grows and rule.metric in _TIMES:
        return "slow"
    return "limited" if grows and rule.metric == "rate_limit_hits" else "any"


class Watch(Window):
    """A window as long as the rules need it, that knows who showed which sign."""

    def __init__(self, rules: Collection[Rule], silences: Silences) -> None:
        longest = max((rule.window_s for rule in rules if rule.window_s <= MOST_SECONDS), default=0)
        self._memory_s = max(STREAK_WINDOW_S, longest) + CELL_SECONDS
        kept_s = self._memory_s + FORGET_SECONDS
        super().__init__(seconds=kept_s, fleet_seconds=max(FLEET_SECONDS, kept_s))
        slow = [rule.threshold for rule in rules if sign_of(rule) == "slow"]
        # A percentile may be told one per cent too high.
        self._slow_ms = min(slow, default=float("inf")) / 1.02
        self._shown: dict[Sign, dict[Series, dict[str, int]]] = {"bad": {}, "slow": {}, "limited": {}}
        #: How long things took, as it was packed.
        self._packed: dict[tuple[str, Series], dict[int, list[bytes]]] = defaultdict(dict)
        self._silences = silences
        self._forgotten_s = 0

    def follow(self, db: "Db", names: Names, now_s: int) -> None:
        """Take in what is new in the store, forget what is too old. Raises Busy, StoreError."""
        if self._last_id is None:
            self._last_id = last_id(db)
            self._take(names, db, db.all(SINCE, since=now_s - self._seconds, last=self._last_id))
        while fresh := db.all(NEWER, after=self._last_id, most=AT_ONCE):
            self._last_id = fresh[-1]["id"]
            self._take(names, db, fresh)
        self.forget(now_s)

    def _take(self, names: Names, db: "Db", rows: "Iterable[Row]") -> None:
        for _, at_s, number, series_number, n, bad, sum_ms, max_ms, tail, tail_ms, last_ms, hist, labels in rows:
            instance, series = names.name(db, number), _SERIES[series_number]
            end_ms = at_s * 1000 + last_ms
            cell = Cell(n=n, bad=bad, sum_ms=sum_ms, max_ms=max_ms, tail=tail, tail_from_ms=end_ms - tail_ms,
                        last_ms=end_ms, labels=names.unpack(db, labels) if labels else {})  # fmt: skip
            if hist:
                self._packed[instance, series].setdefault(at_s, []).append(hist)
            self._note(instance, series, at_s, cell)
            if instance != FLEET and series not in SAMPLES:
                self._lines[FLEET, series].setdefault(at_s, Cell()).merge(cell)
            line = self._lines[instance, series]
            if at_s in line:
                line[at_s].merge(cell)
            else:
                line[at_s] = cell

    def _note(self, instance: str, series: Series, at_s: int, cell: Cell) -> None:
        if series is Series.EVENT:
            self._silences.heard(instance, cell.last_ms)
        if cell.bad:
            self._show("bad", instance, series, at_s)
        if cell.max_ms >= self._slow_ms:
            self._show("slow", instance, series, at_s)
        if RATE_LIMITED in cell.labels:
            self._show("limited", instance, series, at_s)

    def _show(self, sign: Sign, instance: str, series: Series, at_s: int) -> None:
        shown = self._shown[sign].setdefault(series, {})
        shown[instance] = max(at_s, shown.get(instance, 0))

    def forget(self, now_s: int) -> None:
        """Forget what is too old, now and then."""
        if 0 <= now_s - self._forgotten_s < FORGET_SECONDS:
            return
        self._forgotten_s = now_s
        super().forget(now_s)
        before_s = now_s - self._memory_s
        for packed in self._packed.values():
            for at_s in [at_s for at_s in packed if at_s < now_s - self._seconds]:
                del packed[at_s]
        for shown in (shown for of_series in self._shown.values() for shown in of_series.values()):
            for instance in [name for name, at_s in shown.items() if at_s < before_s]:
                del shown[instance]

    def showing(self, sign: Sign, series: Sequence[Series]) -> Collection[str]:
        """Who showed a sign in these series within memory."""
        return {name for one in series for name in self._shown[sign].get(one, ())}

    def window(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """The window of a rule at t: as many whole cells as fit into it, up to the last one that is complete."""
        begins = _begins(at_ms, seconds)
        sums = self.total(instance, series, begins.stop, begins.stop - begins.start)
        for who in self.instances() if instance == FLEET else ():
            self._unpack_into(sums, who, series, begins)
        self._unpack_into(sums, instance, series, begins)
        return sums

    def _unpack_into(self, sums: Cell, instance: str, series: Sequence[Series], begins: range) -> None:
        for one in series:
            packed = self._packed.get((instance, one), {})
            for at_s in begins:
                for hist in packed.get(at_s, ()):
                    merge_into(sums.bins, unpack(hist))

    def counts(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """The same window, but only how many and how many badly: a ratio needs no more."""
        begins = _begins(at_ms, seconds)
        n = bad = 0
        for line in self._lines_of(instance, series):
            for at_s in begins:
                if (cell := line.get(at_s)) is not None:
                    n += cell.n
                    bad += cell.bad
        return Cell(n=n, bad=bad)

    def latest(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """How the latest ones went, the unfinished cell included: only `tail` and its moments mean something."""
        lines = self._lines_of(instance, series)
        found: list[Cell] = []
        for at_s in reversed(_begins(at_ms + CELL_SECONDS * 1000, seconds)):
            cells = [cell for line in lines if (cell := line.get(at_s)) is not None]
            found += sorted(cells, key=_last_first)
            # Whatever was before, it is not in a row with what came after a mixed stretch.
            if any(not cell.is_uniform or cell.tail * found[0].tail < 0 for cell in cells):
                break
        sums = Cell()
        for cell in reversed(found):
            sums.merge(_tail_of(cell))
        return sums

    def ends_badly(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> bool:
        """Whether the very latest one failed: without that there is no streak."""
        if not (lines := self._lines_of(instance, series)):
            return False
        for at_s in reversed(_begins(at_ms + CELL_SECONDS * 1000, seconds)):
            tails = [cell.tail for line in lines if (cell := line.get(at_s)) is not None]
            if tails:
                return min(tails) < 0
        return False

    def is_shared(self, series: Sequence[Series], at_ms: int, seconds: int) -> bool:
        """Whether more than one instance did anything in a window."""
        begins = _begins(at_ms, seconds)
        found = 0
        for instance in self.instances():
            found += any(at_s in begins for line in self._lines_of(instance, series) for at_s in line)
            if found > 1:
                return True
        return False

    def _lines_of(self, instance: str, series: Sequence[Series]) -> list[Mapping[int, Cell]]:
        return [line for one in series if (line := self.cells(instance, one))]


def _begins(at_ms: int, seconds: int) -> range:
    """Where the complete cells of a window begin, in UTC seconds."""
    end_s = aligned(at_ms // 1000)
    return range(end_s - seconds // CELL_SECONDS * CELL_SECONDS, end_s, CELL_SECONDS)


def _last_first(cell: Cell) -> int:
    return -cell.last_ms


def _tail_of(cell: Cell) -> Cell:
    return Cell(n=cell.n, bad=cell.bad, tail=cell.tail, tail_from_ms=cell.tail_from_ms, last_ms=cell.last_ms)
