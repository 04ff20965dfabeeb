"""`greenbot db …` as an operator uses it: beside a service that works, and after a disaster."""

import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.errors import ExitCode
from tests.cli.harness import GUEST, NUMBER, Desk, until
from tests.cli.test_serve import serving

pytestmark = pytest.mark.integration

CLOCK = SystemClock()
OTHER = "380501112233"
FINAL = ("accepted", "delivered")


def queue(desk: Desk, text: str, to: str = NUMBER, *words: str) -> int:
    """Accept a message that nobody sends yet."""
    return int(desk.here("send", "text", to, text, "--queue", "-q", *words).ok().stdout)


def backup(desk: Desk, *words: str) -> Path:
    return Path(desk.here("db", "backup", "-q", *words).ok().stdout.strip())


def opened(desk: Desk) -> Db:
    return connect(desk.store, clock=CLOCK)


def messages(desk: Desk) -> dict[str, str]:
    """The state of each message by its text; held ones say why."""
    db = opened(desk)
    try:
        rows = db.all("select draft, state, held_reason from messages order by id")
        return {json.loads(row["draft"])["text"]: row["held_reason"] or row["state"] for row in rows}
    finally:
        db.close()


def change(desk: Desk, sql: str) -> None:
    db = opened(desk)
    try:
        with db.write() as tx:
            tx.run(sql)
    finally:
        db.close()


def test_info_tells_size_mode_schema_rows_and_the_last_backup(desk: Desk) -> None:
    queue(desk, "hello")
    before = desk.here("db", "info", "--json").ok().json
    assert before["path"] == str(desk.store)
    assert (before["mode"], before["synchronous"], before["last_backup"]) == ("0600", "full", None)
    assert before["schema"] == before["schema_of_this_greenbot"]
    assert before["rows"]["messages"]["rows"] == 1
    assert before["rows"]["messages"]["oldest"]
    backup(desk)
    assert desk.here("db", "info", "--json").ok().json["last_backup"]
    assert "messages\t1" in desk.here("db", "info").ok().stdout


def test_info_of_no_store_says_how_to_begin(desk: Desk) -> None:
    said = desk.here("db", "info")
    assert said.exit_code == ExitCode.UNUSABLE
    assert "greenbot init" in said.stderr


def test_a_backup_is_private_whole_and_opens_by_itself(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    assert file.parent == desk.home / "backups"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as copy:
        assert copy.execute("select count(*) from messages").fetchone() == (1,)
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    assert desk.token not in file.read_bytes().decode("latin-1")


def test_a_backup_replaces_nothing_unless_told(desk: Desk) -> None:
    queue(desk, "hello")
    target = desk.folder / "copy.db"
    target.write_text("mine")
    said = desk.here("db", "backup", "copy.db")
    assert said.exit_code == ExitCode.USAGE
    assert "--force" in said.stderr
    assert target.read_text() == "mine"
    desk.here("db", "backup", "copy.db", "--force").ok()
    assert target.read_bytes().startswith(b"SQLite format 3")


def test_the_store_itself_is_no_target(desk: Desk) -> None:
    queue(desk, "hello")
    for name in (desk.store, f"{desk.store}-wal"):
        assert desk.here("db", "backup", str(name), "--force").exit_code == ExitCode.USAGE
    assert messages(desk) == {"hello": "queued"}


def test_a_dry_run_and_read_only_copy_nothing(desk: Desk) -> None:
    queue(desk, "hello")
    desk.here("db", "backup", "-n").ok()
    assert desk.here("db", "backup", "--read-only").exit_code == ExitCode.REFUSED
    assert not (desk.home / "backups").exists()


def test_keep_removes_the_oldest_of_the_folder_and_nothing_else(desk: Desk) -> None:
    queue(desk, "hello")
    folder = desk.home / "backups"
    folder.mkdir(mode=0o700)
    for name in ("greenbot-20200101-000000.db", "greenbot-20210101-000000.db", "mine.db", "greenbot-notes.db"):
        (folder / name).write_text("x")
    made = backup(desk, "--keep", "2")
    assert {path.name for path in folder.iterdir()} == {
        "greenbot-20210101-000000.db",
        "mine.db",
        "greenbot-notes.db",
        made.name,
    }


def test_a_damaged_store_makes_no_backup(desk: Desk) -> None:
    for number in range(40):
        queue(desk, f"hello {number}" + "x" * 3000)
    spoil(desk.store)
    said = desk.here("db", "backup", "copy.db")
    assert said.exit_code == ExitCode.UNUSABLE
    assert not (desk.folder / "copy.db").exists()
    assert list(desk.folder.glob("*.partial")) == []


def test_a_store_whose_index_contradicts_its_table_makes_no_backup(desk: Desk) -> None:
    """Every page can be read and copied: only the check of the copy finds it."""
    queue(desk, "hello")
    content = desk.store.read_bytes()
    at = content.index(GUEST.encode())
    with desk.store.open("r+b") as file:
        file.seek(at)
        file.write(b"999")
    said = desk.here("db", "backup", "copy.db")
    assert said.exit_code == ExitCode.UNUSABLE
    assert "greenbot db check" in said.stderr
    assert not (desk.folder / "copy.db").exists()


def spoil(store: Path) -> None:
    """Write nonsense over the second half of the file, as a dying disk does."""
    size = store.stat().st_size
    with store.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(size // 4))


def test_a_backup_is_made_while_the_service_works(desk: Desk) -> None:
    with serving(desk) as service:
        for number in range(20):
            assert service.webhook(b'{"typeWebhook": "outgoingMessageStatus", "n": %d}' % number) == 200
        file = Path(desk("db", "backup", "-q").ok().stdout.strip())
        assert service.webhook(b'{"typeWebhook": "outgoingMessageStatus", "n": 99}') == 200
        assert service.end() == 0
    with sqlite3.connect(file) as copy:
        assert copy.execute("select count(*) from events").fetchone() == (20,)


@pytest.mark.parametrize("at", ["backup.mid=kill@1", "backup.mid=raise:ENOSPC"])
def test_a_backup_that_dies_leaves_no_file_of_that_name(desk: Desk, at: str) -> None:
    queue(desk, "hello")
    said = desk("db", "backup", "copy.db", env={"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": at})
    assert said.exit_code != 0
    assert not (desk.folder / "copy.db").exists()
    desk.here("db", "backup", "copy.db").ok()
    assert [path.name for path in desk.folder.iterdir()] == ["copy.db"]
    assert messages(desk) == {"hello": "queued"}


# --- check and migrate ----------------------------------------------------------------------------------------------


def test_a_sound_store_is_called_so(desk: Desk) -> None:
    queue(desk, "hello")
    assert desk.here("db", "check").ok().stdout == "sound\n"
    assert desk.here("db", "check", "--json").ok().json["flaws"] == []


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        ("drop trigger messages_moves", "trigger messages_moves is missing"),
        ("drop index messages_remote", "index messages_remote is missing"),
        ("update message_counts set messages = 7", "a counter of messages is wrong"),
        ("delete from message_counts", "messages are not counted"),
        ("delete from message_log", "the history of a message does not end"),
        ("update message_log set from_state = 'read'", "a message moved from read"),
        (
            "drop trigger messages_moves; update messages set state = 'claimed', epoch = 1, reason = 'claim'",
            "a message is worked on by nobody",
        ),
        ("pragma user_version = 3", "schema 3"),
        (
            "pragma foreign_keys = off; insert into message_log values (99, 0, 1, null, 'queued', 'x', '', '', 'x')",
            "belongs",
        ),
    ],
)
def test_check_finds_what_cannot_be(desk: Desk, damage: str, word: str) -> None:
    queue(desk, "hello")
    with sqlite3.connect(desk.store) as store:
        store.executescript(damage)
    found = desk.here("db", "check", "--json")
    assert found.exit_code == ExitCode.CHECK_FAILED
    assert any(word in flaw["what"] for flaw in found.json["flaws"]), found.stdout


def test_check_finds_a_spoiled_page(desk: Desk) -> None:
    for number in range(40):
        queue(desk, f"hello {number}" + "x" * 3000)
    spoil(desk.store)
    assert desk.here("db", "check").exit_code in (ExitCode.CHECK_FAILED, ExitCode.UNUSABLE)


def test_migrate_tells_the_step_it_made(desk: Desk) -> None:
    queue(desk, "hello")
    done = desk.here("db", "migrate", "--json").ok().json
    assert done["was"] == done["schema"]
    assert desk.here("db", "migrate", "-n", "-q").ok().stdout.strip() == str(done["schema"])


def test_a_backup_beside_writers_is_one_consistent_state(desk: Desk) -> None:
    """Counters are kept by triggers: a copy of two moments would contradict itself."""
    queue(desk, "first")
    for number in range(10):
        queue(desk, f"number {number}", OTHER)
    copies = []
    process = desk.start("outbox", "run", "--drain")
    for number in range(3):
        copies.append(backup(desk, str(desk.folder / f"copy{number}.db")))
    until(lambda: process.poll() is not None)
    process.communicate()
    for copy in copies:
        with sqlite3.connect(copy) as found:
            counted = found.execute("select sum(messages) from message_counts").fetchone()
            assert counted == found.execute("select count(*) from messages").fetchone()
