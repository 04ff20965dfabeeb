"""The lock file beside the store: who holds it may write.

SQLite's own waiting starves a process when several write without pause, and a bare `flock` favours
whoever has just let go: it takes the lock again before the waiter has woken up. So there is a
turnstile in front: one waiter at a time stands in it until the lock is its own, and whoever has
just had the lock queues behind it. The files are never removed, so everybody locks the same inodes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenbot.db.translate import from_os
from greenbot.errors import Busy

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # no more than a start needs
class _Files:
    """Open descriptors of the turnstile and of the lock behind it."""

    turnstile: int
    lock: int

    def close(self) -> None:
        """Closing lets go of both."""
        os.close(self.turnstile)
        os.close(self.lock)


class WriteLock:
    """One process's handle on the lock; its files are opened at the first use, closed with the store."""

    def __init__(self, path: Path, *, timeout_seconds: float) -> None:
        self.path = path
        #: 0 never waits at all.
        self.timeout_seconds = timeout_seconds
        self._files: _Files | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the block. Raises Busy when nobody lets go in time, StoreError without a file."""
        files = self._opened()
        if not _take_at_once(files):
            if not self.timeout_seconds:
                raise Busy(f"Another greenbot process holds {self.path}.")
            self._wait_with(files)
        try:
            yield
        finally:
            fcntl.flock(files.lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the files back."""
        if self._files is not None:
            self._files.close()
            self._files = None

    def _opened(self) -> _Files:
        if self._files is None:
            turnstile = _open(self.path.with_name(self.path.name + ".turn"))
            try:
                self._files = _Files(turnstile, _open(self.path))
            except BaseException:
                os.close(turnstile)
                raise
        return self._files

    def _wait_with(self, files: _Files) -> None:
        # A blocking flock stands in the kernel's queue, which polling does not; but only a thread can
        # leave it behind when the holder hangs (SIGSTOP, a dead disk).
        self._files = None  # until it is granted the descriptors belong to the waiter
        if not _Waiter(files).wait(self.timeout_seconds):
            raise Busy(f"Another greenbot process has held {self.path} for {self.timeout_seconds:g} s.")
        self._files = files


def _open(path: Path) -> int:
    try:
        return os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise from_os(error, path) from error


def _take_at_once(files: _Files) -> bool:
    """Through turnstile and lock if nobody is there; a turnstile that was entered is left again."""
    if not _try(files.turnstile):
        return False
    taken = _try(files.lock)
    fcntl.flock(files.turnstile, fcntl.LOCK_UN)
    return taken


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Waiter:
    """Queues for the lock, and closes the files when nobody wants it any more."""

    def __init__(self, files: _Files) -> None:
        import threading

        self._files = files
        self._mutex = threading.Lock()
        self._granted = threading.Event()
        self._abandoned = False
        threading.Thread(target=self._stand, name="store-lock", daemon=True).start()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether the lock is held now. After False, or an interrupt, the descriptors are no longer the caller's."""
        try:
            self._granted.wait(timeout_seconds)
        except BaseException:
            if self._granted_or_abandoned():
                self._files.close()
            raise
        return self._granted_or_abandoned()

    def _granted_or_abandoned(self) -> bool:
        with self._mutex:
            self._abandoned = not self._granted.is_set()
            return not self._abandoned

    def _stand(self) -> None:
        fcntl.flock(self._files.turnstile, fcntl.LOCK_EX)
        fcntl.flock(self._files.lock, fcntl.LOCK_EX)
        fcntl.flock(self._files.turnstile, fcntl.LOCK_UN)
        with self._mutex:
            if self._abandoned:
                self._files.close()
            else:
                self._granted.set()
