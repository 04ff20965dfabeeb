"""Looking into a store without opening it for work: nothing is created, migrated, repaired or written.

For what must be able to look at any store, a damaged, an older or a newer one too: doctor, backup, restore.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from greenbot.db.driver import sqlite
from greenbot.db.migrations import APPLICATION_ID
from greenbot.db.translate import translated
from greenbot.errors import StoreError

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Value

#: SQLite asks so often, in steps of its machine, whether to go on.
_STEPS = 20_000
#: As many problems as a person reads.
MOST_PROBLEMS = 20


class Peek:
    """A store that is only read. For one thread; made by `peek`."""

    def __init__(self, path: Path, connection: sqlite.Connection) -> None:
        self.path = path
        self.connection = connection

    def all(self, sql: str, /, **params: "Value") -> "list[Row]":
        """Every row of one reading statement. Raises Busy, StoreError."""
        with translated(self.path):
            return self.connection.execute(sql, params).fetchall()

    def one(self, sql: str, /, **params: "Value") -> "Row | None":
        """The first row, or None. Raises Busy, StoreError."""
        rows = self.all(sql, **params)
        return rows[0] if rows else None

    def scalar(self, sql: str, /, **params: "Value") -> "Value":
        """The first column of the first row, or None. Raises Busy, StoreError."""
        row = self.one(sql, **params)
        return None if row is None else row[0]

    def pragma(self, name: str) -> str | int:
        """The value of a PRAGMA such as `user_version`. Raises Busy, StoreError."""
        with translated(self.path):
            value: str | int = self.connection.execute(f"pragma {name}").fetchone()[0]
            return value

    @property
    def schema(self) -> int:
        """How far the store was migrated."""
        return int(self.pragma("user_version"))

    @property
    def is_ours(self) -> bool:
        """Whether greenbot made this file."""
        return self.pragma("application_id") == APPLICATION_ID

    def problems(self, *, thorough: bool, go_on: Callable[[], bool] = lambda: True) -> list[str] | None:
        """What SQLite finds wrong with the file; empty when nothing is. None: `go_on` said to stop before the end.

        `thorough` compares every index with its table too. Raises Busy, StoreError.
        """
        statement = f"pragma {'integrity_check' if thorough else 'quick_check'}({MOST_PROBLEMS})"
        self.connection.set_progress_handler(lambda: 0 if go_on() else 1, _STEPS)
        try:
            with translated(self.path):
                found = [str(row[0]) for row in self.connection.execute(statement).fetchall()]
        except StoreError:
            if not go_on():
                return None
            raise
        finally:
            self.connection.set_progress_handler(None, 0)
        return [] if found == ["ok"] else found


@contextmanager
def peek(path: Path, *, timeout_seconds: float = 5.0) -> Iterator[Peek]:
    """The store at `path`, for reading. Raises StoreError when there is none or it is no SQLite file, Busy."""
    if not path.is_file():
        raise StoreError(f"There is no store at {path}.", hint="Start with: greenbot init")
    with translated(path):
        connection = sqlite.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=timeout_seconds, isolation_level=None
        )
    try:
        connection.row_factory = sqlite.Row
        with translated(path):
            # The first page is read here, so that a file of another kind is known as one at once.
            connection.execute("pragma trusted_schema = 0")
            connection.execute("select count(*) from sqlite_master").fetchone()
        yield Peek(path, connection)
    finally:
        connection.close()
