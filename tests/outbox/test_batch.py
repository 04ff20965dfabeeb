"""The worker's group commit: nobody hears of anything that is not on the disk, also when a thread commits."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, Tx
from greenbot.errors import StoreError
from greenbot.outbox.batch import Batch
from greenbot.outbox.owner import Owner
from greenbot.outbox.states import State
from greenbot.outbox.table import get
from tests.outbox.conftest import Add
from tests.outbox.virtual import Remote, Yard

ADD = "insert into metric_feed (at_ms, instance, kind, name, label) values (:at, 'reception', 'call', 'x', 'y')"
COUNT = "select count(*) from metric_feed"


def add(at: int) -> Callable[[Tx], int]:
    """A change that shows; its result is `at`."""

    def work(tx: Tx) -> int:
        tx.run(ADD, at=at)
        return at

    return work


def broken(tx: Tx) -> int:
    raise KeyError("this one cannot be carried out")


class Gate:
    """Holds a commit back until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.error: Exception | None = None


@pytest.fixture
def gate(db: Db, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The end of each write waits at this gate."""
    gate, write = Gate(), db.write

    @contextmanager
    def slow(*, durable: bool = True) -> Iterator[Tx]:
        with write(durable=durable) as tx:
            yield tx
            if threading.current_thread() is threading.main_thread():
                return
            gate.reached.set()
            assert gate.opened.wait(30)
            if gate.error is not None:
                raise gate.error

    monkeypatch.setattr(db, "write", slow)
    return gate


async def turns(number: int = 20) -> None:
    """Let the loop go on."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("behind", [False, True])
async def test_what_was_handed_in_together_is_committed_together(db: Db, behind: bool) -> None:
    batch = Batch(db, behind=behind)
    found = await asyncio.gather(*(batch.submit(add(at)) for at in range(5)))
    assert found == [0, 1, 2, 3, 4]
    assert db.scalar(COUNT) == 5


@pytest.mark.parametrize("behind", [False, True])
async def test_one_that_cannot_be_carried_out_does_not_take_the_others_along(db: Db, behind: bool) -> None:
    batch = Batch(db, behind=behind)
    works = [batch.submit(add(1)), batch.submit(broken), batch.submit(add(2))]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert found[0] == 1
    assert isinstance(found[1], KeyError)
    assert found[2] == 2
    assert db.scalar(COUNT) == 2


async def test_nobody_hears_of_a_commit_that_is_still_on_its_way(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    first = batch.submit(add(1))
    await turns()
    assert gate.reached.is_set()
    assert not first.done()
    gate.opened.set()
    assert await first == 1


async def test_the_loop_goes_on_during_a_commit_and_what_comes_meanwhile_goes_into_the_next(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    first = batch.submit(add(1))
    await turns()
    later = [batch.submit(add(2)), batch.submit(add(3))]
    await turns()
    assert not any(one.done() for one in later)
    gate.opened.set()
    assert await asyncio.gather(first, *later) == [1, 2, 3]


async def test_who_waits_for_the_landing_leaves_the_loop_to_the_others(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    await batch.landed()  # nothing is under way
    first = batch.submit(add(1))
    await turns()
    landed = asyncio.create_task(batch.landed())
    await turns()
    assert gate.reached.is_set()
    assert not landed.done()
    gate.opened.set()
    await landed
    assert await first == 1


async def test_a_commit_that_fails_behind_fails_all_that_was_in_it(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    gate.error = StoreError("the disk is gone")
    gate.opened.set()
    found = await asyncio.gather(batch.submit(add(1)), batch.submit(add(2)), return_exceptions=True)
    assert [type(one) for one in found] == [StoreError, StoreError]
    assert db.scalar(COUNT) == 0


@pytest.mark.parametrize("use", [lambda db: db.scalar(COUNT), lambda db: db.settle()])
async def test_whoever_reads_waits_for_the_commit_under_way(db: Db, gate: Gate, use: Callable[[Db], object]) -> None:
    batch = Batch(db, behind=True)
    first = batch.submit(add(1))
    await turns()
    threading.Timer(0.05, gate.opened.set).start()
    use(db)
    assert gate.opened.is_set()
    assert await first == 1


async def test_settle_tells_at_once_what_became_of_the_commit_under_way(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    first = batch.submit(add(1))
    await turns()
    threading.Timer(0.05, gate.opened.set).start()
    batch.settle()
    assert first.done()
    assert first.result() == 1
    await turns()


async def test_who_is_cancelled_before_the_commit_withdraws_and_afterwards_does_not(db: Db, gate: Gate) -> None:
    batch = Batch(db, behind=True)
    first = batch.submit(add(1))
    await turns()
    second, third = batch.submit(add(2)), batch.submit(add(3), in_any_case=True)
    for one in (first, second, third):
        one.cancel()
    gate.opened.set()
    batch.flush()
    assert [row["at_ms"] for row in db.all("select at_ms from metric_feed order by 1")] == [1, 3]


async def test_a_store_that_is_closed_finishes_its_commit_first(db: Db) -> None:
    _, done = db.write_behind(add(1))
    db.close()
    assert done.done()
    assert done.exception() is None


def test_a_work_that_raises_leaves_nothing_and_the_store_usable(db: Db) -> None:
    with pytest.raises(KeyError):
        db.write_behind(broken)
    _, done = db.write_behind(add(1))
    done.result(30)
    assert db.scalar(COUNT) == 1


async def time_passes(clock: ManualClock) -> None:
    """Beside a real loop, which a thread can wake."""
    while True:
        clock.advance(0.01)
        await asyncio.sleep(0.001)


async def test_a_worker_told_to_end_at_once_puts_back_what_was_being_claimed(
    db: Db, gate: Gate, clock: ManualClock, run_dir: Path, add: Add, owner: Owner
) -> None:
    messages = [add(f"text {number}", f"38044123{number:04d}") for number in range(3)]
    remote = Remote(clock=clock)
    worker = Yard(db=db, clock=clock, run_dir=run_dir, remote=remote).worker(owner, commits_behind=True)
    passing, running = asyncio.create_task(time_passes(clock)), asyncio.create_task(worker.run())
    while not gate.reached.is_set() and not running.done():
        await asyncio.sleep(0.001)
    worker.stop()
    worker.stop()
    threading.Timer(0.05, gate.opened.set).start()
    await running
    passing.cancel()
    assert remote.sends() == []
    assert [get(db, message.id).state for message in messages] == [State.QUEUED] * 3
    assert {get(db, message.id).cause for message in messages} == {"shutdown"}


async def test_a_worker_that_commits_behind_sends_everything_once(
    db: Db, clock: ManualClock, run_dir: Path, add: Add, owner: Owner
) -> None:
    messages = [add(f"text {number}", f"38044123{number % 40:04d}") for number in range(120)]
    remote = Remote(clock=clock, latency=lambda post: 0.0)
    worker = Yard(db=db, clock=clock, run_dir=run_dir, remote=remote).worker(owner, commits_behind=True)
    passing = asyncio.create_task(time_passes(clock))
    assert await worker.run(drain=True)
    passing.cancel()
    assert {get(db, message.id).state for message in messages} == {State.ACCEPTED}
    assert sorted(post.text for post in remote.sends()) == sorted(f"text {number}" for number in range(120))
    assert remote.overlaps == []
