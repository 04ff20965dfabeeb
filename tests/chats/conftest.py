"""A store, a clock that stands still, and a hotel that hears events."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from tests.chats.hotel import NOW_MS, Hotel


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def by(clock: ManualClock) -> Operator:
    return Operator(name="olena", clock=clock)


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock) -> Iterator[Db]:
    store = connect(tmp_path / "state" / "greenbot.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def hotel(db: Db, clock: ManualClock) -> Hotel:
    return Hotel(db=db, clock=clock)
