"""A real store in a folder of its own, a clock that stands still until it is moved, and chance that can be foreseen."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from tests.resilience.stores import open_store


@pytest.fixture
def clock() -> ManualClock:
    """Some time after the boot, so that nothing holds only because the clock shows 0."""
    clock = ManualClock()
    clock.advance(1_000)
    return clock


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock) -> Iterator[Db]:
    store = open_store(tmp_path / "greenbot.db", clock)
    yield store
    store.close()


@pytest.fixture
def rng() -> Random:
    return Random(7)
