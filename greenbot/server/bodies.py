"""Putting a request's body together as its pieces arrive, in a declared length or in chunks."""

import re
from collections.abc import Callable
from typing import Protocol

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~]*)?")
_LONGEST_SIZE_LINE = 256


class BadBody(ValueError):
    """The chunks of this body make no sense."""


class TooLarge(ValueError):
    """The body is longer than it may be."""


class Body(Protocol):
    """A body on its way."""

    @property
    def size(self) -> int:
        """How much of it is here."""
        ...

    def feed(self, data: bytes) -> bytes | None:
        """Take what arrived. None: more is to come; otherwise what follows the body.

        Raises `BadBody` or `TooLarge`.
        """
        ...

    def content(self) -> bytes:
        """The whole body."""
        ...


class Measured:
    """A body of a declared length."""

    def __init__(self, length: int) -> None:
        self._missing = length
        self._content = bytearray()

    @property
    def size(self) -> int:
        return len(self._content)

    def feed(self, data: bytes) -> bytes | None:
        taken = data[: self._missing]
        self._content += taken
        self._missing -= len(taken)
        return None if self._missing else data[len(taken) :]

    def content(self) -> bytes:
        return bytes(self._content)


class Chunked:
    """A body in chunks (RFC 9112, 7.1). Trailers are refused: nothing reads them, so nobody may hide there."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._content = bytearray()
        self._pending = bytearray()
        self._missing = 0
        self._rest: bytes | None = None
        self._step: Callable[[], bool] = self._read_size

    @property
    def size(self) -> int:
        return len(self._content)

    def content(self) -> bytes:
        return bytes(self._content)

    def feed(self, data: bytes) -> bytes | None:
        self._pending += data
        while self._step():
            pass
        return self._rest

    # Each step takes its part of what is pending, names the next one, and says whether that may begin.

    def _read_size(self) -> bool:
        end = self._pending.find(b"\r\n", 0, _LONGEST_SIZE_LINE)
        if end < 0 and len(self._pending) < _LONGEST_SIZE_LINE and b"\n" not in self._pending:
            return False
        found = _SIZE_LINE.fullmatch(bytes(self._pending[: max(end, 0)]))
        if found is None:
            raise BadBody("no chunk size")
        self._missing = int(found[1], 16)
        if len(self._content) + self._missing > self._most:
            raise TooLarge
        del self._pending[: end + 2]
        self._step = self._read_chunk if self._missing else self._read_last_line
        return True

    def _read_chunk(self) -> bool:
        taken = self._pending[: self._missing]
        self._content += taken
        self._missing -= len(taken)
        del self._pending[: len(taken)]
        self._step = self._read_chunk if self._missing else self._read_line_end
        return not self._missing

    def _read_line_end(self) -> bool:
        if not self._ends_line("a chunk longer than its size"):
            return False
        self._step = self._read_size
        return True

    def _read_last_line(self) -> bool:
        if self._ends_line("trailers"):
            self._rest = bytes(self._pending)
        return False

    def _ends_line(self, otherwise: str) -> bool:
        """Whether a line end was there; it is taken. Raises `BadBody` for anything else in its place."""
        if not b"\r\n".startswith(bytes(self._pending[:2])):
            raise BadBody(otherwise)
        if len(self._pending) < 2:
            return False
        del self._pending[:2]
        return True
