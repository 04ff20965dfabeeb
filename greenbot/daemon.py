"""Keeping the parts of the service running together, and ending them together.

A part that fails is started again, more slowly each time. One that fails five times within a minute ends the
whole process, and so does a store that can no longer be trusted: a service manager then sees it and starts anew,
which beats a service that only looks alive.
"""

import asyncio
import gc
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from greenbot.clock import Clock
from greenbot.errors import GreenbotError, StoreError, StoreFull
from greenbot.logs.notes import note

MOST_FAILURES = 5
WINDOW_SECONDS = 60.0
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 15.0
#: What a drained part may still need to close its files.
CLOSING_SECONDS = 5.0

#: What a person should hear, and of which part or instance.
OnNews = Callable[[str, str], None]


class Part(Protocol):
    """Something that works until it is stopped. `run` may be called again after it ended with an error."""

    @property
    def name(self) -> str: ...

    async def run(self) -> None:
        """Work until `stop`."""
        ...

    def stop(self) -> None:
        """Finish what is under way and end; said twice, end at once."""
        ...


class Foundation(Part, Protocol):
    """A part that the others stand on."""

    async def opened(self) -> None:
        """Returns when the others may begin: this one is ready for them, or its first try has failed."""
        ...


class Failed(GreenbotError):
    """A part of the service failed again and again."""

    hint = "Look at the lines above, put right what they say, and start it again."


class Supervisor:
    """Runs parts. `foundations` are what the others stand on: they begin first and end last."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        foundations: Sequence[Foundation] = (),
        clock: Clock,
        on_news: OnNews,
        drain_seconds: float = 20.0,
        first_wait_seconds: float = FIRST_WAIT_SECONDS,
    ) -> None:
        self._parts = parts
        self._foundations = foundations
        self._clock = clock
        self._on_news = on_news
        self._drain_seconds = drain_seconds
        self._first_wait_seconds = first_wait_seconds
        self._running: set[str] = set()
        self._stopping = asyncio.Event()
        self._fatal: GreenbotError | None = None
        self._restarts: dict[str, int] = {}

    @property
    def is_healthy(self) -> bool:
        """Whether every part runs, and none is about to end."""
        everything = len(self._parts) + len(self._foundations)
        return not self._stopping.is_set() and len(self._running) == everything

    @property
    def is_stopping(self) -> bool:
        """`stop` was said."""
        return self._stopping.is_set()

    @property
    def running(self) -> Sequence[str]:
        """The names of the parts that run now; from any thread."""
        return sorted(self._running)

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often each part had to be started again."""
        return self._restarts

    def stop(self) -> None:
        """End in order, with time for what is under way; said twice, end at once."""
        again = self._stopping.is_set()
        self._stopping.set()
        for part in self._parts:
            part.stop()
        if again:
            for part in self._foundations:
                part.stop()

    async def run(self) -> None:
        """Run until `stop`. Raises what made it impossible to go on: `Failed`, or the store's error."""
        foundations = [asyncio.create_task(self._keep_running(part), name=part.name) for part in self._foundations]
        for part in self._foundations:
            await self._unless_stopped(part.opened())
        tasks = [asyncio.create_task(self._keep_running(part), name=part.name) for part in self._parts]
        await self._stopping.wait()
        await self._end(tasks)
        for part in self._foundations:
            part.stop()
        await self._end(foundations)
        if self._fatal is not None:
            raise self._fatal

    async def _unless_stopped(self, wanted: Coroutine[object, object, None]) -> None:
        """Wait for something that may never come, such as a disk that hangs; `stop` ends that."""
        waits = [asyncio.create_task(wanted), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _end(self, tasks: "Sequence[asyncio.Task[None]]") -> None:
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._drain_seconds + CLOSING_SECONDS)
            for task in late:
                self._on_news(task.get_name(), "did not end in time and is cut off")
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, part: Part) -> None:
        failures: deque[float] = deque()
        while not self._stopping.is_set() or part in self._foundations:
            error = await self._run_once(part)
            if error is None:
                return
            now = self._clock.monotonic()
            failures.append(now)
            while failures[0] < now - WINDOW_SECONDS:
                failures.popleft()
            if not self._may_go_on(part, error, len(failures)):
                return
            await self._rest(part, error, len(failures))

    async def _run_once(self, part: Part) -> Exception | None:
        """Why it ended, unless it was asked to."""
        self._running.add(part.name)
        note("info", "part", part=part.name, outcome="started")
        try:
            await part.run()
        except Exception as error:  # noqa: BLE001 - the border: whatever fails in a part, the others go on
            note("error", "part", part=part.name, outcome="failed", words=_words(error))
            return error
        finally:
            self._running.discard(part.name)
        note("info", "part", part=part.name, outcome="stopped")
        return None if self._stopping.is_set() else RuntimeError("it ended by itself")

    def _may_go_on(self, part: Part, error: Exception, failures: int) -> bool:
        """Whether it may be started again; otherwise everything is told to end."""
        if self._stopping.is_set():
            self._on_news(part.name, _words(error))
            return False
        if isinstance(error, StoreError) and not isinstance(error, StoreFull):
            self._give_up(error)
            return False
        if failures >= MOST_FAILURES:
            self._give_up(Failed(f"The {part.name} failed {failures} times within a minute: {_words(error)}."))
            return False
        return True

    def _give_up(self, error: GreenbotError) -> None:
        self._fatal = self._fatal or error
        if not self._stopping.is_set():
            self.stop()

    async def _rest(self, part: Part, error: Exception, failures: int) -> None:
        self._restarts[part.name] = self._restarts.get(part.name, 0) + 1
        seconds = min(LONGEST_WAIT_SECONDS, self._first_wait_seconds * 2 ** (failures - 1))
        self._on_news(part.name, f"failed ({_words(error)}); it starts again in {seconds:g} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _words(error: Exception) -> str:
    return str(error).rstrip(".") if isinstance(error, GreenbotError) else f"{type(error).__name__}: {error}"


class Runnable(Protocol):
    """What works in a thread: a worker, a processor."""

    async def run(self) -> object: ...

    def stop(self) -> None: ...

    def wake(self) -> None: ...


class InThread:
    """A part with a thread and an event loop of its own, so that its waiting for the disk delays no webhook's answer.

    `open_` makes the runnable inside that loop, and cleans up behind it. Without a `watchdog` it may stand still.
    """

    def __init__(
        self, name: str, open_: Callable[[], AbstractAsyncContextManager[Runnable]], watchdog: "Watchdog | None"
    ) -> None:
        self.name = name
        self._open = open_
        self._watchdog = watchdog
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runnable: Runnable | None = None
        self._stops = 0
        self._is_woken = False

    async def run(self) -> None:
        here = asyncio.get_running_loop()
        ended: asyncio.Future[None] = here.create_future()

        def work() -> None:
            error: BaseException | None = None
            try:
                asyncio.run(self._work())
            except BaseException as reason:  # noqa: BLE001 - it is raised again where the part is awaited
                error = reason
            with suppress(RuntimeError):  # the service itself has ended meanwhile
                here.call_soon_threadsafe(_settle, ended, error)

        threading.Thread(target=work, name=self.name, daemon=True).start()
        await ended

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._watchdog is not None:
            self._watchdog.watch(self.name, self._loop)
        try:
            async with self._open() as runnable:
                self._runnable = runnable
                for _ in range(self._stops):
                    runnable.stop()
                self._woken()
                await runnable.run()
        finally:
            if self._watchdog is not None:
                self._watchdog.forget(self.name)
            self._runnable = self._loop = None

    def stop(self) -> None:
        self._stops += 1
        self._tell(self._stopped)

    def wake(self) -> None:
        """Let it look for work at once. Cheap when nobody heard the last call yet; from any thread."""
        if not self._is_woken:
            self._is_woken = True
            self._tell(self._woken)

    def _tell(self, what: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it ended between the look and the call
                loop.call_soon_threadsafe(what)

    def _stopped(self) -> None:
        if self._runnable is not None:
            self._runnable.stop()

    def _woken(self) -> None:
        self._is_woken = False
        if self._runnable is not None:
            self._runnable.wake()


def _settle(ended: "asyncio.Future[None]", error: BaseException | None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error if isinstance(error, Exception) else RuntimeError(type(error).__name__))


class Watchdog:
    """A thread that asks every event loop for a sign of life, and ends the process when one does not answer.

    It counts its own ticks, not time, so a suspended machine or a stopped process is no reason.
    """

    def __init__(self, *, on_stuck: Callable[[str], None], tick_seconds: float = 1.0, most_ticks: int = 30) -> None:
        self._on_stuck = on_stuck
        self._tick_seconds = tick_seconds
        self._most_ticks = most_ticks
        self._loops: dict[str, asyncio.AbstractEventLoop] = {}
        self._unanswered: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def watch(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop must answer."""
        self._unanswered[name] = 0
        self._loops[name] = loop

    def forget(self, name: str) -> None:
        """This loop is about to end."""
        self._loops.pop(name, None)

    def _watch(self) -> None:
        while not self._ended.wait(self._tick_seconds):
            for name, loop in list(self._loops.items()):
                self._ask(name, loop)

    def _ask(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        unanswered = self._unanswered[name]
        self._unanswered[name] = unanswered + 1
        if unanswered >= self._most_ticks:
            self._on_stuck(name)
        elif not unanswered:
            with suppress(RuntimeError):  # it was closed at this very moment
                loop.call_soon_threadsafe(self._unanswered.__setitem__, name, 0)


def die_with_stacks(name: str) -> None:
    """Say where every thread stands, names and lines alone, and end at once: nothing else works any more."""
    import faulthandler

    sys.stderr.write(f"error: the event loop of the {name} stands still; greenbot ends. It stood here:\n")
    sys.stderr.flush()
    faulthandler.dump_traceback(all_threads=True)
    os._exit(1)


def spare_what_stays() -> None:
    """From now on look for garbage often and only among what is new.

    A shell command hardly looks (see `entry`), and ends; in a process that stays, a search after so many objects
    would stop everybody for some hundredths of a second.
    """
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def forbid_core_dumps() -> None:
    """A crash must not write tokens to a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop: uvloop's where the extra is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def notify_manager(environ: Mapping[str, str], state: str) -> None:
    """Tell systemd, where it asked to be told: `READY=1`, `STOPPING=1`, `RELOADING=1` (man sd_notify)."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager, suppress(OSError):
        manager.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
