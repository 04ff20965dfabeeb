"""The WAL stays short while somebody commits all the time, and nobody's lock is lost by it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db import failstop
from greenbot.db.connect import Db, connect
from greenbot.errors import StoreError
from greenbot.inbox import checkpoints
from greenbot.inbox.arrival import Arrival
from greenbot.inbox.checkpoints import EVERY_COMMITS, MOST_OWED, MOST_PAGES, Checkpoints
from greenbot.inbox.intake import keep
from tests.db.helpers import failing

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


def storm(db: Db, found: Checkpoints, commits: int, *, in_step: bool = False) -> None:
    """`in_step`: with a thread that always gets its turn, whatever else runs on this machine."""
    for number in range(1, commits + 1):
        raw = b"%08d" % number + bytes(PAGES * PAGE)
        keep(db, [Arrival("kyiv", raw, "webhook", CLOCK.now_ms())], clock=CLOCK, expected_ids={})
        found.after_commit(db)
        if in_step and found._threads and number % EVERY_COMMITS == 0:
            assert found._looked.wait(60)


def wal_of(db: Db) -> int:
    """Its pages; none where this SQLite has no WAL that is safe."""
    wal = db.path.with_name(db.path.name + "-wal")
    return wal.stat().st_size // PAGE if wal.exists() else 0


class NeverAtTheEnd:
    """The store of a thread that moves pages while others commit more of them all the time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def checkpoint(self) -> int:
        return MOST_PAGES + 1

    def close(self) -> None:
        pass


@pytest.mark.parametrize("reaches_the_end", [True, False])
def test_in_a_storm_the_wal_begins_anew_again_and_again(open_db: Callable[[], Db], reaches_the_end: bool) -> None:
    db = open_db()
    found = Checkpoints(open_db if reaches_the_end else lambda: cast(Db, NeverAtTheEnd(db.path)), CLOCK)
    found.take_over(db)
    commits = 20 * EVERY_COMMITS
    storm(db, found, commits, in_step=True)
    found.close()
    assert wal_of(db) < 3 * EVERY_COMMITS * PAGES
    assert db.scalar("select count(*) from events") == commits
    assert db.scalar("pragma integrity_check") == "ok"
    db.close()


@pytest.mark.parametrize("why", [StoreError("it cannot be opened"), ImportError("no ctypes"), MemoryError()], ids=repr)
def test_without_its_thread_the_writer_does_it_all(open_db: Callable[[], Db], why: Exception) -> None:
    def broken() -> Db:
        raise why

    db = open_db()
    found = Checkpoints(broken, CLOCK)
    found.take_over(db)
    storm(db, found, 4 * EVERY_COMMITS)
    found.close()
    assert wal_of(db) < 3 * EVERY_COMMITS * PAGES
    db.close()


def test_where_no_thread_is_to_be_had_the_writer_does_it_all(
    open_db: Callable[[], Db], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    db = open_db()
    found = Checkpoints(open_db, CLOCK)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    found.take_over(db)
    storm(db, found, 4 * EVERY_COMMITS)
    found.close()
    if db.scalar("pragma journal_mode") == "wal":
        assert wal_of(db) < 3 * EVERY_COMMITS * PAGES
    db.close()


def test_a_thread_that_gets_no_turn_is_followed_by_one_that_does(
    open_db: Callable[[], Db], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LONGEST_WAIT_SECONDS", 60)
    turn = threading.Event()
    stores = iter([lambda: turn.wait() and open_db(), open_db])
    db = open_db()
    if db.scalar("pragma journal_mode") != "wal":
        db.close()
        return
    found = Checkpoints(lambda: cast(Db, next(stores)()), CLOCK)
    found.take_over(db)
    storm(db, found, (MOST_OWED + 1) * EVERY_COMMITS)
    assert len(found._threads) == 2
    before = wal_of(db)
    storm(db, found, 2 * MOST_OWED * EVERY_COMMITS, in_step=True)
    assert wal_of(db) == before, "it began anew before it was any longer"
    turn.set()
    found.close()
    db.close()


def test_a_second_thread_that_is_not_to_be_had_keeps_nobody_waiting(
    open_db: Callable[[], Db], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    db = open_db()
    found = Checkpoints(open_db, CLOCK)
    found.take_over(db)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(checkpoints, "LONGEST_WAIT_SECONDS", 0)
    found._insist()
    storm(db, found, 2 * EVERY_COMMITS)
    found.close()
    db.close()


@pytest.mark.parametrize("whose", ["the thread's", "the writer's"])
def test_a_disk_that_fails_stops_whoever_commits(
    open_db: Callable[[], Db], monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    monkeypatch.setattr(failstop, "_failures", [])
    db = open_db()
    if db.scalar("pragma journal_mode") != "wal":
        db.close()
        return
    found = Checkpoints((lambda: failing(open_db())) if whose == "the thread's" else open_db, CLOCK)
    found.take_over(db)
    if whose == "the writer's":
        failing(db)
        found.is_too_long = True
        found.after_commit(db)
    else:
        storm(db, found, EVERY_COMMITS)
        found._threads[0].join()
    with pytest.raises(StoreError, match="greenbot stopped here"):
        storm(db, found, 1)
    found.close()
    db.close()
    assert wal_of(db) > 0, "it has what the disk may have forgotten"


@pytest.mark.parametrize(("seconds", "may_wait"), [(0.7, True), (0.02, False)])
def test_a_last_move_that_took_long_is_nothing_for_the_loop(seconds: float, may_wait: bool) -> None:
    clock = ManualClock()

    class Slow:
        def checkpoint(self) -> int:
            clock.advance(seconds)
            return 1

    found = Checkpoints(lambda: cast(Db, Slow()), clock)
    found.is_too_long = True
    assert not found.may_wait, "nothing is known yet"
    found.after_commit(cast(Db, Slow()))
    assert not found.may_wait, "the WAL has begun anew"
    found.is_too_long = True
    assert found.may_wait is may_wait


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
