"""The lock file beside the store: who holds it may write.

SQLite's own waiting starves a process when several write without pause; waiters on a `flock` get
their turn. The lock file is never removed, so everybody locks the same inode.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenbot.db.translate import from_os
from greenbot.errors import Busy

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class WriteLock:
    """One process's handle on the lock file; opened at the first use, closed with the store."""

    def __init__(self, path: Path, *, timeout_seconds: float) -> None:
        self.path = path
        self._timeout_seconds = timeout_seconds
        self._fd: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the block. Raises Busy when nobody lets go in time, StoreError without a file."""
        fd = self._opened()
        self._acquire(fd)
        try:
            yield
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> int:
        if self._fd is None:
            try:
                self._fd = os.open(self.path, _FLAGS, 0o600)
            except OSError as error:
                raise from_os(error, self.path) from error
        return self._fd

    def _acquire(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait_for(fd)

    def _wait_for(self, fd: int) -> None:
        # A blocking flock stands in the kernel's queue, which polling does not; but only a thread can
        # leave it behind when the holder hangs (SIGSTOP, a dead disk).
        self._fd = None  # until it is granted the descriptor belongs to the waiter
        if not _Waiter(fd).wait(self._timeout_seconds):
            raise Busy(f"Another greenbot process has held {self.path} for {self._timeout_seconds:g} s.")
        self._fd = fd


class _Waiter:
    """Stands in the kernel's queue for a lock, and closes the file when nobody wants it any more."""

    def __init__(self, fd: int) -> None:
        import threading

        self._fd = fd
        self._mutex = threading.Lock()
        self._granted = threading.Event()
        self._abandoned = False
        threading.Thread(target=self._stand, name="store-lock", daemon=True).start()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether the lock is held now. After False, or an interrupt, the descriptor is no longer the caller's."""
        try:
            self._granted.wait(timeout_seconds)
        except BaseException:
            if self._granted_or_abandoned():
                os.close(self._fd)
            raise
        return self._granted_or_abandoned()

    def _granted_or_abandoned(self) -> bool:
        with self._mutex:
            self._abandoned = not self._granted.is_set()
            return not self._abandoned

    def _stand(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        with self._mutex:
            if self._abandoned:
                os.close(self._fd)
            else:
                self._granted.set()
