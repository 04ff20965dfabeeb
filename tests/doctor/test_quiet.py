"""Faults of a hotel in which nothing runs: no service, no store, or one that is old, strange, damaged or full."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from tests.doctor.conftest import Hotel, document, unknown_commands

pytestmark = pytest.mark.integration

CLOCK = SystemClock()
CLAIM = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values ('kyiv', 'x@c.us', 'text', 'sendMessage', '{}', 'x', 'x', 1, 1);
update messages set state = 'claimed', epoch = 1, reason = 'claim', owner = 'gone', boot_id = 'x',
                    lease_until_boot_ms = 1;
"""


def made(hotel: Hotel) -> None:
    connect(hotel.desk.store, clock=CLOCK).close()


def script(text: str) -> Callable[[Hotel], None]:
    def plant(hotel: Hotel) -> None:
        made(hotel)
        with sqlite3.connect(hotel.desk.store) as store:
            store.executescript(text)

    return plant


def nothing(hotel: Hotel) -> None:
    """There is nothing to plant: it was never set up."""


def no_instance(hotel: Hotel) -> None:
    hotel.desk.config.write_text("")


def foreign_store(hotel: Hotel) -> None:
    with sqlite3.connect(hotel.desk.store) as store:
        store.execute("create table guests (name)")


def damaged_store(hotel: Hotel) -> None:
    made(hotel)
    with hotel.desk.store.open("r+b") as file:
        for page in range(20, 60):
            file.seek(page * 4096)
            file.write(os.urandom(512))


def no_store_file(hotel: Hotel) -> None:
    hotel.desk.store.write_text("not SQLite at all" * 100)


def another_journal_mode(hotel: Hotel) -> None:
    script("pragma journal_mode = delete")(hotel)


def large_wal(hotel: Hotel) -> None:
    made(hotel)
    wal = hotel.desk.store.with_name("greenbot.db-wal")
    wal.touch(0o600)
    os.truncate(wal, 65 * 1024 * 1024 + 1)


def readable_store(hotel: Hotel) -> None:
    made(hotel)
    hotel.desk.store.chmod(0o644)


def broken_config(hotel: Hotel) -> None:
    hotel.desk.config.write_text("[broken\n")


@pytest.mark.parametrize(
    ("plant", "check", "state", "fix"),
    [
        (no_instance, "config.instances", "fault", "greenbot init"),
        (broken_config, "config.valid", "fault", "name = value"),
        (made, "service.running", "fault", "greenbot serve"),
        (made, "alerts.evaluator", "fault", "greenbot serve"),
        (made, "alerts.rules", "fault", "greenbot alerts list"),
        (made, "alerts.receivers", "fault", "greenbot alerts receivers add"),
        (made, "store.backup", "warning", "greenbot db backup"),
        (script("pragma user_version = 3"), "store.schema", "warning", "greenbot db migrate"),
        (script("pragma user_version = 9999"), "store.schema", "fault", "greenbot db restore"),
        (foreign_store, "store.schema", "fault", "greenbot config get database"),
        (damaged_store, "store.sound", "fault", "greenbot db check"),
        (no_store_file, "store.sound", "warning", ""),
        (large_wal, "store.wal", "warning", "fuser"),
        (readable_store, "files.private", "fault", "chmod 600"),
        (script(CLAIM), "queue.leases", "warning", "greenbot outbox run"),
    ],
)
def test_a_fault_is_found_and_its_fix_is_named(
    quiet: Hotel, plant: Callable[[Hotel], None], check: str, state: str, fix: str
) -> None:
    plant(quiet)
    found = quiet.troubles("--only", check)
    assert {(row.check, row.state) for row in found} == {(check, state)}, list(map(document, found))
    assert fix in found[0].fix
    assert [unknown for row in found for unknown in unknown_commands(row.fix)] == []


def test_a_wrong_journal_mode_is_found(quiet: Hotel) -> None:
    another_journal_mode(quiet)
    (row,) = quiet.ask("--only", "store.mode")
    assert row.state != "ok"


def test_before_the_first_message_the_store_is_no_fault(quiet: Hotel) -> None:
    assert quiet.troubles("--offline", "--only", "store", "--only", "queue") == []
    assert not quiet.desk.store.exists()


def test_a_fresh_store_is_sound_and_stays_as_it_was(quiet: Hotel) -> None:
    made(quiet)
    before = quiet.desk.store.read_bytes()
    assert quiet.troubles("--only", "store.sound", "--only", "store.schema", "--only", "queue") == []
    assert quiet.desk.store.read_bytes() == before


def test_a_full_disk_is_found(quiet: Hotel, tmp_path: Path) -> None:
    """On a real small disk where this user may mount one; elsewhere as the system would report it."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    program = shutil.which("mount")
    words = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)]
    mounted = program is not None and subprocess.run(words, capture_output=True).returncode == 0
    environ = {"GREENBOT_HOME": str(folder), "GREENBOT_CONFIG": str(quiet.desk.config)}
    try:
        with pytest.MonkeyPatch.context() as patch:
            if not mounted:
                real = os.statvfs(folder)
                small = os.statvfs_result((*real[:4], 512, *real[5:]))
                patch.setattr(os, "statvfs", lambda path: small)
            done = quiet.desk.here("doctor", "--offline", "--json", "--only", "disk.space", env=environ)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    (row,) = done.ok().json["checks"]
    assert row["state"] == "fault"
    assert "purge" in row["fix"]
    assert unknown_commands(row["fix"]) == []
