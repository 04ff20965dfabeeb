"""Who works on a message, and whether that process still lives.

An owner holds a `flock` on its own file for life; the kernel lets go of it however the process
dies, so others see a dead owner within one look, without heartbeats or clocks.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from greenbot.clock import Clock
from greenbot.db.files import make_private_dir
from greenbot.db.translate import from_os

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Owner:
    """This process, as an owner of messages. A context manager; `close` ends it early."""

    def __init__(self, run_dir: Path, *, owner_id: str | None = None) -> None:
        """Raises StoreError when the file cannot be made."""
        self.run_dir = run_dir
        self.id = owner_id or os.urandom(8).hex()
        self._path = _lock_path(run_dir, self.id)
        try:
            make_private_dir(run_dir)
            self._fd = self._locked()
        except OSError as error:
            raise from_os(error, self._path) from error

    def _locked(self) -> int:
        while True:
            fd = os.open(self._path, _FLAGS, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            # Somebody who took the fresh file for a dead owner's may have removed it before we held it.
            if os.fstat(fd).st_nlink:
                return fd
            os.close(fd)

    def close(self) -> None:
        """End being an owner; messages still claimed count as abandoned from now on."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_alive(run_dir: Path, owner_id: str) -> bool:
    """Whether the process that made this owner still runs; clears away a dead owner's file."""
    path = _lock_path(run_dir, owner_id)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise from_os(error, path) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def seems_alive(run_dir: Path, clock: Clock, owner_id: str, boot_id: str = "") -> bool:
    """The same for who only looks at signs of life that have an age as well: nothing is cleared away.

    What cannot be told counts as alive, and the age decides: of an owner of another machine or boot, or where the
    file may not be opened. `boot_id` is empty for an owner that is certainly of this machine.
    """
    if boot_id not in ("", clock.boot_id()):
        return True
    try:
        fd = os.open(_lock_path(run_dir, owner_id), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def _lock_path(run_dir: Path, owner_id: str) -> Path:
    return run_dir / f"worker-{owner_id}.lock"
