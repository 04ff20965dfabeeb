"""A worker process that can die at any moment, as kill -9 makes it die: nothing of it has any effect afterwards."""

import asyncio
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from greenbot.clock import Clock
from greenbot.db.connect import Db, Tx, connect
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.reconcile import Reconciler
from greenbot.outbox.timing import ReconcileTimes
from greenbot.outbox.worker import Pace, Service, Worker
from greenbot.resilience.store_lines import StoreLines
from tests.outbox.simulation.faults import Faults
from tests.outbox.simulation.greenapi import Remote
from tests.outbox.simulation.line import Line

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Value

PACE = Pace(look_seconds=3.0, sweep_seconds=3.0, reconcile_seconds=6.0, drain_seconds=20.0)


class Dead(BaseException):
    """The process is no more. No `except Exception` may notice."""


class MortalDb:
    """The store as a process sees it that may die before or after any commit."""

    def __init__(self, db: Db, process: "Process", faults: Faults) -> None:
        self.path = db.path
        self._db = db
        self._process = process
        self._faults = faults

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        self._process.check()
        with self._db.write(durable=durable) as tx:
            yield tx
            if self._faults.strikes("killed_in_commit"):
                self._process.die("in a commit")
        if self._faults.strikes("killed_after_commit"):
            self._process.die("after a commit")

    def all(self, sql: str, /, **params: "Value") -> "list[Row]":
        self._process.check()
        return self._db.all(sql, **params)

    def one(self, sql: str, /, **params: "Value") -> "Row | None":
        self._process.check()
        return self._db.one(sql, **params)

    def scalar(self, sql: str, /, **params: "Value") -> "Value":
        self._process.check()
        return self._db.scalar(sql, **params)


class Process:
    """A worker with its reconciler. `under_way` is common to all processes: who posts to which chat at this moment."""

    def __init__(
        self,
        number: int,
        *,
        store: Path,
        run_dir: Path,
        clock: Clock,
        remotes: Mapping[str, Remote],
        faults: Faults,
        times: ReconcileTimes,
        on_event: Callable[[str], None],
        under_way: "dict[tuple[str, str], Process]",
    ) -> None:
        self.number = number
        self.alive = True
        self._on_event = on_event
        self._under_way = under_way
        self._real = connect(store, clock=clock)
        self._owner = Owner(run_dir, owner_id=f"p{number:04d}")
        db = cast("Db", MortalDb(self._real, self, faults))
        lines = {name: Line(self, remote, faults) for name, remote in remotes.items()}
        rng = random.Random(number)
        limiter = StoreLines(db)
        reconciler = Reconciler(db, lines, clock=clock, run_dir=run_dir, times=times, lines=limiter, rng=rng)
        services = {name: _service(line) for name, line in lines.items()}
        self.worker = Worker(
            db,
            owner=self._owner,
            lines=limiter,
            clock=clock,
            rng=rng,
            service_of=services.get,
            pace=PACE,
            reconcile=reconciler.run_pass,
        )
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            await self.worker.run()
        except Dead:
            return
        self._leave()
        self._on_event(f"process {self.number} ended")

    def _leave(self) -> None:
        if self.alive:
            self.alive = False
            self._owner.close()
            self._real.close()

    def check(self) -> None:
        """Raise Dead in whatever a dead process still wants to do."""
        if not self.alive:
            raise Dead

    def die(self, why: str) -> NoReturn:
        """Kill it here and now."""
        self.kill(why)
        raise Dead

    def kill(self, why: str) -> None:
        """Kill it from outside. The kernel lets go of its locks."""
        if not self.alive:
            return
        self.alive = False
        self._on_event(f"process {self.number} dies {why}")
        os.close(self._owner._fd)
        self._owner._fd = -1
        self._task.cancel()

    def bury(self) -> None:
        """Free what the kernel would have freed."""
        self._real.close()

    @contextmanager
    def posting(self, instance: str, chat_id: str) -> Iterator[None]:
        """Between the first byte and the answer: never twice in one chat."""
        other = self._under_way.get((instance, chat_id))
        if other is not None and other.alive:
            self._on_event(f"CROWD {instance} {chat_id}: processes {other.number} and {self.number}")
        self._under_way[instance, chat_id] = self
        try:
            yield
        finally:
            if self._under_way.get((instance, chat_id)) is self:
                del self._under_way[instance, chat_id]


def _service(line: Line) -> Service:
    return Service(limits=LaneLimits(), client_of=lambda: line)
