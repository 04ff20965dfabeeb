"""Many processes that write into one log as fast as they can, and one that follows it."""

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.logs.follow import Follower
from greenbot.logs.line import Field, encode
from greenbot.logs.rotation import Limits, rotated
from greenbot.logs.writer import FileWriter

PATIENCE_SECONDS = 60.0
_context = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """So many processes, each with so many lines, into files of so many bytes."""

    path: Path
    processes: int
    lines: int
    most_bytes: int
    keep: int = 10_000

    @property
    def all_lines(self) -> int:
        return self.processes * self.lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands in the files afterwards."""

    rotations: int
    intact: int
    torn: int
    different: int


def _write(crowd: Crowd, number: int) -> None:
    clock = SystemClock()
    writer = FileWriter(crowd.path, clock, Limits(most_bytes=crowd.most_bytes, keep=crowd.keep))
    for line in range(crowd.lines):
        fields: dict[str, Field] = {
            "instance": f"hotel-{number}",
            "method": "sendMessage",
            "message_id": line,
            "outcome": "accepted",
        }
        writer.write(encode(clock.now_ms(), "info", "call", fields))
    writer.close()


def _follow(crowd: Crowd, seen: "multiprocessing.Queue[tuple[int, int, int]]") -> None:
    """Count what comes, and how much of it differs, until all of it has come or nothing comes any more."""
    follower = Follower(crowd.path, fd=-1, position=0, number=0)
    lines: Counter[bytes] = Counter()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while lines.total() < crowd.all_lines and time.monotonic() < deadline:
        if found := follower.read():
            lines.update(found.splitlines())
            deadline = time.monotonic() + PATIENCE_SECONDS
        else:
            time.sleep(0.01)
    time.sleep(0.2)
    lines.update(follower.read().splitlines())
    seen.put((lines.total(), len(lines), follower.missed))


def let_write(crowd: Crowd, *, followed: bool = True) -> tuple[int, int, int] | None:
    """Let all of them write; what the follower saw: lines, different lines, files it missed."""
    seen: multiprocessing.Queue[tuple[int, int, int]] = _context.Queue()
    processes = [_context.Process(target=_write, args=(crowd, number)) for number in range(crowd.processes)]
    follower = _context.Process(target=_follow, args=(crowd, seen))
    for process in [*([follower] if followed else []), *processes]:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    if not followed:
        return None
    found = seen.get(timeout=2 * PATIENCE_SECONDS)
    follower.join()
    return found


def written(path: Path) -> Written:
    """Read everything that was written, the full files first."""
    older = rotated(path)
    lines = [line for file in [*(file for _, file in older), path] for line in file.read_bytes().splitlines()]
    intact = [line for line in lines if _is_intact(line)]
    return Written(rotations=len(older), intact=len(intact), torn=len(lines) - len(intact), different=len(set(intact)))


def _is_intact(line: bytes) -> bool:
    try:
        return list(json.loads(line))[:3] == ["time", "level", "event"]
    except ValueError:
        return False


def orders(path: Path) -> Iterator[list[int]]:
    """For each process the numbers of its lines, in the order in which they stand in the files."""
    found: dict[str, list[int]] = {}
    for file in [*(file for _, file in rotated(path)), path]:
        for line in file.read_bytes().splitlines():
            fields = json.loads(line)
            found.setdefault(fields["instance"], []).append(fields["message_id"])
    return iter(found.values())
