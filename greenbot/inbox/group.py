"""Group commit: many requests wait for one fsync, and each learns of its own event.

The requests of an event loop hand their bodies to one writer thread. It has no timer: a batch is
whatever arrived while the previous one was on its way to the disk. Where that is cheaper, the loop commits by
itself what has arrived (see `pace`). Only after the commit, and after the store's files were seen to be the ones
that were opened, a waiting request may answer 200.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError, StoreError
from greenbot.inbox.arrival import Answer, Arrival, Kept
from greenbot.inbox.checkpoints import Checkpoints
from greenbot.inbox.intake import keep
from greenbot.inbox.pace import Pace

if TYPE_CHECKING:
    from greenbot.db.connect import Db

MOST_PENDING = 5_000
MOST_PENDING_BYTES = 128 * 1024 * 1024
MOST_AT_ONCE = 256
#: Bodies of one transaction together: large ones must not make the others wait for hundreds of megabytes.
MOST_BYTES_AT_ONCE = 32 * 1024 * 1024

ExpectedIds = Callable[[], Mapping[str, str]]
OnKept = Callable[[], None]


class Keep(Protocol):
    """`intake.keep`, or a test's idea of it."""

    def __call__(
        self, db: "Db", arrivals: Sequence[Arrival], *, clock: Clock, expected_ids: Mapping[str, str]
    ) -> list[Kept]: ...


#: Turns of the loop in which a batch of the loop's own may still grow.
_MOST_TURNS = 8
_ENDED = "The writer of the inbox has ended."


class _Entry:
    """An arrival and who waits for it."""

    __slots__ = ("_answer", "arrival")

    def __init__(self, arrival: Arrival, answer: Answer) -> None:
        self.arrival = arrival
        self._answer: Answer | None = answer

    def settle(self, result: Kept | Exception) -> None:
        """Tell it, unless something was told before."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(result)


def expect_any() -> Mapping[str, str]:
    """Believe every body's instance."""
    return {}


def ignore_kept() -> None:
    """Nobody processes here."""


class GroupCommit:
    """The durable door of the inbox for one event loop. `start` it, `keep` what arrives, `close` it.

    `open_db` opens a store for the thread that calls it. `on_kept` is called in the loop after each commit.
    """

    def __init__(
        self,
        open_db: "Callable[[], Db]",
        clock: Clock,
        *,
        expected_ids: ExpectedIds = expect_any,
        on_kept: OnKept = ignore_kept,
        most_pending: int = MOST_PENDING,
        store: Keep = keep,
        pace: Pace | None = None,
    ) -> None:
        self._open_db = open_db
        self._clock = clock
        self._expected_ids = expected_ids
        self._on_kept = on_kept
        self._most_pending = most_pending
        self._keep = store
        self._pace = pace or Pace()
        #: The loop's own store, from its first commit on.
        self._direct_db: Db | None = None
        self._checkpoints = Checkpoints(open_db, clock)
        #: What arrived in this turn of the loop.
        self._gathered: list[_Entry] = []
        self._queue: SimpleQueue[list[_Entry] | None] = SimpleQueue()
        #: Taken out of the queue by the writer, and not in a batch yet.
        self._left: list[_Entry] = []
        self._pending = self._pending_bytes = 0
        self._closing = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: asyncio.Future[None] | None = None
        self._over = asyncio.Event()
        self._death: BaseException | None = None

    @property
    def pending(self) -> int:
        """Arrivals that are not on the disk yet."""
        return self._pending

    async def start(self) -> None:
        """Open the store in the writer's thread. Raises Busy, StoreError."""
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.create_future()
        self._thread = threading.Thread(target=self._write, name="inbox-writer", daemon=True)
        self._thread.start()
        await self._opened

    async def wait_ended(self) -> BaseException | None:
        """Returns when the writer has ended: None after `close`, otherwise what it died of. Nothing is kept then."""
        await self._over.wait()
        return self._death

    async def keep(self, arrival: Arrival) -> Kept:
        """Returns once the arrival is on the disk; raises like `submit`, and what it answers."""
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()

        def answer(result: Kept | Exception) -> None:
            if future.done():
                return
            if isinstance(result, Kept):
                future.set_result(result)
            else:
                future.set_exception(result)

        self.submit(arrival, answer)
        return await future

    def submit(self, arrival: Arrival, answer: Answer) -> None:
        """Keep the arrival; `answer` is called in the loop once it is on the disk. Raises Busy when too much waits.

        The answer is Busy when the store is locked, StoreFull, StoreError: then the arrival is not known to be kept
        and must not be acknowledged.
        """
        is_full = self._pending >= self._most_pending or self._pending_bytes >= MOST_PENDING_BYTES
        if self._loop is None or self._closing or is_full:
            raise Busy("More events arrive than the disk takes.", hint="GREEN-API repeats them in a minute.")
        self._pending += 1
        self._pending_bytes += len(arrival.raw)
        self._gathered.append(_Entry(arrival, answer))
        if len(self._gathered) == 1:
            # Together with all that arrives in this turn of the loop: to wake another thread costs more than a row.
            self._loop.call_soon(self._hand_over, 1, _MOST_TURNS)

    def _hand_over(self, seen: int, turns: int) -> None:
        """Give what was gathered to whoever commits it."""
        count = len(self._gathered)
        if not count:
            return
        # The loop does not overtake the thread, and waits for nobody.
        if not self._pace.is_direct or self._pending > count or self._checkpoints.may_wait:
            self._hand_to_thread()
        elif turns and seen < count < MOST_AT_ONCE:
            # More have come. Whoever was just about to send may come along, too.
            assert self._loop is not None, "set before anything was taken"
            self._loop.call_soon(self._hand_over, count, turns - 1)
        else:
            self._commit_here()

    def _hand_to_thread(self) -> None:
        if self._gathered:
            entries, self._gathered = self._gathered, []
            self._queue.put(entries)

    def _commit_here(self) -> None:
        """Commit in the loop. What that cannot do without waiting is the thread's."""
        batch, begun = self._next_here(), self._clock.monotonic()
        try:
            kept = self._keep_here(batch)
        except StoreError as error:
            self._fail(batch, error)
        except BaseException as error:
            # Somebody else is writing, or one of them is at fault: the thread waits, or finds out which.
            self._queue.put(batch)
            if not isinstance(error, Exception):
                raise
        else:
            self._resolve(batch, kept, self._clock.monotonic() - begun)
            assert self._direct_db is not None, "it was just committed with"
            self._checkpoints.after_commit(self._direct_db)

    def _next_here(self) -> list[_Entry]:
        count = _fitting(self._gathered)
        batch, self._gathered = self._gathered[:count], self._gathered[count:]
        if self._gathered:
            assert self._loop is not None, "set before anything was taken"
            self._loop.call_soon(self._hand_over, len(self._gathered), 0)
        return batch

    def _keep_here(self, batch: list[_Entry]) -> list[Kept]:
        if self._direct_db is None:
            self._direct_db = self._open_db()
            self._direct_db.never_wait()
            self._checkpoints.spare(self._direct_db)
        arrivals = [entry.arrival for entry in batch]
        return self._keep(self._direct_db, arrivals, clock=self._clock, expected_ids=self._expected_ids())

    async def close(self) -> None:
        """Store what has been handed in, then end the writer; harmless when done twice."""
        self._closing = True
        if self._thread is None:
            return
        self._hand_to_thread()
        self._queue.put(None)
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join)
        # What the writer told the loop as its last word is still to be carried out.
        await asyncio.sleep(0)
        if self._direct_db is not None:
            self._direct_db.close()

    # --- in the writer's thread --------------------------------------------------------------------------------------

    def _write(self) -> None:
        try:
            db = self._open_db()
        except GreenbotError as error:
            self._tell(self._refuse_to_start, error)
            return
        batch: list[_Entry] = []
        death: BaseException | None = None
        try:
            self._checkpoints.take_over(db)
            self._tell(self._begin)
            while batch := self._next_batch():
                self._store(db, batch)
                self._checkpoints.after_commit(db)
        except BaseException as error:  # noqa: BLE001 - this is a thread: nobody else would ever hear of it
            death = error
        finally:
            # However it ended, nobody may wait for it for ever.
            self._tell(self._ended, batch, death)
            self._checkpoints.close()
            db.close()

    def _next_batch(self) -> list[_Entry]:
        """What waits, at least one; empty when it is time to end."""
        if not self._left:
            first = self._queue.get()
            if first is None:
                return []
            self._left = first
        while len(self._left) < MOST_AT_ONCE:
            try:
                entries = self._queue.get_nowait()
            except Empty:
                break
            if entries is None:
                # What was handed in before closing is still stored; the end comes with a later look.
                self._queue.put(None)
                break
            self._left += entries
        count = _fitting(self._left)
        batch, self._left = self._left[:count], self._left[count:]
        return batch

    def _store(self, db: "Db", batch: list[_Entry]) -> None:
        begun = self._clock.monotonic()
        try:
            arrivals = [entry.arrival for entry in batch]
            kept = self._keep(db, arrivals, clock=self._clock, expected_ids=self._expected_ids())
        except (Busy, StoreError) as error:
            self._tell(self._fail, batch, error)
        except Exception as error:  # noqa: BLE001 - it is handed on to whoever caused it
            if len(batch) == 1:
                self._tell(self._fail, batch, error)
                return
            # One of them cannot be stored. The others must not suffer, so each goes alone.
            for entry in batch:
                self._store(db, [entry])
        else:
            self._tell(self._resolve, batch, kept, self._clock.monotonic() - begun)

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        assert self._loop is not None, "set before the thread began"
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *arguments)

    # --- in the loop -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def _refuse_to_start(self, error: GreenbotError) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error)

    def _ended(self, batch: list[_Entry], death: BaseException | None) -> None:
        self._closing = True
        self._death = death
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(StoreError(_ENDED))
        lost = [*batch, *self._left, *self._gathered]
        self._left, self._gathered = [], []
        while not self._queue.empty():
            lost += self._queue.get_nowait() or []
        # Those of the last batch may have their answer already, which stands.
        self._fail(lost, Busy(_ENDED))
        self._over.set()

    def _resolve(self, batch: list[_Entry], kept: list[Kept], seconds: float) -> None:
        self._pace.took(seconds, len(batch))
        self._forget(batch)
        for entry, result in zip(batch, kept, strict=True):
            self._settle(entry, result)
        self._on_kept()

    def _fail(self, batch: list[_Entry], error: Exception) -> None:
        self._forget(batch)
        for entry in batch:
            self._settle(entry, error)

    def _forget(self, batch: list[_Entry]) -> None:
        self._pending -= len(batch)
        self._pending_bytes -= sum([len(entry.arrival.raw) for entry in batch])

    def _settle(self, entry: _Entry, result: Kept | Exception) -> None:
        try:
            entry.settle(result)
        except Exception as error:  # noqa: BLE001 - what one does with his answer must not cost the others theirs
            assert self._loop is not None, "set before anything was taken"
            self._loop.call_exception_handler({"message": "An answer was not taken.", "exception": error})


def _fitting(entries: Sequence[_Entry]) -> int:
    """How many of them, at least one, go into one transaction."""
    size = 0
    for count, entry in enumerate(entries[:MOST_AT_ONCE]):
        if size >= MOST_BYTES_AT_ONCE:
            return count
        size += len(entry.arrival.raw)
    return min(len(entries), MOST_AT_ONCE)
