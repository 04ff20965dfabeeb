"""A disk that fails: nothing of this process uses or closes a store again, so the WAL keeps what the disk forgot.

That SQLite keeps a failed sync to itself, and what follows from it, was seen with a library that fails real ones; here
a connection says what SQLite says when it is asked.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db import connect as connecting
from greenbot.db import failstop
from greenbot.db.connect import CHECKPOINT_BYTES, CHECKPOINT_COMMITS, Db, connect
from greenbot.errors import StoreError
from tests.db.helpers import failing, run

FILL = "insert into calls (instance, method, started_at_ms, detail) values ('kyiv', 'sendMessage', 1, :detail)"
ROWS = 40


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What fails here is forgotten at the end, as it would be with the process."""
    monkeypatch.setattr(failstop, "_failures", [])
    yield


def fill(db: Db, rows: int, *, size: int = 2_000) -> None:
    for _ in range(rows):
        with db.write() as tx:
            tx.insert(FILL, detail="x" * size)


def wal_of(path: Path) -> int:
    wal = path.with_name(path.name + "-wal")
    return wal.stat().st_size if wal.exists() else 0


@pytest.mark.usefixtures("healthy")
def test_after_a_failed_sync_no_connection_of_the_process_goes_on(path: Path, db: Db) -> None:
    other = connect(path, clock=SystemClock())
    fill(db, 3)
    failing(db)
    with pytest.raises(StoreError, match="The disk failed"):
        db.checkpoint()
    assert failstop.disk_has_failed()
    for use in (lambda: other.scalar("select 1"), lambda: fill(other, 1), lambda: connect(path, clock=SystemClock())):
        with pytest.raises(StoreError, match="greenbot stopped here"):
            use()
    with pytest.raises(StoreError) as told:
        other.checkpoint()
    assert told.value.hint is not None
    assert "Stop every greenbot process" in told.value.hint


@pytest.mark.usefixtures("healthy")
def test_a_commit_learns_that_its_own_checkpoint_failed(path: Path, db: Db) -> None:
    failing(db)
    with pytest.raises(StoreError, match="The disk failed"):
        fill(db, CHECKPOINT_COMMITS)


@pytest.mark.parametrize("code", [5, 6, 13], ids=["busy", "locked", "full"])
def test_a_commit_that_is_safe_in_the_wal_is_not_refused_for_what_comes_after_it(path: Path, db: Db, code: int) -> None:
    failing(db, code)
    fill(db, 2 * CHECKPOINT_COMMITS)
    assert db.checkpoint() is None
    assert not failstop.disk_has_failed()
    assert db.scalar("select count(*) from calls") == 2 * CHECKPOINT_COMMITS


PROCESS = """
import sys
from contextlib import suppress
from pathlib import Path
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.entry import _leave_stores_open
from greenbot.errors import StoreError
from tests.db.helpers import failing, run
from tests.db.test_failstop import fill, ROWS

db, other = (connect(Path(sys.argv[1]), clock=SystemClock()) for _ in range(2))
fill(db, ROWS)
if sys.argv[2] == "fails":
    failing(db)
    with suppress(StoreError):
        db.checkpoint()
db.close()
other.close()
_leave_stores_open(7)
"""


@pytest.mark.parametrize(("disk", "code", "is_kept"), [("fails", 7, True), ("works", 0, False)])
def test_the_end_of_the_process_leaves_the_wal_where_the_disk_failed(
    path: Path, disk: str, code: int, is_kept: bool
) -> None:
    db = connect(path, clock=SystemClock())
    has_wal = db.scalar("pragma journal_mode") == "wal"  # elsewhere nothing is left behind either way
    db.close()
    done = run(PROCESS, path, disk)
    assert done.returncode == (code if has_wal else 0)
    assert (wal_of(path) > 0) is (is_kept and has_wal)
    db = connect(path, clock=SystemClock(), create=False)
    assert db.scalar("select count(*) from calls") == ROWS
    assert db.scalar("pragma integrity_check") == "ok"
    db.close()


def test_each_connection_keeps_the_wal_short(path: Path, db: Db) -> None:
    reader = connect(path, clock=SystemClock())
    fill(db, 20 * CHECKPOINT_COMMITS, size=8_000)
    # Each row is two pages and some of indexes.
    assert wal_of(path) < CHECKPOINT_BYTES + CHECKPOINT_COMMITS * 40_000
    fill(db, 12, size=1_000_000)
    assert wal_of(path) < 3 * CHECKPOINT_BYTES
    reader.close()


def test_short_lived_processes_beside_a_long_one_keep_it_short_together(
    path: Path, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = iter(range(10_000))
    monkeypatch.setattr(connecting, "getpid", lambda: next(pids))
    longest = 0
    for _ in range(200):
        one = connect(path, clock=SystemClock())
        fill(one, 1, size=100_000)
        one.close()
        longest = max(longest, wal_of(path))
    assert longest < 3 * CHECKPOINT_BYTES
    assert db.scalar("select count(*) from calls") == 200
