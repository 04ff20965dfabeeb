"""Readings over any stretch of time: from hours where whole hours are asked for, else from minutes or ten seconds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Stored, since, unrolled
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.rollup import Level, cell_of
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Stretches up to this long are read from the ten-second cells, exactly, while those are kept.
FINE_SECONDS = 3600
OLDEST_CELL = "select min(at_s) from metric_cells"
HAS_MINUTES = """
select exists (select 1 from metric_minutes
                where instance = :instance and series = :series and at_s >= :since and at_s < :until)
"""
RANGE: dict[Level, str] = {
    level: f"""
select * from {level}
 where instance = :instance and series = :series and at_s >= :since and at_s < :until order by at_s
"""  # noqa: S608 - the two names of ours
    for level in ("metric_minutes", "metric_hours")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From `since_s` up to, not including, `until_s`: UTC seconds, read to the ten seconds (older: to the minute)."""

    since_s: int
    until_s: int

    def holds(self, at_s: int) -> bool:
        """Whether a cell that begins there belongs to it."""
        return self.since_s <= at_s < self.until_s


def reading(db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str = FLEET) -> Cell:
    """Everything of these series in a stretch, as one. Raises Busy, StoreError."""
    sums = Cell()
    for _, cell in sorted(_pieces(db, names, stretch, series, instance), key=lambda piece: piece[0]):
        sums.merge(cell)
    return sums


def trend(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str = FLEET, *, step_s: int = 60
) -> list[tuple[int, Cell]]:
    """The same in steps of `step_s` (a multiple of 10): each step that holds anything, with its begin in UTC seconds.

    Raises Busy, StoreError.
    """
    steps: dict[int, Cell] = {}
    level: Level = "metric_hours" if step_s % 3600 == 0 else "metric_minutes"
    pieces = (
        _cells_of(db, names, stretch, series, instance)
        if _is_fine(db, names, stretch, series, instance)
        else [*_level(db, names, level, stretch, series, instance), *_unrolled(db, names, stretch, series, instance)]
    )
    for at_s, cell in sorted(pieces, key=lambda piece: piece[0]):
        steps.setdefault(at_s // step_s * step_s, Cell()).merge(cell)
    return sorted(steps.items())


def rolled(db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str = FLEET) -> Cell:
    """The same as `reading` to the minute, without what is not rolled up yet (a minute of a running service).

    Costs no more however much the other instances did. Raises Busy, StoreError.
    """
    sums = Cell()
    for _, cell in sorted(_coarse(db, names, stretch, series, instance), key=lambda piece: piece[0]):
        sums.merge(cell)
    return sums


def rolled_trend(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str = FLEET, *, step_s: int = 60
) -> dict[int, Cell]:
    """The same as `trend` for whole minutes, without what is not rolled up yet. Raises Busy, StoreError."""
    steps: dict[int, Cell] = {}
    for at_s, cell in _level(db, names, "metric_minutes", stretch, series, instance):
        steps.setdefault(at_s // step_s * step_s, Cell()).merge(cell)
    return steps


def _pieces(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    if _is_fine(db, names, stretch, series, instance):
        yield from _cells_of(db, names, stretch, series, instance)
        return
    yield from _coarse(db, names, stretch, series, instance)
    yield from _unrolled(db, names, stretch, series, instance)


def _is_fine(db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str) -> bool:
    """Whether it is short, and none of its ten seconds are gone already."""
    if stretch.until_s - stretch.since_s > FINE_SECONDS:
        return False
    oldest = db.scalar(OLDEST_CELL)
    if isinstance(oldest, int) and oldest <= stretch.since_s:
        return True
    number = names.find(db, instance)
    before = stretch.until_s if not isinstance(oldest, int) else min(stretch.until_s, oldest // 60 * 60)
    return number is None or not any(
        db.scalar(HAS_MINUTES, instance=number, series=int(one), since=stretch.since_s // 60 * 60, until=before)
        for one in series
    )


def _coarse(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    """Whole hours as such, the edges by the minute."""
    first_hour, last_hour = -(-stretch.since_s // 3600) * 3600, stretch.until_s // 3600 * 3600
    whole = Stretch(since_s=first_hour, until_s=max(first_hour, last_hour))
    yield from _level(db, names, "metric_hours", whole, series, instance)
    for edge in (
        Stretch(since_s=stretch.since_s // 60 * 60, until_s=min(first_hour, stretch.until_s)),
        Stretch(since_s=whole.until_s, until_s=stretch.until_s),
    ):
        yield from _level(db, names, "metric_minutes", edge, series, instance)


def _level(
    db: "Db", names: Names, level: Level, stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    number = names.find(db, instance)
    if number is None or stretch.until_s <= stretch.since_s:
        return
    for one in series:
        rows = db.all(RANGE[level], instance=number, series=int(one), since=stretch.since_s, until=stretch.until_s)
        for row in rows:
            yield row["at_s"], cell_of(row, names, db)


def _unrolled(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    yield from _chosen(unrolled(db, names), stretch, series, instance)


def _cells_of(
    db: "Db", names: Names, stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    yield from _chosen(since(db, names, stretch.since_s, until_s=stretch.until_s), stretch, series, instance)


def _chosen(
    cells: Iterable[Stored], stretch: Stretch, series: Sequence[Series], instance: str
) -> Iterator[tuple[int, Cell]]:
    for stored in cells:
        key = stored.key
        if key.series in series and stretch.holds(key.at_s) and instance in (FLEET, key.instance):
            yield key.at_s, stored.cell
