"""One of several processes that call as fast as a shared limit lets them: FOLDER NUMBER SECONDS PLACE.

Says "ready", waits for a line, and prints every call as JSON when the time is over.
"""

import json
import sys
import time
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.resilience.limiter import reserve, when_due
from greenbot.resilience.limits import Limit, Scope
from greenbot.resilience.lines import Lines
from tests.resilience.stores import open_lines

SCOPES = (Scope(key="hotel", limits=(Limit(count=20, window_ms=1000, spaced=True), Limit(count=60, window_ms=3000))),)


def main(folder: str, number: str, seconds: str, place: str) -> None:
    clock = SystemClock()
    lines: Lines = open_lines(Path(folder), place, clock)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end_ms = clock.boot_ms() + round(float(seconds) * 1000)
    calls = []
    while True:
        asked_ms, asked_ns = clock.boot_ms(), time.monotonic_ns()
        made = reserve(lines, SCOPES, clock)
        call = {"process": int(number), "asked_ms": asked_ms, "asked_ns": asked_ns, "answered_ns": time.monotonic_ns()}
        call["reserved_ms"] = made.moment_ms
        if made.moment_ms >= end_ms:
            break
        sleeps = 0
        while (wait_ms := made.wait_ms(clock)) > 0 or sleeps == 0:
            clock.sleep(wait_ms / 1000)
            made = when_due(lines, made, clock)
            sleeps += 1
        calls.append(call | {"moment_ms": made.moment_ms, "called_ms": clock.boot_ms(), "sleeps": sleeps})
    for call in calls:
        sys.stdout.write(json.dumps(call) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
