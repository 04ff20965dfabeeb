"""Keeps the metrics of a service: flushes, folds, rolls up, samples the queue, tells the figures of now, prunes."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import Busy
from greenbot.metrics import now
from greenbot.metrics.cell import CELL_SECONDS
from greenbot.metrics.fold import fold
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.rollup import DEFAULT_KEEP, Keep, prune, roll_up
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db

ROLL_UP_SECONDS = 60
PRUNE_SECONDS = 3600
#: A service of which nothing was seen for a day is forgotten.
FORGET_BEAT_MS = 86_400_000

WAITING = "select instance, messages from message_counts where state = 'queued' and messages > 0"
OLDEST = """
select min(max(created_at_ms, scheduled_at_ms)) from messages
 where instance = :instance and state = 'queued' and held_reason is null and scheduled_at_ms <= :now
"""
BEAT = """
insert into metric_beats (part, owner, at_ms) values (:part, :owner, :at)
    on conflict do update set at_ms = excluded.at_ms
"""
FORGET_BEATS = "delete from metric_beats where at_ms < :before"


@dataclass(slots=True, kw_only=True)
class _Due:
    """When something was last done, in monotonic seconds."""

    every_seconds: float
    last: float = float("-inf")

    def is_due(self, now_seconds: float) -> bool:
        if now_seconds - self.last < self.every_seconds:
            return False
        self.last = now_seconds
        return True


def nothing_to_prepare(db: "Db", figures: now.Now) -> None:
    """Nobody draws."""


class Keeper:
    """One per service; any number of them work beside each other.

    `recorders` are those of this process, `alive` names its parts that show life, `prepare` hears of new
    figures, to make of them what faces are drawn from. `run` works until `stop`.
    """

    name = "metrics"

    def __init__(
        self,
        db: "Db",
        *,
        clock: Clock,
        owner: str,
        recorders: Sequence[Recorder],
        alive: Callable[[], Sequence[str]] = tuple,
        keep: Keep = DEFAULT_KEEP,
        prepare: Callable[["Db", now.Now], None] = nothing_to_prepare,
    ) -> None:
        self._db = db
        self._clock = clock
        self._owner = owner
        self._recorders = recorders
        self._alive = alive
        self._keep = keep
        self._prepare = prepare
        self._names = Names()
        self._window = now.new_window()
        self._own = Recorder(clock)
        self._rolling = _Due(every_seconds=ROLL_UP_SECONDS)
        self._pruning = _Due(every_seconds=PRUNE_SECONDS)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep the metrics until `stop`, and once more then. Raises StoreError when the store cannot be used."""
        while not self._stopping.is_set():
            self.turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(CELL_SECONDS):
                    await self._stopping.wait()
        self.turn()

    def stop(self) -> None:
        """Flush what was counted, and end."""
        self._stopping.set()

    def wake(self) -> None:
        """Nothing hurries it: it works when it is time."""

    def turn(self) -> None:
        """Everything that is due. A busy store is tried again at the next turn; nothing counted is lost by it."""
        at = self._clock.monotonic()
        try:
            if self._rolling.is_due(at):
                self._sample()
                roll_up(self._db, self._names)
            for recorder in (*self._recorders, self._own):
                recorder.flush(self._db, self._names)
            fold(self._db, self._names)
            self._tell()
            if self._pruning.is_due(at):
                prune(self._db, self._clock.now_ms() // 1000, self._keep)
        except Busy:
            return

    def _tell(self) -> None:
        at_ms = self._clock.now_ms()
        self._window.follow(self._db, self._names, at_ms // 1000)
        figures = now.look(self._window, at_ms // 1000)
        now.write(self._db, figures)
        self._prepare(self._db, figures)
        with self._db.write(durable=False) as tx:
            for part in self._alive():
                tx.run(BEAT, part=part, owner=self._owner, at=at_ms)
            tx.run(FORGET_BEATS, before=at_ms - FORGET_BEAT_MS)

    def _sample(self) -> None:
        """How long the queues are, and how long the oldest message of each has been waiting."""
        at_ms = self._clock.now_ms()
        total = oldest = 0
        for row in self._db.all(WAITING):
            instance, messages = str(row["instance"]), int(row["messages"])
            since = self._db.scalar(OLDEST, instance=instance, now=at_ms)
            age_ms = max(0, at_ms - since) if isinstance(since, int) else 0
            self._own.count(instance, Series.QUEUE, value_ms=messages)
            self._own.count(instance, Series.AGE, value_ms=age_ms)
            total, oldest = total + messages, max(oldest, age_ms)
        self._own.count(FLEET, Series.QUEUE, value_ms=total)
        self._own.count(FLEET, Series.AGE, value_ms=oldest)
