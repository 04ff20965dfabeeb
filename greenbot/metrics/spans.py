"""Stretches that follow one another, such as the days of a quarter, read in one pass over the hours.

An hour that lies across an edge is read by the minute. Where its minutes are gone (after two weeks), it goes as a whole
to the side on which more of it lies: the day of a place half an hour off UTC then begins on the hour.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Stored, unrolled
from greenbot.metrics.histogram import unpack
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import SAMPLES, Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

HOUR = 3600
HOURS = """
select at_s, n, bad, sum_ms, max_ms, hist, labels from metric_hours
 where instance = :instance and series = :series and at_s >= :since and at_s < :until
"""
MINUTES = """
select at_s, n, bad, sum_ms, max_ms, hist, labels from metric_minutes
 where instance = :instance and series = :series and at_s >= :since and at_s < :until
"""
BUSY = "select distinct instance from metric_totals where instance <> 0"

#: What happened in one stretch, by series. A series without anything is not in it.
Sums = dict[Series, Cell]


class Spans:
    """Reads the roll-ups of one store as they are now. What is not rolled up yet is read once, for all instances."""

    def __init__(self, db: "Db", names: Names) -> None:
        self._db = db
        self._names = names
        self._fresh: dict[tuple[str, Series], list[Stored]] = defaultdict(list)
        for stored in unrolled(db, names):
            key = stored.key
            self._fresh[key.instance, key.series].append(stored)
            if key.instance != FLEET and key.series not in SAMPLES:
                self._fresh[FLEET, key.series].append(stored)

    def instances(self) -> set[str]:
        """Everybody of whom anything was ever counted, the fleet aside."""
        rolled = {self._names.name(self._db, row["instance"]) for row in self._db.all(BUSY)}
        return rolled | {name for name, _ in self._fresh if name != FLEET}

    def sums(self, instance: str, edges: Sequence[int], series: Sequence[Series]) -> list[Sums]:
        """What an instance did between each two edges (UTC seconds, ascending). Raises Busy, StoreError."""
        found: list[Sums] = [{} for _ in edges[1:]]
        for one in series:
            for at_s, row in self._rows(instance, edges, one):
                number = _place(edges, at_s)
                if number is not None:
                    self._add(found[number].setdefault(one, Cell()), row)
            for stored in self._fresh.get((instance, one), ()):
                number = _place(edges, stored.key.at_s)
                if number is not None:
                    found[number].setdefault(one, Cell()).merge(stored.cell)
        return found

    def _rows(self, instance: str, edges: Sequence[int], series: Series) -> "Iterator[tuple[int, Row]]":
        """Hours, and minutes in place of those across an edge, each with the second by which it is placed."""
        number = self._names.find(self._db, instance)
        if number is None:
            return
        across = {edge // HOUR * HOUR for edge in edges if edge % HOUR}
        since, until = edges[0] // HOUR * HOUR, edges[-1]
        who = {"instance": number, "series": int(series)}
        for row in self._db.all(HOURS, **who, since=since, until=until):
            if row[0] not in across:
                yield row[0], row
                continue
            minutes = self._db.all(MINUTES, **who, since=row[0], until=row[0] + HOUR)
            if sum(minute[1] for minute in minutes) == row[1]:
                yield from ((minute[0], minute) for minute in minutes)
            else:
                yield row[0] + HOUR // 2, row

    def _add(self, cell: Cell, row: "Row") -> None:
        """Without the latest ones in a row, which hours do not know: this is where a long report spends its time."""
        _, n, bad, sum_ms, max_ms, hist, labels = row
        cell.n += n
        cell.bad += bad
        cell.sum_ms += sum_ms
        cell.max_ms = max(cell.max_ms, max_ms)
        bins = cell.bins
        for number, count in unpack(hist).items():
            bins[number] = bins.get(number, 0) + count
        if labels:
            for label, count in self._names.unpack(self._db, labels).items():
                cell.labels[label] = cell.labels.get(label, 0) + count


def _place(edges: Sequence[int], at_s: int) -> int | None:
    """Which stretch a moment belongs to."""
    number = bisect_right(edges, at_s) - 1
    return number if 0 <= number < len(edges) - 1 else None
