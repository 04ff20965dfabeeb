"""Time as an argument: nothing else in greenbot reads a clock."""

import time
from functools import cache
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the rest of greenbot knows of time."""

    def now_ms(self) -> int:
        """Wall time, UTC milliseconds since 1970: for people and for the store."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow: for durations inside one process."""
        ...

    def boot_ms(self) -> int:
        """Milliseconds since boot, suspend included: for leases shared by processes of one machine."""
        ...

    def boot_id(self) -> str:
        """Names this boot of the machine; a lease of another boot is over."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, blocking this thread."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def boot_ms(self) -> int:
        # macOS has no CLOCK_BOOTTIME; its monotonic clock is the nearest.
        return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000

    def boot_id(self) -> str:
        return _boot_id()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        # No such file on macOS: the moment of boot, to the minute, serves the same purpose.
        # Not time.monotonic(), which stands still there while the machine sleeps.
        return f"boot-{round((time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)) / 60)}"


class ManualClock:
    """A clock that stands still until it is moved; `sleep` moves it."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self._start_ms = now_ms
        self._elapsed_ns = 0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._elapsed_ns += round(seconds * 1_000_000_000)

    def now_ms(self) -> int:
        return self._start_ms + self.boot_ms()

    def monotonic(self) -> float:
        return self._elapsed_ns / 1_000_000_000

    def boot_ms(self) -> int:
        return self._elapsed_ns // 1_000_000

    def boot_id(self) -> str:
        return "manual"

    def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))


def iso_utc(moment_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, such as `2026-11-22T08:00:00.000Z`."""
    seconds, rest_ms = divmod(moment_ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest_ms:03d}Z"
