"""Reading an answer no further than agreed, whatever it claims or contains."""

import zlib
from collections.abc import Mapping

#: Nothing GREEN-API says shrinks further than this; a bomb does.
_LARGEST_RATIO = 100
_RATIO_MATTERS_FROM = 1024 * 1024


class UnreadableEncoding(Exception):
    """The body is compressed in a way we did not ask for and cannot read."""


class Intake:
    """Collects the pieces of one body up to a limit, counted after decompression."""

    def __init__(self, *, limit_bytes: int, headers: Mapping[str, str]) -> None:
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise UnreadableEncoding(f"Content-Encoding {encoding[:20]}")
        self._limit = limit_bytes
        # 32 + 15: zlib finds out itself whether it is gzip or deflate.
        self._inflater = None if encoding in ("", "identity") else zlib.decompressobj(32 + 15)
        self._pieces: list[bytes] = []
        self._have = 0
        self._read = 0
        self.truncated = False

    def take(self, piece: bytes) -> bool:
        """Add a piece; False when the limit is passed and reading should stop. Raises UnreadableEncoding."""
        self._read += len(piece)
        plain = piece if self._inflater is None else self._inflate(piece)
        self._have += len(plain)
        bomb = self._have > _RATIO_MATTERS_FROM and self._have > _LARGEST_RATIO * self._read
        if self._have > self._limit or bomb:
            self.truncated = True
            return False
        self._pieces.append(plain)
        return True

    def finish(self) -> bytes:
        """The body. Raises UnreadableEncoding if compressed data ended early."""
        if self._inflater is not None and self._read and not self._inflater.eof and not self.truncated:
            raise UnreadableEncoding("compressed data is cut short")
        return b"".join(self._pieces)

    def _inflate(self, piece: bytes) -> bytes:
        assert self._inflater is not None
        try:
            # One byte more than allowed is enough to know.
            return self._inflater.decompress(piece, self._limit - self._have + 1)
        except zlib.error:
            raise UnreadableEncoding("broken compressed data") from None
