"""Lines in the store: one row per key, one small transaction per change."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from greenbot.resilience.line import Line, slots_of

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
    with db.write(durable=False) as tx:
        yield tx


class StoreLines:
    """The lines in an open store."""

    def __init__(self, db: "Db") -> None:
        self._db = db

    @contextmanager
    def change(self) -> Iterator["TxLines"]:
        """One transaction."""
        with writing(self._db) as tx:
            yield TxLines(tx)

    def load(self, key: str, boot_id: str) -> Line:
        """The line as it was last committed."""
        return _load(self._db, key, boot_id)

    def version(self, key: str, boot_id: str) -> int | None:
        """The version as it was last committed."""
        return _version(self._db, key, boot_id)


class TxLines:
    """The lines within a transaction that is under way; what is saved is gone when that is rolled back."""

    def __init__(self, tx: "Tx") -> None:
        self._tx = tx

    def load(self, key: str, boot_id: str) -> Line:
        """The line as this transaction sees it."""
        return _load(self._tx, key, boot_id)

    def version(self, key: str, boot_id: str) -> int | None:
        """The version as this transaction sees it."""
        return _version(self._tx, key, boot_id)

    def save(self, key: str, boot_id: str, line: Line) -> None:
        """Keep the line, if the transaction is committed."""
        self._tx.run(
            """
            insert or replace into rate_lines (key, boot_id, slots, next_number, version,
                                               paused_until_boot_ms, share, limited_at_boot_ms, strikes)
            values (:key, :boot_id, :slots, :next_number, :version,
                    :paused_until_ms, :share, :limited_at_ms, :strikes)
            """,
            key=key,
            boot_id=boot_id,
            slots=line.slots.tobytes(),
            next_number=line.next_number,
            version=line.version,
            paused_until_ms=line.paused_until_ms,
            share=line.share,
            limited_at_ms=line.limited_at_ms,
            strikes=line.strikes,
        )


def _load(reader: Reader, key: str, boot_id: str) -> Line:
    row = reader.one("select * from rate_lines where key = :key and boot_id = :boot_id", key=key, boot_id=boot_id)
    if row is None:
        return Line()
    return Line(
        slots=slots_of(row["slots"]),
        next_number=row["next_number"],
        version=row["version"],
        paused_until_ms=row["paused_until_boot_ms"],
        share=row["share"],
        limited_at_ms=row["limited_at_boot_ms"],
        strikes=row["strikes"],
    )


def _version(reader: Reader, key: str, boot_id: str) -> int | None:
    row = reader.one("select version from rate_lines where key = :key and boot_id = :boot_id", key=key, boot_id=boot_id)
    return None if row is None else row["version"]
