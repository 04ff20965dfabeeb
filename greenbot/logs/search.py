"""The wanted lines of a file from end to end, a long one by several processes.

Looking for bytes keeps one processor busy, and Python cannot use a second one for it in the same process.
"""

import os
from collections.abc import Iterator
from itertools import islice, pairwise

from greenbot.logs.ahead import BLOCK, ROOM, Ahead
from greenbot.logs.wanted import Sieve

#: A process of its own pays from about here on.
LEAST_BYTES = 32 << 20
#: With more of them the memory is what they wait for.
MOST_SHARES = 4
#: A line without an end is not collected for ever.
MOST_LINE = 32 * BLOCK
_LOOK = 1 << 16


def searched(fd: int, size: int, sieve: Sieve, *, shares: int | None = None) -> Iterator[bytes]:
    """The wanted lines among the first `size` bytes, in their order, without their newlines. Memory stays flat.

    What another process could not finish, since it was killed, this one searches itself: no line is missing.
    """
    count = shares or (_worthwhile(size) if sieve.is_choosy else 1)
    (begin, end), *others = pairwise(_cuts(fd, size, count))
    helpers = [_Helper(fd, first, last, sieve) for first, last in others]
    try:
        yield from _sifted(fd, begin, end, sieve)
        for helper in helpers:
            yield from helper.lines()
    finally:
        # First all pipes, since each process also holds those of the ones before it.
        for helper in helpers:
            helper.close()
        for helper in helpers:
            helper.has_ended_well()


def _worthwhile(size: int) -> int:
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, MOST_SHARES, size // LEAST_BYTES))


def _cuts(fd: int, size: int, shares: int) -> list[int]:
    """Where to cut into about equal shares of whole lines: the offsets, 0 and `size` included."""
    found = set()
    for share in range(1, shares):
        near = size * share // shares
        end = os.pread(fd, min(_LOOK, size - near), near).find(b"\n")
        if end >= 0:
            found.add(near + end + 1)
    return [0, *sorted(found - {size}), size]


def _sifted(fd: int, begin: int, size: int, sieve: Sieve) -> Iterator[bytes]:
    """The wanted lines from `begin` to `size`; memory grows only with a line that is longer than usual."""
    rest = b""
    with Ahead(fd, begin, size) as ahead:
        for buffer, end in ahead.blocks():
            cut = buffer.rfind(b"\n", ROOM, end) + 1
            if not cut and len(rest) < MOST_LINE:
                rest += buffer[ROOM:end]
                continue
            cut = cut or end
            start = ROOM - len(rest)
            if start >= 0:
                buffer[start:ROOM] = rest
                yield from sieve.lines(buffer, start, cut)
            else:
                yield from sieve.lines(rest + buffer[ROOM:cut])
            rest = bytes(buffer[cut:end])
    if rest:
        yield from sieve.lines(rest)


class _Helper:
    """A process that searches one share, at work from the start; a full pipe makes it wait for its turn."""

    def __init__(self, fd: int, begin: int, end: int, sieve: Sieve) -> None:
        self._share = (fd, begin, end, sieve)
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(reading)
            self._search(writing)
        os.close(writing)
        self._found = os.fdopen(reading, "rb")

    def _search(self, writing: int) -> None:
        """What the other process does, from its first step to its end: it never returns."""
        code = 1
        try:
            with os.fdopen(writing, "wb") as out:
                for line in _sifted(*self._share):
                    out.write(line + b"\n")
            code = 0
        finally:
            # Also after a Ctrl-C or when nobody reads any more. Nothing of the first process may be ended here.
            os._exit(code)

    def lines(self) -> Iterator[bytes]:
        """The wanted lines of the share."""
        count = 0
        for line in self._found:
            if not line.endswith(b"\n"):
                break  # it was killed in the middle of this one
            count += 1
            yield line[:-1]
        if not self.has_ended_well():
            yield from islice(_sifted(*self._share), count, None)

    def close(self) -> None:
        """Read no more: it ends at its next line."""
        self._found.close()

    def has_ended_well(self) -> bool:
        """Waits for its end."""
        if self._pid:
            _, status = os.waitpid(self._pid, 0)
            self._pid, self._status = 0, status
        return self._status == 0
