"""Group commit: many requests wait for one fsync, and each learns of its own event.

The requests of an event loop hand their bodies to one writer thread. It has no timer: a batch is
whatever arrived while the previous one was on its way to the disk. Only after the commit, and after the
store's files were seen to be the ones that were opened, a waiting request may answer 200.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError, StoreError
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.checkpoints import Checkpoints
from greenbot.inbox.intake import keep

if TYPE_CHECKING:
    from greenbot.db.connect import Db

MOST_PENDING = 5_000
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


_ENDED = "The writer of the inbox has ended."
_Entry = tuple[Arrival, "asyncio.Future[Kept]"]


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
    ) -> None:
        self._open_db = open_db
        self._clock = clock
        self._expected_ids = expected_ids
        self._on_kept = on_kept
        self._most_pending = most_pending
        self._keep = store
        #: What arrived in this turn of the loop.
        self._gathered: list[_Entry] = []
        self._queue: SimpleQueue[list[_Entry] | None] = SimpleQueue()
        #: Taken out of the queue by the writer, and not in a batch yet.
        self._left: list[_Entry] = []
        self._pending = 0
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
        """Returns once the arrival is on the disk; raises like `submit` and its future."""
        return await self.submit(arrival)

    def submit(self, arrival: Arrival) -> "asyncio.Future[Kept]":
        """Done once the arrival is on the disk. Raises Busy when too much waits; the future ends with Busy when the
        store is locked, StoreFull, StoreError: then it is not known to be kept and must not be acknowledged."""
        if self._loop is None or self._closing or self._pending >= self._most_pending:
            raise Busy("More events arrive than the disk takes.", hint="GREEN-API repeats them in a minute.")
        future: asyncio.Future[Kept] = self._loop.create_future()
        self._pending += 1
        self._gathered.append((arrival, future))
        if len(self._gathered) == 1:
            # Together with all that arrives in this turn of the loop: to wake another thread costs more than a row.
            self._loop.call_soon(self._hand_over)
        return future

    def _hand_over(self) -> None:
        if self._gathered:
            entries, self._gathered = self._gathered, []
            self._queue.put(entries)

    async def close(self) -> None:
        """Store what has been handed in, then end the writer; harmless when done twice."""
        self._closing = True
        if self._thread is None:
            return
        self._hand_over()
        self._queue.put(None)
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join)
        # What the writer told the loop as its last word is still to be carried out.
        await asyncio.sleep(0)

    # --- in the writer's thread --------------------------------------------------------------------------------------

    def _write(self) -> None:
        try:
            db = self._open_db()
        except GreenbotError as error:
            self._tell(self._refuse_to_start, error)
            return
        checkpoints = Checkpoints(self._open_db)
        batch: list[_Entry] = []
        death: BaseException | None = None
        try:
            checkpoints.take_over(db)
            self._tell(self._begin)
            while batch := self._next_batch():
                self._store(db, batch)
                checkpoints.after_commit(db)
        except BaseException as error:  # noqa: BLE001 - this is a thread: nobody else would ever hear of it
            death = error
        finally:
            # However it ended, nobody may wait for it for ever.
            self._tell(self._ended, batch, death)
            checkpoints.close()
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
        try:
            arrivals = [arrival for arrival, _ in batch]
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
            self._tell(self._resolve, batch, kept)

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
        while not self._queue.empty():
            lost += self._queue.get_nowait() or []
        # Those of the last batch may have their answer already.
        self._fail([entry for entry in lost if not entry[1].done()], Busy(_ENDED))
        self._over.set()

    def _resolve(self, batch: list[_Entry], kept: list[Kept]) -> None:
        self._pending -= len(batch)
        for (_, future), result in zip(batch, kept, strict=True):
            if not future.done():
                future.set_result(result)
        self._on_kept()

    def _fail(self, batch: list[_Entry], error: Exception) -> None:
        self._pending -= len(batch)
        for _, future in batch:
            if not future.done():
                future.set_exception(error)


def _fitting(entries: Sequence[_Entry]) -> int:
    """How many of them, at least one, go into one transaction."""
    size = 0
    for count, (arrival, _) in enumerate(entries[:MOST_AT_ONCE]):
        if size >= MOST_BYTES_AT_ONCE:
            return count
        size += len(arrival.raw)
    return min(len(entries), MOST_AT_ONCE)
