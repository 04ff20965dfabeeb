"""One consumer per instance: GREEN-API gives the same notification to everybody who asks.

A file that is locked for life says it to the processes of this machine, at once and however one of them
dies; a row with a lease says it to those that were started with another folder for such files.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.db.files import make_private_dir
from greenbot.db.translate import from_os
from greenbot.errors import Busy

if TYPE_CHECKING:
    from greenbot.db.connect import Db

LEASE_MS = 180_000
#: A long poll lasts up to a minute, so the lease is renewed well before it is over.
RENEW_MS = 30_000

# Who holds the lock file knows that a row with the same folder is left over; other leases have to run out.
TAKE = """
insert into pollers (instance, owner, run_dir, since_at_ms, boot_id, lease_until_boot_ms)
values (:instance, :owner, :run_dir, :now, :boot, :until)
    on conflict (instance) do update
       set owner = excluded.owner, run_dir = excluded.run_dir, since_at_ms = excluded.since_at_ms,
           boot_id = excluded.boot_id, lease_until_boot_ms = excluded.lease_until_boot_ms
     where pollers.run_dir = excluded.run_dir or pollers.boot_id <> excluded.boot_id
        or pollers.lease_until_boot_ms < :boot_now
"""
RENEW = "update pollers set lease_until_boot_ms = :until where instance = :instance and owner = :owner"
LEAVE = "delete from pollers where instance = :instance and owner = :owner"


@dataclass(slots=True, kw_only=True)
class Turn:
    """The right to take the notifications of one instance, for as long as it is renewed."""

    instance: str
    owner: str
    db: "Db"
    clock: Clock
    renewed_boot_ms: int

    def renew(self) -> None:
        """Keep it, now and then. Raises Busy when somebody else has taken it meanwhile."""
        if self.clock.boot_ms() - self.renewed_boot_ms < RENEW_MS:
            return
        with self.db.write(durable=False) as tx:
            kept = tx.run(RENEW, instance=self.instance, owner=self.owner, until=self.clock.boot_ms() + LEASE_MS)
        if not kept:
            raise _taken(self.instance)
        self.renewed_boot_ms = self.clock.boot_ms()


@contextmanager
def turn_of(db: "Db", instance: str, *, owner: str, run_dir: Path, clock: Clock) -> Iterator[Turn]:
    """Be the one consumer of an instance. Raises Busy when there is one, StoreError."""
    with _locked(run_dir / f"receive-{instance}.lock", instance):
        with db.write() as tx:
            taken = tx.run(
                TAKE,
                instance=instance,
                owner=owner,
                now=clock.now_ms(),
                boot=clock.boot_id(),
                boot_now=clock.boot_ms(),
                until=clock.boot_ms() + LEASE_MS,
                run_dir=str(run_dir),
            )
        if not taken:
            raise _taken(instance)
        try:
            yield Turn(instance=instance, owner=owner, db=db, clock=clock, renewed_boot_ms=clock.boot_ms())
        finally:
            with db.write(durable=False) as tx:
                tx.run(LEAVE, instance=instance, owner=owner)


@contextmanager
def _locked(path: Path, instance: str) -> Iterator[None]:
    try:
        make_private_dir(path.parent)
        # Never removed: everybody locks the same inode.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise from_os(error, path) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise _taken(instance) from None
    finally:
        os.close(fd)


def _taken(instance: str) -> Busy:
    return Busy(
        f"Another process already receives for {instance}.",
        hint="One at a time: both would get the same events. End the other one first.",
        instance=instance,
    )
