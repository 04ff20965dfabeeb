"""The window of the evaluator: what happened lately, and who of a large fleet has to be looked at because of it.

An alert can only begin for an instance that had something bad, slow or limited in the rule's window. All others are
passed over, so that a look at three hundred healthy instances costs hardly more than one at ten.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from greenbot.alerts.evaluate import STREAK_WINDOW_S, watches_failures
from greenbot.alerts.rule import Rule
from greenbot.alerts.silence import Silences
from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.cell import CELL_SECONDS, Cell
from greenbot.metrics.cells import Stored
from greenbot.metrics.series import RATE_LIMITED, Series
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
        self._shown: dict[Sign, dict[str, int]] = {"bad": {}, "slow": {}, "limited": {}}
        self._silences = silences
        self._forgotten_s = 0

    def feed(self, cells: Iterable[Stored]) -> None:
        """Take in cells, each once, whoever writes while the first are read."""
        assert self._last_id is not None
        fresh = [stored for stored in cells if stored.id <= self._last_id]
        for stored in fresh:
            self._note(stored)
        super().feed(fresh)

    def _note(self, stored: Stored) -> None:
        key, cell = stored.key, stored.cell
        if key.series is Series.EVENT:
            self._silences.heard(key.instance, cell.last_ms)
        if cell.bad:
            self._show("bad", key.instance, key.at_s)
        if cell.max_ms >= self._slow_ms:
            self._show("slow", key.instance, key.at_s)
        if RATE_LIMITED in cell.labels:
            self._show("limited", key.instance, key.at_s)

    def _show(self, sign: Sign, instance: str, at_s: int) -> None:
        shown = self._shown[sign]
        shown[instance] = max(at_s, shown.get(instance, 0))

    def forget(self, now_s: int) -> None:
        """Forget what is too old, once a minute."""
        if 0 <= now_s - self._forgotten_s < FORGET_SECONDS:
            return
        self._forgotten_s = now_s
        super().forget(now_s)
        for shown in self._shown.values():
            for instance in [name for name, at_s in shown.items() if at_s < now_s - self._memory_s - CELL_SECONDS]:
                del shown[instance]

    def showing(self, sign: Sign) -> Collection[str]:
        """Who showed a sign within memory."""
        return self._shown[sign].keys()

    def window(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """The window of a rule at t: as many whole cells as fit into it, up to the last one that is complete."""
        return self.total(instance, series, aligned(at_ms // 1000), seconds // CELL_SECONDS * CELL_SECONDS)

    def latest(self, instance: str, series: Sequence[Series], at_ms: int, seconds: int) -> Cell:
        """How the latest ones went, the unfinished cell included."""
        return self.total(instance, series, aligned(at_ms // 1000) + CELL_SECONDS, seconds)

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
