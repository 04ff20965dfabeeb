"""Files: fetched by GREEN-API from a link, or uploaded from this machine."""

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypedDict

from greenbot.chat_id import ChatId
from greenbot.errors import BadFile
from greenbot.messages import limits
from greenbot.messages.checks import (
    check_file_name,
    check_file_url,
    check_remote_id,
    check_text,
    check_typing,
    is_encodable,
    shown,
)
from greenbot.messages.drafts.base import ChatDraft, OutgoingFile, given, put
from greenbot.messages.mime import OTHER, mime_type
from greenbot.safe_text import safe_text

_CHUNK_BYTES = 1 << 20


def name_from_url(url: str) -> str:
    """The last part of a link's path, where it looks like a file name; otherwise empty."""
    name = url.partition("//")[2].partition("/")[2].rpartition("/")[2]
    return name if "." in name else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileByUrl(ChatDraft):
    """A file that GREEN-API fetches from a public link. Without `file_name` the link's own name is used."""

    kind: ClassVar[str] = "file_url"
    method: ClassVar[str] = "sendFileByUrl"

    url: str
    file_name: str | None = None
    caption: str | None = None
    quoted_message_id: str | None = None
    typing_ms: int | None = None
    #: `typing` or `recording`.
    typing_type: str | None = None

    def check(self) -> None:
        check_file_url(self.url)
        put(self, file_name=self.file_name or name_from_url(self.url))
        if not self.file_name:
            raise BadFile(
                f"The link {shown(self.url)} does not end in a file name.",
                hint="Say what the file is called, such as menu.pdf",
            )
        check_file_name(self.file_name, needs_extension=True)
        _check_around(self)

    def params(self) -> dict[str, object]:
        return given(urlFile=self.url, **_params_around(self))

    def content(self) -> tuple[str | None, ...]:
        return (self.file_name, self.caption, self.url)

    def summary(self) -> str:
        return safe_text(" ".join(filter(None, (self.file_name, self.caption))), limit=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileByUpload(ChatDraft):
    """A file from this machine.

    Made from a path alone, it opens and reads the file once: name, type, size and SHA-256 are filled in,
    and what cannot be sent raises `BadFile`. Made with `sha256`, as from the store, it looks at no file.
    """

    kind: ClassVar[str] = "file_upload"
    method: ClassVar[str] = "sendFileByUpload"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"path": Path}

    path: Path
    file_name: str | None = None
    caption: str | None = None
    quoted_message_id: str | None = None
    typing_ms: int | None = None
    #: `typing` or `recording`.
    typing_type: str | None = None
    mime_type: str | None = None
    size_bytes: int = 0
    sha256: str = ""

    def check(self) -> None:
        put(self, path=Path(self.path))
        put(self, file_name=self.name)
        check_file_name(self.file_name, needs_extension=False)
        put(self, mime_type=self.mime_type or mime_type(self.name))
        _check_mime(str(self.mime_type))
        _check_around(self)
        if not self.sha256:
            size_bytes, digest = read_file(self.path)
            put(self, path=self.path.absolute(), size_bytes=size_bytes, sha256=digest)
        check_size(self.size_bytes, name=self.name)

    def params(self) -> dict[str, object]:
        return given(**_params_around(self))

    @property
    def file(self) -> OutgoingFile:
        return OutgoingFile(
            path=self.path, file_name=self.name, mime_type=self.mime_type or OTHER, size_bytes=self.size_bytes
        )

    @property
    def name(self) -> str:
        """What the guest sees the file is called."""
        return self.file_name or _plain_name(self.path)

    def kept_at(self, path: Path) -> Self:
        """The same draft with its file read from another place that holds the same bytes, such as greenbot's copy."""
        return replace(self, path=path)

    def content(self) -> tuple[str | None, ...]:
        return (self.file_name, self.caption, self.sha256)

    def summary(self) -> str:
        named = f"{self.name} ({human_size(self.size_bytes)})"
        return safe_text(" ".join(filter(None, (named, self.caption))), limit=60)


def file_draft(
    chat_id: ChatId,
    source: str | Path,
    *,
    caption: str | None = None,
    file_name: str | None = None,
    quoted_message_id: str | None = None,
    typing_ms: int | None = None,
    typing_type: str | None = None,
) -> FileByUrl | FileByUpload:
    """A file from wherever it is: what begins like a link is fetched, everything else is a path and uploaded.

    Raises `BadFile` or `BadDraft`.
    """
    common = _Common(
        chat_id=chat_id,
        file_name=file_name,
        caption=caption,
        quoted_message_id=quoted_message_id,
        typing_ms=typing_ms,
        typing_type=typing_type,
    )
    if isinstance(source, str) and re.match(r"[a-z][a-z0-9+.-]+:(//|\w)", source, re.IGNORECASE):
        return FileByUrl(url=source, **common)
    return FileByUpload(path=Path(source), **common)


class _Common(TypedDict):
    chat_id: ChatId
    file_name: str | None
    caption: str | None
    quoted_message_id: str | None
    typing_ms: int | None
    typing_type: str | None


def _check_around(draft: FileByUrl | FileByUpload) -> None:
    check_text(draft.caption, what="The caption", most=limits.CAPTION_CHARACTERS)
    if draft.quoted_message_id is not None:
        check_remote_id(draft.quoted_message_id, what="The id of the quoted message")
    check_typing(draft.typing_ms, draft.typing_type)


def _params_around(draft: FileByUrl | FileByUpload) -> dict[str, object]:
    return {
        "chatId": draft.chat_id,
        "fileName": draft.file_name,
        "caption": draft.caption,
        "quotedMessageId": draft.quoted_message_id,
        "typingTime": draft.typing_ms,
        "typingType": draft.typing_type,
    }


def _check_mime(value: str) -> None:
    kind, slash, name = value.partition("/")
    plain = value.isascii() and not set(value) & set(' \t\r\n"(),:;<=>?@[\\]')
    if not (kind and slash and name and plain and "/" not in name and value.isprintable()):
        raise BadFile(
            f"{shown(value)} is not a file type.", hint="It looks like application/pdf; leave it out to have it found."
        )


def _plain_name(path: Path) -> str:
    """The file's own name with everything that is not plain text replaced: it travels in a header."""
    return "".join("_" if safe_text(one) != one or not is_encodable(one) else one for one in path.name)


def human_size(size_bytes: int) -> str:
    """Such as `1.2 MB`, in decimal units."""
    for limit, unit in ((1_000_000, "MB"), (1_000, "kB")):
        if size_bytes >= limit:
            return f"{size_bytes / limit:.1f} {unit}"
    return f"{size_bytes} bytes"


def check_size(size_bytes: object, *, name: str) -> None:
    """Raises `BadFile` for an empty file and for one above 100 MB."""
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int):
        raise BadFile(f"The size of {shown(name)} is not a number.")
    if size_bytes <= 0:
        raise BadFile(f"The file {shown(name)} is empty.", hint="Is it still being written, or the wrong file?")
    if size_bytes > limits.FILE_BYTES:
        # Rounded up, so that the figure never reads as the limit itself.
        tenths = -(-size_bytes // 100_000)
        most = limits.FILE_BYTES // 1_000_000
        raise BadFile(
            f"The file {shown(name)} has {tenths / 10:.1f} MB; at most {most} MB are possible.",
            hint="Make it smaller, or send a link to it.",
        )


def read_file(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of an ordinary file that can be read and sent; links are followed. Raises `BadFile`."""
    try:
        _check_ordinary(path, path.stat())
        # Without O_NONBLOCK a pipe put in its place since the check would hang us.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _explained(path, error) from error
    try:
        status = os.fstat(handle)
        _check_ordinary(path, status)
        check_size(status.st_size, name=path.name)
        return _digest(handle, path, status.st_size)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        os.close(handle)


def _digest(handle: int, path: Path, size_bytes: int) -> tuple[int, str]:
    from hashlib import sha256

    digest, read = sha256(), 0
    while chunk := os.read(handle, _CHUNK_BYTES):
        digest.update(chunk)
        read += len(chunk)
        if read > size_bytes:
            break
    if read != size_bytes:
        raise BadFile(f"The file {shown(path.name)} is still being written.", hint="Try again when it is complete.")
    return read, digest.hexdigest()


def _check_ordinary(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise BadFile(f"{_shown_path(path)} is a folder.", hint="Send a file in it, or pack it as a .zip file.")
    if not stat.S_ISREG(status.st_mode):
        raise BadFile(f"{_shown_path(path)} is not an ordinary file.", hint="Save its contents as a file first.")


def _shown_path(path: Path) -> str:
    """Of a long path the end: it is the part that tells which file is meant."""
    text = str(path)
    return shown(text if len(text) <= 60 else "…" + text[-59:])


def _explained(path: Path, error: OSError | ValueError) -> BadFile:
    name = _shown_path(path)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        if path.is_symlink():
            return BadFile(f"{name} is a link to a file that is not there.", hint="Send the file itself.")
        return BadFile(f"There is no file {name}.", hint=_similar(path))
    if number in (errno.EACCES, errno.EPERM):
        return BadFile(f"You are not allowed to read {name}.", hint="Ask its owner, or copy it to a place of your own.")
    if number == errno.ELOOP:
        return BadFile(f"{name} is a link that leads back to itself.", hint="Send the file itself.")
    if number == errno.ENAMETOOLONG or number is None:
        return BadFile(f"{name} cannot be the name of a file.", hint="Check the spelling.")
    return BadFile(f"{name} cannot be read: {os.strerror(number)}.", hint="Copy it to another place and try again.")


def _similar(path: Path) -> str:
    from difflib import get_close_matches

    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return "Check the spelling and the folder."
    close = get_close_matches(path.name, names, n=1)
    return f"Did you mean {shown(close[0])}?" if close else "Check the spelling and the folder."
