"""Where the lines are kept: one row per key in the store, one small transaction per change."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from greenbot.resilience.line import Line

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def one(self, sql: str, /, **params: "Value") -> "Row | None":
        """The first row of the answer."""
        ...


@contextmanager
def writing(db: "Db") -> Iterator["Tx"]:
    """A transaction for what a power cut may forget."""
    with db.write() as tx:
        yield tx


def load(reader: Reader, key: str, boot_id: str) -> Line:
    """The line of that key; an empty one when there is none of this boot."""
    row = reader.one("select * from rate_lines where key = :key and boot_id = :boot_id", key=key, boot_id=boot_id)
    if row is None:
        return Line()
    return Line(
        slots=tuple(array("q", row["slots"])),
        next_number=row["next_number"],
        version=row["version"],
        paused_until_ms=row["paused_until_boot_ms"],
        share=row["share"],
        limited_at_ms=row["limited_at_boot_ms"],
        strikes=row["strikes"],
    )


def version(reader: Reader, key: str, boot_id: str) -> int | None:
    """The version of that line, None when there is none of this boot: all that has to be read in the usual case."""
    row = reader.one("select version from rate_lines where key = :key and boot_id = :boot_id", key=key, boot_id=boot_id)
    return None if row is None else row["version"]


def save(tx: "Tx", key: str, boot_id: str, line: Line) -> None:
    """Keep the line."""
    tx.run(
        """
        insert or replace into rate_lines (key, boot_id, slots, next_number, version,
                                           paused_until_boot_ms, share, limited_at_boot_ms, strikes)
        values (:key, :boot_id, :slots, :next_number, :version,
                :paused_until_ms, :share, :limited_at_ms, :strikes)
        """,
        key=key,
        boot_id=boot_id,
        slots=array("q", line.slots).tobytes(),
        next_number=line.next_number,
        version=line.version,
        paused_until_ms=line.paused_until_ms,
        share=line.share,
        limited_at_ms=line.limited_at_ms,
        strikes=line.strikes,
    )
