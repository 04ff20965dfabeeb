"""Greenbot's own copies of accepted files.

A message accepted now may leave hours later, so it must not depend on a file its sender may edit
or delete. Copies are named by their content; equal files share one copy.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from greenbot.clock import Clock
from greenbot.db.files import make_private_dir
from greenbot.db.translate import from_os
from greenbot.errors import BadFile

if TYPE_CHECKING:
    from greenbot.db.connect import Db

_CHUNK_BYTES = 1024 * 1024
#: A copy no message names yet may be one that is being accepted at this moment.
_UNCLAIMED_KEEP_MS = 24 * 3600 * 1000

NEEDED = """
select 1 from messages
 where file_sha256 = :sha256
   and (state in ('queued', 'claimed', 'sending', 'uncertain') or state_at_ms > :finished_before)
 limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledFile:
    """One copy in the spool."""

    path: Path
    sha256: str
    size_bytes: int


def take_in(spool_dir: Path, source: Path) -> SpooledFile:
    """Copy a file into the spool; when this returns the copy is on the disk.

    Raises BadFile when the source cannot be read, StoreFull and StoreError when the copy cannot be made.
    """
    try:
        opened = source.open("rb")
    except OSError as error:
        raise BadFile(f"{source} cannot be read: {error.strerror}.") from error
    with opened:
        try:
            make_private_dir(spool_dir)
            return _copied(opened, source, spool_dir)
        except OSError as error:
            raise from_os(error, spool_dir) from error


def _copied(source: BinaryIO, name: Path, spool_dir: Path) -> SpooledFile:
    partial = spool_dir / f".{os.urandom(8).hex()}.part"
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as target:
            sha256, size_bytes = _copy(source, target, name)
            target.flush()
            os.fsync(fd)
        path = spool_dir / sha256
        with _locked(spool_dir) as folder:
            # Also over an equal copy: its fresh date protects it from `discard_unused` until a message names it.
            partial.replace(path)
            os.fsync(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return SpooledFile(path=path, sha256=sha256, size_bytes=size_bytes)


def _copy(source: BinaryIO, target: BinaryIO, name: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    size_bytes = 0
    while chunk := _read(source, name):
        digest.update(chunk)
        size_bytes += target.write(chunk)
    return digest.hexdigest(), size_bytes


def _read(source: BinaryIO, name: Path) -> bytes:
    try:
        return source.read(_CHUNK_BYTES)
    except OSError as error:
        raise BadFile(f"{name} cannot be read: {error.strerror}.") from error


def discard_unused(db: "Db", spool_dir: Path, *, clock: Clock, keep_finished_ms: int) -> list[Path]:
    """Remove copies whose messages all ended longer ago than `keep_finished_ms`; the paths removed.

    Raises Busy, StoreError.
    """
    if not spool_dir.is_dir():
        return []
    removed: list[Path] = []
    try:
        with _locked(spool_dir):
            for path in sorted(spool_dir.iterdir()):
                if not _is_fresh(path, clock) and not _is_needed(db, path, clock.now_ms() - keep_finished_ms):
                    path.unlink(missing_ok=True)
                    removed.append(path)
    except OSError as error:
        raise from_os(error, spool_dir) from error
    return removed


def _is_fresh(path: Path, clock: Clock) -> bool:
    return path.stat().st_mtime * 1000 > clock.now_ms() - _UNCLAIMED_KEEP_MS


def _is_needed(db: "Db", path: Path, finished_before_ms: int) -> bool:
    return db.one(NEEDED, sha256=path.name, finished_before=finished_before_ms) is not None


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)
