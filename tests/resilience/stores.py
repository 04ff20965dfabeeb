"""A store with the tables of resilience in it."""

from pathlib import Path

from greenbot.clock import Clock
from greenbot.db.connect import Db, connect
from greenbot.db.schema_resilience import RESILIENCE
from greenbot.resilience.line_files import LineFiles
from greenbot.resilience.lines import Lines
from greenbot.resilience.store_lines import StoreLines


class Half:
    """Chance that always falls in the middle: waits come out without jitter."""

    def random(self) -> float:
        """One half."""
        return 0.5


class Fixed:
    """Chance that always falls on the same spot."""

    def __init__(self, value: float) -> None:
        self._value = value

    def random(self) -> float:
        """That spot."""
        return self._value


def open_store(path: Path, clock: Clock) -> Db:
    """The store at `path`; what its migrations do not know of resilience yet is added."""
    db = connect(path, clock=clock)
    with db.write() as tx:
        if tx.one("select 1 from sqlite_master where name = 'rate_lines'") is None:
            for statement in RESILIENCE:
                tx.run(statement)
    return db


def open_lines(folder: Path, place: str, clock: Clock) -> Lines:
    """The lines of `folder`, in its `store` or in `files`."""
    return StoreLines(open_store(folder / "greenbot.db", clock)) if place == "store" else LineFiles(folder, clock)
