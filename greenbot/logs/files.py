"""Reading logs: forwards in blocks, backwards in blocks, the full files before the current one."""

import os
from collections.abc import Iterator
from pathlib import Path

from greenbot.logs.line import time_of
from greenbot.logs.rotation import rotated
from greenbot.logs.search import MOST_LINE, searched
from greenbot.logs.wanted import Sieve, Wanted

BLOCK = 1 << 20
TAIL_BLOCK = 1 << 16
#: Processes stamp their lines before it is their turn to write, so neighbours may be out of order by so much.
SLACK_MS = 60_000


class Snapshot:
    """The files of a log as they are at one moment: the full ones by name, the current one held open, with its length.

    Lines that come later are not part of it. A context manager.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1
        #: Of the newest full file, when the current one was opened.
        self.number = 0
        self.older: list[Path] = []
        self.size = 0
        while not self._took():
            self.close()

    def _took(self) -> bool:
        before = rotated(self.path)
        self.fd = _opened(self.path)
        if rotated(self.path)[-1:] != before[-1:]:
            return False  # it was rotated while we looked
        self.number = before[-1][0] if before else 0
        self.older = [file for _, file in before]
        self.size = os.fstat(self.fd).st_size if self.fd >= 0 else 0
        return True

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the current file."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def forwards(self, wanted: Wanted) -> Iterator[bytes]:
        """Every wanted line, the oldest first. Memory stays flat, whatever the size."""
        sieve = Sieve(wanted)
        for file in self.older:
            fd = _opened(file)
            if fd < 0:
                continue  # too old, and removed meanwhile
            try:
                if not _is_before(fd, os.fstat(fd).st_size, wanted.since):
                    yield from searched(fd, os.fstat(fd).st_size, sieve)
            finally:
                os.close(fd)
        if self.fd >= 0:
            yield from searched(self.fd, self.size, sieve)

    def last(self, count: int, wanted: Wanted) -> list[bytes]:
        """The last `count` wanted lines, the oldest first; reads no more than it must."""
        found: list[bytes] = []
        sieve = Sieve(wanted)
        if self.fd >= 0:
            _gather(self.fd, self.size, sieve, count, found)
        for file in reversed(self.older):
            if len(found) >= count:
                break
            fd = _opened(file)
            if fd >= 0:
                try:
                    _gather(fd, os.fstat(fd).st_size, sieve, count, found)
                finally:
                    os.close(fd)
        return found[:count][::-1]


def stream_blocks(fd: int) -> Iterator[bytes]:
    """The same of a pipe, as it comes."""
    rest = b""
    while data := os.read(fd, BLOCK):
        end = data.rfind(b"\n") + 1
        if end or len(rest) >= MOST_LINE:
            yield rest + data[:end]
            rest = b""
        rest += data[end:]
    if rest:
        yield rest


def _gather(fd: int, size: int, sieve: Sieve, count: int, found: list[bytes]) -> None:
    """Add the wanted lines of a file, the newest first, until there are `count`."""
    position, rest, step = size, b"", TAIL_BLOCK
    while position > 0 and len(found) < count:
        begin = max(0, position - step)
        block = os.pread(fd, position - begin, begin) + rest
        position, step = begin, min(BLOCK, step * 2)
        cut = block.find(b"\n") + 1 if position else 0
        if position and not cut and len(block) < MOST_LINE:
            rest = block
            continue
        rest = block[:cut]
        found.extend(reversed(list(sieve.lines(block[cut:]))))
        if sieve.wanted.since and _is_too_early(time_of(block[cut : cut + 64]), sieve.wanted.since):
            return


def _is_before(fd: int, size: int, since: str | None) -> bool:
    """Whether a whole file lies before a moment: its last line does."""
    if since is None or not size:
        return False
    begin = max(0, size - TAIL_BLOCK)
    lines = os.pread(fd, size - begin, begin).split(b"\n")
    times = [time for line in lines if (time := time_of(line))]
    return bool(times) and _is_too_early(times[-1], since)


def _is_too_early(time: bytes, since: str) -> bool:
    from datetime import datetime, timedelta

    try:
        found = datetime.fromisoformat(time.decode("ascii"))
    except ValueError:
        return False
    return found + timedelta(milliseconds=SLACK_MS) < datetime.fromisoformat(since)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1
