"""Request bodies: JSON, multipart forms and raw files, produced piece by piece.

A file is never held in memory: it is opened, measured, and read in chunks while it leaves.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from greenbot.errors import BadFile, UsageError

CHUNK_BYTES = 64 * 1024


class OutgoingFileLike(Protocol):
    """A file to upload: where it is, and how it is announced."""

    @property
    def path(self) -> Path: ...
    @property
    def file_name(self) -> str: ...
    @property
    def mime_type(self) -> str | None: ...
    @property
    def size_bytes(self) -> int: ...


#: Called with (bytes that left, bytes of the whole body).
OnProgress = Callable[[int, int], None]
#: Called once, right after the first bytes of the body were handed to the system.
OnFirstBytes = Callable[[], None]


def ignore_progress(sent_bytes: int, total_bytes: int) -> None:
    """Nobody watches."""


def ignore_first_bytes() -> None:
    """Nobody waits for them."""


class RequestBody:
    """Bytes before a file, the file, bytes after it; the length is known before the first byte leaves."""

    def __init__(
        self,
        *,
        content_type: str,
        head: bytes,
        file: BinaryIO | None = None,
        file_bytes: int = 0,
        tail: bytes = b"",
    ) -> None:
        self.content_type = content_type
        self.length = len(head) + file_bytes + len(tail)
        self.on_progress: OnProgress = ignore_progress
        self.on_first_bytes: OnFirstBytes = ignore_first_bytes
        self._head, self._file, self._file_bytes, self._tail = head, file, file_bytes, tail

    @property
    def has_file(self) -> bool:
        """Part of it is read from a file while it leaves."""
        return self._file is not None

    def chunks(self) -> Iterator[bytes]:
        """The body, once. What is asked for next is asked for after the previous piece was written."""
        sent = 0
        for piece in self._pieces():
            yield piece
            if not sent:
                self.on_first_bytes()
            sent += len(piece)
            self.on_progress(sent, self.length)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _pieces(self) -> Iterator[bytes]:
        if self._head:
            yield self._head
        left = self._file_bytes
        while left and self._file is not None:
            piece = self._file.read(min(CHUNK_BYTES, left))
            if not piece:
                # The length is already announced: an early end makes the request invalid, so nobody can act on it.
                raise OSError("the file became shorter while it was being sent")
            left -= len(piece)
            yield piece
        if self._tail:
            yield self._tail


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def json_body(params: Mapping[str, object]) -> RequestBody:
    """The parameters as a JSON object. Raises UsageError for what JSON cannot carry."""
    try:
        head = _encode(params).encode()
    except (ValueError, TypeError, RecursionError):
        # UnicodeEncodeError is a ValueError: half of an emoji, or bytes that were no UTF-8.
        raise UsageError("This cannot be sent as JSON: broken characters or numbers.", hint=None) from None
    return RequestBody(content_type="application/json", head=head)


def raw_body(file: OutgoingFileLike) -> RequestBody:
    """The file itself as the body. Raises BadFile."""
    opened, size = _open(file)
    return RequestBody(
        content_type=file.mime_type or "application/octet-stream", head=b"", file=opened, file_bytes=size
    )


def multipart_body(params: Mapping[str, object], file: OutgoingFileLike, *, boundary: str) -> RequestBody:
    """The parameters as form fields, then the file as the field `file`. Raises BadFile."""
    opened, size = _open(file)
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{_form_text(value)}\r\n'
        for name, value in params.items()
    )
    kind = _header_text(file.mime_type or "application/octet-stream")
    announced = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(file.file_name)}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    try:
        head = (fields + announced).encode()
    except UnicodeEncodeError:
        opened.close()
        raise UsageError("The caption or the file name has broken characters.", hint=None) from None
    return RequestBody(
        content_type=f"multipart/form-data; boundary={boundary}",
        head=head,
        file=opened,
        file_bytes=size,
        tail=f"\r\n--{boundary}--\r\n".encode(),
    )


def _open(file: OutgoingFileLike) -> tuple[BinaryIO, int]:
    try:
        opened = Path(file.path).open("rb")  # noqa: SIM115 - it is read while the request leaves, and closed after it
    except OSError as error:
        raise BadFile(f"The file {file.file_name} cannot be read: {error.strerror}.") from None
    size = os.fstat(opened.fileno()).st_size
    if file.size_bytes != size:
        opened.close()
        raise BadFile(f"The file {file.file_name} has changed since the message was made.")
    return opened, size


def _form_text(value: object) -> str:
    if isinstance(value, str):
        return value
    # Booleans and numbers have the same form in JSON and in forms that GREEN-API reads.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(text: str) -> str:
    # The HTML standard's way to keep a name inside its quotes; the form's only other rule is UTF-8.
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _header_text(text: str) -> str:
    return "".join(character for character in text if 32 <= ord(character) < 127)
