"""Opening the store, and what a connection promises."""

import os
import stat
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db import connect as connect_module
from greenbot.db import lock as lock_module
from greenbot.db.connect import Db, connect
from greenbot.db.translate import Conflict
from greenbot.errors import Busy, StoreError, StoreTooNew, UsageError
from tests.db.helpers import INSERT, OPEN, WITHOUT_PYSQLITE3, run, start


def rows(db: Db) -> object:
    return db.scalar("select count(*) from calls")


def test_file_and_folders_are_private_including_what_sqlite_adds(path: Path, db: Db) -> None:
    with db.write() as tx:
        tx.run(INSERT)
    found = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    names = ("greenbot.db", "greenbot.db-wal", "greenbot.db-shm", "greenbot.db.lock", "greenbot.db.lock.turn")
    assert found == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_missing_folder_is_made_private(tmp_path: Path) -> None:
    connect(tmp_path / "a" / "b" / "greenbot.db", clock=SystemClock()).close()
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")] == [0o700, 0o700]


def test_a_store_others_could_read_is_closed_to_them_before_it_is_opened(path: Path) -> None:
    connect(path, clock=SystemClock()).close()
    path.chmod(0o644)
    connect(path, clock=SystemClock()).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: NORMAL loses acknowledged rows with the power
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("busy_timeout", 5000),
        ("auto_vacuum", 2),  # incremental; could not be changed later without a VACUUM
    ],
)
def test_the_pragmas_a_store_stands_on(db: Db, pragma: str, value: object) -> None:
    assert db.scalar(f"pragma {pragma}") == value


def test_a_pragma_that_does_not_take_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        connect_module,
        "_pragma",
        lambda connection, name: 1 if name == "synchronous" else connection.execute(f"pragma {name}").fetchone()[0],
    )
    with pytest.raises(StoreError, match="synchronous=1 instead of 2"):
        connect(path, clock=SystemClock())


def test_a_write_is_committed_at_its_end_and_seen_by_others(path: Path, db: Db) -> None:
    with db.write() as tx:
        tx.run(INSERT)
    other = connect(path, clock=SystemClock())
    assert rows(other) == 1
    other.close()


def test_an_exception_inside_a_write_takes_everything_back(db: Db) -> None:
    with pytest.raises(KeyboardInterrupt), db.write() as tx:
        tx.run(INSERT)
        raise KeyboardInterrupt
    assert rows(db) == 0
    with db.write() as tx:
        tx.run(INSERT)
    assert rows(db) == 1


def test_a_write_inside_a_write_is_an_error_and_harms_nothing(db: Db) -> None:
    with db.write() as tx:
        tx.run(INSERT)
        with pytest.raises(RuntimeError, match="a write inside a write"), db.write():
            pass
    assert rows(db) == 1


def test_a_text_that_is_no_utf8_is_refused_in_words_and_leaves_the_store_usable(db: Db) -> None:
    broken = "update calls set detail = :detail"
    with pytest.raises(UsageError, match="broken character"), db.write() as tx:
        tx.run(INSERT)
        tx.run(broken, detail="\udcff")
    with pytest.raises(UsageError, match="broken character"):
        db.all("select :text", text="\udcff")
    assert rows(db) == 0
    with db.write() as tx:
        tx.run(INSERT)
    assert rows(db) == 1


def test_a_row_the_schema_refuses_is_a_conflict(db: Db) -> None:
    with pytest.raises(Conflict), db.write() as tx:
        tx.run("insert into calls (instance, method, started_at_ms) values (null, 'm', 1)")


def test_a_statement_that_cannot_work_names_itself_and_no_data(db: Db) -> None:
    with pytest.raises(StoreError, match="no such table: nonsense"):
        db.all("select * from nonsense where phone = :phone", phone="+380441234567")


def test_a_lock_that_nobody_lets_go_is_busy_and_the_store_works_again_afterwards(path: Path) -> None:
    holder = connect(path, clock=SystemClock())
    waiter = connect(path, clock=SystemClock(), lock_timeout_seconds=0.05)
    with holder.write():
        for _ in range(2):  # the second time on a lock file opened anew
            with pytest.raises(Busy, match="has held"), waiter.write():
                pass
    with waiter.write() as tx:
        tx.run(INSERT)
    with holder.write() as tx:
        tx.run(INSERT)
    assert rows(holder) == 2
    waiter.close()
    holder.close()


def test_an_interrupt_while_waiting_for_the_lock_gives_the_lock_file_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ImpatientWaiter(lock_module._Waiter):
        def __init__(self, files: lock_module._Files) -> None:
            super().__init__(files)
            self._granted.wait = interrupted  # type: ignore[method-assign]  # this one event only

    def interrupted(timeout: float | None = None) -> bool:
        raise KeyboardInterrupt

    holder, waiter = connect(path, clock=SystemClock()), connect(path, clock=SystemClock())
    monkeypatch.setattr(lock_module, "_Waiter", ImpatientWaiter)
    with holder.write(), pytest.raises(KeyboardInterrupt), waiter.write():
        pass
    monkeypatch.undo()
    for store in (waiter, holder):
        with store.write() as tx:
            tx.run(INSERT)
    assert rows(holder) == 2
    waiter.close()
    holder.close()


HOLD = (
    OPEN
    + """
with db.write() as tx:
    print("held", flush=True)
    sys.stdin.read(1)
"""
)


def test_a_waiting_writer_gets_its_turn_when_the_other_process_is_killed(path: Path, db: Db) -> None:
    import subprocess
    import sys

    from tests.db.helpers import environment

    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with db.write() as tx:
        tx.run(INSERT)
    assert rows(db) == 1


def test_another_program_that_ignores_the_lock_file_makes_us_busy(path: Path, db: Db) -> None:
    from greenbot.db.driver import sqlite

    db.all("pragma busy_timeout = 50")
    foreign = sqlite.connect(path, isolation_level=None)
    foreign.execute("begin immediate")
    with pytest.raises(Busy, match="stayed locked by another program"), db.write():
        pass
    foreign.close()
    with db.write() as tx:
        tx.run(INSERT)


def test_a_missing_store_is_not_made_when_nobody_asked_for_one(path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        connect(path, clock=SystemClock(), create=False)
    assert not path.parent.exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"guest list\n" * 400)
    with pytest.raises(StoreError, match="is not a greenbot store"):
        connect(path, clock=SystemClock())
    assert path.read_bytes() == b"guest list\n" * 400


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    from greenbot.db.driver import sqlite

    path.parent.mkdir()
    theirs = sqlite.connect(path)
    theirs.execute("create table bookings (id integer)")
    theirs.close()
    with pytest.raises(StoreError, match="belongs to another program"):
        connect(path, clock=SystemClock())
    theirs = sqlite.connect(path)
    assert [row[0] for row in theirs.execute("select name from sqlite_master")] == ["bookings"]
    theirs.close()


def test_a_damaged_store_is_named_so_and_not_made_anew(path: Path) -> None:
    db = connect(path, clock=SystemClock())
    with db.write() as tx:
        for _ in range(2000):
            tx.run(INSERT)
    db.close()
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xa5" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="is damaged"):
        connect(path, clock=SystemClock()).all("select sum(started_at_ms) from calls")
    assert path.stat().st_size == len(raw)


def test_a_newer_store_is_refused_before_anything_is_changed(path: Path) -> None:
    from greenbot.db.driver import sqlite

    connect(path, clock=SystemClock()).close()
    newer = sqlite.connect(path)
    newer.execute("pragma user_version = 999")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="schema 999") as caught:
        connect(path, clock=SystemClock())
    assert caught.value.exit_code == 13
    assert path.read_bytes() == before


def test_a_store_replaced_under_a_connection_stops_it_before_anything_is_acknowledged(path: Path, db: Db) -> None:
    path.rename(path.with_suffix(".old"))
    path.write_bytes(path.with_suffix(".old").read_bytes())
    for _ in range(2):
        with pytest.raises(StoreError, match="was replaced or removed"), db.write() as tx:
            tx.run(INSERT)
    with pytest.raises(StoreError, match="was replaced or removed"):
        rows(db)


def test_a_wal_taken_away_under_a_connection_stops_it_too(path: Path, db: Db) -> None:
    path.with_name(path.name + "-wal").unlink()
    with pytest.raises(StoreError, match="was replaced or removed"):
        db.check_wal()


def test_a_forked_child_cannot_use_the_parents_store_and_does_no_harm(path: Path, db: Db) -> None:
    with db.write() as tx:
        tx.run(INSERT)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            rows(db)
        except StoreError as error:
            status = 0 if "forked" in str(error) else 2
        db.close()
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with db.write() as tx:
        tx.run(INSERT)
    assert rows(db) == 2


def test_the_journal_mode_is_tried_again_until_a_deadline(path: Path) -> None:
    from greenbot.db.driver import sqlite

    path.parent.mkdir(mode=0o700)
    reader = sqlite.connect(path, isolation_level=None)
    reader.execute("create table t (x)")
    reader.execute("begin")
    reader.execute("select * from t").fetchall()
    clock = ManualClock()
    with pytest.raises(Busy, match="journal mode"):
        connect(path, clock=clock)
    assert clock.monotonic() >= connect_module.BUSY_TIMEOUT_SECONDS
    reader.close()


OPEN_TOGETHER = (
    """
import os, sys
while not os.path.exists(sys.argv[2]):
    pass
"""
    + OPEN
    + """
with db.write() as tx:
    tx.run("insert into calls (instance, method, started_at_ms) values ('kyiv', 'sendMessage', 1)")
db.close()
"""
)


@pytest.mark.integration
@pytest.mark.parametrize("before", ["", WITHOUT_PYSQLITE3], ids=["wal", "standard library"])
def test_eight_processes_open_a_fresh_store_at_once(tmp_path: Path, before: str) -> None:
    for attempt in range(10):
        path, go = tmp_path / str(attempt) / "greenbot.db", tmp_path / f"go{attempt}"
        started = [start(before + OPEN_TOGETHER, path, go) for _ in range(8)]
        go.touch()
        failures = [err for _, err in (process.communicate(timeout=60) for process in started) if err]
        assert failures == []
        counted = run(before + OPEN + "print(db.scalar('select count(*) from calls'))", path)
        assert counted.stdout == "8\n"


def test_an_up_to_date_store_opens_without_sqlite_utils(path: Path) -> None:
    connect(path, clock=SystemClock()).close()
    # Only what our program loads counts: a coverage tool may have loaded things before it began.
    before = "import sys\nbefore = set(sys.modules)\n"
    probe = "found = {m.split('.')[0] for m in set(sys.modules) - before}\n"
    probe += "print(sorted(found & {'sqlite_utils', 'sqlite3', 'threading', 'json'}), 'pysqlite3' in found)"
    done = run(before + OPEN + "with db.write() as tx: tx.run(" + repr(INSERT) + ")\n" + probe, path)
    assert done.stdout == "[] True\n", done.stderr


def test_a_fresh_store_needs_it(path: Path) -> None:
    done = run(OPEN + "print('sqlite_utils' in sys.modules)", path)
    assert done.stdout == "True\n"
