"""The sign of life: given each minute, and only while alerts are really looked at."""

import pytest

from greenbot.alerts.evaluator import Evaluator
from greenbot.alerts.heartbeat import Heartbeat
from greenbot.errors import UnsafePermissions
from greenbot.redact import Secret

from .conftest import House, Server


def made(house: House, url: str | None, owner: str = "me") -> Heartbeat:
    secret = None if url is None else Secret(url)
    return Heartbeat(
        house.db, clock=house.clock, owner=owner, url=lambda: secret, policy=house.reach.policy,
        on_news=lambda who, words: house.news.append((who, words)),
    )  # fmt: skip


@pytest.fixture
def evaluator(house: House) -> Evaluator:
    return Evaluator(house.db, clock=house.clock, owner="evaluator-of-this-test")


async def test_it_follows_full_looks_once_a_minute(house: House, server: Server, evaluator: Evaluator) -> None:
    heart = made(house, server.url)
    assert not await heart.turn(), "nobody has looked yet"
    beats = 0
    for _ in range(20):
        house.clock.advance(15)
        evaluator.turn()
        beats += await heart.turn()
    assert beats == len(server.asked) == 5
    for _ in range(20):
        house.clock.advance(15)
        beats += await heart.turn()
    assert beats == 6, "one for the last look; then the service runs, but nobody looks any more: silence"


async def test_of_two_processes_one_gives_it(house: House, server: Server, evaluator: Evaluator) -> None:
    first, second = made(house, server.url, "first"), made(house, server.url, "second")
    for _ in range(8):
        house.clock.advance(15)
        evaluator.turn()
        await first.turn()
        await second.turn()
    assert len(server.asked) == 2


async def test_trouble_is_said_once_and_does_not_name_the_address(
    house: House, server: Server, evaluator: Evaluator
) -> None:
    heart = made(house, server.url)
    server.status = 500
    for _ in range(6):
        house.clock.advance(15)
        evaluator.turn()
        assert not await heart.turn()
    assert house.news == [("heartbeat", "the sign of life did not arrive: status 500")]
    server.status = 200
    assert await heart.turn()


async def test_without_an_address_nothing_is_called_and_nothing_written(house: House, evaluator: Evaluator) -> None:
    house.clock.advance(15)
    evaluator.turn()
    assert not await made(house, None).turn()
    assert house.db.one("select * from duties where name = 'heartbeat'") is None


async def test_an_address_that_cannot_be_read_is_said(house: House, evaluator: Evaluator) -> None:
    def unsafe() -> Secret:
        raise UnsafePermissions("Others can read the secret file.")

    heart = Heartbeat(
        house.db, clock=house.clock, owner="me", url=unsafe, policy=house.reach.policy,
        on_news=lambda who, words: house.news.append((who, words)),
    )  # fmt: skip
    evaluator.turn()
    assert not await heart.turn()
    assert house.news == [("heartbeat", "the sign of life did not arrive: Others can read the secret file.")]
