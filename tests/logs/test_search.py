"""A long file is cut into shares, each searched by a process: what is found, and in which order, never shows it."""

import os
import signal
from pathlib import Path

import pytest

from greenbot.logs.line import encode
from greenbot.logs.search import searched
from greenbot.logs.wanted import Sieve, Wanted

LINES = [
    encode(1_790_000_000_000 + number, "error" if number % 3 else "info", "call", {"message_id": number, "words": text})
    for number, text in enumerate(["short", "", "long " * 400, "ü" * 50, "x"] * 40)
]
ERRORS = [line[:-1] for number, line in enumerate(LINES) if number % 3]
WANTED = Wanted(level="error")


def found(path: Path, shares: int) -> list[bytes]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return list(searched(fd, path.stat().st_size, Sieve(WANTED), shares=shares))
    finally:
        os.close(fd)


@pytest.mark.parametrize("shares", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"".join(LINES), ERRORS, id="whole lines"),
        pytest.param(b"".join(LINES)[:-1], ERRORS, id="the last line has no end"),
        pytest.param(LINES[1], ERRORS[:1], id="one line"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\n\n" + LINES[1] + b"\n\n", ERRORS[:1], id="empty lines"),
        pytest.param(b"x" * 300_000 + b"\n" + b"".join(LINES[:9]), ERRORS[:6], id="a line longer than a share"),
    ],
)
def test_the_number_of_processes_does_not_show(tmp_path: Path, content: bytes, lines: list[bytes], shares: int) -> None:
    path = tmp_path / "greenbot.log"
    path.write_bytes(content)
    assert found(path, shares) == lines


def test_what_a_killed_process_leaves_is_searched_by_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "greenbot.log"
    path.write_bytes(b"".join(LINES) * 8)
    children: list[int] = []
    fork = os.fork

    def remembering() -> int:
        children.append(fork())
        return children[-1]

    monkeypatch.setattr(os, "fork", remembering)
    fd = os.open(path, os.O_RDONLY)
    lines = searched(fd, path.stat().st_size, Sieve(WANTED), shares=3)
    first = next(lines)
    # Both wait at a full pipe: each has more lines than fit into it.
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert [first, *lines] == ERRORS * 8
    os.close(fd)


def test_whoever_looks_no_further_leaves_no_process_behind(tmp_path: Path) -> None:
    path = tmp_path / "greenbot.log"
    path.write_bytes(b"".join(LINES) * 8)
    fd = os.open(path, os.O_RDONLY)
    lines = searched(fd, path.stat().st_size, Sieve(WANTED), shares=4)
    next(lines)
    lines.close()  # type: ignore[attr-defined]  # a generator
    os.close(fd)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
