"""A person at a terminal: an interactive shell on a pty, with job control, a size, and eyes."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.architecture.files import ROOT
from tests.dashboard.screen import Screen

SECONDS = 60.0
PROMPT = "ready$ "
#: The first process of a session gets the terminal when it asks for it. Not bash: it repairs a terminal that a
#: program left in disorder, and so would hide what is to be seen here.
_SHELL = """
import fcntl, os, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp("sh", ["sh", "-i"])
"""
_ENTER, _LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Shell:
    """A plain shell. Everything it printed is in `seen`."""

    def __init__(self, folder: Path, size: tuple[int, int] = (80, 24), **environ: str) -> None:
        self.folder = folder
        self.seen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ours, theirs = pty.openpty()
        self.resize(size)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SHELL],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=_environ(folder) | environ | {"PATH": _path()},
            start_new_session=True,
        )
        os.close(theirs)
        self.until(lambda: PROMPT in self.seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whatever still runs loses its terminal, and ends.
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window so many columns wide and so many rows high."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def command(self, line: str) -> str:
        """Type a line, wait for the next prompt, return what was printed."""
        begun = len(self.seen)
        self.type(line + "\n")
        self.until(lambda: PROMPT in self.seen[begun + len(line) :])
        return self.seen[begun:]

    def mode(self, name: str) -> str:
        """The terminal's settings as a program finds them that is started now."""
        self.command(f"stty -a > {name}")
        return (self.folder / name).read_text()

    def start(self, *words: str) -> None:
        """Start the stage in the foreground, and wait for its first frame."""
        begun = len(self.seen)
        self.type(f"python -m tests.dashboard.stage {' '.join(words)} & echo $! > pid; fg > /dev/null\n")
        self.until(lambda: _ENTER in self.seen[begun:] and "quit" in self.seen[begun:])

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    @property
    def screen(self) -> Screen:
        """What the dashboard drew since it took the terminal last."""
        screen = Screen()
        if _ENTER not in self.seen:
            return screen
        after = self.seen.rpartition(_ENTER)[2].partition(_LEAVE)[0]
        # A sequence may have been read by half.
        screen.feed(re.sub(r"\x1b[^A-Za-z]*$", "", after))
        return screen

    def until_drawn(self, words: str) -> None:
        """Until the screen says so."""
        self.until(lambda: words in self.screen.text)

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < deadline, f"it never happened; seen last:\n{self.seen[-3000:]!r}"
            if select.select([self._ours], [], [], 0.02)[0]:
                self.seen += self._decoder.decode(os.read(self._ours, 65536))


def _environ(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return kept | {
        "PATH": _path(),
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "PS1": PROMPT,
        "HISTFILE": "",
    }


def _path() -> str:
    """`python` is the one that runs the tests."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
