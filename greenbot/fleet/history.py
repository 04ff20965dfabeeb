"""What states a number went through: each with its moment and with who said it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

OF_INSTANCE = """
select * from health_log where instance = :instance and at_ms >= :since order by id desc limit :most
"""
NEWER = "select * from health_log where id > :id order by id limit 1000"
NEWEST = "select coalesce(max(id), 0) as id from health_log where at_ms <= :until"
#: Old rows go in small batches, and the newest of each number stays: it says since when it is as it is.
PRUNE = """
delete from health_log where id in (
  select id from health_log as old
   where at_ms < :before and exists (select 1 from health_log as newer
                                      where newer.instance = old.instance and newer.id > old.id)
   limit :most)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of state. `account` is GREEN-API's word; `source` look, event, send or person, "" where it is not
    known any more."""

    id: int
    instance: str
    at_ms: int
    from_state: str
    to_state: str
    account: str
    reason: str
    source: str


def history_of(reader: "Db | Tx", instance: str, *, since_ms: int = 0, most: int = 100) -> list[Transition]:
    """The changes of one number, the newest first. Raises Busy, StoreError."""
    return list(_all(reader.all(OF_INSTANCE, instance=instance, since=since_ms, most=most)))


def newer_than(reader: "Db | Tx", id_: int) -> list[Transition]:
    """What changed after that one, of all numbers, the oldest first. Raises Busy, StoreError."""
    return list(_all(reader.all(NEWER, id=id_)))


def newest(reader: "Db | Tx", *, until_ms: int) -> int:
    """The id of the last change up to that moment; 0 where there was none. Raises Busy, StoreError."""
    row = reader.one(NEWEST, until=until_ms)
    return 0 if row is None else int(row["id"])


def prune(db: "Db", *, before_ms: int, most: int) -> int:
    """Forget changes from before that moment, a batch of them; how many. Raises Busy, StoreError."""
    with db.write(durable=False) as tx:
        return tx.run(PRUNE, before=before_ms, most=most)


def _all(rows: "list[Row]") -> Iterator[Transition]:
    for row in rows:
        yield Transition(**{name: row[name] for name in Transition.__slots__})
