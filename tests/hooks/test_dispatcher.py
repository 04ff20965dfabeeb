"""Deliveries: nothing lost, in order for each chat, one dead target blocks nobody."""

import asyncio
import random
from pathlib import Path

import pytest

from greenbot.hooks import claims, queue, retention, table
from greenbot.hooks.claims import Attempted
from greenbot.hooks.hook import Wanted
from greenbot.hooks.job import Job
from greenbot.outbox.owner import Owner
from tests.hooks.conftest import DOWN, GUEST, OK, OTHER, House, Receiver


async def test_events_arrive_once_and_in_order(house: House) -> None:
    house.add()
    for chat in (GUEST, OTHER, GUEST, GUEST, OTHER):
        house.text(chat=chat)
    there = Receiver()
    assert await house.dispatcher(there).once() == 5
    assert [job.event.chat_id for job in there.taken].count(GUEST) == 3
    assert [text for text, job in zip(there.texts, there.taken, strict=True) if job.event.chat_id == GUEST] == [
        "text 1",
        "text 3",
        "text 4",
    ]
    assert house.states() == {"done": 5}
    assert await house.dispatcher(there).once() == 0


async def test_a_target_that_is_down_for_an_hour_gets_everything_in_order(house: House) -> None:
    house.add()
    there = Receiver(answer=DOWN)
    dispatcher = house.dispatcher(there)
    for minute in range(60):
        for chat in (GUEST, OTHER):
            house.text(f"{chat} {minute}", chat=chat)
        await dispatcher.once()
        house.clock.advance(60)
    assert there.taken == []
    assert len(there.asked) < 60, "a target that is down is given rests"
    there.answer = OK
    for _ in range(60):
        await dispatcher.once()
        house.clock.advance(60)
    for chat in (GUEST, OTHER):
        assert [text for text in there.texts if text.startswith(chat)] == [f"{chat} {minute}" for minute in range(60)]
    assert house.states() == {"done": 120}


async def test_after_a_rest_everything_that_waits_is_tried_at_once(house: House) -> None:
    house.add()
    there = Receiver(answer=DOWN)
    dispatcher = house.dispatcher(there)
    for number in range(8):
        house.text(chat=f"38044000000{number}@c.us")
    for _ in range(40):
        await dispatcher.once()
        house.clock.advance(60)
    there.answer = OK
    house.text(chat="380990000000@c.us")
    house.clock.advance(600)
    await dispatcher.once()
    assert house.states() == {"done": 9}, "one success calls all the others, whose own time is hours away"


async def test_one_dead_target_does_not_delay_another(house: House) -> None:
    house.add("dead", target=("https://dead.example.com/",), concurrency=1)
    house.add("alive", target=("https://alive.example.com/",))
    never = asyncio.Event()
    alive = Receiver()

    async def carry(job: Job) -> Attempted:
        if job.rule.name == "dead":
            await never.wait()
        return await alive(job)

    for _ in range(20):
        house.text()
    dispatcher = house.dispatcher(carry)
    running = asyncio.create_task(dispatcher.run())
    while house.states("alive") != {"done": 20}:
        await asyncio.sleep(0.01)
    assert house.states("dead") == {"queued": 19, "sending": 1}
    running.cancel()
    never.set()
    await asyncio.gather(running, return_exceptions=True)


async def test_no_more_are_under_way_than_the_hook_may_have(house: House) -> None:
    house.add(concurrency=3)
    for number in range(12):
        house.text(chat=f"3804400000{number:02}@c.us")
    now, most = 0, 0

    async def carry(job: Job) -> Attempted:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return OK

    await house.dispatcher(carry).once()
    assert most == 3
    assert house.states() == {"done": 12}


async def test_after_its_schedule_a_delivery_is_dead_and_the_next_one_goes_on(house: House) -> None:
    house.add()
    house.text("first")
    there = Receiver(answer=DOWN)
    dispatcher = house.dispatcher(there)
    spent = 0.0
    while house.states() != {"dead": 1}:
        await dispatcher.once()
        house.clock.advance(300)
        spent += 300
    assert there.asked[-1].attempt == 10
    assert len(there.asked) < 600, "between its own attempts one delivery is tried to see whether the target is back"
    assert 2.5 < spent / 86400 < 4
    there.answer = OK
    house.text("second")
    house.clock.advance(3600)
    await dispatcher.once()
    assert there.texts == ["second"]
    assert house.states() == {"dead": 1, "done": 1}


async def test_an_event_that_is_refused_as_such_holds_up_its_chat_for_minutes_not_days(house: House) -> None:
    house.add()
    house.text("poison")
    house.text("good")
    there = Receiver()

    async def carry(job: Job) -> Attempted:
        refused = Attempted(outcome="refused", words="status 422", status=422)
        return refused if b"poison" in job.body else await there(job)

    dispatcher = house.dispatcher(carry)
    for _ in range(60):
        await dispatcher.once()
        house.clock.advance(60)
    assert there.texts == ["good"]
    assert house.states() == {"dead": 1, "done": 1}


async def test_a_receiver_that_says_when_is_asked_no_sooner(house: House) -> None:
    house.add()
    house.text()
    there = Receiver(answer=Attempted(outcome="busy", words="status 429", status=429, retry_after_seconds=3000))
    dispatcher = house.dispatcher(there)
    await dispatcher.once()
    there.answer = OK
    house.clock.advance(2900)
    assert await dispatcher.once() == 0
    house.clock.advance(101)
    assert await dispatcher.once() == 1


async def test_410_switches_the_hook_off_and_keeps_what_waits(house: House) -> None:
    house.add()
    house.text()
    await house.dispatcher(Receiver(answer=Attempted(outcome="gone", words="status 410", status=410))).once()
    hook = table.get(house.db, "crm")
    assert not hook.is_enabled
    assert "410" in (hook.disabled_reason or "")
    assert house.states() == {"queued": 1}


async def test_a_disabled_hook_is_left_alone(house: House) -> None:
    house.add()
    house.text()
    table.switch(house.db, "crm", house.by, enabled=False)
    house.text()
    there = Receiver()
    assert await house.dispatcher(there).once() == 0
    table.switch(house.db, "crm", house.by, enabled=True)
    await house.dispatcher(there).once()
    assert there.texts == ["text 1"], "what came while it was off was not for it"


async def test_two_processes_never_carry_the_same_delivery_at_once(house: House, tmp_path: Path) -> None:
    house.add(concurrency=50)
    for number in range(30):
        house.text(chat=f"3804400000{number:02}@c.us")
    there = Receiver()

    async def slow(job: Job) -> Attempted:
        await asyncio.sleep(0.001)
        return await there(job)

    with Owner(tmp_path / "run", owner_id="other") as other:
        await asyncio.gather(house.dispatcher(slow).once(), house.dispatcher(slow, owner=other).once())
    assert len(there.taken) == 30
    assert house.states() == {"done": 30}


async def test_what_a_dead_process_carried_is_repeated_with_the_same_id(house: House, tmp_path: Path) -> None:
    house.add()
    house.text()
    gone = Owner(tmp_path / "run", owner_id="gone")
    (held,) = claims.claim(house.db, lambda hook: True, owner=gone.id, clock=house.clock, most=9)
    there = Receiver()
    assert await house.dispatcher(there).once() == 0, "its owner lives"
    gone.close()
    await house.dispatcher(there).once()
    house.clock.advance(10)
    await house.dispatcher(there).once()
    assert [job.webhook_id for job in there.taken] == [held.webhook_id]
    assert [job.attempt for job in there.taken] == [2]
    late = claims.finish(house.db, held, OK, clock=house.clock, rng=random.Random(1))
    assert late is None, "its epoch is over"
    assert house.attempts() == [(None, None), ("ok", 200)]


async def test_an_attempt_that_outlives_its_lease_is_taken_over(house: House, tmp_path: Path) -> None:
    house.add(timeout_ms=1000)
    house.text()
    there = Receiver()
    with Owner(tmp_path / "run", owner_id="frozen") as frozen:
        claims.claim(house.db, lambda hook: True, owner=frozen.id, clock=house.clock, most=9)
        house.clock.advance(32)
        await house.dispatcher(there).once()
        house.clock.advance(10)
        await house.dispatcher(there).once()
    assert len(there.taken) == 1


async def test_what_was_given_up_is_replayed_with_the_same_id(house: House) -> None:
    hook = house.add()
    first, second = house.text("one"), house.text("two")
    house.text("three", chat=OTHER)
    there = Receiver(answer=Attempted(outcome="refused", words="status 400", status=400))
    dispatcher = house.dispatcher(there)
    for _ in range(100):
        await dispatcher.once()
        house.clock.advance(60)
    assert house.states() == {"dead": 3}
    ids = {job.webhook_id for job in there.asked}
    there.answer = OK
    assert queue.dead_events(house.db, hook)[:2] == [first, second]
    done = queue.replay(house.db, hook, [second, first, 999], clock=house.clock, only_failed=True)
    assert (done.again, done.new, done.left) == (2, 0, 1)
    await dispatcher.once()
    assert there.texts == ["one", "two"]
    assert {job.webhook_id for job in there.taken} < ids
    assert queue.replay(house.db, hook, [first], clock=house.clock, only_failed=True).left == 1
    assert queue.replay(house.db, hook, [first], clock=house.clock).again == 1
    await dispatcher.once()
    assert there.texts == ["one", "two", "one"]


async def test_events_from_before_the_hook_can_be_replayed_as_far_as_it_wants_them(house: House) -> None:
    early, unwanted = house.text("early"), house.text("unwanted", instance="odesa")
    hook = house.add(wanted=Wanted(instances="ky*"))
    assert queue.replay(house.db, hook, [early, unwanted], clock=house.clock).new == 1
    there = Receiver()
    await house.dispatcher(there).once()
    assert there.texts == ["early"]


async def test_an_event_that_was_purged_ends_its_delivery(house: House) -> None:
    house.add()
    event = house.text()
    house.text("next")
    with house.db.write() as tx:
        tx.run("delete from events where id = :id", id=event)
    there = Receiver()
    await house.dispatcher(there).once()
    assert there.texts == ["next"]
    assert house.states() == {"dead": 1, "done": 1}


async def test_deliveries_are_forgotten_by_age(house: House) -> None:
    house.add()
    house.text()
    await house.dispatcher(Receiver()).once()
    assert retention.prune(house.db, before_ms=house.clock.now_ms()) == 0
    assert retention.prune(house.db, before_ms=house.clock.now_ms() + 1) == 1
    assert house.attempts() == []


async def test_an_event_and_its_deliveries_are_one_transaction(house: House) -> None:
    house.add()
    event_id = house.text()
    with pytest.raises(RuntimeError), house.db.write() as tx:
        tx.run("delete from hook_deliveries")
        queue.enqueue(tx, house.event(event_id), await _parsed(house, event_id))
        raise RuntimeError
    assert house.states() == {"queued": 1}


async def _parsed(house: House, event_id: int):  # type: ignore[no-untyped-def]  # what parse returns
    from greenbot.messages.incoming.parse import parse

    return parse(house.event(event_id).raw)


async def test_what_is_under_way_arrives_before_the_end(house: House) -> None:
    house.add()
    house.text()
    there = Receiver()
    may_answer = asyncio.Event()

    async def slow(job: Job) -> Attempted:
        await may_answer.wait()
        return await there(job)

    dispatcher = house.dispatcher(slow)
    running = asyncio.create_task(dispatcher.run())
    while house.states() != {"sending": 1}:
        await asyncio.sleep(0.005)
    dispatcher.stop()
    await asyncio.sleep(0)
    may_answer.set()
    await running
    assert house.states() == {"done": 1}
