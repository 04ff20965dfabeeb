"""The terminal is given back whatever happens, and a person at a shell never notices more than the dashboard."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.shell import PROMPT, Shell

pytestmark = pytest.mark.integration


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path) as opened:
        yield opened


def ended(shell: Shell, begun: int) -> None:
    """Wait for the shell's next prompt, after the terminal was given back."""
    shell.until(lambda: PROMPT in shell.seen[begun:].rpartition("\x1b[?1049l")[2])


def assert_given_back(shell: Shell, before: str) -> None:
    assert shell.mode("after") == before
    last = shell.seen.rpartition("\x1b[?1049h")[2]
    assert "\x1b[?1049l" in last, "the alternate screen was left"
    assert "\x1b[?25h" in last, "the cursor is back"
    assert "\x1b[?7h" in last, "lines wrap again"


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, "crash"])
def test_the_terminal_is_given_back_after(shell: Shell, end: str | signal.Signals) -> None:
    before = shell.mode("before")
    begun = len(shell.seen)
    shell.start("--refresh", "0.5", *(["--crash-after", "2"] if end == "crash" else []))
    if isinstance(end, signal.Signals):
        os.kill(shell.pid, end)
    elif end != "crash":
        shell.type(end)
    ended(shell, begun)
    assert_given_back(shell, before)
    if end == "crash":
        assert "the planted bug" in shell.seen.rpartition("\x1b[?1049l")[2], "the traceback is not lost with the screen"


def test_stopped_and_continued_it_draws_anew(shell: Shell) -> None:
    before = shell.mode("before")
    shell.start()
    begun = len(shell.seen)
    shell.type("\x1a")
    ended(shell, begun)
    assert shell.mode("stopped") == before, "the shell has its terminal"
    shell.type("fg\n")
    shell.until_drawn("grand-kyiv")
    shell.type("5")
    shell.until_drawn("[5 Alerts")
    begun = len(shell.seen)
    shell.type("q")
    ended(shell, begun)
    assert_given_back(shell, before)


def test_stopped_without_a_chance_to_tidy_it_still_comes_back(shell: Shell) -> None:
    """SIGSTOP cannot be heard; after SIGCONT the terminal is taken and drawn again."""
    before = shell.mode("before")
    shell.start()
    begun = len(shell.seen)
    os.kill(shell.pid, signal.SIGSTOP)
    shell.until(lambda: PROMPT in shell.seen[begun:])
    begun = len(shell.seen)
    shell.type("fg\n")
    shell.until(lambda: "\x1b[?1049h" in shell.seen[begun:])
    shell.type("2")
    shell.until_drawn("[2 Traffic]")
    begun = len(shell.seen)
    shell.type("q")
    ended(shell, begun)
    assert_given_back(shell, before)


@pytest.mark.parametrize("size", [(60, 15), (200, 60), (80, 24), (41, 10), (20, 5)])
def test_a_new_size_is_drawn_at_once(shell: Shell, size: tuple[int, int]) -> None:
    shell.start("--refresh", "3600")
    shell.resize((100, 30))
    shell.until(lambda: len(shell.screen.lines) == 30)
    shell.resize(size)
    shell.until(lambda: len(shell.screen.lines) == size[1] or "too small" in shell.screen.text)
    assert all(len(line) <= size[0] for line in shell.screen.lines)
    shell.type("q")


def test_keys_lead_through_the_dashboard(shell: Shell) -> None:
    shell.start("--instances", "300")
    for keys, drawn in [
        ("\x1b[B", "▸ grand-kyiv "),
        ("\x1b[B\x1bOB", "▸ opera-lviv "),
        ("\x1b[6~", "▸ "),
        ("\t", "[2 Traffic]"),
        ("3", "[3 Messages"),
        ("?", "acknowledge an alert; asks first"),
        ("x", "[3 Messages"),
        ("5", "[5 Alerts"),
        ("a", "Say that you have seen instance_down of grand-kyiv? y / n"),
        ("n", "Nothing was acknowledged."),
        ("a", "y / n"),
        ("y", "Seen: instance_down of grand-kyiv"),
        (" ", "PAUSED"),
    ]:
        shell.type(keys)
        shell.until_drawn(drawn)
    shell.type("\x1b[200~q a y\x1b[201~1")
    shell.until_drawn("[1 Fleet")
    begun = len(shell.seen)
    shell.type("q")
    ended(shell, begun)


def test_a_store_that_is_busy_is_said_and_what_was_seen_stays(shell: Shell) -> None:
    shell.start("--busy-after", "3")
    shell.until_drawn("STALE")
    assert "The store is busy." in shell.screen.text
    assert "grand-kyiv" in shell.screen.text
    shell.type("q")


def test_hostile_names_reach_the_terminal_as_letters(shell: Shell) -> None:
    shell.start("--instances", "300", "--hostile")
    for _ in range(40):
        shell.type("\x1b[6~")
    shell.until(lambda: shell.screen.frames > 3)
    # The screen raises on anything it does not know.
    assert "\\e[31m" in shell.seen
    assert "\x1b]" not in shell.seen.rpartition("\x1b[?1049h")[2]
    shell.type("q")
