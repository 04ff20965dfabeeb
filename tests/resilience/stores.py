"""A store with the tables of resilience in it."""

from pathlib import Path

from greenbot.clock import Clock
from greenbot.db.connect import Db, connect
from greenbot.db.schema_resilience import RESILIENCE


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
    if db.scalar("select count(*) from sqlite_master where name = 'rate_lines'") == 0:
        with db.write() as tx:
            for statement in RESILIENCE:
                tx.run(statement)
    return db
