"""Whether a worker is there to hand a message to, and how to wake it.

Each worker reads from a FIFO of its own for as long as it takes messages. To open a FIFO for writing
fails at once when its reader is gone, however it died: the kernel itself says who lives. Beside it
stands a file with the names of the instances the worker serves.
"""

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from greenbot.db.files import make_private_dir
from greenbot.db.translate import from_os

_WRITE = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class Presence:
    """A worker's sign of life, and its ear. `fd` becomes readable when somebody woke it; `heard` empties it."""

    def __init__(self, run_dir: Path, owner_id: str) -> None:
        """Raises StoreError when the FIFO cannot be made."""
        self._path = run_dir / f"wake-{owner_id}.fifo"
        try:
            make_private_dir(run_dir)
            # Under its name only when it is read from: others clear a FIFO without a reader away.
            draft = self._path.with_suffix(".new")
            os.mkfifo(draft, 0o600)
            self.fd = os.open(draft, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            # A writer of our own, so that the FIFO does not report its end whenever the last shell has left.
            self._writer = os.open(draft, _WRITE)
            draft.rename(self._path)
        except OSError as error:
            raise from_os(error, self._path) from error

    def serve(self, instances: Iterable[str]) -> None:
        """Say for which instances this worker takes messages."""
        names = self._path.with_suffix(".names")
        draft = names.with_suffix(".names-new")
        draft.write_text("\n".join(instances), encoding="utf-8")
        draft.replace(names)

    def heard(self) -> None:
        """Forget the wake-ups so far."""
        try:
            while os.read(self.fd, 4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Take no more messages; harmless when done twice."""
        if self.fd >= 0:
            self._path.with_suffix(".names").unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
            os.close(self.fd)
            os.close(self._writer)
            self.fd = self._writer = -1


def worker_is_alive(run_dir: Path, instance: str | None = None) -> bool:
    """Whether some worker takes messages now: any, or one that serves this instance. Wakes nobody."""
    return _each(run_dir, instance, lambda fd: None) > 0


def wake(run_dir: Path, instance: str | None = None) -> int:
    """Wake every worker that serves the instance (None: every worker); how many there are."""
    return _each(run_dir, instance, _ring)


def _ring(fd: int) -> None:
    try:
        os.write(fd, b"!")
    except BlockingIOError:
        return  # full of wake-ups: it will wake


def _each(run_dir: Path, instance: str | None, act: Callable[[int], None]) -> int:
    alive = 0
    for path in run_dir.glob("wake-*.fifo"):
        if instance is not None and not _serves(path, instance):
            continue
        fd = _opened(path)
        if fd is not None:
            act(fd)
            os.close(fd)
            alive += 1
    return alive


def _serves(path: Path, instance: str) -> bool:
    try:
        return instance in path.with_suffix(".names").read_text(encoding="utf-8").split("\n")
    except OSError:
        return False


def _opened(path: Path) -> int | None:
    """The FIFO of a living worker; a dead one's is cleared away."""
    try:
        return os.open(path, _WRITE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            path.unlink(missing_ok=True)
            path.with_suffix(".names").unlink(missing_ok=True)
        return None
