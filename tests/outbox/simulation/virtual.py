"""An event loop in which nobody waits: when nothing is ready, time jumps to the next timer."""

import asyncio
import selectors


class Stuck(Exception):
    """Nothing is ready and no timer is set: everybody waits for everybody."""


class _Jump(selectors.SelectSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.loop.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Counts seconds from 0; an hour of waiting passes in no time."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


class LoopClock:
    """The machine's clocks, told by the loop."""

    def __init__(self, loop: VirtualLoop, *, start_ms: int = 1_790_000_000_000) -> None:
        self._loop = loop
        self._start_ms = start_ms

    def now_ms(self) -> int:
        return self._start_ms + self.boot_ms()

    def monotonic(self) -> float:
        return self._loop.now

    def boot_ms(self) -> int:
        return round(self._loop.now * 1000)

    def boot_id(self) -> str:
        return "virtual"

    def sleep(self, seconds: float) -> None:
        raise AssertionError("somebody blocks the loop")
