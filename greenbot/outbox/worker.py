"""The worker: empties the outbox of every instance, beside any number of other workers, shells and cron jobs.

It holds nothing that must not be lost. What it works on is in the store, claimed under its name for
as long as it lives, so it may be killed at any moment: others take over within seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError, StoreError
from greenbot.outbox.batch import Batch
from greenbot.outbox.deliver import Exchanger
from greenbot.outbox.gate import OnNews, Rules, ignore_news
from greenbot.outbox.hosts import Hosts
from greenbot.outbox.lane import Desk, Lane, OnWait, ignore_wait
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.sweep import sweep
from greenbot.resilience.lines import Lines
from greenbot.resilience.retry import Rng
from greenbot.resilience.shared_breaker import Breaker

if TYPE_CHECKING:
    from greenbot.db.connect import Db

OPEN_INSTANCES = """
select distinct instance from message_counts
 where state in ('queued', 'claimed', 'sending', 'uncertain') and messages > 0
"""
#: Something that this or another worker will still do by itself.
UNFINISHED = """
select 1 from messages
 where instance = :instance and (
   state in ('claimed', 'sending') or (state = 'uncertain' and policy <> 'hold' and looks < 2)
   or (state = 'queued' and held_reason is null and scheduled_at_ms <= :now
       and (expires_at_ms is null or expires_at_ms > :now)))
 limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the worker looks, and how much it does at once."""

    most_in_flight: int = 200
    #: Changes made by others are noticed so often, even when nobody wakes the worker.
    look_seconds: float = 0.25
    sweep_seconds: float = 1.0
    reconcile_seconds: float = 2.0
    #: How long a worker that ends waits for answers that are under way.
    drain_seconds: float = 20.0


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One instance as the worker is told to serve it."""

    limits: LaneLimits = field(default_factory=LaneLimits)
    #: Makes a client with the token as it is now. Raises GreenbotError when there is none.
    client_of: Callable[[], Exchanger]


async def nothing_to_reconcile() -> None:
    """There is no reconciler."""


class Worker:
    """Empties the outbox. `run` works until `stop`, or until everything is done; `wake` makes it look at once.

    `service_of` says how to serve an instance, None for one it does not know (yet). With `commits_behind` the loop goes
    on while a thread waits for the disk.
    """

    def __init__(
        self,
        db: "Db",
        *,
        owner: Owner,
        lines: Lines,
        clock: Clock,
        rng: Rng,
        service_of: Callable[[str], Service | None],
        rules: Rules | None = None,
        pace: Pace = DEFAULT_PACE,
        on_news: OnNews = ignore_news,
        reconcile: Callable[[], Awaitable[object]] = nothing_to_reconcile,
        on_wait: OnWait = ignore_wait,
        commits_behind: bool = False,
    ) -> None:
        self._db = db
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._service_of = service_of
        self._pace = pace
        self._reconcile = reconcile
        self._batch = Batch(db, behind=commits_behind)
        self._desk = Desk(
            db=db,
            lines=lines,
            batch=self._batch,
            owner=owner.id,
            clock=clock,
            rng=rng,
            rules=rules,
            on_news=on_news,
            share=self._share,
            on_wait=on_wait,
        )
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """`stop` was said."""
        return self._stopping.is_set()

    def wake(self) -> None:
        """Somebody accepted or changed a message."""
        self._woken.set()

    def stop(self) -> None:
        """Take no more messages and end when those under way have arrived; said twice, end at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()
        self._woken.set()

    async def run(self, *, drain: bool = False) -> bool:
        """Work until `stop`; with `drain` only until nothing is left that leaves by itself: True if so.

        Whatever ends it, messages under way get their time to arrive, and what did not is recorded as
        uncertain. Raises StoreError when the store can no longer be used.
        """
        duties = [
            asyncio.create_task(self._every(self._pace.sweep_seconds, self._sweep)),
            asyncio.create_task(self._every(self._pace.reconcile_seconds, self._reconciled)),
        ]
        self._tasks.update(duties)
        try:
            await self._watch(drain=drain)
        finally:
            for lane in self._lanes.values():
                lane.stop()
            for duty in duties:
                duty.cancel()
            await self._finish()
        return drain and not self._has_work()

    async def _watch(self, *, drain: bool) -> None:
        """Notice what others do, keep a lane for each instance that has messages, end when it is time."""
        seen: object = None
        while not self._stopping.is_set():
            self._woken.clear()
            self._check_tasks()
            version = self._db.scalar("pragma data_version")
            if version != seen:
                seen = version
                self._open_lanes(str(row["instance"]) for row in self._db.all(OPEN_INSTANCES))
            if drain and not self._has_work():
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look_seconds):
                    await self._woken.wait()
                    seen = None

    def _open_lanes(self, instances: Iterable[str]) -> None:
        for instance in instances:
            lane = self._lanes.get(instance) or self._new_lane(instance)
            if lane is not None:
                lane.wake()

    def _new_lane(self, instance: str) -> Lane | None:
        service = self._service_of(instance)
        if service is None:
            return None

        def breaker_of(host: str) -> Breaker:
            return Breaker(
                self._db, instance=instance, host=host, owner=self._owner.id, clock=self._clock, rng=self._rng
            )

        hosts = Hosts(self._db, instance, self._clock, breaker_of)
        lane = Lane(instance, self._desk, limits=service.limits, hosts=hosts, client_of=service.client_of)
        self._lanes[instance] = lane
        self._tasks.add(asyncio.create_task(lane.run(), name=f"lane {instance}"))
        return lane

    def _share(self) -> int:
        """An equal part of the connections for each instance that has something to send."""
        return max(1, self._pace.most_in_flight // max(1, len(self._lanes)))

    def _has_work(self) -> bool:
        now_ms = self._clock.now_ms()
        return any(
            lane.in_flight
            or (not lane.on_hold and self._db.one(UNFINISHED, instance=lane.instance, now=now_ms) is not None)
            for lane in self._lanes.values()
        )

    async def _sweep(self) -> None:
        swept = sweep(self._db, run_dir=self._owner.run_dir, clock=self._clock)
        if swept.requeued or swept.uncertain or swept.expired:
            self._open_lanes(list(self._lanes))

    async def _reconciled(self) -> None:
        await self._reconcile()
        # What it settled frees its chat.
        self._open_lanes(list(self._lanes))

    async def _every(self, seconds: float, duty: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await duty()
            except StoreError:
                raise
            except GreenbotError as error:
                self._desk.on_news("", str(error))
            await asyncio.sleep(seconds)

    def _check_tasks(self) -> None:
        """A lane that ended by itself ended with an error that concerns the whole worker."""
        for task in list(self._tasks):
            if task.done():
                self._tasks.discard(task)
                task.result()
        for lane in self._lanes.values():
            lane.check()

    async def _finish(self) -> None:
        """Let what is under way arrive, in time; then record what is not known."""
        landing = asyncio.create_task(self._landing())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.drain_seconds):
                await self._hurry.wait()
        rest = [landing, *self._under_way()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        with suppress(Busy):
            self._batch.flush()
            for lane in self._lanes.values():
                lane.flush()

    async def _landing(self) -> None:
        # A lane that was just taking messages when it was stopped still begins them.
        while under_way := self._under_way():
            await asyncio.wait(under_way)
        self._hurry.set()

    def _under_way(self) -> "list[asyncio.Task[None]]":
        tasks = [*self._tasks, *(task for lane in self._lanes.values() for task in lane.in_flight)]
        return [task for task in tasks if not task.done()]
