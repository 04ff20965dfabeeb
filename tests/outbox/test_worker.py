"""What the worker promises, in virtual time: order, turns, limits of the remote queue, and an orderly end."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.outbox.history import log_of
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.states import State
from greenbot.outbox.table import get
from greenbot.outbox.worker import Pace
from tests.outbox.conftest import Add
from tests.outbox.virtual import LIFTED, LOST, Remote, Yard, in_virtual_time

GUESTS = [f"38044123{number:04d}" for number in range(40)]


@pytest.fixture
def remote(clock: ManualClock) -> Remote:
    return Remote(clock=clock)


@pytest.fixture
def yard(db: Db, clock: ManualClock, run_dir: Path, remote: Remote) -> Yard:
    return Yard(db=db, clock=clock, run_dir=run_dir, remote=remote)


@pytest.fixture
def second_owner(run_dir: Path) -> Iterator[Owner]:
    with Owner(run_dir, owner_id="other") as other:
        yield other


def states(db: Db) -> dict[str, int]:
    return {row["state"]: row["n"] for row in db.all("select state, count(*) as n from messages group by state")}


def test_every_message_is_sent_once_and_each_chat_in_the_order_of_acceptance(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    chance = random.Random(1)
    wanted: dict[str, list[str]] = {}
    for number in range(400):
        guest = chance.choice(GUESTS)
        add(f"text {number}", guest)
        wanted.setdefault(f"{guest}@c.us", []).append(f"text {number}")
    remote.latency = lambda post: chance.uniform(0.01, 2)

    assert yard.drain(owner)

    found: dict[str, list[str]] = {}
    for post in remote.executed:
        found.setdefault(post.chat_id, []).append(post.text)
    assert found == wanted
    assert remote.overlaps == []
    assert states(yard.db) == {"accepted": 400}


def test_several_workers_share_the_queue_without_sending_anything_twice(
    yard: Yard, add: Add, owner: Owner, second_owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    for number in range(300):
        add(f"text {number}", GUESTS[number % 40])
    other_db = connect(yard.db.path, clock=clock)

    async def both() -> list[bool]:
        workers = [
            yard.worker(owner, pace=Pace(most_in_flight=10)),
            yard.worker(second_owner, db=other_db, pace=Pace(most_in_flight=10), seed=8),
        ]
        return await asyncio.gather(*(worker.run(drain=True) for worker in workers))

    assert in_virtual_time(clock, both()) == [True, True]
    other_db.close()
    assert Counter(post.text for post in remote.executed).most_common(1)[0][1] == 1
    assert len(remote.executed) == 300
    assert remote.overlaps == []
    claimed_by = Counter(
        row["actor"] for row in yard.db.all("select actor from message_log where to_state = 'sending'")
    )
    assert min(claimed_by["me"], claimed_by["other"]) > 50


def test_what_is_urgent_leaves_first_but_no_message_overtakes_another_of_its_chat(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    yard.limits = LaneLimits(second_rate=1)
    add("bulk", GUESTS[0], priority="bulk")
    add("bulk before high", GUESTS[1], priority="bulk")
    add("normal", GUESTS[2])
    add("high behind bulk", GUESTS[1], priority="high")
    add("high", GUESTS[3], priority="high")
    assert yard.drain(owner)
    sent = [post.text for post in remote.executed]
    assert sent == ["high", "normal", "bulk", "bulk before high", "high behind bulk"]


def test_an_instance_with_a_long_queue_leaves_the_others_their_share(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    for number in range(300):
        add(f"long {number}", f"38050{number:07d}", instance="kyiv")
    for number in range(20):
        add(f"short {number}", f"38050{number:07d}", instance="odesa")
    remote.latency = lambda post: 1.0

    async def work() -> None:
        worker = yard.worker(owner, pace=Pace(most_in_flight=10))
        await worker.run(drain=True)

    in_virtual_time(yard.clock, work())
    order = [post.instance for post in remote.executed]
    assert len(order) == 320
    # Half of the connections are theirs: 20 messages at 5 a second are through after about 40 of all.
    assert order.index("odesa") < 20
    assert len(order) - order[::-1].index("odesa") <= 60


def test_a_message_leaves_at_its_time_and_one_whose_time_is_over_never(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    now = clock.now_ms()
    later = add("later", GUESTS[0], scheduled_at_ms=now + 600_000)
    add("at once", GUESTS[0])
    late = add("too late", GUESTS[1], scheduled_at_ms=now + 700_000, expires_at_ms=now + 650_000)
    held = add("held", GUESTS[2], held_reason="until the manager agrees")
    yard.work(owner, seconds=900)
    assert [(post.text, (post.at_ms - now) // 1000) for post in remote.executed] == [("at once", 0), ("later", 600)]
    assert get(yard.db, later.id).state is State.ACCEPTED
    assert get(yard.db, late.id).state is State.EXPIRED
    assert get(yard.db, held.id).state is State.QUEUED


def test_a_message_in_doubt_blocks_its_chat_and_no_other(yard: Yard, add: Add, owner: Owner, remote: Remote) -> None:
    remote.weather = lambda post: LOST if post.text == "lost" else None
    lost = add("lost", GUESTS[0])
    behind = add("behind", GUESTS[0])
    beside = add("beside", GUESTS[1])
    yard.work(owner, seconds=600)
    assert [get(yard.db, message.id).state for message in (lost, behind, beside)] == [
        State.UNCERTAIN,
        State.QUEUED,
        State.ACCEPTED,
    ]
    assert len(remote.sends()) == 2


def test_greenbot_keeps_the_backlog_and_green_api_gets_five_at_a_time(
    yard: Yard, add: Add, owner: Owner, remote: Remote
) -> None:
    yard.limits = LaneLimits(minute_count=3000, second_rate=50)
    stuck = [object()] * 4
    remote.queue = lambda: list(stuck)
    for number in range(30):
        add(f"text {number}", f"38050{number:07d}")
    yard.work(owner, seconds=60)
    assert len(remote.executed) == 5
    # Their queue moves: one at a time there is room again.
    stuck.clear()
    assert yard.drain(owner)
    assert len(remote.executed) == 30
    looks = sum(post.method == "showMessagesQueue" for post in remote.posts)
    assert looks < 120


def test_confirmed_messages_need_no_look_into_the_remote_queue(
    yard: Yard, add: Add, owner: Owner, remote: Remote, db: Db
) -> None:
    yard.limits = LaneLimits(minute_count=3000, second_rate=50)

    async def confirm() -> None:
        with db.write() as tx:
            tx.run("update messages set delivery = 'sent', delivery_at_ms = 1 where state = 'accepted'")

    for number in range(30):
        add(f"text {number}", f"38050{number:07d}")

    async def work() -> bool:
        return await yard.worker(owner, pace=Pace(reconcile_seconds=0.1), reconcile=confirm).run(drain=True)

    assert in_virtual_time(yard.clock, work())
    assert len(remote.executed) == 30
    assert sum(post.method == "showMessagesQueue" for post in remote.posts) <= 6


def test_limits_hold_in_every_window(yard: Yard, add: Add, owner: Owner, remote: Remote) -> None:
    yard.limits = LaneLimits(minute_count=20, second_rate=2, most_unconfirmed=None)
    for number in range(50):
        add(f"text {number}", f"38050{number:07d}")
    assert yard.drain(owner)
    moments = [post.at_ms for post in remote.executed]
    assert len(moments) == 50
    assert all(later - first >= 1000 for first, later in zip(moments, moments[2:], strict=False))
    assert all(later - first >= 60_000 for first, later in zip(moments, moments[20:], strict=False))
    assert moments[-1] - moments[0] < 130_000


def test_a_worker_that_is_told_to_stop_lets_arrive_what_is_on_its_way(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    for guest in GUESTS[:3]:
        add("slow", guest)
        add("not begun", guest)
    remote.latency = lambda post: 10 if post.text else 0.01
    begun = clock.monotonic()
    yard.work(owner, seconds=2)
    assert states(yard.db) == {"accepted": 3, "queued": 3}
    assert 9 < clock.monotonic() - begun < 12


def test_what_does_not_arrive_in_time_is_written_down_as_unknown(
    yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    message = add("very slow", GUESTS[0])
    remote.latency = lambda post: 300 if post.text else 0.01
    begun = clock.monotonic()
    yard.work(owner, seconds=2)
    assert clock.monotonic() - begun == pytest.approx(22, abs=1)
    assert get(yard.db, message.id).state is State.UNCERTAIN
    assert log_of(yard.db, message.id)[-1].cause == "cancelled"


def test_a_second_word_ends_it_at_once(yard: Yard, add: Add, owner: Owner, remote: Remote, clock: ManualClock) -> None:
    message = add("very slow", GUESTS[0])
    remote.latency = lambda post: 300 if post.text else 0.01

    async def work() -> None:
        worker = yard.worker(owner)
        loop = asyncio.get_running_loop()
        loop.call_later(2, worker.stop)
        loop.call_later(3, worker.stop)
        await worker.run()

    begun = clock.monotonic()
    in_virtual_time(clock, work())
    assert clock.monotonic() - begun == pytest.approx(3, abs=0.5)
    assert get(yard.db, message.id).state is State.UNCERTAIN


def test_an_answer_that_comes_after_somebody_gave_the_message_up_still_counts(
    yard: Yard, add: Add, owner: Owner, remote: Remote, db: Db
) -> None:
    message = add("slow", GUESTS[0])
    remote.latency = lambda post: 200 if post.text else 0.01  # longer than the lease

    async def work() -> None:
        worker = yard.worker(owner)
        asyncio.get_running_loop().call_later(250, worker.stop)
        await worker.run()

    in_virtual_time(yard.clock, work())
    moves = [(line.to_state, line.reason) for line in log_of(db, message.id)][-2:]
    assert moves == [(State.UNCERTAIN, "lease_over"), (State.ACCEPTED, "late_response")]
    assert len(remote.executed) == 1


def test_new_messages_are_noticed_without_being_told(
    yard: Yard, owner: Owner, remote: Remote, clock: ManualClock
) -> None:
    shell = connect(yard.db.path, clock=clock)

    async def work() -> None:
        worker = yard.worker(owner)
        loop = asyncio.get_running_loop()
        loop.call_later(10, _accept, shell, clock)
        loop.call_later(20, worker.stop)
        await worker.run()

    in_virtual_time(clock, work())
    shell.close()
    assert [post.text for post in remote.executed] == ["from a shell"]


def _accept(db: Db, clock: ManualClock) -> None:
    from greenbot.outbox.table import enqueue
    from tests.outbox.conftest import new_text

    enqueue(db, new_text("from a shell"), clock)


def test_lifted_limits_are_really_lifted() -> None:
    assert LIFTED.scopes("kyiv", "sendMessage") == ()
