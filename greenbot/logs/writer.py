"""Many processes, one file: whole lines only, none lost, while it is rotated by whoever finds it full."""

import fcntl
import os
import threading
from errno import ENOSPC
from pathlib import Path

from greenbot.clock import Clock
from greenbot.logs.line import at_ms_of
from greenbot.logs.rotation import Limits, rotate

#: So long a writer waits for its turn. One that was stopped while it had it must not stop all others.
PATIENCE_SECONDS = 2.0
_FIRST_WAIT_SECONDS = 0.0002
_LONGEST_WAIT_SECONDS = 0.01
_HEAD_BYTES = 64


class FileWriter:
    """Appends to one file. For any number of threads; open one per process."""

    def __init__(self, path: Path, clock: Clock, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._path = path
        self._clock = clock
        self._limits = limits
        self._mutex = threading.Lock()
        self._fd = -1
        #: When the file at hand was begun; None while that is not known.
        self._begun_ms: int | None = None

    def write(self, lines: bytes) -> None:
        """Append whole lines, all or none of them. Raises OSError: the disk is full, the folder gone."""
        with self._mutex:
            while not self._wrote(lines):
                self._close()

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            self._close()

    def _wrote(self, lines: bytes) -> bool:
        """False when the file was rotated away from under us, or by us: then it is opened anew."""
        fd = self._opened()
        is_locked = self._locked(fd)
        try:
            facts = os.fstat(fd)
            if not self._is_current(facts):
                return False
            if is_locked and self._is_full(fd, facts.st_size, len(lines)) and self._rotated():
                return False
            _append(fd, lines, facts.st_size)
        finally:
            if is_locked:
                fcntl.flock(fd, fcntl.LOCK_UN)
        return True

    def _opened(self) -> int:
        if self._fd < 0:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._path, flags, 0o600)
            self._begun_ms = None
        return self._fd

    def _locked(self, fd: int) -> bool:
        """Whether we have the turn. Without it a line can still be appended, and only the rotation has to wait."""
        wait_seconds, waited = _FIRST_WAIT_SECONDS, 0.0
        while waited < PATIENCE_SECONDS:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._clock.sleep(wait_seconds)
                waited += wait_seconds
                wait_seconds = min(_LONGEST_WAIT_SECONDS, wait_seconds * 1.5)
            else:
                return True
        return False

    def _is_current(self, facts: os.stat_result) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (there.st_ino, there.st_dev) == (facts.st_ino, facts.st_dev)

    def _is_full(self, fd: int, size: int, more: int) -> bool:
        if not size:
            self._begun_ms = self._clock.now_ms()
            return False
        if size + more > self._limits.most_bytes:
            return True
        if self._begun_ms is None:
            # Somebody else began it; a foreign first line counts from now.
            found = at_ms_of(os.pread(fd, _HEAD_BYTES, 0))
            self._begun_ms = self._clock.now_ms() if found is None else found
        return self._clock.now_ms() - self._begun_ms >= self._limits.most_age_ms

    def _rotated(self) -> bool:
        try:
            rotate(self._path, self._limits.keep)
        except OSError:
            return False  # a file that grows is better than lines that are lost
        return True

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _append(fd: int, lines: bytes, size: int) -> None:
    if size and os.pread(fd, 1, size - 1) != b"\n":
        lines = b"\n" + lines  # somebody died in the middle of a line
    written = os.write(fd, lines)
    if written < len(lines):
        os.ftruncate(fd, size)
        raise OSError(ENOSPC, os.strerror(ENOSPC))
