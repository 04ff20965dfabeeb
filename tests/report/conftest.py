"""A real store with a clock that stands still until it is moved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.db.connect import Db, connect
from tests.metrics.counting import NOW_S, StandingClock


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    store = connect(tmp_path / "greenbot.db", clock=StandingClock(seconds=NOW_S))
    yield store
    store.close()
