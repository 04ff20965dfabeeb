"""The supervisor: parts that fail start again, too many failures end everything, and the end has an order."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from greenbot.clock import ManualClock
from greenbot.daemon import Failed, InThread, Supervisor, Watchdog
from greenbot.errors import StoreError, StoreFull
from tests.server.conftest import until


@dataclass
class Part:
    """Runs until it is stopped; before that it fails as often as it is told."""

    name: str
    failures: list[Exception] = field(default_factory=list)
    diary: list[str] = field(default_factory=list)
    #: Ends by itself, as if it had nothing to do.
    ends: int = 0
    ignores_stop: bool = False

    def __post_init__(self) -> None:
        self.stopped = asyncio.Event()
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        self.diary.append(f"{self.name} begins")
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        if self.runs <= self.ends:
            return
        await self.stopped.wait()
        self.diary.append(f"{self.name} ends")

    def stop(self) -> None:
        if not self.ignores_stop:
            self.stopped.set()


@dataclass
class Ground(Part):
    """What the others stand on. Its `opening` is over when the test says so."""

    is_slow: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.opening = asyncio.Event()
        if not self.is_slow:
            self.opening.set()

    async def opened(self) -> None:
        await self.opening.wait()


@dataclass
class Scene:
    """A supervisor with parts, and what it said."""

    parts: list[Part]
    foundations: list[Ground] = field(default_factory=list)
    drain_seconds: float = 20.0

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.news: list[tuple[str, str]] = []
        self.supervisor = Supervisor(
            self.parts,
            foundations=self.foundations,
            clock=self.clock,
            on_news=lambda who, words: self.news.append((who, words)),
            drain_seconds=self.drain_seconds,
            first_wait_seconds=0.001,
        )


async def test_a_part_that_fails_is_started_again_and_the_others_go_on() -> None:
    weak, strong = Part("weak", [RuntimeError("oops"), StoreFull()]), Part("strong")
    scene = Scene([weak, strong])
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: weak.runs == 3 and scene.supervisor.is_healthy)
    assert strong.runs == 1
    assert [who for who, _ in scene.news] == ["weak", "weak"]
    assert "oops" in scene.news[0][1]
    assert scene.supervisor.restarts == {"weak": 2}
    scene.supervisor.stop()
    assert not scene.supervisor.is_healthy
    await running


async def test_while_a_part_is_down_the_service_is_not_healthy() -> None:
    weak = Part("weak", [RuntimeError("oops")])
    scene = Scene([weak])
    scene.supervisor._first_wait_seconds = 60.0
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: scene.news)
    assert not scene.supervisor.is_healthy
    scene.supervisor.stop()
    await running


async def test_a_part_that_ends_by_itself_counts_as_failed() -> None:
    scene = Scene([part := Part("lazy", ends=1)])
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: part.runs == 2)
    assert "ended by itself" in scene.news[0][1]
    scene.supervisor.stop()
    await running


async def test_five_failures_within_a_minute_end_everything() -> None:
    weak, strong = Part("weak", [RuntimeError("oops")] * 9), Part("strong")
    with pytest.raises(Failed, match="weak failed 5 times"):
        await Scene([weak, strong]).supervisor.run()
    assert (weak.runs, strong.diary[-1]) == (5, "strong ends")


async def test_failures_far_apart_are_forgiven() -> None:
    scene = Scene([])

    class Rare(Part):
        async def run(self) -> None:
            scene.clock.advance(30)
            await super().run()

    scene.supervisor._parts = [part := Rare("rare", [RuntimeError("oops")] * 20)]
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: part.runs == 21)
    scene.supervisor.stop()
    await running


async def test_a_store_that_cannot_be_trusted_ends_everything_at_once() -> None:
    strong = Part("strong")

    class Broken(Ground):
        async def run(self) -> None:
            await until(lambda: strong.runs == 1)
            await super().run()

    broken = Broken("inbox", [StoreError("the disk failed")])
    with pytest.raises(StoreError, match="the disk failed"):
        await Scene([strong], [broken]).supervisor.run()
    assert (broken.runs, strong.diary[-1]) == (1, "strong ends")


async def test_nobody_begins_before_what_he_stands_on_is_open() -> None:
    diary: list[str] = []
    server, inbox = Part("server", diary=diary), Ground("inbox", diary=diary, is_slow=True)
    scene = Scene([server], [inbox])
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: inbox.runs == 1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert diary == ["inbox begins"]
    inbox.opening.set()
    await until(lambda: scene.supervisor.is_healthy)
    assert diary == ["inbox begins", "server begins"]
    scene.supervisor.stop()
    await running


async def test_stop_ends_it_although_what_it_stands_on_never_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenbot.daemon.CLOSING_SECONDS", 0.0)
    server, inbox = Part("server"), Ground("inbox", is_slow=True, ignores_stop=True)
    scene = Scene([server], [inbox], drain_seconds=0.01)
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: inbox.runs == 1)
    scene.supervisor.stop()
    await running
    assert server.runs == 0
    assert scene.news == [("inbox", "did not end in time and is cut off")]


async def test_what_the_others_stand_on_ends_last() -> None:
    diary: list[str] = []
    server, inbox = Part("server", diary=diary), Ground("inbox", diary=diary)
    scene = Scene([server], [inbox])
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: scene.supervisor.is_healthy)
    scene.supervisor.stop()
    await running
    assert diary == ["inbox begins", "server begins", "server ends", "inbox ends"]


async def test_a_part_that_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenbot.daemon.CLOSING_SECONDS", 0.0)
    scene = Scene([Part("deaf", ignores_stop=True)], drain_seconds=0.01)
    running = asyncio.create_task(scene.supervisor.run())
    await until(lambda: scene.supervisor.is_healthy)
    scene.supervisor.stop()
    await running
    assert scene.news == [("deaf", "did not end in time and is cut off")]


class Work:
    """Something in a thread."""

    def __init__(self, *, fails: bool = False) -> None:
        self.thread = threading.current_thread().name
        self.woken = asyncio.Event()
        self.stopped = asyncio.Event()
        self.fails = fails
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1
        self.woken.set()

    def stop(self) -> None:
        self.stopped.set()

    async def run(self) -> None:
        if self.fails:
            raise StoreError("gone")
        await self.stopped.wait()


async def test_work_in_a_thread_has_its_own_loop_and_is_woken_and_stopped_from_here() -> None:
    made: list[Work] = []
    closed: list[str] = []

    @asynccontextmanager
    async def open_work() -> AsyncIterator[Work]:
        made.append(Work())
        yield made[0]
        closed.append(threading.current_thread().name)

    part = InThread("worker", open_work, Watchdog(on_stuck=lambda name: None))
    running = asyncio.create_task(part.run())
    await until(lambda: made and made[0].wakes)
    before = made[0].wakes
    for _ in range(100):
        part.wake()
    await until(lambda: made[0].wakes > before)
    assert made[0].thread == "worker"
    part.stop()
    await running
    assert closed == ["worker"]


async def test_work_that_is_stopped_before_it_began_ends_too() -> None:
    @asynccontextmanager
    async def open_work() -> AsyncIterator[Work]:
        yield Work()

    part = InThread("worker", open_work, Watchdog(on_stuck=lambda name: None))
    part.stop()
    await asyncio.wait_for(part.run(), 30)


async def test_what_fails_in_a_thread_is_raised_here() -> None:
    @asynccontextmanager
    async def open_work() -> AsyncIterator[Work]:
        yield Work(fails=True)

    with pytest.raises(StoreError, match="gone"):
        await InThread("worker", open_work, Watchdog(on_stuck=lambda name: None)).run()


def test_the_watchdog_barks_at_a_loop_that_stands_still_and_only_then() -> None:
    stuck = threading.Event()
    names: list[str] = []

    def on_stuck(name: str) -> None:
        names.append(name)
        stuck.set()

    watchdog = Watchdog(on_stuck=on_stuck, tick_seconds=0.005, most_ticks=40)
    loops = {name: asyncio.new_event_loop() for name in ("alive", "dead", "forgotten")}
    living = threading.Thread(target=loops["alive"].run_forever)
    living.start()
    for name, loop in loops.items():
        watchdog.watch(name, loop)
    watchdog.forget("forgotten")
    watchdog.start()
    assert stuck.wait(60)
    loops["alive"].call_soon_threadsafe(loops["alive"].stop)
    watchdog.close()
    living.join()
    for loop in loops.values():
        loop.close()
    assert set(names) == {"dead"}
