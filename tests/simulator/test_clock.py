"""Virtual time runs timers in order; real time can be compressed."""

from __future__ import annotations

import asyncio
import time

import pytest

from greenbot.simulator.clock import SimClock


async def test_virtual_time_stands_still_until_it_is_advanced(clock: SimClock) -> None:
    before = clock.now()
    await asyncio.sleep(0.01)
    assert clock.now() == before
    await clock.advance(86_400)
    assert clock.now() == before + 86_400


async def test_timers_run_in_due_order_and_see_their_own_moment(clock: SimClock) -> None:
    start, seen = clock.now(), []
    for delay in (3, 1, 2):
        clock.call_later(delay, lambda delay=delay: seen.append((delay, clock.now() - start)))  # type: ignore[misc]  # default argument binds the loop variable
    await clock.advance(10)
    assert seen == [(1, 1), (2, 2), (3, 3)]


async def test_follow_up_timers_of_sleeping_tasks_fire_inside_the_same_advance(clock: SimClock) -> None:
    start, wakes = clock.now(), []

    async def sleeper() -> None:
        for _ in range(3):
            await clock.sleep(20)
            wakes.append(clock.now() - start)

    task = asyncio.create_task(sleeper())
    await clock.advance(60)
    assert wakes == [20, 40, 60]
    assert task.done()


async def test_an_advance_stops_short_of_what_is_due_later(clock: SimClock) -> None:
    fired = []
    clock.call_later(5, lambda: fired.append("late"))
    await clock.advance(4.999)
    assert fired == []
    await clock.advance(0.001)
    assert fired == ["late"]


async def test_a_cancelled_timer_and_a_cancelled_sleep_leave_nothing_behind(clock: SimClock) -> None:
    fired = []
    clock.call_later(1, lambda: fired.append("no")).cancel()
    task = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(2)
    assert fired == []
    assert task.cancelled()


async def test_a_real_clock_cannot_be_advanced() -> None:
    with pytest.raises(RuntimeError, match="virtual"):
        await SimClock().advance(1)


async def test_a_compressed_clock_passes_an_hour_in_a_moment() -> None:
    clock = SimClock(start=0, speed=360_000)
    began = time.monotonic()
    await clock.sleep(3600)
    assert clock.now() >= 3600
    assert time.monotonic() - began < 60


async def test_changing_the_speed_does_not_jump_the_time() -> None:
    clock = SimClock(start=1000, speed=1)
    clock.speed = 1_000_000
    before = clock.now()
    clock.speed = 1
    assert clock.now() >= before >= 1000
