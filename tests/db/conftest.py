from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "greenbot.db"


@pytest.fixture
def db(path: Path) -> Iterator[Db]:
    store = connect(path, clock=SystemClock())
    yield store
    store.close()
