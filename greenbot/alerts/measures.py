"""Everything a rule can watch, by name: the figures of the metrics, and what the store knows besides."""

from dataclasses import dataclass
from typing import Literal

from greenbot.metrics.catalogue import METRICS
from greenbot.metrics.catalogue import Unit as MetricUnit

#: `times` says how many times the usual; `percent` may be more than 100 where it is no share.
Unit = Literal["percent", "ms", "count", "times", "megabytes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure a rule can watch. Those of the store have no window: they are what is true at the look."""

    name: str
    unit: Unit
    doc: str
    has_window: bool
    #: A share, so never above 100.
    is_share: bool = False
    #: About the machine, not about an instance.
    of_machine: bool = False


def _of_store(name: str, unit: Unit, doc: str) -> Measure:
    return Measure(name=name, unit=unit, doc=doc, has_window=False)


def _of_machine(name: str, unit: Unit, doc: str) -> Measure:
    return Measure(name=name, unit=unit, doc=doc, has_window=False, of_machine=True)


_UNITS: dict[MetricUnit, Unit] = {"percent": "percent", "ms": "ms", "count": "count"}

MEASURES: dict[str, Measure] = {
    **{
        metric.name: Measure(
            name=metric.name,
            unit=_UNITS[metric.unit],
            doc=metric.doc,
            has_window=True,
            is_share=metric.shape == "ratio",
        )
        for metric in METRICS.values()
    },
    **{
        measure.name: measure
        for measure in (
            _of_store("instance_not_sendable", "count", "1 while the number cannot send: not linked, blocked, refused"),
            _of_store("outbox_oldest_age", "ms", "how long the oldest message that could leave has been waiting"),
            _of_store("uncertain_messages", "count", "messages whose fate is not known"),
            _of_store("stalled_messages", "count", "messages GREEN-API took and never sent"),
            _of_store("webhook_silence", "times", "time without an event, in usual gaps at these hours"),
            _of_machine("disk_reserve", "percent", "free space of the store's disk, of the reserve it needs"),
            _of_machine("db_guard", "megabytes", "size of the store's log that waits to be taken over"),
        )
    },
}


def unit_of(name: str) -> Unit:
    """The unit of a measure; `count` for one nobody knows any more."""
    measure = MEASURES.get(name)
    return measure.unit if measure else "count"
