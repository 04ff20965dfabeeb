"""One process at a time changes settings on this machine: two would reboot the same numbers against each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from greenbot.config.paths import make_private_dir
from greenbot.errors import Busy


@contextmanager
def turn(run_dir: Path) -> Iterator[None]:
    """Hold the turn; the kernel gives it back when the process dies. Raises `Busy` at once when somebody has it."""
    make_private_dir(run_dir)
    descriptor = os.open(run_dir / "settings.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Busy(
                "Another greenbot process is changing settings of numbers.",
                hint="Run it again when that one has ended.",
            ) from None
        yield
    finally:
        os.close(descriptor)
