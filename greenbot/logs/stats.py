"""What a stretch of the log comes to: how many lines of which level and event, how long which method took."""

from collections import Counter
from dataclasses import dataclass, field

from greenbot.logs.wanted import parsed

_FAILED = frozenset({"warning", "error"})


@dataclass(slots=True)
class MethodStats:
    """The calls of one method."""

    calls: int = 0
    failed: int = 0
    times_ms: list[int] = field(default_factory=list)

    def percentile(self, share: float) -> int | None:
        """The time that this share of the calls did not exceed; None without any."""
        times = sorted(self.times_ms)
        return times[min(len(times) - 1, int(share * len(times)))] if times else None


@dataclass(slots=True)
class Stats:
    """Counts over lines. A line that is none of ours counts as `foreign`."""

    lines: int = 0
    foreign: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    methods: dict[str, MethodStats] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def add(self, line: bytes) -> None:
        """Count one line."""
        self.lines += 1
        fields = parsed(line)
        if fields is None or "event" not in fields:
            self.foreign += 1
            return
        self.first = self.first or str(fields.get("time", ""))
        self.last = str(fields.get("time", ""))
        level = str(fields.get("level", ""))
        self.levels[level] += 1
        self.events[str(fields["event"]), str(fields.get("outcome", ""))] += 1
        if name := fields.get("instance"):
            self.instances[str(name)] += 1
        if fields["event"] == "call":
            self._call(fields, is_failed=level in _FAILED)

    def _call(self, fields: dict[str, object], *, is_failed: bool) -> None:
        stats = self.methods.setdefault(str(fields.get("method", "")), MethodStats())
        stats.calls += 1
        stats.failed += is_failed
        if isinstance(took := fields.get("ms"), int):
            stats.times_ms.append(took)
