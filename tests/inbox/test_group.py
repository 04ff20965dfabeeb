"""Group commit: nobody hears of success before the disk has it, and everybody hears something."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from greenbot.clock import Clock, ManualClock, SystemClock
from greenbot.db.connect import Db, connect
from greenbot.errors import Busy, StoreError
from greenbot.inbox import checkpoints
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.group import GroupCommit, Keep
from greenbot.inbox.intake import keep
from tests.inbox.conftest import EXPECTED, NOW_MS, arrival, text


@asynccontextmanager
async def opened(path: Path, **options: object) -> AsyncIterator[GroupCommit]:
    group = GroupCommit(
        lambda: connect(path, clock=SystemClock()),
        ManualClock(NOW_MS),
        expected_ids=lambda: EXPECTED,
        **options,  # type: ignore[arg-type]  # rows of tests
    )
    await group.start()
    try:
        yield group
    finally:
        await group.close()


def watched(before: Callable[[Sequence[Arrival]], object]) -> Keep:
    """The real thing, after something else was done or raised."""

    def store(db: Db, arrivals: Sequence[Arrival], *, clock: Clock, expected_ids: Mapping[str, str]) -> list[Kept]:
        before(arrivals)
        return keep(db, arrivals, clock=clock, expected_ids=expected_ids)

    return store


async def test_what_was_kept_is_in_the_store(path: Path, db: Db) -> None:
    async with opened(path) as group:
        kept = await asyncio.gather(*(group.keep(arrival(text(number))) for number in range(300)))
        assert len({one.event_id for one in kept}) == 300
        assert group.pending == 0
        assert db.scalar("select count(*) from events") == 300


async def test_many_share_one_commit(path: Path) -> None:
    sizes: list[int] = []
    async with opened(path, store=watched(lambda arrivals: sizes.append(len(arrivals)))) as group:
        await asyncio.gather(*(group.keep(arrival(text(number))) for number in range(500)))
    assert sum(sizes) == 500
    assert len(sizes) < 50


async def test_nobody_is_answered_while_the_commit_is_under_way(path: Path) -> None:
    gate = threading.Event()
    async with opened(path, store=watched(lambda _: gate.wait(30))) as group:
        waiting = asyncio.create_task(group.keep(arrival(text())))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
        gate.set()
        assert (await waiting).event_id == 1


async def test_too_many_waiting_are_refused_at_once(path: Path) -> None:
    gate = threading.Event()
    async with opened(path, most_pending=3, store=watched(lambda _: gate.wait(30))) as group:
        waiting = [asyncio.create_task(group.keep(arrival(text(number)))) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await group.keep(arrival(text(9)))
        gate.set()
        assert len(await asyncio.gather(*waiting)) == 3
        assert (await group.keep(arrival(text(9)))).is_duplicate is False


async def test_large_bodies_that_wait_are_counted_by_their_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenbot.inbox.group.MOST_PENDING_BYTES", 1)
    gate = threading.Event()
    async with opened(path, store=watched(lambda _: gate.wait(30))) as group:
        waiting = asyncio.create_task(group.keep(arrival(text())))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await group.keep(arrival(text(9)))
        gate.set()
        await waiting
        assert (await group.keep(arrival(text(9)))).is_duplicate is False, "what is on the disk does not count"


async def test_everybody_of_a_failed_commit_hears_of_it_and_the_next_one_works(path: Path, db: Db) -> None:
    failures = [StoreError("The disk is gone."), Busy("Locked.")]

    def fail(_: Sequence[Arrival]) -> None:
        if failures:
            raise failures.pop()

    async with opened(path, store=watched(fail)) as group:
        for expected in (Busy, StoreError):
            with pytest.raises(expected):
                await group.keep(arrival(text()))
        assert not (await group.keep(arrival(text()))).is_duplicate
        assert group.pending == 0
    assert db.scalar("select count(*) from events") == 1


async def test_one_that_cannot_be_stored_harms_none_of_its_batch(path: Path, db: Db) -> None:
    with db.write() as tx:
        tx.run(
            "create trigger no before insert on events when new.remote_id = '3EB013'"
            " begin select raise(abort, 'no'); end"
        )
    async with opened(path) as group:
        results = await asyncio.gather(
            *(group.keep(arrival(text(number))) for number in range(20)), return_exceptions=True
        )
    assert [number for number, result in enumerate(results) if isinstance(result, Exception)] == [13]
    assert db.scalar("select count(*) from events") == 19


async def test_closing_stores_what_was_handed_in_and_takes_nothing_more(path: Path, db: Db) -> None:
    async with opened(path) as group:
        waiting = [asyncio.create_task(group.keep(arrival(text(number)))) for number in range(50)]
        await asyncio.sleep(0)
        await group.close()
        assert len(await asyncio.gather(*waiting)) == 50
        with pytest.raises(Busy):
            await group.keep(arrival(text(99)))
        await group.close()
    assert db.scalar("select count(*) from events") == 50


async def test_a_store_that_cannot_be_opened_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "greenbot.db").write_bytes(b"this is no store at all" * 100)
    with pytest.raises(StoreError):
        async with opened(tmp_path / "greenbot.db"):
            pass


async def test_a_store_that_was_replaced_stops_every_acknowledgement(path: Path) -> None:
    async with opened(path) as group:
        await group.keep(arrival(text(1)))
        path.with_name(path.name + "-wal").unlink(missing_ok=True)
        path.rename(path.with_suffix(".away"))
        for number in (2, 3):
            with pytest.raises(StoreError):
                await group.keep(arrival(text(number)))


async def test_the_loop_hears_of_each_commit(path: Path) -> None:
    heard = []
    async with opened(path, on_kept=lambda: heard.append(1)) as group:
        await group.keep(arrival(text(1)))
        await group.keep(arrival(text(2)))
    assert len(heard) == 2


async def test_who_no_longer_waits_does_no_harm(path: Path, db: Db) -> None:
    async with opened(path) as group:
        gone = asyncio.create_task(group.keep(arrival(text(1))))
        await asyncio.sleep(0)
        gone.cancel()
        await group.keep(arrival(text(2)))
        assert group.pending == 0
    assert db.scalar("select count(*) from events") == 2


async def test_the_wal_begins_anew_although_no_commit_moves_it(
    path: Path, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.scalar("pragma journal_mode") != "wal":
        async with opened(path) as group:
            await group.keep(arrival(text()))
        assert "inbox-checkpoints" not in {thread.name for thread in threading.enumerate()}
        return
    monkeypatch.setattr(checkpoints, "EVERY_COMMITS", 10)
    monkeypatch.setattr(checkpoints, "MOST_PAGES", 50)
    longest = 0
    async with opened(path) as group, asyncio.timeout(60):
        number = 0
        while wal_pages(db) >= longest:
            longest = max(longest, wal_pages(db))
            number += 1
            await group.keep(arrival(text(number, words="x" * 2000)))
        assert number > checkpoints.EVERY_COMMITS, "not before somebody looked"


def wal_pages(db: Db) -> int:
    """Frames in the WAL."""
    row = db.one("pragma wal_checkpoint(noop)")
    assert row is not None
    return int(row[1])
