"""A real store and a clock that is moved by hand."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from greenbot.alerts.stage import Stage, stage
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect

#: A Sunday at noon: a whole hour, and an instant at which alerts are looked at.
NOON_MS = 1_795_348_800_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON_MS)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was made and closed: a copy of it is made faster than another one."""
    path = tmp_path_factory.mktemp("migrated") / "greenbot.db"
    connect(path, clock=ManualClock(NOON_MS)).close()
    return path


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock, migrated: Path) -> Iterator[Db]:
    copy(migrated, tmp_path / "greenbot.db")
    store = connect(tmp_path / "greenbot.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def by(clock: ManualClock) -> Operator:
    return Operator(name="olena", clock=clock)


@pytest.fixture(scope="session")
def theatre() -> Iterator[Stage]:
    with stage() as opened:
        yield opened
