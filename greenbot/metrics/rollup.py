"""Cells become minutes and hours, of each instance and of the fleet; old ones go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Stored, newer, rolled_id
from greenbot.metrics.histogram import pack, unpack
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import SAMPLES, Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

Level = Literal["metric_minutes", "metric_hours"]
SECONDS: dict[Level, int] = {"metric_minutes": 60, "metric_hours": 3600}

SET_ROLLED_ID = """
insert into metric_marks (name, value) values ('rolled_id', :id)
    on conflict do update set value = excluded.value
"""
#: The name of a table cannot be a parameter; these are the only two.
FIND: dict[Level, str] = {
    level: f"select * from {level} where instance = :instance and series = :series and at_s = :at_s"  # noqa: S608 - ours
    for level in SECONDS
}
PUT: dict[Level, str] = {
    level: f"""
insert into {level} (instance, series, at_s, n, bad, sum_ms, max_ms, hist, labels)
values (:instance, :series, :at_s, :n, :bad, :sum_ms, :max_ms, :hist, :labels)
    on conflict do update set n = excluded.n, bad = excluded.bad, sum_ms = excluded.sum_ms, max_ms = excluded.max_ms,
                              hist = excluded.hist, labels = excluded.labels
"""  # noqa: S608 - ours
    for level in SECONDS
}
ADD_TO_TOTALS = """
insert into metric_totals (instance, series, n, bad, sum_ms) values (:instance, :series, :n, :bad, :sum_ms)
    on conflict do update set n = n + excluded.n, bad = bad + excluded.bad, sum_ms = sum_ms + excluded.sum_ms
"""
TOTALS = "select * from metric_totals"
AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long each level is kept, in seconds."""

    cells: int = 6 * 3600
    minutes: int = 14 * 86400
    hours: int = 400 * 86400


DEFAULT_KEEP = Keep()

_Spot = tuple[str, Series, int]


def roll_up(db: "Db", names: Names) -> int:
    """Add the cells that are new to their minutes and hours; how many. Raises Busy, StoreError.

    Each is added once, whoever rolls up and whoever is killed: the mark moves in the same transaction.
    """
    rolled = 0
    while True:
        with db.write(durable=False) as tx:
            mark = rolled_id(tx)
            cells = newer(tx, names, mark, most=AT_ONCE)
            if cells:
                for level, seconds in SECONDS.items():
                    _merge_level(tx, names, level, _grouped(cells, seconds))
                _add_to_totals(tx, names, cells)
                tx.run(SET_ROLLED_ID, id=cells[-1].id)
        rolled += len(cells)
        if len(cells) < AT_ONCE:
            return rolled


@dataclass(slots=True, kw_only=True)
class Total:
    """All that ever was of one instance and series."""

    n: int = 0
    bad: int = 0
    sum_ms: int = 0


def totals(reader: "Db | Tx", names: Names) -> dict[tuple[str, Series], Total]:
    """What was ever counted, as far as it is rolled up; only grows. Raises Busy, StoreError."""
    return {
        (names.name(reader, row["instance"]), Series(row["series"])): Total(
            n=row["n"], bad=row["bad"], sum_ms=row["sum_ms"]
        )
        for row in reader.all(TOTALS)
    }


def _add_to_totals(tx: "Tx", names: Names, cells: list[Stored]) -> None:
    sums: dict[tuple[str, Series], Total] = {}
    for stored in cells:
        if stored.key.series not in SAMPLES:
            total = sums.setdefault((stored.key.instance, stored.key.series), Total())
            total.n += stored.cell.n
            total.bad += stored.cell.bad
            total.sum_ms += stored.cell.sum_ms
    for (instance, series), total in sums.items():
        number = names.number(tx, instance)
        tx.run(ADD_TO_TOTALS, instance=number, series=int(series), n=total.n, bad=total.bad, sum_ms=total.sum_ms)


def _grouped(cells: list[Stored], seconds: int) -> dict[_Spot, Cell]:
    spots: dict[_Spot, Cell] = {}
    for stored in sorted(cells, key=lambda stored: (stored.key.at_s, stored.id)):
        key = stored.key
        at_s = key.at_s // seconds * seconds
        spots.setdefault((key.instance, key.series, at_s), Cell()).merge(stored.cell)
        if key.series not in SAMPLES and key.instance != FLEET:
            spots.setdefault((FLEET, key.series, at_s), Cell()).merge(stored.cell)
    return spots


def _merge_level(tx: "Tx", names: Names, level: Level, spots: Mapping[_Spot, Cell]) -> None:
    for (instance, series, at_s), added in spots.items():
        where = {"instance": names.number(tx, instance), "series": int(series), "at_s": at_s}
        row = tx.one(FIND[level], **where)
        cell = added if row is None else cell_of(row, names, tx)
        if row is not None:
            cell.merge(added)
        tx.run(
            PUT[level],
            **where,
            n=cell.n,
            bad=cell.bad,
            sum_ms=cell.sum_ms,
            max_ms=cell.max_ms,
            hist=pack(cell.bins),
            labels=names.pack(tx, cell.labels),
        )


def cell_of(row: "Row", names: Names, reader: "Db | Tx") -> Cell:
    """A minute or an hour of the store."""
    return Cell(
        n=row["n"],
        bad=row["bad"],
        sum_ms=row["sum_ms"],
        max_ms=row["max_ms"],
        bins=unpack(row["hist"]),
        labels=names.unpack(reader, row["labels"]),
    )


def prune(db: "Db", now_s: int, keep: Keep = DEFAULT_KEEP) -> int:
    """Remove what is older than it is kept, a little at a time; how many rows. Raises Busy, StoreError."""
    removed = _prune_cells(db, now_s - keep.cells)
    spots = db.all("select distinct instance, series from metric_hours")
    for level, age in (("metric_minutes", keep.minutes), ("metric_hours", keep.hours)):
        sql = f"delete from {level} where instance = :instance and series = :series and at_s < :before"  # noqa: S608 - ours
        with db.write(durable=False) as tx:
            removed += sum(
                tx.run(sql, instance=spot["instance"], series=spot["series"], before=now_s - age) for spot in spots
            )
    return removed


def _prune_cells(db: "Db", before_s: int) -> int:
    # Only what is in minutes and hours already.
    sql = """
    delete from metric_cells where id in (
      select id from metric_cells where at_s < :before and id <= :rolled order by at_s limit 5000)
    """
    removed = 0
    while True:
        with db.write(durable=False) as tx:
            gone = tx.run(sql, before=before_s, rolled=rolled_id(tx))
        removed += gone
        if gone < 5000:
            return removed
