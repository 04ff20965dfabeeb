"""A report: what each hotel did on each of its days, the sums of hotels and of days, and of everything.

Counts and times come from the roll-ups of the metrics, so they are those of `greenbot metrics`; who waited for an
answer comes from the conversations. It is made hotel by hotel, so its size in memory is that of its lines.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import TYPE_CHECKING

from greenbot.metrics.cell import Cell
from greenbot.metrics.names import Names
from greenbot.metrics.now import Figures, figures_of, most_frequent
from greenbot.metrics.series import CALLS, Series, message_failed
from greenbot.metrics.spans import Spans, Sums
from greenbot.report.answers import Wait, waits
from greenbot.report.period import Period

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: What a report tells of; samples of the queue and strangers at the door are no hotel's day.
SERIES = (*CALLS, Series.WAIT, Series.MESSAGE, Series.DELIVERY, Series.EVENT, Series.WEBHOOK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """Whose days are told, and on which clock. `zone_name` is what people call it."""

    name: str
    zone: tzinfo
    zone_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A kind of error, and how often it came: of a call (`503 http_503`) or of a message (`failed rejected`)."""

    of: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Guests who began to wait, and how it went on. Times are to the first answer, in milliseconds."""

    guests: int = 0
    answered: int = 0
    closed: int = 0
    unanswered: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None
    slowest_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One hotel's day; without `day` all of them, without `hotel` all hotels."""

    day: date | None
    hotel: str | None
    figures: Figures
    delivered_p50_ms: int | None
    delivered_p95_ms: int | None
    delivered_p99_ms: int | None
    answers: Answers
    troubles: Sequence[Trouble]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Lines by hotel and then by day, sums of each hotel and of each day, and of everything."""

    period: Period
    made_at_ms: int
    hotels: Sequence[Hotel]
    lines: Sequence[Line]
    by_hotel: Sequence[Line]
    by_day: Sequence[Line]
    total: Line


@dataclass(slots=True)
class _Sum:
    """What lines are made of, as long as more may come to it."""

    cells: Sums = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)

    def add(self, other: "_Sum") -> None:
        for series, cell in other.cells.items():
            self.cells.setdefault(series, Cell()).merge(cell)
        self.waits += other.waits

    def line(self, day: date | None, hotel: str | None) -> Line:
        delivery = self.cells.get(Series.DELIVERY, _NOTHING)
        p50, p95, p99 = (None if value is None else round(value) for value in delivery.percentiles(0.5, 0.95, 0.99))
        return Line(
            day=day,
            hotel=hotel,
            figures=figures_of(self.total),
            delivered_p50_ms=p50,
            delivered_p95_ms=p95,
            delivered_p99_ms=p99,
            answers=answers_of(self.waits),
            troubles=troubles_of(self.total),
        )

    def total(self, series: Sequence[Series]) -> Cell:
        """What several series did together."""
        together = Cell()
        for one in series:
            together.merge(self.cells.get(one, _NOTHING))
        return together


_NOTHING = Cell()


def make(db: "Db", names: Names, hotels: Sequence[Hotel], period: Period, made_at_ms: int) -> Report:
    """The report about some hotels. Raises Busy, StoreError."""
    spans, days = Spans(db, names), period.days
    by_day, total = [_Sum() for _ in days], _Sum()
    lines: list[Line] = []
    by_hotel: list[Line] = []
    for hotel in hotels:
        sums, own = _days_of(db, spans, hotel, period), _Sum()
        for day, one, of_day in zip(days, sums, by_day, strict=True):
            lines.append(one.line(day, hotel.name))
            own.add(one)
            of_day.add(one)
        by_hotel.append(own.line(None, hotel.name))
        total.add(own)
    return Report(
        period=period,
        made_at_ms=made_at_ms,
        hotels=hotels,
        lines=lines,
        by_hotel=by_hotel,
        by_day=[one.line(day, None) for day, one in zip(days, by_day, strict=True)],
        total=total.line(None, None),
    )


def _days_of(db: "Db", spans: Spans, hotel: Hotel, period: Period) -> list[_Sum]:
    edges = period.edges(hotel.zone)
    sums = [_Sum(cells=cells) for cells in spans.sums(hotel.name, edges, SERIES)]
    for wait in waits(db, hotel.name, edges[0] * 1000, edges[-1] * 1000):
        sums[bisect_right(edges, wait.begun_at_ms // 1000) - 1].waits.append(wait)
    return sums


def answers_of(found: Iterable[Wait]) -> Answers:
    """How the waits went."""
    known = list(found)
    took = sorted(wait.took_ms for wait in known if wait.took_ms is not None)
    return Answers(
        guests=len(known),
        answered=len(took),
        closed=sum(wait.end == "closed" for wait in known),
        unanswered=sum(wait.end == "open" for wait in known),
        p50_ms=_at(took, 0.5),
        p95_ms=_at(took, 0.95),
        slowest_ms=took[-1] if took else None,
    )


def _at(ordered: Sequence[int], share: float) -> int | None:
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def troubles_of(total: Callable[[Sequence[Series]], Cell]) -> list[Trouble]:
    """Errors of calls and bad ends of messages, the most frequent first."""
    ends = {label: count for label, count in total((Series.MESSAGE,)).labels.items() if message_failed(label)}
    of: Mapping[str, Mapping[str, int]] = {"call": total(CALLS).labels, "message": ends}
    found = [
        Trouble(of=whose, label=label, count=count)
        for whose, labels in of.items()
        for label, count in most_frequent(labels)
    ]
    return sorted(found, key=lambda trouble: -trouble.count)
