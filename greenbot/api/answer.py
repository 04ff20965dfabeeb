"""One HTTP/1.1 answer as its bytes arrive. What is not clearly an answer is none (RFC 9112, sections 6 and 7)."""

import re
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from greenbot.api.facts import Reply
from greenbot.api.intake import Intake

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: .*)?", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?")
_MOST_HEAD_BYTES = 64 * 1024
#: A chunk's announcement, or a line after the last chunk.
_MOST_LINE_BYTES = 4096


class Answer:
    """Takes bytes until the answer is whole; `reply` has it then. Raises what `broken.failure_of` understands."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._come = b""
        self._intake: Intake | None = None  # until the head is there
        self._status = 0
        self._headers: dict[str, str] = {}
        #: Bytes of the body, or of this chunk, still to come; None: until the end of the connection.
        self._left: int | None = None
        self._in_chunks = False
        self._after_chunk = False
        self._in_trailer = False
        self._is_whole = False
        #: Whether the connection can carry another call.
        self.keeps_open = False

    def take(self, data: bytes) -> bool:
        """Whether the answer is whole now. Raises HTTPException, UnreadableEncoding."""
        self._come = self._come + data if self._come else data
        while self._intake is None:
            if not self._took_head():
                return False
        if self._in_chunks:
            self._take_chunks(self._intake)
        else:
            self._take_plain(self._intake)
        return self._is_whole

    def end(self) -> bool:
        """The connection ended: whether the answer is whole. Raises HTTPException when it cannot be."""
        if self._intake is not None and self._left is None and not self._in_chunks:
            self._is_whole = True
        if not self._is_whole:
            began = self._intake is not None or bool(self._come)
            raise IncompleteRead(b"") if began else RemoteDisconnected("closed without an answer")
        return True

    def reply(self) -> Reply:
        """The whole answer. Raises UnreadableEncoding when compressed data ended early."""
        assert self._intake is not None, "asked for only when it is whole"
        return Reply(
            status=self._status, headers=self._headers, body=self._intake.finish(), truncated=self._intake.truncated
        )

    def _took_head(self) -> bool:
        head, end, rest = self._come.partition(b"\r\n\r\n")
        if not end:
            if len(self._come) > _MOST_HEAD_BYTES or not b"HTTP/1.".startswith(self._come[:7]):
                raise HTTPException("the answer is not HTTP")
            return False
        self._come = rest
        lines = head.decode("latin-1").split("\r\n")
        status = _STATUS.fullmatch(lines[0])
        if status is None or status[2] == "101":
            raise HTTPException("the answer is not HTTP")
        self._status = int(status[2])
        if self._status < 200:
            return True  # on its way; the answer itself follows
        headers = self._headers = _headers_of(lines)
        self._intake = Intake(limit_bytes=self._limit_bytes, headers=headers)
        self._find_end(headers, is_newest=status[1] == "1")
        return True

    def _find_end(self, headers: dict[str, str], *, is_newest: bool) -> None:
        self.keeps_open = is_newest and "close" not in headers.get("connection", "").lower()
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if self._status in (204, 304):
            self._left = 0
        elif coding is not None:
            if coding.strip().lower() != "chunked":
                raise HTTPException("the answer is not HTTP")
            # With both, somebody in between may see another end of it.
            self._in_chunks, self._left, self.keeps_open = True, 0, self.keeps_open and length is None
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 16):
                raise HTTPException("the answer is not HTTP")
            self._left = int(length)
        else:
            self.keeps_open = False

    def _take_plain(self, intake: Intake) -> None:
        piece, self._come = self._come, b""
        if self._left is not None:
            if len(piece) > self._left:
                # More than was announced: whatever it is, no call may be answered by it.
                piece, self.keeps_open = piece[: self._left], False
            self._left -= len(piece)
        if not self._accepts(intake, piece) or self._left == 0:
            self._is_whole = True

    def _take_chunks(self, intake: Intake) -> None:
        while not self._is_whole:
            if self._left:
                piece, self._come = self._come[: self._left], self._come[self._left :]
                self._left -= len(piece)
                if not self._accepts(intake, piece):
                    self._is_whole = True
                    return
                if self._left:
                    return
                self._after_chunk = True
            line, end, rest = self._come.partition(b"\r\n")
            if not end:
                if len(self._come) > _MOST_LINE_BYTES:
                    raise HTTPException("the answer is not HTTP")
                return
            self._come = rest
            self._read_line(line)
        self.keeps_open = self.keeps_open and not self._come

    def _read_line(self, line: bytes) -> None:
        if self._in_trailer:
            self._is_whole = not line
        elif self._after_chunk:
            if line:
                raise HTTPException("the answer is not HTTP")
            self._after_chunk = False
        else:
            size = _CHUNK.fullmatch(line)
            if size is None:
                raise HTTPException("the answer is not HTTP")
            self._left = int(size[1], 16)
            self._in_trailer = self._left == 0

    def _accepts(self, intake: Intake, piece: bytes) -> bool:
        """False when it is longer than we are willing to read."""
        if piece and not intake.take(piece):
            self.keeps_open = False
            return False
        return True


def _headers_of(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None:
            raise HTTPException("the answer is not HTTP")
        name, value = name.lower(), value.strip(" \t")
        if name == "content-length" and headers.get(name, value) != value:
            raise HTTPException("the answer is not HTTP")
        headers[name] = value
    return headers
