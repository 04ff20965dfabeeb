"""Eight processes write one log as fast as they can, while it is rotated fifty times and somebody follows it.

    python -m tests.verify.logs                      8 processes, 20,000 lines each, files of 560 KB
    python -m tests.verify.logs --lines 100000

Every line must be there once and whole, in the order of its process, and the follower must have seen each exactly once.
"""

import argparse
import sys
from pathlib import Path

from tests.logs.crowd import Crowd, let_write, orders, written
from tests.verify.verdict import Verdict, prove, say

PROCESSES = 8
LINES = 20_000
ROTATIONS = 50
#: What one line of the crowd takes, about.
_LINE_BYTES = 150


def proof(folder: Path, verdict: Verdict, lines: int) -> None:
    """Let them write, and count."""
    most_bytes = PROCESSES * lines * _LINE_BYTES // (ROTATIONS + 5)
    crowd = Crowd(path=folder / "greenbot.log", processes=PROCESSES, lines=lines, most_bytes=most_bytes)
    seen = let_write(crowd)
    found = written(crowd.path)
    say(f"  {found.intact:,} lines of {crowd.all_lines:,}, {found.rotations} rotations, {found.torn} torn")
    verdict.holds(f"at least {ROTATIONS} rotations", so=found.rotations >= ROTATIONS)
    verdict.holds("no line is torn", so=found.torn == 0)
    verdict.holds("no line is lost", so=found.different == crowd.all_lines)
    verdict.holds("no line is there twice", so=found.intact == found.different)
    verdict.holds(
        "each process's lines keep their order", so=all(order == sorted(order) for order in orders(crowd.path))
    )
    verdict.holds(f"the follower saw each once: {seen}", so=seen == (crowd.all_lines, crowd.all_lines, 0))


def main() -> int:
    """Prove it; 1 when something was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=LINES, help="of each process")
    given = parser.parse_args()
    return prove("verify-logs", lambda folder, verdict: proof(folder, verdict, given.lines))


if __name__ == "__main__":
    sys.exit(main())
