"""Following a log: each line once, across rotation and truncation, however far behind the reader is."""

import os
from pathlib import Path

from greenbot.logs.files import BLOCK
from greenbot.logs.rotation import rotated

_HEAD_BYTES = 64


class Follower:
    """Reads on from a place in the current file. Takes over `fd`, which may be -1 while there is no file.

    `number` is that of the newest full file when `fd` was opened: whatever has a larger one came after it.
    """

    def __init__(self, path: Path, *, fd: int, position: int, number: int) -> None:
        self._path = path
        self._fd = fd
        self._position = position
        self._number = number
        self._has_number = False
        self._head = b""
        self._rest = b""
        #: Full files that were removed before they could be read.
        self.missed = 0
        self._remember_head()

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self) -> bytes:
        """Whole lines that are new, at most a megabyte or so; nothing when there are none yet."""
        while True:
            if self._fd < 0 and not self._went_on():
                return b""
            # Before the read: what was put aside grows no more, so a read that finds nothing was the last one.
            is_over = not self._is_current()
            self._notice_truncation()
            if data := os.pread(self._fd, BLOCK, self._position):
                return self._whole(data)
            if not is_over:
                return b""
            rest = self._rest
            if not self._went_on():
                return b""
            self._rest = b""
            if rest:
                return rest + b"\n"

    def _whole(self, data: bytes) -> bytes:
        self._position += len(data)
        self._remember_head()
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest += data
            return b""
        lines, self._rest = self._rest + data[:end], data[end:]
        return lines

    def _remember_head(self) -> None:
        if self._fd >= 0 and len(self._head) < _HEAD_BYTES:
            self._head = os.pread(self._fd, min(_HEAD_BYTES, self._position), 0)

    def _notice_truncation(self) -> None:
        """A file that is shorter than what was read of it, or begins otherwise, was emptied and begun anew."""
        size = os.fstat(self._fd).st_size
        if size == self._position:
            return
        if size < self._position or os.pread(self._fd, len(self._head), 0) != self._head:
            self._position, self._head, self._rest = 0, b"", b""

    def _is_current(self) -> bool:
        return self._fd >= 0 and _identity(self._path) == _identity(self._fd)

    def _went_on(self) -> bool:
        """Open what comes after the file at hand; False while there is nothing yet."""
        while True:
            found, is_full = self._next_full(), True
            if found < 0:
                found, is_full = _opened(self._path), False
                if found < 0:
                    return False
                if not self._is_next(found):
                    os.close(found)
                    continue  # it was rotated between the look and the opening
            self.close()
            self._fd, self._position, self._head, self._has_number = found, 0, b"", is_full
            return True

    def _number_of_next(self) -> tuple[int, Path] | None:
        """The first full file after ours. Ours itself has one of these numbers as soon as it was put aside."""
        ours = _identity(self._fd) if self._fd >= 0 else None
        for number, file in rotated(self._path):
            if number <= self._number:
                continue
            if ours is not None and _identity(file) == ours:
                self._number, self._has_number = number, True
                continue
            return number, file
        return None

    def _next_full(self) -> int:
        while (found := self._number_of_next()) is not None:
            number, file = found
            # Ours may have been put aside and removed already: then one number is its own.
            own = 0 if self._has_number else 1
            self.missed += max(0, number - self._number - 1 - own)
            self._number, self._has_number = number, True
            fd = _opened(file)
            if fd >= 0:
                return fd
            self.missed += 1
        return -1

    def _is_next(self, fd: int) -> bool:
        """Whether nothing was put aside between the file at hand and this one."""
        found = self._number_of_next()
        return found is None or _identity(found[1]) == _identity(fd)


def _identity(where: Path | int) -> tuple[int, int] | None:
    try:
        facts = os.fstat(where) if isinstance(where, int) else where.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_dev


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1
