"""stdin, stdout and stderr as a shell may leave them: closed, full, or read by nobody."""

import errno
import io
import os
import sys
from typing import TextIO


class Closed(io.TextIOBase):
    """Stands where the shell closed a stream (`>&-`): every use of it fails like the stream itself would."""

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def isatty(self) -> bool:
        return False


def open_missing_streams() -> None:
    """Occupy the descriptors 0 to 2, so that no other file gets them, and let nothing be None."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = Closed()
    if sys.stderr is None:
        sys.stderr = Closed()


def discard(stream: TextIO) -> None:
    """Let whatever is still buffered go nowhere: the interpreter would complain about it once more at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return
