"""The inbox as a part of the service: a writer that dies is noticed, and another one takes over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.config.load import load
from greenbot.daemon import Failed, Supervisor
from greenbot.db.connect import Db, connect
from greenbot.errors import Busy, StoreError
from greenbot.inbox import group
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.checkpoints import Checkpoints
from greenbot.serving.around import Surroundings
from greenbot.serving.inbox import Inbox

EVENT = Arrival("kyiv", b"an event", "webhook", 1_790_000_000_000)


class Poison(BaseException):
    """Nothing catches this by accident."""


class Deadly(Checkpoints):
    """Kills its writer after a commit, as often as it is told to."""

    deaths = 0

    def after_commit(self, db: Db) -> None:
        if Deadly.deaths:
            Deadly.deaths -= 1
            raise Poison


def made(folder: Path, open_db: Callable[[], Db] | None = None) -> Inbox:
    clock = SystemClock()
    settings = load({"GREENBOT_HOME": str(folder / "home")}, cwd=folder)
    around = Surroundings(
        read_settings=lambda: settings,
        open_db=open_db or (lambda: connect(settings.paths.store_file, clock=clock)),
        clock=clock,
        environ={},
        on_news=lambda who, words: None,
        on_bug=lambda error: "",
    )
    return Inbox(around, ids=dict, on_kept=lambda: None)


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(group, "Checkpoints", Deadly)
    return made(tmp_path)


def supervised(inbox: Inbox, news: list[str]) -> Supervisor:
    return Supervisor(
        [],
        foundations=[inbox],
        clock=SystemClock(),
        on_news=lambda who, words: news.append(f"{who} {words}"),
        first_wait_seconds=0.001,
    )


async def keep(inbox: Inbox) -> Kept:
    future: asyncio.Future[Kept | Exception] = asyncio.get_running_loop().create_future()
    inbox.submit(EVENT, future.set_result)
    result = await future
    if isinstance(result, Exception):
        raise result
    return result


async def ready(inbox: Inbox) -> None:
    while not inbox.is_writable:
        await asyncio.sleep(0.001)


async def test_opened_means_that_the_first_event_is_kept(inbox: Inbox) -> None:
    supervisor = supervised(inbox, [])
    running = asyncio.create_task(supervisor.run())
    await inbox.opened()
    assert (await keep(inbox)).event_id == 1
    supervisor.stop()
    await asyncio.wait_for(running, 20)


async def test_a_store_that_does_not_open_lets_the_others_begin_and_say_so(tmp_path: Path) -> None:
    def broken() -> Db:
        raise StoreError("the disk failed")

    inbox = made(tmp_path, broken)
    running = asyncio.create_task(supervised(inbox, []).run())
    await inbox.opened()
    with pytest.raises(Busy):
        await keep(inbox)
    with pytest.raises(StoreError, match="the disk failed"):
        await asyncio.wait_for(running, 20)


async def test_after_the_death_of_its_writer_it_is_not_ready_until_another_one_writes(inbox: Inbox) -> None:
    news: list[str] = []
    supervisor = supervised(inbox, news)
    running = asyncio.create_task(supervisor.run())
    await ready(inbox)
    Deadly.deaths = 1
    assert (await keep(inbox)).event_id == 1
    while inbox.is_writable:
        await asyncio.sleep(0)
    with pytest.raises(Busy):
        await keep(inbox)
    await ready(inbox)
    assert (await keep(inbox)).is_duplicate
    supervisor.stop()
    await asyncio.wait_for(running, 20)
    assert ["its writer ended: Poison" in line for line in news] == [True]


async def test_a_writer_that_dies_again_and_again_ends_the_service(inbox: Inbox) -> None:
    supervisor = supervised(inbox, [])
    running = asyncio.create_task(supervisor.run())
    Deadly.deaths = 5
    while not running.done():
        if inbox.is_writable:
            with suppress(Busy):
                await keep(inbox)
        await asyncio.sleep(0.001)
    with pytest.raises(Failed, match="writer ended"):
        running.result()
    assert Deadly.deaths == 0


async def test_stopped_it_stays_stopped(inbox: Inbox) -> None:
    running = asyncio.create_task(inbox.run())
    await ready(inbox)
    inbox.stop()
    await asyncio.wait_for(running, 20)
    assert not inbox.is_writable
