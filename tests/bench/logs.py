"""Reading a million lines of log: `python -m tests.bench.logs`.

`greenbot logs` filters by level and instance in at most 1.5 times the time of `grep -F | grep -F`, and twenty times
faster than jq where that is installed, with memory that does not grow with the file; and the last thousand lines cost
as much in a file of a million as in one of ten thousand. All ratios are taken in one run. Leaves with 1 when one is
missed.
"""

import argparse
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.logs.line import Field, Level, encode
from tests.bench.loopback import clean_environ

LINES = 1_000_000
SHORT = 10_000
HOTELS = 40
START_MS = 1_790_000_000_000
GREP_LIMIT = 1.5
JQ_LIMIT = 1 / 20
TAIL_LIMIT = 1.25
PYTHON_LIMIT = 15.0
#: The memory of the reader of a million lines against that of the reader of ten thousand.
MEMORY_LIMIT = 1.35
HOTEL = "hotel-07"


def write_log(path: Path, lines: int) -> None:
    """Calls of forty hotels as they come; two in a hundred failed."""
    rng = random.Random(7)
    with path.open("wb", buffering=1 << 20) as file:
        for number in range(lines):
            level: Level = "error" if rng.random() < 0.02 else "info"
            fields: dict[str, Field] = {
                "instance": f"hotel-{rng.randrange(HOTELS):02d}",
                "method": "sendMessage",
                "message_id": number,
                "chat": "+38***4567@c.us",
                "attempt": 1,
                "outcome": "accepted" if level == "info" else "ambiguous",
                "status": 200 if level == "info" else 502,
                "ms": rng.randrange(20, 900),
            }
            file.write(encode(START_MS + number * 20, level, "call", fields))


@dataclass(slots=True)
class Taken:
    """What a command cost, round by round."""

    seconds: list[float] = field(default_factory=list)
    most_kb: int = 0
    lines: int = 0


def most_memory_kb(pid: int) -> int:
    """The most memory that a process has had so far; what `wait4` says also counts what its parent had."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def run(command: Sequence[str], environ: dict[str, str], taken: Taken, *, watched: bool) -> None:
    """Run it once, count its lines, and note the time; memory where it is `watched`, which costs time."""
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout, start=1):
            taken.lines = number
            if watched and number % 50 == 1:
                taken.most_kb = max(taken.most_kb, most_memory_kb(process.pid))
    taken.seconds.append(time.perf_counter() - begun)
    if process.returncode:
        raise SystemExit(f"{shlex.join(command)} left with {process.returncode}")


def commands(long: Path, short: Path, jq_file: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    logs = [sys.executable, "-m", "greenbot", "logs", "--json", "--file"]
    wanted = ["--all", "--level", "error", "--instance", HOTEL]
    level, instance = '"level":"error"', f'"instance":"{HOTEL}"'
    grep = f"grep -F {shlex.quote(level)} {long} | grep -F {shlex.quote(instance)}"
    found = {
        "grep | grep": ["/bin/sh", "-c", grep],
        "logs": [*logs, str(long), *wanted],
        "logs of 10,000": [*logs, str(short), *wanted],
        "last 1,000 of 1,000,000": [*logs, str(long), "-n", "1000"],
        "last 1,000 of 10,000": [*logs, str(short), "-n", "1000"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    if shutil.which("jq"):
        select = f'select(.level == "error" and .instance == "{HOTEL}")'
        found["jq"] = ["jq", "-c", select, str(jq_file)]
    return found


def verdicts(taken: dict[str, Taken]) -> list[tuple[str, float, float]]:
    """What each comparison came to, and its limit."""

    def ratio(mine: str, other: str) -> float:
        pairs = zip(taken[mine].seconds, taken[other].seconds, strict=False)
        return statistics.median(one / two for one, two in pairs)

    found = [
        ("logs / grep -F | grep -F", ratio("logs", "grep | grep"), GREP_LIMIT),
        ("last 1,000: long file / short", ratio("last 1,000 of 1,000,000", "last 1,000 of 10,000"), TAIL_LIMIT),
        ("last 1,000 / bare Python", ratio("last 1,000 of 1,000,000", "python -c pass"), PYTHON_LIMIT),
        ("memory: 1,000,000 / 10,000", taken["logs"].most_kb / taken["logs of 10,000"].most_kb, MEMORY_LIMIT),
    ]
    if "jq" in taken:
        # jq runs once: it takes as long as everything else together.
        share = statistics.median(taken["logs"].seconds) / taken["jq"].seconds[0]
        found.insert(1, ("logs / jq", share, JQ_LIMIT))
    return found


def measure(folder: Path, lines: int, rounds: int) -> bool:
    """Print the table; True when every limit is kept."""
    long, short = folder / "long.log", folder / "short.log"
    write_log(long, lines)
    write_log(short, SHORT)
    environ = dict(clean_environ(folder / "home"))
    ways = commands(long, short, long)
    taken = {name: Taken() for name in ways}
    for number in range(-1, rounds):
        for name, command in ways.items():
            if name == "jq" and number != 0:
                continue
            # The round that warms up tells the memory, the others the time.
            run(command, environ, one := taken[name] if number >= 0 else Taken(), watched=number < 0)
            if number < 0:
                taken[name].most_kb = one.most_kb
    hits = {taken[name].lines for name in ("grep | grep", "logs", "jq") if name in taken}
    print(f"{lines:,} lines, {long.stat().st_size >> 20} MB, {taken['logs'].lines:,} of them wanted")
    for name, one in taken.items():
        print(f"  {name:<28}{statistics.median(one.seconds) * 1000:>8.0f} ms{one.most_kb >> 10:>6} MB")
    met = len(hits) == 1
    if not met:
        print(f"  they do not find the same: {sorted(hits)}")
    for name, value, limit in verdicts(taken):
        met = met and value <= limit
        print(f"  {name:<40}{value:>8.3f}  limit {limit:.3f}  {'ok' if value <= limit else 'MISSED'}")
    return met


def main() -> int:
    """Measure; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        return 0 if measure(Path(folder), given.lines, given.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
