"""Many small changes in one commit: whatever arrived while the last one was on its way to the disk.

No timer: a batch is what the tasks of one turn of the loop hand in. Each hand-in learns of its own
result, and only after the commit.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from greenbot.errors import Busy, StoreError

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

T = TypeVar("T")


class Batch:
    """The one writer of a worker's event loop."""

    def __init__(self, db: "Db") -> None:
        self._db = db
        self._waiting: list[_Entry[object]] = []
        self._scheduled = False

    def submit(self, work: "Callable[[Tx], T]", *, in_any_case: bool = False) -> "asyncio.Future[T]":
        """Have `work` done in the next transaction; the future has its result once that is on the disk.

        Whoever is cancelled while waiting withdraws what it handed in, unless that has to be done `in_any_case`.
        The hand-in itself does not await anything, so a task that is being cancelled can still make it.
        The future raises Busy, StoreFull, StoreError, or what `work` raised: then nothing of it happened.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Entry(work, future, in_any_case=in_any_case))  # type: ignore[arg-type]  # each entry keeps its own type together
        if not self._scheduled:
            self._scheduled = True
            # Two turns later: who is woken by what was just handed in may still come along.
            loop.call_soon(loop.call_soon, self.flush)
        return future

    def flush(self) -> None:
        """Commit now what waits; for the end of a worker, where no turn of the loop may follow."""
        self._scheduled = False
        entries, self._waiting = [entry for entry in self._waiting if entry.is_wanted], []
        if not entries:
            return
        try:
            self._commit(entries)
        except (Busy, StoreError) as error:
            for entry in entries:
                entry.fail(error)
        except Exception as error:  # noqa: BLE001 - it is handed on to whoever caused it
            if len(entries) == 1:
                entries[0].fail(error)
                return
            # One of them cannot be carried out. The others must not suffer, so each goes alone.
            for entry in entries:
                self._waiting.append(entry)
                self.flush()

    def _commit(self, entries: "list[_Entry[object]]") -> None:
        with self._db.write() as tx:
            results = [entry.work(tx) for entry in entries]
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
