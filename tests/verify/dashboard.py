"""The dashboard in tmux, as people have it: `python -m tests.verify.dashboard`.

At 60x15, 80x24 and 200x60 the frames that tmux shows are compared with those the drawing promises; keys, a new size,
Ctrl-Z and fg, SIGTERM and a crash are tried, and `stty -a` must say the same before and after each. `--show` prints
the frames for eyes.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.files import ROOT
from tests.verify.verdict import Verdict, prove, say

SIZES = ((60, 15), (80, 24), (200, 60))
PATIENCE_SECONDS = 30.0
#: The key of each panel, and how the panel in front is marked.
TITLES = {"5": "[5 Alerts", "4": "[4 Events", "3": "[3 Messages", "2": "[2 Traffic", "1": "[1 Fleet"}
STAGE = "python -m tests.dashboard.stage"
PROMPT = "ready$ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Tmux:
    """One tmux server of our own, with one window of a fixed size and a shell in it."""

    folder: Path
    size: tuple[int, int]

    def call(self, *words: str) -> str:
        """One tmux command; what it printed."""
        socket = self.folder / "tmux"
        done = subprocess.run(
            ["tmux", "-S", str(socket), "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            check=True,
            env=self._environ(),
            cwd=self.folder,
        )
        return done.stdout

    def open(self) -> None:
        """Start the server, the window and the shell; not bash, which repairs terminals behind programs."""
        width, height = map(str, self.size)
        self.call("new-session", "-d", "-x", width, "-y", height, "sh -i")
        self.call("set", "-g", "status", "off")
        self.call("resize-window", "-x", width, "-y", height)
        self.until(lambda: PROMPT.strip() in self.screen())

    def close(self) -> None:
        """End the server, and with it everything in it."""
        self.call("kill-server")

    def screen(self) -> str:
        """What a person sees now."""
        return self.call("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        self.call("send-keys", *keys)

    def command(self, line: str) -> None:
        self.call("send-keys", "-l", line)
        self.keys("Enter")

    def until(self, true: Callable[[], object]) -> bool:
        """Whether it came true in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def shows(self, words: str) -> bool:
        """Whether it stands on the screen in time."""
        return self.until(lambda: words in self.screen())

    def mode(self, name: str) -> str:
        """The terminal's settings now, of a shell that waits for a command."""
        file = self.folder / name
        self.command(f"stty -a > {name}.new; mv {name}.new {name}")
        self.until(file.exists)
        return file.read_text()

    def start(self, *words: str) -> None:
        """Start the stage in the foreground."""
        self.command(f"{STAGE} {shlex.join(words)} & echo $! > pid; fg >/dev/null; touch ended")

    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def has_ended(self) -> bool:
        """Whether the shell went on; asked again, only after another start."""
        ended = self.folder / "ended"
        if not self.until(ended.exists):
            return False
        ended.unlink()
        return True

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "PS1": PROMPT,
            "HISTFILE": "",
        }


def frames(tmux: Tmux, verdict: Verdict, *, show: bool) -> None:
    """Every panel stands on the screen whole: the title above, the keys below, nothing broken in between."""
    width, height = tmux.size
    before = tmux.mode("before")
    tmux.start("--instances", "300")
    for key, title in TITLES.items():
        tmux.until(lambda: "quit" in tmux.screen())
        tmux.keys(key)
        verdict.holds(f"{width}x{height}: key {key} brings {title}]", so=tmux.shows(title))
        lines = tmux.screen().rstrip("\n").split("\n")
        if show:
            say("\n".join(lines))
        whole = lines[0].startswith(" greenbot   300 instances") and lines[-1].endswith("q quit")
        verdict.holds(f"{width}x{height}: the frame of {title}] fills the screen", so=whole and len(lines) == height)
    tmux.keys("Down", "Down", "Down", "PPage", "NPage")
    verdict.holds(f"{width}x{height}: the cursor moves", so=tmux.shows("▸ "))
    tmux.keys("?")
    verdict.holds(f"{width}x{height}: help", so=tmux.shows("acknowledge an alert; asks first"))
    tmux.keys("?", "Space")
    verdict.holds(f"{width}x{height}: pause", so=tmux.shows("PAUSED"))
    tmux.keys("Space", "Escape")
    verdict.holds(f"{width}x{height}: escape leads back to the top", so=tmux.until(lambda: "▸" not in tmux.screen()))
    tmux.keys("a")
    verdict.holds(f"{width}x{height}: it asks before it acknowledges", so=tmux.shows("Say that you have seen"))
    tmux.keys("y")
    verdict.holds(f"{width}x{height}: acknowledged", so=tmux.shows("Seen: instance_down"))
    tmux.keys("q")
    verdict.holds(
        f"{width}x{height}: q ends it, the terminal is as before", so=tmux.has_ended() and tmux.mode("q") == before
    )


def sizes(tmux: Tmux, verdict: Verdict) -> None:
    """The window changes under a running dashboard."""
    tmux.start("--refresh", "3600")
    for width, height in (*SIZES, (41, 11), (120, 40), tmux.size):
        tmux.call("resize-window", "-x", str(width), "-y", str(height))

        def fits(height: int = height) -> bool:
            lines = tmux.screen().rstrip("\n").split("\n")
            return len(lines) == height and lines[0].startswith(" greenbot") and "1-5 panel" in lines[-1]

        verdict.holds(f"resized to {width}x{height} it is drawn anew at once", so=tmux.until(fits))
    tmux.keys("q")
    tmux.has_ended()


def endings(tmux: Tmux, verdict: Verdict) -> None:
    """Stopped, continued, ended by signals, crashed: the terminal is as it was."""
    before = tmux.mode("clean")
    tmux.start()
    tmux.shows("q quit")
    tmux.keys("C-z")
    verdict.holds("Ctrl-Z gives the shell its terminal", so=tmux.shows("Stopped") and tmux.mode("stopped") == before)
    tmux.command("fg > /dev/null; touch ended")
    verdict.holds("fg draws again", so=tmux.shows("q quit"))
    (tmux.folder / "ended").unlink(missing_ok=True)
    os.kill(tmux.pid(), signal.SIGTERM)
    verdict.holds("SIGTERM after fg: the terminal is as before", so=tmux.has_ended() and tmux.mode("resumed") == before)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        tmux.start()
        tmux.shows("q quit")
        os.kill(tmux.pid(), number)
        so = tmux.has_ended() and tmux.mode(number.name) == before
        verdict.holds(f"{number.name}: the terminal is as before", so=so)
    tmux.start("--crash-after", "5")
    verdict.holds("a crash: the terminal is as before", so=tmux.has_ended() and tmux.mode("crash") == before)
    verdict.holds("a crash: its traceback can be read", so=tmux.shows("the planted bug"))


def proof(show: bool) -> Callable[[Path, Verdict], None]:
    """All of it at all sizes."""

    def carry_out(folder: Path, verdict: Verdict) -> None:
        for size in SIZES:
            at = folder / f"{size[0]}x{size[1]}"
            at.mkdir()
            tmux = Tmux(folder=at, size=size)
            tmux.open()
            try:
                for part in _parts(size, show):
                    part(tmux, verdict)
            finally:
                tmux.close()

    return carry_out


def _parts(size: tuple[int, int], show: bool) -> Sequence[Callable[[Tmux, Verdict], None]]:
    first: Callable[[Tmux, Verdict], None] = lambda tmux, verdict: frames(tmux, verdict, show=show)  # noqa: E731 - one use
    return (first, sizes, endings) if size == SIZES[1] else (first,)


def main() -> int:
    """Carry it out; 0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true")
    return prove("verify-dashboard", proof(parser.parse_args().show))


if __name__ == "__main__":
    sys.exit(main())
