"""Cells in the store: ten seconds of one instance and series a row, only ever added."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.metrics.cell import Cell
from greenbot.metrics.histogram import pack, unpack
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

INSERT = """
insert into metric_cells (at_s, instance, series, n, bad, sum_ms, max_ms, tail, tail_ms, last_ms, hist, labels)
values (:at_s, :instance, :series, :n, :bad, :sum_ms, :max_ms, :tail, :tail_ms, :last_ms, :hist, :labels)
"""
NEWER = "select * from metric_cells where id > :after and id <= :until order by id limit :most"
SINCE = "select * from metric_cells where at_s >= :since and at_s < :until order by at_s, id"
ROLLED_ID = "select coalesce((select value from metric_marks where name = 'rolled_id'), 0)"
LAST_ID = "select coalesce(max(id), 0) from metric_cells"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Which stretch of time of what."""

    at_s: int
    instance: str
    series: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A cell as it stands in the store."""

    id: int
    key: Key
    cell: Cell


def append(tx: "Tx", names: Names, cells: Mapping[Key, Cell]) -> None:
    """Add cells; several for the same key are one when they are read."""
    for key in sorted(cells):
        cell = cells[key]
        tx.run(
            INSERT,
            at_s=key.at_s,
            instance=names.number(tx, key.instance),
            series=int(key.series),
            n=cell.n,
            bad=cell.bad,
            sum_ms=cell.sum_ms,
            max_ms=cell.max_ms,
            tail=cell.tail,
            tail_ms=cell.last_ms - cell.tail_from_ms,
            last_ms=cell.last_ms - key.at_s * 1000,
            hist=pack(cell.bins),
            labels=names.pack(tx, cell.labels),
        )


def newer(reader: "Db | Tx", names: Names, after: int, *, until: int = 2**62, most: int = 100_000) -> list[Stored]:
    """The cells added since the one with the id `after`, in the order in which they came."""
    return list(_stored(reader, names, reader.all(NEWER, after=after, until=until, most=most)))


def since(reader: "Db | Tx", names: Names, at_s: int, *, until_s: int = 2**62) -> list[Stored]:
    """The cells of every ten seconds that begin at `at_s` or later and before `until_s`, in the order of time."""
    return list(_stored(reader, names, reader.all(SINCE, since=at_s, until=until_s)))


def unrolled(reader: "Db | Tx", names: Names) -> Iterator[Stored]:
    """The cells that are in no minute and no hour yet, however many."""
    after = rolled_id(reader)
    while cells := newer(reader, names, after):
        yield from cells
        after = cells[-1].id


def rolled_id(reader: "Db | Tx") -> int:
    """The id of the last cell that is in minutes and hours."""
    return int(reader.all(ROLLED_ID)[0][0])


def last_id(reader: "Db | Tx") -> int:
    """The id of the newest cell, 0 when there is none."""
    rows = reader.all(LAST_ID)
    return int(rows[0][0])


def _stored(reader: "Db | Tx", names: Names, rows: "Iterable[Row]") -> Iterator[Stored]:
    for row in rows:
        at_s, last_ms = row["at_s"], row["at_s"] * 1000 + row["last_ms"]
        cell = Cell(
            n=row["n"],
            bad=row["bad"],
            sum_ms=row["sum_ms"],
            max_ms=row["max_ms"],
            tail=row["tail"],
            tail_from_ms=last_ms - row["tail_ms"],
            last_ms=last_ms,
            bins=unpack(row["hist"]),
            labels=names.unpack(reader, row["labels"]),
        )
        key = Key(at_s=at_s, instance=names.name(reader, row["instance"]), series=Series(row["series"]))
        yield Stored(id=row["id"], key=key, cell=cell)
