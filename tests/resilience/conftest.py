"""A real store in a folder of its own, a clock that stands still until it is moved, and chance that can be foreseen."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.resilience.line_files import LineFiles
from greenbot.resilience.lines import Lines
from greenbot.resilience.store_lines import StoreLines
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


@pytest.fixture(params=["store", "files"])
def lines(request: pytest.FixtureRequest, db: Db, clock: ManualClock, tmp_path: Path) -> Iterator[Lines]:
    """Both places where lines can be kept: they have to behave alike."""
    if request.param == "store":
        yield StoreLines(db)
        return
    files = LineFiles(tmp_path / "limits", clock)
    yield files
    files.close()
