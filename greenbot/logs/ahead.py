"""Reading ahead: a thread fetches the next blocks of a file while this one is searched."""

import os
import threading
from collections.abc import Iterator
from queue import SimpleQueue

BLOCK = 1 << 19
#: Room before each block for the end of the last line of the one before.
ROOM = 1 << 16
_BUFFERS = 4

Filled = tuple[bytearray, int]


class Ahead:
    """The bytes of a file from `begin` to `end`, block by block, always in the same few buffers. A context manager."""

    def __init__(self, fd: int, begin: int, end: int) -> None:
        self._fd = fd
        self._begin = begin
        self._end = end
        self._free: SimpleQueue[bytearray | None] = SimpleQueue()
        self._filled: SimpleQueue[Filled | OSError | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._fetch, name="read ahead", daemon=True)

    def __enter__(self) -> "Ahead":
        for _ in range(min(_BUFFERS, (self._end - self._begin) // BLOCK + 1)):
            self._free.put(bytearray(ROOM + BLOCK))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._free.put(None)
        self._thread.join()

    def blocks(self) -> Iterator[Filled]:
        """Buffers and where their bytes end; they begin at ROOM. Each is used again when the next one is asked for."""
        while (filled := self._filled.get()) is not None:
            if isinstance(filled, OSError):
                raise filled
            yield filled
            self._free.put(filled[0])

    def _fetch(self) -> None:
        position = self._begin
        while position < self._end and (buffer := self._free.get()) is not None:
            wanted = min(BLOCK, self._end - position)
            try:
                got = os.preadv(self._fd, [memoryview(buffer)[ROOM : ROOM + wanted]], position)
            except OSError as error:
                self._filled.put(error)
                return
            if not got:
                break  # it was truncated meanwhile
            position += got
            self._filled.put((buffer, ROOM + got))
        self._filled.put(None)
