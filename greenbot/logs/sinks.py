"""Where lines can go besides a file: stderr, and systemd's journal in its own protocol."""

import os
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket

#: Of syslog, by level.
PRIORITIES = {b"debug": 7, b"info": 6, b"warning": 4, b"error": 3}
JOURNAL = "/run/systemd/journal/socket"
_LEVEL = b'"level":"'


class Sink(Protocol):
    """What takes lines. `write` raises OSError when it cannot."""

    def write(self, lines: bytes) -> None: ...
    def close(self) -> None: ...


class Stderr:
    """The stderr of this process, as bytes, whole lines at once."""

    def write(self, lines: bytes) -> None:
        if sys.stderr is None:
            raise OSError("there is no stderr")
        sys.stderr.flush()
        view = memoryview(lines)
        while view:
            view = view[os.write(2, view) :]

    def close(self) -> None:
        """It is not ours."""


class Journal:
    """systemd's journal: one entry per line, with its priority and our name (systemd docs: Native Journal Protocol)."""

    def __init__(self, address: str = JOURNAL) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def write(self, lines: bytes) -> None:
        """Raises OSError: there is no journal, or the line is too long for it."""
        if self._socket is None:
            import socket  # most logs are files

            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        for line in lines.splitlines():
            self._socket.sendto(_entry(line), self._address)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _entry(line: bytes) -> bytes:
    start = line.find(_LEVEL) + len(_LEVEL)
    level = line[start : line.find(b'"', start)]
    priority = PRIORITIES.get(level, 6)
    return b"MESSAGE=%b\nPRIORITY=%d\nSYSLOG_IDENTIFIER=greenbot\n" % (line, priority)
