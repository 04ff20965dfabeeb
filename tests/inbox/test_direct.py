"""Commits of the event loop itself: the same promises as the thread's, and the loop never waits for others."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from greenbot.clock import Clock, ManualClock, SystemClock
from greenbot.db.connect import Db, connect
from greenbot.errors import Busy, StoreError
from greenbot.inbox import group as group_module
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.group import GroupCommit
from greenbot.inbox.intake import keep
from greenbot.inbox.pace import Pace
from tests.inbox.conftest import EXPECTED, NOW_MS, arrival, text


class Always(Pace):
    """The loop commits, however long it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.is_direct = True

    def took(self, seconds: float, events: int) -> None:
        """Learns nothing."""


class Watched:
    """The real thing; which thread did how many at once, and what it raises instead."""

    def __init__(self, *raised: BaseException) -> None:
        self.seen: list[tuple[str, int]] = []
        self.raised = list(raised)

    def __call__(
        self, db: Db, arrivals: Sequence[Arrival], *, clock: Clock, expected_ids: Mapping[str, str]
    ) -> list[Kept]:
        is_loop = threading.current_thread() is threading.main_thread()
        self.seen.append(("loop" if is_loop else "thread", len(arrivals)))
        if self.raised:
            raise self.raised.pop(0)
        return keep(db, arrivals, clock=clock, expected_ids=expected_ids)


@asynccontextmanager
async def opened(path: Path, watched: Watched, pace: Pace | None = None) -> AsyncIterator[GroupCommit]:
    group = GroupCommit(
        lambda: connect(path, clock=SystemClock()),
        ManualClock(NOW_MS),
        expected_ids=lambda: EXPECTED,
        store=watched,
        pace=pace or Always(),
    )
    await group.start()
    try:
        yield group
    finally:
        await group.close()


async def test_what_came_together_is_one_commit_of_the_loop(path: Path, db: Db) -> None:
    watched = Watched()
    async with opened(path, watched) as group:
        kept = await asyncio.gather(*(group.keep(arrival(text(number))) for number in range(100)))
        assert group.pending == 0
        assert db.scalar("select count(*) from events") == 100
        assert (await group.keep(arrival(text(7)))).is_duplicate
    assert len({one.event_id for one in kept}) == 100
    assert watched.seen == [("loop", 100), ("loop", 1)]


async def test_who_is_just_about_to_send_comes_along(path: Path) -> None:
    watched = Watched()
    async with opened(path, watched) as group:

        async def later(turns: int) -> Kept:
            for _ in range(turns):
                await asyncio.sleep(0)
            return await group.keep(arrival(text(turns)))

        await asyncio.gather(*(later(turns // 2) for turns in range(8)))
    assert watched.seen == [("loop", 8)]


async def test_a_batch_has_its_limit(path: Path, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_module, "MOST_AT_ONCE", 10)
    watched = Watched()
    async with opened(path, watched) as group:
        await asyncio.gather(*(group.keep(arrival(text(number))) for number in range(25)))
    assert watched.seen == [("loop", 10), ("loop", 10), ("loop", 5)]
    assert db.scalar("select count(*) from events") == 25


async def test_while_somebody_else_writes_the_thread_waits_and_the_loop_goes_on(path: Path, db: Db) -> None:
    watched = Watched()
    async with opened(path, watched) as group:
        with db.write() as tx:
            tx.run("update events set detail = detail where id = 0")
            waiting = asyncio.create_task(group.keep(arrival(text(1))))
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert not waiting.done()
        assert (await waiting).event_id == 1
        # While the thread has something, the loop does not overtake it.
        assert watched.seen == [("loop", 1), ("thread", 1)]
        await group.keep(arrival(text(2)))
    assert watched.seen[-1] == ("loop", 1)


async def test_one_that_cannot_be_stored_harms_none_of_its_batch(path: Path, db: Db) -> None:
    with db.write() as tx:
        tx.run(
            "create trigger no before insert on events when new.remote_id = '3EB013'"
            " begin select raise(abort, 'no'); end"
        )
    async with opened(path, Watched()) as group:
        results = await asyncio.gather(
            *(group.keep(arrival(text(number))) for number in range(20)), return_exceptions=True
        )
        assert group.pending == 0
    assert [number for number, result in enumerate(results) if isinstance(result, Exception)] == [13]
    assert db.scalar("select count(*) from events") == 19


async def test_a_store_that_fails_is_told_to_everybody_of_the_batch(path: Path, db: Db) -> None:
    async with opened(path, Watched(StoreError("The disk is gone."))) as group:
        results = await asyncio.gather(
            *(group.keep(arrival(text(number))) for number in range(5)), return_exceptions=True
        )
        assert [type(result) for result in results] == [StoreError] * 5
        assert group.pending == 0
    assert db.scalar("select count(*) from events") == 0


async def test_a_store_that_was_replaced_stops_every_acknowledgement(path: Path) -> None:
    async with opened(path, Watched()) as group:
        await group.keep(arrival(text(1)))
        path.with_name(path.name + "-wal").unlink(missing_ok=True)
        path.rename(path.with_suffix(".away"))
        for number in (2, 3):
            with pytest.raises(StoreError):
                await group.keep(arrival(text(number)))


async def test_closing_stores_what_was_handed_in(path: Path, db: Db) -> None:
    async with opened(path, Watched()) as group:
        waiting = [asyncio.create_task(group.keep(arrival(text(number)))) for number in range(50)]
        await asyncio.sleep(0)
        await group.close()
        assert len(await asyncio.gather(*waiting)) == 50
        with pytest.raises(Busy):
            await group.keep(arrival(text(99)))
    assert db.scalar("select count(*) from events") == 50


async def test_in_a_storm_the_loop_takes_over_from_the_thread(path: Path, db: Db) -> None:
    watched = Watched()
    # The clock of these tests stands still, so this disk is quick.
    async with opened(path, watched, Pace()) as group:
        for storm in range(40):
            await asyncio.gather(*(group.keep(arrival(text(storm * 8 + number))) for number in range(8)))
    who = [name for name, _ in watched.seen]
    assert who == sorted(who, reverse=True) and {*who} == {"thread", "loop"}
    assert db.scalar("select count(*) from events") == 320
