"""Work that one process does for all of a machine: who has it, until when, and under which epoch it writes.

A holder that was paused finds another epoch when it comes back, and its write fails as a whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

READ = "select * from duties where name = :name"
TAKE = """
insert into duties (name, owner, boot_id, lease_until_boot_ms, epoch) values (:name, :owner, :boot, :until, 1)
    on conflict (name) do update set
       epoch = duties.epoch + (duties.owner <> excluded.owner or duties.boot_id <> excluded.boot_id),
       owner = excluded.owner, boot_id = excluded.boot_id, lease_until_boot_ms = excluded.lease_until_boot_ms
 where (duties.owner = excluded.owner and duties.boot_id = excluded.boot_id)
    or duties.boot_id <> excluded.boot_id or duties.lease_until_boot_ms < :now or duties.owner = :dead
"""
DONE = "update duties set done_at_ms = :at, turn_ms = :took where name = :name"
RELEASE = "update duties set lease_until_boot_ms = 0 where name = :name and owner = :owner and boot_id = :boot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A duty as it stands: under which epoch its holder writes, and when it last did a full turn."""

    owner: str
    epoch: int
    done_at_ms: int


class Duty:
    """One duty, as one process sees it."""

    def __init__(
        self, name: str, *, owner: str, clock: Clock, lease_ms: int, is_alive: Callable[[str], bool] | None = None
    ) -> None:
        """`is_alive` knows of an owner whether its process still runs; without it a lease is waited out."""
        self._name = name
        self._owner = owner
        self._clock = clock
        self._lease_ms = lease_ms
        self._is_alive = is_alive

    def is_free(self, reader: "Db | Tx") -> bool:
        """Whether this process has it or could take it now. A read alone."""
        row = reader.one(READ, name=self._name)
        return row is None or self._is_ours(row) or self._is_over(row)

    def done_at_ms(self, reader: "Db | Tx") -> int:
        """When its last full turn was, whoever did it; 0 for never."""
        row = reader.one(READ, name=self._name)
        return 0 if row is None else int(row["done_at_ms"])

    def hold(self, tx: "Tx") -> Held | None:
        """Take or keep it for another lease; None while another process has it."""
        boot_ms = self._clock.boot_ms()
        before = tx.one(READ, name=self._name)
        tx.run(
            TAKE,
            name=self._name,
            owner=self._owner,
            boot=self._clock.boot_id(),
            until=boot_ms + self._lease_ms,
            now=boot_ms,
            dead=before["owner"] if before is not None and self._is_over(before) else None,
        )
        row = tx.one(READ, name=self._name)
        if row is None or not self._is_ours(row):
            return None
        return Held(owner=self._owner, epoch=row["epoch"], done_at_ms=row["done_at_ms"])

    def done(self, tx: "Tx", at_ms: int, took_ms: int) -> None:
        """A full turn was made, for the instant `at_ms`."""
        tx.run(DONE, name=self._name, at=at_ms, took=took_ms)

    def release(self, tx: "Tx") -> None:
        """Let others take it at once."""
        tx.run(RELEASE, name=self._name, owner=self._owner, boot=self._clock.boot_id())

    def _is_ours(self, row: "Row") -> bool:
        return bool(row["owner"] == self._owner and row["boot_id"] == self._clock.boot_id())

    def _is_over(self, row: "Row") -> bool:
        if row["boot_id"] != self._clock.boot_id() or row["lease_until_boot_ms"] < self._clock.boot_ms():
            return True
        return self._is_alive is not None and not self._is_ours(row) and not self._is_alive(row["owner"])
