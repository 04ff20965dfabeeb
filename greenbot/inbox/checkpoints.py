"""Keeping the WAL short without making a commit wait for it.

SQLite would move the WAL into the store inside some unlucky commit. Here a second connection, in a thread of its
own, does it beside the commits, while nobody else wants the processor. As long as somebody writes all the time it
never reaches the end, so now and then whoever commits moves what is left, which lets the WAL begin anew.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import StoreError
from greenbot.logs.notes import note

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Commits between two looks, which keep what is left for the last move small.
EVERY_COMMITS = 50
#: Pages of 4 KiB in the WAL from which on it should begin anew: 32 MiB, which only a storm reaches.
MOST_PAGES = 8_192
#: So few may be left for the commit that does it, or as many as come while it was tried so often to have fewer.
FEW_PAGES = 600
MOST_TRIES = 5
#: Looks that the thread may owe before whoever commits waits for it, and how long each time.
MOST_OWED = 8
LONGEST_WAIT_SECONDS = 1.0
#: A move of the rest that took longer is nothing for an event loop.
LONG_SECONDS = 0.1

_SYNC_FILE_RANGE_WRITE = 2


class Checkpoints:
    """For the connections that commit to one store; `after_commit` by whoever did it, in the thread of its store."""

    def __init__(self, open_db: "Callable[[], Db]", clock: Clock) -> None:
        self._open_db = open_db
        self._clock = clock
        self._due = threading.Event()
        self._looked = threading.Event()
        self._owed = 0
        self._ending = False
        #: Whoever commits has to move what is left.
        self.is_too_long = False
        #: There is no thread, or it died: those who commit do it all.
        self._is_alone = False
        self._last_move_seconds = 0.0
        self._commits = 0
        self._threads: list[threading.Thread] = []

    def take_over(self, db: "Db") -> None:
        """From now on commits of this connection do not checkpoint."""
        if self.spare(db):
            self._start(_step_back)

    def spare(self, db: "Db") -> bool:
        """Let commits of this connection not checkpoint; False where there is no WAL."""
        if db.scalar("pragma journal_mode") != "wal":
            return False
        db.leave_checkpoints()
        return True

    def after_commit(self, db: "Db") -> None:
        """Count, and now and then have it done; move the rest here when the WAL has become too long."""
        if self.is_too_long:
            begun = self._clock.monotonic()
            with suppress(StoreError):  # all stores of this process refuse from now on, as the next commit will say
                # The next commit begins the WAL anew. With the thread in the middle of it, the next one tries again.
                self.is_too_long = db.checkpoint() is None
            self._last_move_seconds = self._clock.monotonic() - begun
        self._commits += 1
        if self._commits % EVERY_COMMITS == 0 and (self._threads or self._is_alone):
            self._ask()

    def _ask(self) -> None:
        if self._is_alone:
            self.is_too_long = True
            return
        self._owed += 1
        if self._owed > MOST_OWED:
            self._insist()
        self._looked.clear()
        self._due.set()

    @property
    def may_wait(self) -> bool:
        """`after_commit` may take long the next time: for the thread, or for a disk that was slow at the last move."""
        is_slow = self._last_move_seconds > LONG_SECONDS
        return self._owed >= MOST_OWED or (self.is_too_long and is_slow)

    def _insist(self) -> None:
        """Somebody else takes the whole processor, or the disk is slower than the commits."""
        if len(self._threads) == 1:
            # One that steps back for nobody. A thread may not take back what it gave away.
            self._start(_step_forward)
            self._due.set()
        self._looked.wait(LONGEST_WAIT_SECONDS)

    def _start(self, place_itself: Callable[[], None]) -> None:
        before, self._due = self._due, threading.Event()
        arguments = (self._due, place_itself)
        thread = threading.Thread(target=self._run, args=arguments, name="inbox-checkpoints", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # There is none to be had.
            self._due, self._is_alone = before, True
            return
        self._threads.append(thread)
        before.set()  # one that went before is not wanted any more

    def close(self) -> None:
        """End its threads."""
        self._ending = True
        self._due.set()
        for thread in self._threads:
            thread.join()

    def _run(self, due: threading.Event, place_itself: Callable[[], None]) -> None:
        try:
            place_itself()
            with closing(self._open_db()) as db:
                self._serve(db, due)
        except BaseException as error:  # noqa: BLE001 - a thread: whoever commits would wait for it for ever
            note("error", "checkpoints", outcome="failed", words=type(error).__name__)
            self._is_alone = True
            self._looked.set()

    def _serve(self, db: "Db", due: threading.Event) -> None:
        while not self._ending and due is self._due:
            due.wait()
            due.clear()
            # Out of the way of whoever moves the rest.
            pages = 0 if self.is_too_long else _shorten(db)
            if pages is not None:
                self.is_too_long = self.is_too_long or pages > MOST_PAGES
                self._owed = 0
                self._looked.set()


def _shorten(db: "Db") -> int | None:
    """Move what there is, and of a long WAL also what came meanwhile, until little is left. As `Db.checkpoint`."""
    before, pages = 0, db.checkpoint()
    for _ in range(MOST_TRIES):
        # SQLite syncs the store together with the last page of the WAL: whoever moves that should have little to sync.
        _write_out(db.path)
        if pages is None or pages <= MOST_PAGES or pages - before <= FEW_PAGES:
            break
        before, pages = pages, db.checkpoint()
    return pages


def _write_out(path: Path) -> None:
    """Have what was written to a file that this process has open put on the disk soon. It promises nothing.

    Not with fsync: an error of the disk is told to a descriptor once, and it is SQLite that has to hear it. And with
    a descriptor that is open already: to open the file once more and to close it would end all of SQLite's locks on
    it (sqlite.org/howtocorrupt.html, section 2.2). Should that one be closed meanwhile, another file is written out.
    """
    if sys.platform != "linux":
        return
    # Without that call in the C library, or without /proc, the last move takes longer.
    with suppress(OSError, AttributeError, ImportError):
        wanted = path.stat()
        for each in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(os.fstat(int(each.name)), wanted):
                    _sync_file_range()(int(each.name), 0, 0, _SYNC_FILE_RANGE_WRITE)
                    return


@cache
def _sync_file_range() -> "Callable[[int, int, int, int], int]":
    import ctypes

    call = ctypes.CDLL(None).sync_file_range
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call


def _step_back() -> None:
    """Let those who commit have the processor first: the thread works while they wait for the disk."""
    if sys.platform == "linux":  # where a thread has a niceness of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _step_forward() -> None:
    """Compete with everybody for the processor."""
