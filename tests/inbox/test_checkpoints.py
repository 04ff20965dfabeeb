"""The WAL stays short while somebody commits all the time, and nobody's lock is lost by it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.errors import StoreError
from greenbot.inbox import checkpoints
from greenbot.inbox.arrival import Arrival
from greenbot.inbox.checkpoints import EVERY_COMMITS, MOST_PAGES, Checkpoints
from greenbot.inbox.intake import keep

PAGE = 4096
#: Of one event, so that some thousands are more than a WAL should hold.
PAGES = 16
CLOCK = SystemClock()

#: Takes what SQLite calls the shared range (sqlite.org/fileio.html), of which each of its users holds a part.
TAKES_THE_STORE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as store:
    try:
        fcntl.lockf(store, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
        print("nobody has it")
    except OSError:
        print("somebody has it")
"""


@pytest.fixture
def open_db(tmp_path: Path) -> Callable[[], Db]:
    return lambda: connect(tmp_path / "greenbot.db", clock=CLOCK)


def storm(db: Db, found: Checkpoints, commits: int) -> None:
    for number in range(commits):
        raw = b"%08d" % number + bytes(PAGES * PAGE)
        keep(db, [Arrival("kyiv", raw, "webhook", CLOCK.now_ms())], clock=CLOCK, expected_ids={})
        found.after_commit(db)


def wal_of(db: Db) -> int:
    """Its pages; none where this SQLite has no WAL that is safe."""
    wal = db.path.with_name(db.path.name + "-wal")
    return wal.stat().st_size // PAGE if wal.exists() else 0


def test_in_a_storm_the_wal_begins_anew_again_and_again(open_db: Callable[[], Db]) -> None:
    db = open_db()
    found = Checkpoints(open_db)
    found.take_over(db)
    commits = 5 * MOST_PAGES // PAGES
    storm(db, found, commits)
    found.close()
    # What comes while the thread owes its looks, on a busy machine, is on top.
    assert wal_of(db) < 3 * MOST_PAGES < commits * PAGES
    assert db.scalar("select count(*) from events") == commits
    assert db.scalar("pragma integrity_check") == "ok"
    db.close()


def test_without_its_thread_the_writer_does_it_all(open_db: Callable[[], Db]) -> None:
    def broken() -> Db:
        raise StoreError("the disk failed")

    db = open_db()
    found = Checkpoints(broken)
    found.take_over(db)
    storm(db, found, 4 * EVERY_COMMITS)
    found.close()
    assert wal_of(db) < 3 * EVERY_COMMITS * PAGES
    db.close()


def who_has(path: Path) -> str:
    command = [sys.executable, "-c", TAKES_THE_STORE, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_writing_out_keeps_the_locks_of_this_process(open_db: Callable[[], Db]) -> None:
    db = open_db()
    with db.write() as tx:
        tx.run("update events set deliveries = deliveries")
        checkpoints._write_out(db.path)
        assert who_has(db.path) == "somebody has it"
    db.close()
    assert who_has(db.path) == "nobody has it"
