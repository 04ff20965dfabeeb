"""A rule: which figure, over which window, against what, for how long, and who is told."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from greenbot.metrics.names import FLEET

Op = Literal[">", ">=", "<", "<="]
Scope = Literal["instance", "fleet", "both"]
Severity = Literal["low", "medium", "high", "critical"]
Origin = Literal["default", "person", "file"]

#: The least to the most severe.
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
#: What a rule judges by. Changing one of these begins its alerts anew.
JUDGED_BY = (
    "metric", "op", "threshold", "window_s", "for_s", "keep_firing_s", "min_total", "min_bad", "scope", "instances",
)  # fmt: skip
#: What else a person may set.
TOLD_BY = ("severity", "description", "receivers", "cooldown_s", "repeat_s", "enabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `threshold` is in the unit of its metric: per cent, milliseconds, or a number."""

    name: str
    metric: str
    op: Op
    threshold: float
    window_s: int
    for_s: int = 0
    keep_firing_s: int = 0
    min_total: int = 0
    min_bad: int = 0
    scope: Scope = "instance"
    instances: str = "*"
    severity: Severity = "medium"
    description: str = ""
    receivers: tuple[str, ...] = ()
    cooldown_s: int = 300
    repeat_s: int = 14_400
    enabled: bool = True
    origin: Origin = "person"
    #: Grows when what it judges by is changed; its alerts begin anew then.
    version: int = 1
    #: Grows with every change at all.
    edition: int = 1
    created_at_ms: int = 0
    changed_at_ms: int = 0
    changed_by: str = ""

    def judges_like(self, other: "Rule") -> bool:
        """Whether both would come to the same verdicts."""
        return all(getattr(self, field) == getattr(other, field) for field in JUDGED_BY)

    def is_like(self, other: "Rule") -> bool:
        """Whether both say the same, whoever made them and whenever."""
        return self.judges_like(other) and all(getattr(self, field) == getattr(other, field) for field in TOLD_BY)

    def concerns(self, instance: str) -> bool:
        """Whether it watches this instance, or the fleet for `*`."""
        if instance == FLEET:
            return self.scope in ("fleet", "both")
        return self.scope in ("instance", "both") and fnmatchcase(instance, self.instances)
