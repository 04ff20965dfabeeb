"""The part that delivers: in order for each chat, each hook in its own time, beside any number of others.

It holds nothing that must not be lost. What it carries is in the store under its name, so it may be killed at any
moment: others take over, and a receiver may see the same webhook-id twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.clock import Clock
from greenbot.errors import Busy
from greenbot.hooks import claims
from greenbot.hooks.body import body_of
from greenbot.hooks.claims import Attempted, Claim
from greenbot.hooks.hook import Hook, Kind
from greenbot.hooks.job import Carry, Job
from greenbot.hooks.verdict import Next, Rng
from greenbot.logs.notes import note
from greenbot.messages.incoming.model import Unreadable
from greenbot.messages.incoming.parse import parse
from greenbot.outbox.owner import Owner, is_alive

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Told about every attempt: the hook's name, and what a person should read.
OnNews = Callable[[str, str], None]


def ignore_news(hook: str, words: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often it looks, and how much it does at once."""

    most_in_flight: int = 50
    look_seconds: float = 0.5
    #: How long what is under way may still arrive after `stop`.
    drain_seconds: float = 20.0


DEFAULT_PACE = Pace()


class Dispatcher:
    """Delivers for the hooks whose kind has a carrier here. `run` works until `stop`; `wake` makes it look at once.

    `only` narrows it to one hook by name.
    """

    name = "hooks"

    def __init__(
        self,
        db: "Db",
        *,
        owner: Owner,
        clock: Clock,
        rng: Rng,
        carriers: Mapping[Kind, Carry],
        only: str | None = None,
        pace: Pace = DEFAULT_PACE,
        on_news: OnNews = ignore_news,
    ) -> None:
        self._db = db
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._carriers = carriers
        self._only = only
        self._pace = pace
        self._on_news = on_news
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was put in line, or a rule was changed."""
        self._woken.set()

    def stop(self) -> None:
        """Take nothing more; what is under way may arrive."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreError when the store can no longer be used."""
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                with suppress(Busy):
                    self._begin()
                await self._wait()
        finally:
            await self._finish()

    async def once(self) -> int:
        """Deliver everything that is due now, and what becomes due by it; how many attempts that took."""
        attempts = 0
        while begun := self._begin():
            attempts += begun
            while self._tasks:
                await asyncio.wait(self._tasks.values())
                self._collect()
                attempts += self._begin()
        return attempts

    def _begin(self) -> int:
        """Take back what was lost, claim what is due, and set it off."""
        self._collect()
        claims.recover(self._db, is_alive=self._is_alive, mine=self._tasks, clock=self._clock, rng=self._rng)
        free = self._pace.most_in_flight - len(self._tasks)
        due_ms = claims.next_due_ms(self._db, self._is_mine) if free > 0 else None
        if due_ms is None or due_ms > self._clock.now_ms():
            return 0
        taken = claims.claim(self._db, self._is_mine, owner=self._owner.id, clock=self._clock, most=free)
        for held in taken:
            self._tasks[held.id] = asyncio.create_task(self._carry(held), name=f"hook {held.hook.rule.name}")
        return len(taken)

    async def _carry(self, held: Claim) -> None:
        failpoints.hit("hook.after_claim")
        attempted = await self._attempt(held)
        failpoints.hit("hook.after_effect")
        next_ = await self._recorded(held, attempted)
        _note(held, attempted, next_)
        self._on_news(held.hook.rule.name, _news(held, attempted, next_))
        self._woken.set()

    async def _attempt(self, held: Claim) -> Attempted:
        if held.event is None:
            return Attempted(outcome="refused", words="the event was purged before it could be delivered")
        try:
            incoming = parse(held.event.raw)
        except Unreadable as error:
            return Attempted(outcome="refused", words=str(error))
        job = Job(
            rule=held.hook.rule,
            event=held.event,
            incoming=incoming,
            webhook_id=held.webhook_id,
            body=body_of(held.event, incoming),
            attempt=held.attempt,
        )
        return await self._carriers[held.hook.rule.kind](job)

    async def _recorded(self, held: Claim, attempted: Attempted) -> Next | None:
        """The outcome is known: a store that is busy for a moment must not make us do it again."""
        while True:
            try:
                return claims.finish(self._db, held, attempted, clock=self._clock, rng=self._rng)
            except Busy:
                await asyncio.sleep(self._pace.look_seconds)

    def _is_mine(self, hook: Hook) -> bool:
        return hook.rule.kind in self._carriers and self._only in (None, hook.rule.name)

    def _is_alive(self, owner_id: str) -> bool:
        return owner_id == self._owner.id or is_alive(self._owner.run_dir, owner_id)

    def _collect(self) -> None:
        """Let go of what has ended; an error there concerns all of us."""
        for delivery_id, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[delivery_id]
                task.result()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.look_seconds):
                await self._woken.wait()

    async def _finish(self) -> None:
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._pace.drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()


def _note(held: Claim, attempted: Attempted, next_: Next | None) -> None:
    is_done = next_ is not None and next_.state == "done"
    note(
        "info" if is_done else "warning",
        "hook",
        instance=held.instance,
        event_id=None if held.event is None else held.event.id,
        attempt=held.attempt,
        outcome=attempted.outcome,
        status=attempted.status,
        ms=attempted.elapsed_ms,
        reason=None if next_ is None else next_.state,
        hook=held.hook.rule.name,
        words=None if is_done else attempted.words,
    )


def _news(held: Claim, attempted: Attempted, next_: Next | None) -> str:
    what = f"{held.webhook_id}: {attempted.words}"
    if next_ is None:
        return f"{what}; another process has taken over"
    if next_.state == "queued":
        return f"{what}; again in {round(next_.wait_ms / 1000)} s"
    return what if next_.state == "done" else f"{what}; given up"
