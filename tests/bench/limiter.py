"""What one acquire of a limit shared by all processes costs: `python -m tests.bench.limiter`.

2 per second and 60 per minute together, with a full minute behind them, for a clock that steps on so that nobody waits:
greenbot's lines in files and in the store, and pyrate-limiter's SQLite bucket, in interleaved rounds.
Leaves with 1 when the ratio is missed, with 2 when there is no pyrate-limiter to compare with.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from greenbot.clock import ManualClock
from greenbot.resilience.limiter import reserve, when_due
from greenbot.resilience.limits import message_scopes
from greenbot.resilience.lines import Lines
from tests.architecture.files import ROOT
from tests.resilience.stores import open_lines

FILES = "greenbot, files"
STORE = "greenbot, store"
LOOK = "greenbot, the look before the call"
PYRATE = "pyrate-limiter, SQLite bucket with file lock"
LIMIT = 0.10
PER_ROUND = 400

SCOPES = message_scopes("hotel", "sendMessage", minute_count=60, second_rate=2.0, method_rate=50.0)
STEP_MS = 1020


class Stepping(ManualClock):
    """Every look at this clock is a second later, so that nothing ever waits and the clock itself costs nothing."""

    moment_ms = 0

    def boot_ms(self) -> int:
        self.moment_ms += STEP_MS
        return self.moment_ms


def acquire(lines: Lines, clock: ManualClock) -> Callable[[], None]:
    """One reservation of a call that may leave at once."""

    def once() -> None:
        assert reserve(lines, SCOPES, clock).waiting is None

    return once


def look(lines: Lines, clock: ManualClock) -> Callable[[], None]:
    """The question right before the call."""
    made = reserve(lines, SCOPES, clock)

    def once() -> None:
        assert when_due(lines, made, clock) is made

    return once


def timed(once: Callable[[], None]) -> float:
    """Microseconds of one, over a round."""
    begun = time.perf_counter()
    for _ in range(PER_ROUND):
        once()
    return (time.perf_counter() - begun) / PER_ROUND * 1e6


class Pyrate:
    """The process that holds the other bucket."""

    def __init__(self, python: Path, folder: str) -> None:
        script = ROOT / "tests" / "bench" / "pyrate_acquire.py"
        self._process = subprocess.Popen(
            [python, script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def timed(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{PER_ROUND}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def measure(folder: Path, pyrate: Pyrate | None, *, rounds: int) -> dict[str, list[float]]:
    """Microseconds of every contender in every round; every second round goes backwards."""
    contenders: list[tuple[str, Callable[[], float]]] = []
    for name, place in ((FILES, "files"), (STORE, "store")):
        clock = Stepping()
        once = acquire(open_lines(folder / place, place, clock), clock)
        contenders.append((name, lambda once=once: timed(once)))  # type: ignore[misc]  # the default binds this one
    still = ManualClock()
    seen = look(open_lines(folder / "look", "files", still), still)
    contenders.append((LOOK, lambda: timed(seen)))
    if pyrate is not None:
        contenders.append((PYRATE, pyrate.timed))
    taken: dict[str, list[float]] = {name: [] for name, _ in contenders}
    for number in range(-1, rounds):
        for name, run in contenders if number % 2 else reversed(contenders):
            microseconds = run()
            if number >= 0:
                taken[name].append(microseconds)
    return taken


def report(taken: dict[str, list[float]]) -> bool | None:
    """Print the table; whether the ratio is met, None without anything to compare with."""
    for name, microseconds in taken.items():
        print(f"{name:<48}{statistics.median(microseconds):>8.0f} us{min(microseconds):>8.0f} us at best")
    if PYRATE not in taken:
        return None
    print()
    for name in (FILES, STORE):
        ratio = statistics.median(mine / other for mine, other in zip(taken[name], taken[PYRATE], strict=True))
        verdict = "" if name == STORE else f"{LIMIT:>8.2f}  " + ("ok" if ratio <= LIMIT else "TOO SLOW")
        print(f"{name + ' / ' + PYRATE:<68}{ratio:>6.2f}{verdict}")
    pairs = zip(taken[FILES], taken[PYRATE], strict=True)
    return statistics.median(mine / other for mine, other in pairs) <= LIMIT


def main() -> int:
    """Measure, print, and say by the exit code how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--pyrate-python", type=Path, default=ROOT / ".venv-limiter" / "bin" / "python")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = arguments.pyrate_python.exists()
        pyrate = Pyrate(arguments.pyrate_python, folder) if found else None
        try:
            met = report(measure(Path(folder), pyrate, rounds=arguments.rounds))
        finally:
            if pyrate is not None:
                pyrate.close()
    if met is None:
        print(
            f"\nNothing to compare with: {arguments.pyrate_python} does not exist. Make it with:\n"
            "  .ci/bootstrap limiter",
            file=sys.stderr,
        )
        return 2
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
