"""What is over and old goes by itself, once a day, in small steps."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from greenbot.clock import ManualClock
from greenbot.inbox.process import Processor
from greenbot.outbox.states import State
from greenbot.outbox.table import enqueue
from greenbot.serving.retention import DailyRetention
from tests.hooks.conftest import OK, House, Receiver, by, clock, db, house, owner
from tests.outbox.acting import bring
from tests.outbox.conftest import new_text

if TYPE_CHECKING:
    from greenbot.config.settings import Settings

__all__ = ["by", "clock", "db", "house", "owner"]
DAY = 86_400


@dataclass
class Hotel:
    """A store with something of everything in it."""

    house: House
    days: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(inbox_keep_days=30, outbox_keep_days=30))

    def part(self, owner_id: str = "me") -> DailyRetention:
        settings = cast("Settings", self.days)
        return DailyRetention(
            self.house.db, owner=owner_id, clock=self.house.clock, settings_now=lambda: settings, pause_seconds=0
        )

    async def work(self) -> None:
        """Everything that arrived is processed, delivered to a hook, and answered."""
        processor = Processor(
            self.house.db,
            owner="me",
            is_alive=lambda name: name == "me",
            clock=self.house.clock,
            rng=random.Random(1),
            effects=[],
            on_news=lambda instance, words: None,
        )
        await processor.run(drain=True)
        await self.house.dispatcher(Receiver(answer=OK)).once()
        number = self.house.arrivals
        message = enqueue(self.house.db, new_text(f"answer {number}", f"3804400{number:05d}"), self.house.clock)
        bring(self.house.db, message, State.DELIVERED, self.house.clock)

    def left(self) -> dict[str, int]:
        tables = ("events", "hook_deliveries", "messages")
        return {table: cast("int", self.house.db.scalar(f"select count(*) from {table}")) for table in tables}


@pytest.fixture
def hotel(house: House) -> Hotel:
    house.add()
    return Hotel(house)


async def test_what_is_old_goes_and_what_is_young_or_open_stays(hotel: Hotel, clock: ManualClock) -> None:
    for _ in range(3):
        hotel.house.text()
    await hotel.work()
    hotel.house.text("nobody processes this")
    clock.advance(31 * DAY)
    hotel.house.text("young")
    assert hotel.left() == {"events": 5, "hook_deliveries": 5, "messages": 1}
    assert await hotel.part().once() == 3 + 3 + 1
    assert hotel.left() == {"events": 2, "hook_deliveries": 2, "messages": 0}
    audited = {row["action"] for row in hotel.house.db.all("select action from audit where actor = 'retention'")}
    assert audited == {"events.purge", "outbox.purge"}


@pytest.mark.parametrize(
    "inbox_days, outbox_days, left",
    [
        (30, 30, {"events": 1, "hook_deliveries": 1, "messages": 1}),
        (8, 30, {"events": 0, "hook_deliveries": 0, "messages": 1}),
        (30, 7, {"events": 1, "hook_deliveries": 1, "messages": 0}),
    ],
)
async def test_the_settings_say_for_how_many_days(
    hotel: Hotel, clock: ManualClock, inbox_days: int, outbox_days: int, left: dict[str, int]
) -> None:
    hotel.house.text()
    await hotel.work()
    hotel.days = SimpleNamespace(inbox_keep_days=inbox_days, outbox_keep_days=outbox_days)
    clock.advance(10 * DAY)
    await hotel.part().once()
    assert hotel.left() == left


async def test_alerts_and_what_was_told_of_them_are_forgotten_after_three_months(
    hotel: Hotel, clock: ManualClock
) -> None:
    db, then = hotel.house.db, clock.now_ms()
    with db.write() as tx:
        tx.run(
            "insert into alert_log (at_ms, rule, instance, rule_version, from_state, to_state, reason, severity)"
            " values (:at, 'r', 'kyiv', 1, 'pending', 'firing', 'value', 'high')",
            at=then,
        )
        tx.run(
            "insert into notices (key, at_ms, rule, instance, kind, severity, state, is_open, state_at_ms)"
            " values ('k', :at, 'r', 'kyiv', 'firing', 'high', 'told', 0, :at)",
            at=then,
        )
    clock.advance(89 * DAY)
    assert await hotel.part().once() == 0
    clock.advance(2 * DAY)
    assert await hotel.part().once() == 2


async def test_it_happens_once_a_day_whoever_does_it(hotel: Hotel, clock: ManualClock) -> None:
    assert await hotel.part().once() == 0
    hotel.house.text()
    await hotel.work()
    clock.advance(DAY - 1)
    assert await hotel.part("other").once() is None
    clock.advance(31 * DAY)
    assert await hotel.part("other").once() == 3


async def test_while_another_process_is_at_it_this_one_keeps_away(hotel: Hotel, clock: ManualClock) -> None:
    other = hotel.part("other")
    assert other._hold()
    assert await hotel.part().once() is None
    clock.advance(3600)
    assert await hotel.part().once() == 0


async def test_many_go_in_small_steps_and_stopping_ends_after_one_of_them(hotel: Hotel, clock: ManualClock) -> None:
    for number in range(600):
        hotel.house.text(chat=f"3804400{number:05d}@c.us")
    await hotel.work()
    clock.advance(31 * DAY)
    part = hotel.part()
    part.stop()
    assert await part.once() == 500
    # It was not finished, so it is due at once.
    assert await hotel.part().once() == 100 + 600 + 1


async def test_a_clock_that_was_set_back_does_not_put_it_off(hotel: Hotel, clock: ManualClock) -> None:
    clock.advance(100 * DAY)
    assert await hotel.part().once() == 0
    hotel.house.clock = ManualClock(clock.now_ms() - 50 * DAY * 1000)
    assert await hotel.part().once() == 0


async def test_run_looks_until_it_is_stopped(hotel: Hotel, tmp_path: Path) -> None:
    import asyncio

    part = hotel.part()
    running = asyncio.create_task(part.run())
    while not part._duty.done_at_ms(hotel.house.db):
        await asyncio.sleep(0)
    part.stop()
    await asyncio.wait_for(running, 10)
