"""How fairly the store serves processes that write without pause: `python -m tests.bench.writers`.

Four processes write one row after the other, each in its own transaction on the disk. Printed are the longest time a
write took, beside the time one bare fsync took in the same run, and the shares. `--bare` shows what SQLite's own
waiting does instead of the lock file.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from tests.architecture.files import ROOT

PROCESSES = 4
LONGEST_MS = 50.0
LEAST_SHARE = 0.8


class Unlocked:
    """No lock file: SQLite's busy handler alone decides who is next."""

    def held(self) -> nullcontext[None]:
        return nullcontext()

    def close(self) -> None:
        """Nothing to give back."""


def write_until(db: Db, number: int, end: float) -> list[float]:
    """Milliseconds of every write until then."""
    taken = []
    while (begun := time.monotonic()) < end:
        with db.write() as tx:
            tx.run("insert into written (process) values (:number)", number=number)
        taken.append((time.monotonic() - begun) * 1000)
    return taken


def writer(path: Path, number: int, seconds: float, *, bare: bool) -> None:
    """One of the processes: says ready, waits for a line, writes, prints what it took."""
    db = connect(path, clock=SystemClock())
    if bare:
        db._lock.close()
        db._lock = Unlocked()  # type: ignore[assignment]  # only what `write` uses of it
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(write_until(db, number, time.monotonic() + seconds)))
    db.close()


def run(path: Path, seconds: float, *, bare: bool) -> list[list[float]]:
    """The milliseconds of every write of every process."""
    with connect(path, clock=SystemClock()).write() as tx:
        tx.run("create table written (id integer primary key, process integer not null) strict")
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.writers", "--writer", str(number), "--path", str(path)]
            + ["--seconds", str(seconds)]
            + ["--bare"] * bare,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in begun:
        assert process.stdout is not None
        process.stdout.readline()
    for process in begun:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=seconds + 60)[0]) for process in begun]


def fsync_ms(folder: Path) -> tuple[float, float]:
    """Median and longest of bare fsyncs on the same disk, milliseconds."""
    taken = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(300):
            file.write(b"x" * 4096)
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken), max(taken)


def main() -> int:
    """Measure, print, and say by the exit code whether it was fair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--writer", type=int)
    parser.add_argument("--path", type=Path)
    arguments = parser.parse_args()
    if arguments.writer is not None:
        writer(arguments.path, arguments.writer, arguments.seconds, bare=arguments.bare)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        median_ms, longest_fsync_ms = fsync_ms(Path(folder))
        taken = run(Path(folder) / "state" / "greenbot.db", arguments.seconds, bare=arguments.bare)
    counts = [len(one) for one in taken]
    longest_ms = max(max(one, default=arguments.seconds * 1000) for one in taken)
    share = min(counts) / max(counts)
    print(f"writes {sum(counts)}, each process {counts}")
    print(f"one bare fsync {median_ms:.2f} ms, {longest_fsync_ms:.1f} ms at worst")
    # On a disk that stalls by itself nobody can be quicker than four of its stalls, one after the other.
    allowed_ms = max(LONGEST_MS, PROCESSES * longest_fsync_ms)
    quick, fair = longest_ms <= allowed_ms, share >= LEAST_SHARE
    print(f"{'longest write, ms':<56}{longest_ms:>10.1f}{allowed_ms:>8.1f}  {'ok' if quick else 'TOO SLOW'}")
    print(f"{'smallest share / largest, at least':<56}{share:>10.2f}{LEAST_SHARE:>8.2f}  {'ok' if fair else 'UNFAIR'}")
    return 0 if quick and fair else 1


if __name__ == "__main__":
    sys.exit(main())
