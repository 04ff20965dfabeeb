"""Many numbers at a time: never more than allowed, each in its place, and one real error instead of a bundle."""

import asyncio

import pytest

from greenbot.account_settings.fleet import side_by_side
from greenbot.errors import StoreFull


def test_results_keep_their_order_and_never_too_many_work_at_once() -> None:
    working, most_seen = 0, 0

    async def work(number: int) -> int:
        nonlocal working, most_seen
        working += 1
        most_seen = max(most_seen, working)
        for _ in range(10 - number):
            await asyncio.sleep(0)
        working -= 1
        return number * 2

    assert asyncio.run(side_by_side(range(10), work, most=3)) == [number * 2 for number in range(10)]
    assert most_seen == 3


def test_what_one_raises_is_raised_as_it_is() -> None:
    async def work(number: int) -> int:
        if number == 2:
            raise StoreFull
        await asyncio.sleep(60)
        return number

    with pytest.raises(StoreFull):
        asyncio.run(side_by_side(range(5), work, most=5))
