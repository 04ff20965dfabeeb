"""The processor: turns stored events into their effects, beside any number of other processors.

Every effect is written in the transaction that says `done`, so whatever dies when, an effect inside the
store happens exactly once. An event that cannot be worked waits, holds up its own chat alone, and is
given up after eight attempts.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from greenbot.clock import Clock
from greenbot.errors import Busy, StoreError
from greenbot.failpoints import hit
from greenbot.inbox.claims import Move, claim, is_ours, move, told_before
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.fate import after_failure, released
from greenbot.inbox.states import Reason, State
from greenbot.inbox.sweep import IsAlive, sweep
from greenbot.logs.line import Level
from greenbot.logs.notes import note
from greenbot.messages.incoming.model import Incoming, Unreadable
from greenbot.messages.incoming.parse import parse
from greenbot.resilience.retry import Rng

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: Writes what follows from an event; in the transaction of its `done`, so it must not do anything but write.
Effect: TypeAlias = "Callable[[Tx, StoredEvent, Incoming], None]"
#: What a person should hear, and of which instance.
OnNews = Callable[[str, str], None]

#: Results of SQLite that concern the store, not the event at hand: read-only, busy, locked, I/O, corrupt, full ...
_OF_THE_STORE = frozenset({3, 5, 6, 7, 8, 10, 11, 13, 14, 26})


#: An event that is stored again failed, and is tried again later.
_GRAVITY: dict[State, Level] = {State.STORED: "warning", State.DEAD: "error", State.QUARANTINED: "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the processor looks, and how much it does at once: the loop it runs in also answers webhooks."""

    most_at_once: int = 25
    look_seconds: float = 0.25
    sweep_seconds: float = 1.0
    #: After the store was locked by somebody else for so long that it gave up.
    rest_seconds: float = 0.5


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class _Read:
    """An event and what its bytes say, or why they say nothing."""

    event: StoredEvent
    incoming: Incoming | Exception


def ignore_news(instance: str, words: str) -> None:
    """Nobody listens."""


class Processor:
    """Works what is stored. `run` works until `stop`; `wake` makes it look at once.

    `owner` names this process for as long as `is_alive` says that it lives.
    """

    def __init__(
        self,
        db: "Db",
        *,
        owner: str,
        is_alive: IsAlive,
        clock: Clock,
        rng: Rng,
        effects: Sequence[Effect],
        on_news: OnNews = ignore_news,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._db = db
        self._owner = owner
        self._is_alive = is_alive
        self._clock = clock
        self._rng = rng
        self._effects = effects
        self._on_news = on_news
        self._pace = pace
        #: Claimed and read, and not finished yet because the store was busy.
        self._at_hand: list[_Read] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._next_sweep_at = clock.monotonic()

    def wake(self) -> None:
        """Something was stored."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the batch at hand, then end."""
        self._stopping = True
        self._woken.set()

    async def run(self, *, drain: bool = False) -> None:
        """Work until `stop`; with `drain` until nothing is left that could be worked now.

        Raises StoreError when the store cannot be used any more.
        """
        while not self._stopping:
            self._woken.clear()
            try:
                await self._work_off()
            except Busy as error:
                self._on_news("", str(error))
                await asyncio.sleep(self._pace.rest_seconds)
                continue
            if drain:
                return
            # Others store events too, and those that failed become due again.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look_seconds):
                    await self._woken.wait()

    async def _work_off(self) -> None:
        while not self._stopping and (self._swept() or self.work_once()):  # noqa: ASYNC110 - nothing is waited for
            # Whoever else runs in this loop has its turn.
            await asyncio.sleep(0)

    def _swept(self) -> bool:
        """Take back what dead processes held, now and then; whether there was anything."""
        if self._clock.monotonic() < self._next_sweep_at:
            return False
        self._next_sweep_at = self._clock.monotonic() + self._pace.sweep_seconds
        taken_back = sweep(self._db, is_alive=self._is_alive, clock=self._clock, rng=self._rng)
        self._report((event.instance, event.id, to.state) for event, to in taken_back)
        return bool(taken_back)

    def work_once(self) -> int:
        """Work one batch; how many events were taken. Raises Busy, StoreError."""
        if not self._at_hand:
            batch = claim(self._db, owner=self._owner, clock=self._clock, most=self._pace.most_at_once)
            if batch:
                hit("proc.after_claim")
            # Outside the transaction: reading a large body must not keep others from storing theirs.
            self._at_hand = [_Read(event, _read(event.raw)) for event in batch]
        if self._at_hand:
            with self._db.write(durable=False) as tx:
                moved = self._finish(tx, self._at_hand)
            self._report(moved)
        taken, self._at_hand = len(self._at_hand), []
        return taken

    def _finish(self, tx: "Tx", batch: Sequence[_Read]) -> list[tuple[str, int, State]]:
        """Carry out each event, in order, and say where it went. All of it is one commit."""
        held: set[tuple[str, str]] = set()
        moved = []
        for one in batch:
            event, line = one.event, (one.event.instance, one.event.chat_id)
            if not is_ours(tx, event):
                continue  # we were taken for dead; whoever has it now decides
            to = released(event) if line in held else self._fate(tx, one)
            if to.state is State.STORED:
                held.add(line)
            move(tx, event, to, actor=self._owner, clock=self._clock)
            moved.append((event.instance, event.id, to.state))
        return moved

    def _fate(self, tx: "Tx", one: _Read) -> Move:
        event, incoming = one.event, one.incoming
        if isinstance(incoming, Unreadable):
            return Move(
                state=State.QUARANTINED, reason=Reason.UNREADABLE, detail=str(incoming), attempts=event.attempts
            )
        if isinstance(incoming, Exception):
            return self._failed(event, incoming)
        twin = told_before(tx, event)
        if twin is not None:
            return Move(state=State.DONE, reason=Reason.DUPLICATE, duplicate_of=twin, attempts=event.attempts)
        tx.run("savepoint effects")
        try:
            for effect in self._effects:
                effect(tx, event, incoming)
        except Exception as error:
            if _is_of_the_store(error):
                raise
            tx.run("rollback to effects")
            tx.run("release effects")
            return self._failed(event, error)
        tx.run("release effects")
        hit("proc.after_effect")
        hit("proc.before_done")
        return Move(state=State.DONE, reason=Reason.PROCESSED, attempts=event.attempts)

    def _failed(self, event: StoredEvent, error: Exception) -> Move:
        return after_failure(event, error, rng=self._rng, now_ms=self._clock.now_ms())

    def _report(self, moved: Iterable[tuple[str, int, State]]) -> None:
        for instance, event_id, state in moved:
            note(_GRAVITY.get(state, "info"), "event", instance=instance, event_id=event_id, outcome=state.value)
            if state in (State.DEAD, State.QUARANTINED):
                self._on_news(instance, f"event {event_id} is {state}; see: greenbot events show {event_id}")


def _read(raw: bytes) -> Incoming | Exception:
    try:
        return parse(raw)
    except Exception as error:  # noqa: BLE001 - whatever a body does, it must not stop the others
        return error


def _is_of_the_store(error: Exception) -> bool:
    """Whether the store itself failed: then nothing of the batch can be written, and no event is to blame."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, Busy | StoreError) or (code is not None and code & 0xFF in _OF_THE_STORE)
