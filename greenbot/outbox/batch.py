"""Many small changes in one commit: whatever arrived while the last one was on its way to the disk.

No timer: a batch is what the tasks of one turn of the loop hand in. Each hand-in learns of its own
result, and only after the commit.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from greenbot.errors import Busy, StoreError

if TYPE_CHECKING:
    import concurrent.futures

    from greenbot.db.connect import Db, Tx

T = TypeVar("T")


class Batch:
    """The one writer of a worker's event loop.

    With `behind` the loop goes on while a thread waits for the disk, and what is handed in meanwhile goes into the next
    commit.
    """

    def __init__(self, db: "Db", *, behind: bool = False) -> None:
        self._db = db
        self._is_behind = behind
        self._waiting: list[_Entry[object]] = []
        self._scheduled = False
        self._under_way: _UnderWay | None = None

    def submit(self, work: "Callable[[Tx], T]", *, in_any_case: bool = False) -> "asyncio.Future[T]":
        """Have `work` done in the next transaction; the future has its result once that is on the disk.

        Whoever cancels the future withdraws what it handed in, unless that has to be done `in_any_case`, or is on its
        way to the disk already; `settle` tells.
        The hand-in itself does not await anything, so a task that is being cancelled can still make it.
        The future raises Busy, StoreFull, StoreError, or what `work` raised: then nothing of it happened.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Entry(work, future, in_any_case=in_any_case))  # type: ignore[arg-type]  # each entry keeps its own type together
        self._schedule(loop)
        return future

    def settle(self) -> None:
        """Wait for the commit that is under way, if there is one, and tell those whose work is in it."""
        if self._under_way is not None:
            self._db.settle()
            self._land(self._under_way)

    async def landed(self) -> None:
        """Wait until no commit is under way: whoever reads the store before that stops the whole loop."""
        while self._under_way is not None:
            await asyncio.wait([asyncio.wrap_future(self._under_way.commit)])
            await asyncio.sleep(0)

    def flush(self) -> None:
        """Commit now what waits; for the end of a worker, where no turn of the loop may follow."""
        self.settle()
        while entries := self._wanted():
            self._commit(entries, behind=False)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled and self._under_way is None:
            self._scheduled = True
            # Two turns later: who is woken by what was just handed in may still come along.
            loop.call_soon(loop.call_soon, self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self._under_way is None and (entries := self._wanted()):
            self._commit(entries, behind=self._is_behind)

    def _wanted(self) -> "list[_Entry[object]]":
        entries, self._waiting = [entry for entry in self._waiting if entry.is_wanted], []
        return entries

    def _commit(self, entries: "list[_Entry[object]]", *, behind: bool) -> None:
        def work(tx: "Tx") -> list[object]:
            return [entry.work(tx) for entry in entries]

        try:
            if behind:
                results, done = self._db.write_behind(work)
                self._let_go(_UnderWay(entries, results, done))
                return
            with self._db.write() as tx:
                results = work(tx)
        except Exception as error:  # noqa: BLE001 - it is handed on to whoever caused it
            self._failed(entries, error)
        else:
            _tell(entries, results)

    def _let_go(self, under_way: "_UnderWay") -> None:
        loop = asyncio.get_running_loop()

        def done(commit: object) -> None:
            with suppress(RuntimeError):  # a loop that is closed has settled it
                loop.call_soon_threadsafe(self._land, under_way)

        self._under_way = under_way
        under_way.commit.add_done_callback(done)

    def _land(self, under_way: "_UnderWay") -> None:
        """The commit is over; said twice when somebody settled it before the loop came to it."""
        if self._under_way is not under_way:
            return
        self._under_way = None
        error = under_way.commit.exception()
        if error is None:
            _tell(under_way.entries, under_way.results)
        elif isinstance(error, Exception):
            self._failed(under_way.entries, error)
        else:
            raise error
        if self._waiting:
            self._schedule(asyncio.get_running_loop())

    def _failed(self, entries: "list[_Entry[object]]", error: Exception) -> None:
        if isinstance(error, (Busy, StoreError)) or len(entries) == 1:
            for entry in entries:
                entry.fail(error)
            return
        # One of them cannot be carried out. The others must not suffer, so each goes alone.
        for entry in entries:
            self._commit([entry], behind=False)


class _UnderWay(NamedTuple):
    """A transaction whose commit is on its way to the disk."""

    entries: "list[_Entry[object]]"
    results: list[object]
    commit: "concurrent.futures.Future[object]"


def _tell(entries: "list[_Entry[object]]", results: "list[object]") -> None:
    for entry, result in zip(entries, results, strict=True):
        entry.done(result)


class _Entry(Generic[T]):
    __slots__ = ("_future", "_in_any_case", "work")

    def __init__(self, work: "Callable[[Tx], T]", future: "asyncio.Future[T]", *, in_any_case: bool) -> None:
        self.work = work
        self._future = future
        self._in_any_case = in_any_case

    @property
    def is_wanted(self) -> bool:
        return self._in_any_case or not self._future.cancelled()

    def done(self, result: T) -> None:
        if not self._future.done():
            self._future.set_result(result)

    def fail(self, error: Exception) -> None:
        # Who was cancelled meanwhile does not wait for it any more.
        if not self._future.done():
            self._future.set_exception(error)
