"""The simulator on a thread of its own, for synchronous tests and benchmarks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from greenbot.simulator.server import RunningSimulator, start
from greenbot.simulator.world import World

T = TypeVar("T")
START_SECONDS = 30.0


class SimulatorThread:
    """Context manager: serves `world` (a new one by default) from a background thread and event loop.

    The world belongs to that thread; touch it from outside through `call()` only.
    """

    def __init__(self, world: World | None = None, *, port: int = 0, media_port: int | None = None) -> None:
        self.world = world or World()
        self._port = port
        self._media_port = media_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._running: RunningSimulator | None = None

    @property
    def api_url(self) -> str:
        """Base URL of the API host."""
        return self.world.base_url

    @property
    def media_url(self) -> str:
        """Base URL of the media host."""
        return self.world.media_url

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._running = self.wait(self._start)
        except BaseException:
            self._end_thread()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self.wait(self._running.stop)
        self._end_thread()

    def call(self, function: Callable[[], T]) -> T:
        """Run a plain function in the simulator's thread and return what it returns."""

        async def run() -> T:
            return function()

        return self.wait(run)

    def wait(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine function in the simulator's loop, e.g. `lambda: world.clock.advance(60)`."""

        async def run() -> T:
            return await function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_SECONDS)

    async def _start(self) -> RunningSimulator:
        return await start(self.world, port=self._port, media_port=self._media_port)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
