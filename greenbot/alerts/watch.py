"""The window of the evaluator: what happened lately, and who of a large fleet has to be looked at because of it.

An alert can only begin for an instance that had something bad, slow or limited in the rule's window. All others are
passed over, so that a look at three hundred healthy instances costs hardly more than one at ten.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from greenbot.alerts.evaluate import STREAK_WINDOW_S, watches_failures
from greenbot.alerts.rule import Rule
from greenbot.alerts.silence import Silences
from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.cell import CELL_SECONDS, Cell
from greenbot.metrics.cells import Key, Stored
from greenbot.metrics.names import FLEET
from greenbot.metrics.series import RATE_LIMITED, SAMPLES, Series
from greenbot.metrics.window import FLEET_SECONDS, Window, aligned

#: Windows up to this long are kept in memory; longer ones are read from the store.
MOST_SECONDS = 3600
#: Cells are forgotten this seldom, and are kept for as much longer.
FORGET_SECONDS = 60

#: What has to have happened before a rule can begin to hold; `any`: it may hold without anything.
Sign = Literal["bad", "slow", "limited", "any"]

_COUNTS_OF_BAD = (
    "errors", "events_failed", "webhook_errors", "auth_failures", "messages_failed", "messages_expired",
    "messages_uncertain",
)  # fmt: skip
_TIMES = (
    "response_time", "response_time_p50", "response_time_p95", "response_time_p99", "event_lag", "time_to_delivered",
)  # fmt: skip


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
        self._memory_s = max(STREAK_WINDOW_S, longest)
        kept_s = self._memory_s + CELL_SECONDS + FORGET_SECONDS
        super().__init__(seconds=kept_s, fleet_seconds=max(FLEET_SECONDS, kept_s))
        slow = [rule.threshold for rule in rules if sign_of(rule) == "slow"]
        # A percentile may be told one per cent too high.
        self._slow_ms = min(slow, default=float("inf")) / 1.02
        self._shown: dict[Sign, dict[Series, dict[str, int]]] = {"bad": {}, "slow": {}, "limited": {}}
        self._silences = silences
        self._forgotten_s = 0

    def feed(self, cells: Iterable[Stored]) -> None:
        """Take in cells, each once, whoever writes while the first are read."""
        assert self._last_id is not None
        for stored in cells:
            if stored.id <= self._last_id:
                self._note(stored)
                self._take(stored)

    def _take(self, stored: Stored) -> None:
        key, cell = stored.key, stored.cell
        line = self._lines[key.instance, key.series]
        held = line.get(key.at_s)
        if held is None:
            line[key.at_s] = cell
        else:
            held.merge(cell)
        if key.instance != FLEET and key.series not in SAMPLES:
            self._lines[FLEET, key.series].setdefault(key.at_s, Cell()).merge(cell)

    def _note(self, stored: Stored) -> None:
        key, cell = stored.key, stored.cell
        if key.series is Series.EVENT:
            self._silences.heard(key.instance, cell.last_ms)
        if cell.bad:
            self._show("bad", key)
        if cell.max_ms >= self._slow_ms:
            self._show("slow", key)
        if RATE_LIMITED in cell.labels:
            self._show("limited", key)

    def _show(self, sign: Sign, key: Key) -> None:
        shown = self._shown[sign].setdefault(key.series, {})
        shown[key.instance] = max(key.at_s, shown.get(key.instance, 0))

    def forget(self, now_s: int) -> None:
        """Forget what is too old, once a minute."""
        if 0 <= now_s - self._forgotten_s < FORGET_SECONDS:
            return
        self._forgotten_s = now_s
        super().forget(now_s)
        for shown in (shown for of_series in self._shown.values() for shown in of_series.values()):
            for instance in [name for name, at_s in shown.items() if at_s < now_s - self._memory_s - CELL_SECONDS]:
                del shown[instance]

    def showing(self, sign: Sign, series: Sequence[Series]) -> Collection[str]:
        """Who showed a sign in these series within memory."""
        return {name for one in series for name in self._shown[sign].get(one, ())}

    def window(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """The window of a rule at t: as many whole cells as fit into it, up to the last one that is complete."""
        return self.total(instance, series, aligned(at_ms // 1000), seconds // CELL_SECONDS * CELL_SECONDS)

    def counts(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """The same window, but only how many and how many badly: a ratio needs no more."""
        end_s = aligned(at_ms // 1000)
        begins = range(end_s - seconds // CELL_SECONDS * CELL_SECONDS, end_s, CELL_SECONDS)
        n = bad = 0
        for line in self._lines_of(instance, series):
            for at_s in begins:
                if (cell := line.get(at_s)) is not None:
                    n += cell.n
                    bad += cell.bad
        return Cell(n=n, bad=bad)

    def latest(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """How the latest ones went, the unfinished cell included: only `tail` and its moments mean something."""
        end_s = aligned(at_ms // 1000) + CELL_SECONDS
        lines = self._lines_of(instance, series)
        found: list[Cell] = []
        for at_s in range(end_s - CELL_SECONDS, end_s - seconds - 1, -CELL_SECONDS):
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
        end_s = aligned(at_ms // 1000) + CELL_SECONDS
        if not (lines := self._lines_of(instance, series)):
            return False
        for at_s in range(end_s - CELL_SECONDS, end_s - seconds - 1, -CELL_SECONDS):
            tails = [cell.tail for line in lines if (cell := line.get(at_s)) is not None]
            if tails:
                return min(tails) < 0
        return False

    def _lines_of(self, instance: str, series: Sequence[Series]) -> "list[Mapping[int, Cell]]":
        return [line for one in series if (line := self.cells(instance, one))]

    def is_shared(self, series: Sequence[Series], at_ms: int, seconds: int) -> bool:
        """Whether more than one instance did anything in a window, or something was counted for the fleet itself."""
        end_s = aligned(at_ms // 1000)
        first_s = end_s - seconds
        found = 0
        for instance in self.instances():
            found += any(first_s <= at_s < end_s for one in series for at_s in self.cells(instance, one))
            if found > 1:
                return True
        return False


def _last_first(cell: Cell) -> int:
    return -cell.last_ms


def _tail_of(cell: Cell) -> Cell:
    return Cell(n=cell.n, bad=cell.bad, tail=cell.tail, tail_from_ms=cell.tail_from_ms, last_ms=cell.last_ms)
