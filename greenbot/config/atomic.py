"""Replacing a file so that a crash at any instant leaves the old one or the new one, whole."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from greenbot.clock import Clock, SystemClock
from greenbot.config.paths import make_private_dir
from greenbot.errors import Busy, ConfigError
from greenbot.failpoints import hit

_PATIENCE_SECONDS = 10.0
_CLOCK = SystemClock()


@contextmanager
def locked(folder: Path, *, clock: Clock = _CLOCK) -> Iterator[None]:
    """Hold the folder's lock, so that greenbot processes change files in it one after another.

    Creates the folder (0700) when it is missing. Raises `Busy` after ten seconds.
    """
    make_private_dir(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _wait_for(descriptor, folder, clock)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0600; the caller holds the folder's lock.

    The file is complete on disk before it takes the place of the old one. Raises `ConfigError`
    when it cannot be written; the old file is then untouched.
    """
    draft = path.with_name(f".{path.name}.tmp")
    try:
        _write_draft(draft, content)
        hit("cfg.after_tmp")
        draft.replace(path)
        hit("cfg.after_rename")
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Check free space and permissions of its folder; the file is as it was.",
        ) from error


def remove_file(path: Path) -> None:
    """Delete `path` if it exists; the caller holds the folder's lock."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _wait_for(descriptor: int, folder: Path, clock: Clock) -> None:
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EINTR):
                raise
        if clock.monotonic() >= deadline:
            raise Busy(f"Another greenbot process is changing files in {folder}.", hint="Run it again in a moment.")
        clock.sleep(0.02)


def _write_draft(draft: Path, content: bytes) -> None:
    # A killed process may have left one; only the holder of the lock writes it.
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
