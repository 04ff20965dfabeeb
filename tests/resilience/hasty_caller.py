"""One of several processes that reserve without ever waiting for their turn: FOLDER PLACE COUNT.

Prints the moments it was given.
"""

import sys
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.resilience.limiter import reserve
from greenbot.resilience.limits import Limit, Scope
from tests.resilience.stores import open_lines

SCOPES = (Scope(key="hotel", limits=(Limit(count=1, window_ms=1000),)),)


def main(folder: str, place: str, count: str) -> None:
    clock = SystemClock()
    lines = open_lines(Path(folder), place, clock)
    moments = [reserve(lines, SCOPES, clock).moment_ms for _ in range(int(count))]
    sys.stdout.write("\n".join(map(str, moments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
