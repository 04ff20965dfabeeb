"""Copies of a store that others write to, and who has it open. What operators see of it is in tests/cli/test_db.py."""

import os
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.audit import Operator
from greenbot.db.backup import LAST, back_up, prune, record
from greenbot.db.connect import Db, connect
from greenbot.db.peek import peek
from greenbot.db.restore import examine, put_back, users_of
from greenbot.errors import Busy, StoreError, UsageError
from tests.db.helpers import IMPORT, INSERT, OPEN, WITHOUT_PYSQLITE3, start

CLOCK = SystemClock()
IRA = Operator(name="ira", clock=CLOCK)

#: Writes pairs of rows for ever: a copy of two moments would hold an odd number.
WRITES = """
print("ready", flush=True)
while True:
    with db.write() as tx:
        for _ in range(2):
            tx.run("insert into calls (instance, method, started_at_ms, detail) values ('k', 'x', 1, :d)", d="x" * 900)
"""
COPIES = """
from greenbot.db.backup import back_up
back_up(Path(sys.argv[1]), Path(sys.argv[2]), clock=SystemClock())
"""


@pytest.mark.integration
@pytest.mark.parametrize("driver", ["", WITHOUT_PYSQLITE3], ids=["preferred", "standard library"])
def test_a_copy_beside_a_writer_that_never_rests_is_one_state(path: Path, tmp_path: Path, driver: str) -> None:
    """With the standard library's SQLite the store may have no WAL: then each write begins the copy anew."""
    writer = start(driver + OPEN + WRITES, path)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        for number in range(3):
            copier = start(driver + IMPORT + COPIES, path, tmp_path / f"copy{number}.db")
            assert copier.communicate(timeout=60)[1] == ""
    finally:
        writer.kill()
        writer.communicate()
    for number in range(3):
        with peek(tmp_path / f"copy{number}.db") as copy:
            rows = copy.scalar("select count(*) from calls")
            assert isinstance(rows, int)
            assert rows % 2 == 0
            assert copy.problems(thorough=True) == []
            assert copy.pragma("journal_mode") == "delete"


def test_a_backup_is_on_record_with_its_moment(db: Db, path: Path, tmp_path: Path) -> None:
    made = back_up(path, tmp_path / "copy.db", clock=CLOCK)
    assert db.scalar(LAST) is None
    record(db, made, IRA)
    last = db.scalar(LAST)
    assert isinstance(last, int)
    assert last >= made.at_ms


def test_a_name_that_is_taken_while_the_copy_is_made_is_not_replaced(db: Db, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"

    def somebody_else(done: int, total: int) -> None:
        target.write_text("mine")

    with pytest.raises(UsageError):
        back_up(path, target, clock=CLOCK, on_pages=somebody_else)
    assert target.read_text() == "mine"
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["copy.db"]


def test_prune_spares_the_one_just_made_and_what_is_no_backup(tmp_path: Path) -> None:
    for name in ("a-1.db", "a-2.db", "a-3.db", "b.db"):
        (tmp_path / name).touch()
    (tmp_path / "a-0.db").symlink_to(tmp_path / "b.db")
    assert prune(tmp_path, "a-*.db", keep=1, spare=tmp_path / "a-1.db") == [tmp_path / "a-2.db"]
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a-0.db", "a-1.db", "a-3.db", "b.db"]


@pytest.mark.integration
def test_whoever_has_the_store_open_is_found_and_nothing_is_put_back(path: Path, tmp_path: Path) -> None:
    connect(path, clock=CLOCK).close()
    copy = back_up(path, tmp_path / "copy.db", clock=CLOCK).path
    user = start(OPEN + "print('ready', flush=True)\nimport time\ntime.sleep(60)", path)
    try:
        assert user.stdout is not None
        user.stdout.readline()
        before = path.stat().st_ino
        assert users_of(path) == {user.pid}
        with pytest.raises(Busy, match=str(user.pid)):
            put_back(examine(copy), path, by=IRA, settle=lambda tx, old: {})
        assert path.stat().st_ino == before
    finally:
        user.kill()
        user.communicate()
    assert users_of(path) == set()


def test_a_failed_settlement_leaves_the_old_store(db: Db, path: Path, tmp_path: Path) -> None:
    with db.write() as tx:
        tx.run(INSERT)
    copy = back_up(path, tmp_path / "copy.db", clock=CLOCK).path
    db.close()

    def fail(tx: object, old: object) -> dict[str, object]:
        raise StoreError("no")

    before = path.stat().st_ino
    with pytest.raises(StoreError, match="no"):
        put_back(examine(copy), path, by=IRA, settle=fail)
    assert path.stat().st_ino == before
    assert [found.name for found in path.parent.iterdir() if "restor" in found.name] == []


def test_peek_sees_the_wal_of_a_living_store_and_leaves_it_alone(db: Db, path: Path) -> None:
    with db.write() as tx:
        tx.run(INSERT)
    with peek(path) as seen:
        assert seen.scalar("select count(*) from calls") == 1
        with pytest.raises(StoreError):
            seen.all(INSERT)
    db.check_wal()
    with db.write() as tx:
        tx.run(INSERT)
    assert os.access(path, os.W_OK)


def test_peek_stops_a_check_that_takes_too_long(db: Db, path: Path) -> None:
    with db.write() as tx:
        for _ in range(3000):
            tx.run(INSERT)
    with peek(path) as seen:
        assert seen.problems(thorough=True, go_on=lambda: False) is None
        assert seen.problems(thorough=True) == []
