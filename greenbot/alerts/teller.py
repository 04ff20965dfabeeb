"""The part that tells: what is owed becomes texts, and texts reach their receivers, each in its own time.

It holds nothing that must not be lost. What it carries is in the store, so it may be killed at any moment: another
process takes over, and a receiver may see the same notice id twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.alerts.grouping import Times
from greenbot.alerts.notify import deliveries, proofs, rounds
from greenbot.alerts.notify.deliveries import Claim
from greenbot.alerts.notify.kinds import KINDS
from greenbot.alerts.notify.owed import telling_for
from greenbot.alerts.notify.telling import Reach, Told
from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError
from greenbot.hooks.verdict import Rng
from greenbot.outbox.owner import Owner, is_alive

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Told about every attempt: the receiver's name, and what a person should read.
OnNews = Callable[[str, str], None]


def ignore_news(receiver: str, words: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often it looks, and how long what is under way may still arrive after `stop`."""

    look_seconds: float = 1.0
    drain_seconds: float = 20.0
    proof_seconds: float = 5.0


DEFAULT_PACE = Pace()


def times_of(environ: Mapping[str, str]) -> Times:
    """The usual times, or a part of them for a test: GREENBOT_NOTIFY_SHARE counts only with GREENBOT_TESTING=1."""
    share = environ.get("GREENBOT_NOTIFY_SHARE") if environ.get("GREENBOT_TESTING") == "1" else None
    if share is None:
        return Times()
    usual, part = Times(), float(share)
    return Times(group_wait_ms=int(usual.group_wait_ms * part), group_interval_ms=int(usual.group_interval_ms * part))


class Teller:
    """Tells people. `run` works until `stop`; `wake` makes it look at once; `once` does what is due and ends."""

    name = "teller"

    def __init__(
        self,
        db: "Db",
        *,
        owner: Owner,
        clock: Clock,
        rng: Rng,
        reach: Reach,
        times: Times | None = None,
        pace: Pace = DEFAULT_PACE,
        on_news: OnNews = ignore_news,
    ) -> None:
        self._db = db
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._reach = reach
        self._times = times or Times()
        self._pace = pace
        self._on_news = on_news
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._busy: dict[int, str] = {}
        self._proofs_at = float("-inf")
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is owed, or a receiver was changed."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more; what is under way may arrive."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreError when the store can no longer be used."""
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                with suppress(Busy):
                    self.begin()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.look_seconds):
                        await self._woken.wait()
        finally:
            await self._finish()

    async def once(self) -> int:
        """Tell everything that is due now, and what becomes due by it; how many attempts that took."""
        attempts = 0
        while begun := self.begin():
            attempts += begun
            while self._tasks:
                await asyncio.wait(self._tasks.values())
                self._collect()
                attempts += self.begin()
        return attempts

    def begin(self) -> int:
        """Decide what is to be told now, take what is due, and set it off; how many attempts began."""
        self._collect()
        now_ms = self._clock.now_ms()
        rounds.run(self._db, now_ms, self._times)
        self._look_for_proofs(now_ms)
        deliveries.recover(self._db, is_alive=self._is_alive, mine=self._tasks, clock=self._clock)
        deliveries.bypass(self._db, now_ms)
        due = deliveries.line(self._db, now_ms, set(self._busy.values())).due
        if not due:
            return 0
        taken = deliveries.claim(self._db, due, owner=self._owner.id, clock=self._clock)
        for held in taken:
            self._busy[held.id] = held.receiver.name
            self._tasks[held.id] = asyncio.create_task(self._carry(held), name=f"tell {held.receiver.name}")
        return len(taken)

    def _look_for_proofs(self, now_ms: int) -> None:
        if self._clock.monotonic() - self._proofs_at >= self._pace.proof_seconds:
            self._proofs_at = self._clock.monotonic()
            proofs.look(self._db, now_ms)

    async def _carry(self, held: Claim) -> None:
        told = await self._attempt(held)
        if told.outcome == "ok":
            failpoints.hit("notify.after_send")
        state = await self._recorded(held, told)
        self._on_news(held.receiver.name, f"{held.rule}: {told.words}; {state}")
        self._woken.set()

    async def _attempt(self, held: Claim) -> Told:
        kind = KINDS.get(held.receiver.kind)
        if kind is None:
            return Told(outcome="refused", words=f"there is no kind of receiver called {held.receiver.kind}")
        telling = telling_for(self._db, held, self._clock.now_ms())
        if telling is None:
            return Told(outcome="ok", words="what it was about was purged", proof="nothing to tell", is_proved=True)
        try:
            return await kind.deliver(telling, held.receiver.settings, self._reach)
        except GreenbotError as error:
            # A secret or a setting that cannot be read now: the next attempt may find it in order.
            return Told(outcome="failed", words=str(error))

    async def _recorded(self, held: Claim, told: Told) -> str:
        """The outcome is known: a store that is busy for a moment must not make us tell it again."""
        while True:
            try:
                return deliveries.finish(self._db, held, told, clock=self._clock, rng=self._rng)
            except Busy:
                await asyncio.sleep(self._pace.look_seconds)

    def _is_alive(self, owner_id: str) -> bool:
        return owner_id == self._owner.id or is_alive(self._owner.run_dir, owner_id)

    def _collect(self) -> None:
        """Let go of what has ended; an error there concerns all of us."""
        for delivery_id, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[delivery_id]
                self._busy.pop(delivery_id, None)
                task.result()

    async def _finish(self) -> None:
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._pace.drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._busy.clear()
