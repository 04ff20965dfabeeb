"""The simulator's only source of time: the machine's clock, a compressed one, or a virtual one.

Virtual time moves by `advance()` alone, so a test can let 24 hours pass in a millisecond and two runs
with the same seed take the same decisions at the same moments.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable

# Loop rounds given to woken tasks before virtual time moves on: enough for a chain of awaits to reach
# its next timer.
SETTLE_ROUNDS = 8


class Timer:
    """A callback waiting for its moment; `cancel()` may be called at any time, also twice."""

    __slots__ = ("_callback", "_handle", "cancelled", "due", "order")

    def __init__(self, due: float, order: int, callback: Callable[[], None]) -> None:
        self.due = due
        self.order = order
        self.cancelled = False
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.order) < (other.due, other.order)

    def bind(self, handle: asyncio.TimerHandle) -> None:
        """Remember the event loop's own handle, so that cancelling frees it."""
        self._handle = handle

    def cancel(self) -> None:
        """Never run the callback."""
        self.cancelled = True
        if self._handle is not None:
            self._handle.cancel()

    def fire(self) -> None:
        """Run the callback now unless the timer was cancelled."""
        if not self.cancelled:
            self.cancelled = True
            self._callback()


class SimClock:
    """Simulated unix time in seconds, with timers.

    Real mode runs `speed` simulated seconds per real second (60 makes a minute pass in a second).
    Virtual mode stands still until `advance()`.
    """

    def __init__(self, *, start: float | None = None, virtual: bool = False, speed: float = 1.0) -> None:
        self.virtual = virtual
        self._base = time.time() if start is None else start
        self._origin = time.monotonic()
        self._speed = speed
        self._timers: list[Timer] = []
        self._order = 0
        self._advancing: asyncio.Lock | None = None

    @property
    def speed(self) -> float:
        """Simulated seconds per real second; timers already waiting keep the speed they were set with."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._base, self._origin = self.now(), time.monotonic()
        self._speed = value

    def now(self) -> float:
        """Simulated unix time in seconds."""
        if self.virtual:
            return self._base
        return self._base + (time.monotonic() - self._origin) * self._speed

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` of simulated time; needs a running event loop in real mode."""
        delay = max(0.0, seconds)
        self._order += 1
        timer = Timer(self.now() + delay, self._order, callback)
        if self.virtual:
            heapq.heappush(self._timers, timer)
        else:
            timer.bind(asyncio.get_running_loop().call_later(delay / self._speed, timer.fire))
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of simulated time; in virtual mode until `advance()` has passed that moment."""
        if not self.virtual:
            await asyncio.sleep(max(0.0, seconds) / self._speed)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass, running timers in due order, follow-up timers included.

        Raises RuntimeError on a real clock: its time cannot be moved.
        """
        if not self.virtual:
            raise RuntimeError("only a virtual clock can be advanced")
        if self._advancing is None:
            self._advancing = asyncio.Lock()
        async with self._advancing:
            target = self._base + seconds
            await _settle()
            while self._timers and self._timers[0].due <= target:
                self._fire_next_moment()
                await _settle()
            self._base = target

    def _fire_next_moment(self) -> None:
        due = self._timers[0].due
        self._base = max(self._base, due)
        while self._timers and self._timers[0].due == due:
            heapq.heappop(self._timers).fire()


async def _settle() -> None:
    for _ in range(SETTLE_ROUNDS):
        await asyncio.sleep(0)
