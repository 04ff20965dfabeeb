"""The border where SQLite's errors become ours, and nothing of SQLite's gets further."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenbot.db.driver import sqlite
from greenbot.errors import Busy, GreenbotError, StoreError, StoreFull, UsageError


class Conflict(Exception):
    """The schema refused a row (unique index, trigger, type): a bug, or a race a caller must decide."""


# Primary result codes, which sqlite3 does not export on Python 3.11 under short names.
_PERM, _BUSY, _LOCKED, _READONLY, _IOERR = 3, 5, 6, 8, 10
_CORRUPT, _FULL, _CANTOPEN, _CONSTRAINT, _NOTADB = 11, 13, 14, 19, 26

_UNWRITABLE = "Give yourself write permission on the folder and its files, or set GREENBOT_HOME to another folder."
_DAMAGED = "Keep the file, stop every greenbot process, and restore a backup."
_NOT_UTF8 = "Check the encoding of the shell or of the file it comes from: it has to be UTF-8."
_NO_TRUST = "Check the disk (dmesg, free space, quota) before you run anything again."

_UNUSABLE: dict[int, tuple[str, str]] = {
    _PERM: ("The store {path} may not be opened.", _UNWRITABLE),
    _READONLY: ("The store {path} cannot be written.", _UNWRITABLE),
    _CANTOPEN: ("The store {path} cannot be opened.", _UNWRITABLE),
    _CORRUPT: ("The store {path} is damaged.", _DAMAGED),
    _NOTADB: ("{path} is not a greenbot store.", "Move that file away, or name another one as `database`."),
    _IOERR: ("The disk failed while the store {path} was read or written.", _NO_TRUST),
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Inside this block an error of SQLite or of the file system leaves as one of ours, cause kept.

    Raises Busy, StoreFull, StoreError; Conflict where the schema refused a row; UsageError for a text that is not
    UTF-8, as the shell hands it over.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        # A lone surrogate: bytes of a command line that were no UTF-8.
        raise UsageError("A text with a broken character cannot be stored.", hint=_NOT_UTF8) from error
    except sqlite.Error as error:
        raise from_sqlite(error, path) from error


def from_sqlite(error: sqlite.Error, path: Path) -> GreenbotError | Conflict:
    """The error of ours that tells what this error of SQLite means for the user."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED):
        return Busy(f"The store {path} stayed locked by another program.")
    if code == _FULL or (code == _IOERR and is_full(_free_blocks(path))):
        return StoreFull()
    if code == _CONSTRAINT:
        return Conflict(str(error))
    if code in _UNUSABLE:
        message, hint = _UNUSABLE[code]
        return StoreError(message.format(path=path), hint=hint)
    # What is left is a statement that cannot work (a bug of ours): its text names no data, only SQL.
    return StoreError(f"The store {path} refused a statement: {error}.")


def is_full(free_blocks: int | None) -> bool:
    """Whether a failed write is a full disk's: tmpfs and some others say so by an I/O error alone."""
    return free_blocks == 0


def _free_blocks(path: Path) -> int | None:
    """What is left to write on where the store lies; None where it cannot be told."""
    try:
        return os.statvfs(path.parent).f_bavail
    except OSError:
        return None


def from_os(error: OSError, path: Path) -> StoreError:
    """The same for errors met while making the folder, the file or the lock file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(f"{path} cannot be written: {error.strerror}.", hint=_UNWRITABLE)
    return StoreError(f"{path} cannot be used: {error.strerror}.")


def is_busy(error: sqlite.Error) -> bool:
    """Somebody else holds a lock; waiting helps."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (_BUSY, _LOCKED)


def is_disk_failure(error: sqlite.Error) -> bool:
    """After a failed read, write or fsync the page cache may lie: the connection must not go on."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == _IOERR
