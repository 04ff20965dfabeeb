"""A terminal for the guide's own examples: a private home, a simulator, and a shell that a person would sit at."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.guide.pages import ROOT

COLUMNS = 110
_ANYTHING = "…"
#: Bold headings stay without colours too; a page cannot show them.
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(slots=True)
class Terminal:
    """Runs shell blocks in a folder of its own; close it, or the simulator stays."""

    folder: Path
    simulator: subprocess.Popen[str] | None = None
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir()
        for name, words in (("greenbot", "-m greenbot "), ("python", "")):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
            script.chmod(0o755)
        (self.folder / "desk").mkdir()
        self.environ = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "GREENBOT_HOME": str(self.folder / "home"),
            "TERM": "xterm",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }
        # Only a coverage run sets these; its processes then count too.
        self.environ |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}

    def start_simulator(self, command: str, *, port: int = 0) -> None:
        """Start `greenbot sim serve …` as printed, on a free port, which from now on is where GREEN-API answers."""
        self.simulator = subprocess.Popen(
            ["bash", "-c", f"exec {command} --port {port}"],
            cwd=self.folder / "desk",
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.simulator.stdout is not None
        first = self.simulator.stdout.readline()
        assert first.startswith("api_url\t"), first
        self.environ["GREEN_API_BASE_URL"] = first.split("\t")[1].strip()

    def run(self, script: str, answers: Sequence[str] = ()) -> tuple[int, str]:
        """The exit code of a script, stopped at its first failure, and what a person would have seen.

        `answers` are typed one by one, whenever a question waits at the end of the screen.
        """
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        shell = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder / "desk",
            env=self.environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        seen = _everything(ours, [*answers])
        return shell.wait(), _STYLE.sub("", seen.replace("\r\n", "\n"))

    def close(self) -> None:
        if self.simulator is not None:
            self.simulator.terminate()
            self.simulator.communicate(timeout=30)


def _everything(descriptor: int, answers: list[str]) -> str:
    heard = bytearray()
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            piece = b""
        if not piece:
            os.close(descriptor)
            return heard.decode()
        heard += piece
        if heard.endswith(b": "):
            # Who has no answer types Ctrl-D, so that nobody waits for ever.
            os.write(descriptor, answers.pop(0).encode() + b"\n" if answers else b"\x04")


def shows(expected: str, seen: str) -> bool:
    """Whether a person saw what the page prints; … stands for anything within a line, alone on one for whole lines."""
    pattern = ""
    for line in expected.strip("\n").splitlines():
        if line.strip() == _ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*?".join(map(_spaced, line.rstrip().split(_ANYTHING))) + r"[ ]*\n"
    return re.fullmatch(pattern, seen.rstrip("\n") + "\n") is not None


def _spaced(text: str) -> str:
    """Columns move with what stands in them: any run of spaces matches any other."""
    return r"[ ]+".join(map(re.escape, re.split(r" {2,}", text))) if text else ""
