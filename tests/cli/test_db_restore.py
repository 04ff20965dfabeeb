"""`greenbot db restore`: after a disaster, and whatever happens while it runs."""

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from greenbot.db.connect import connect
from greenbot.errors import ExitCode
from tests.cli.harness import GUEST, NUMBER, Desk
from tests.cli.test_db import CLOCK, OTHER, backup, change, messages, opened, queue
from tests.cli.test_serve import serving

pytestmark = pytest.mark.integration


def test_what_was_queued_at_the_backup_is_sent_once_whatever_runs_after_the_restore(desk: Desk) -> None:
    queue(desk, "sent since")
    queue(desk, "not sent yet", OTHER)
    file = backup(desk)
    desk("outbox", "run", "--drain").ok()
    assert len(desk.executed()) == 2
    desk.here("db", "restore", str(file), "--confirm", "greenbot.db").ok()
    assert messages(desk) == {"sent since": "restored", "not sent yet": "restored"}
    desk("outbox", "run", "--drain").ok()
    assert len(desk.executed()) == 2
    number = desk.here("outbox", "list", "--reason", "restored", "-q").ok().stdout.split()[0]
    desk.here("outbox", "release", number).ok()
    desk("outbox", "run", "--drain").ok()
    assert len(desk.executed()) == 3
    new = queue(desk, "new")
    assert new > 2


def test_a_restore_keeps_the_old_store_and_tells_what_it_held(desk: Desk) -> None:
    queue(desk, "old")
    file = backup(desk)
    queue(desk, "newer", OTHER)
    done = desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--json").ok().json
    assert (done["held"], done["uncertain"], done["campaigns_paused"]) == (1, 0, 0)
    kept = Path(done["kept"])
    with sqlite3.connect(kept) as old:
        assert old.execute("select count(*) from messages").fetchone() == (2,)
    assert messages(desk) == {"old": "restored"}
    assert stat.S_IMODE(desk.store.stat().st_mode) == 0o600
    actions = [line["action"] for line in desk.here("audit", "list", "--json").ok().lines]
    assert actions[0] == "db.restore"
    # The number of the message that is forgotten is not given to another one.
    assert queue(desk, "after", OTHER) == 3


def test_what_was_on_its_way_becomes_uncertain_and_stays_held(desk: Desk) -> None:
    first, second = queue(desk, "claimed"), queue(desk, "on the wire", OTHER)
    claim = (
        "update messages set state = 'claimed', epoch = epoch + 1, reason = 'claim', owner = 'x', boot_id = 'x',"
        " lease_until_boot_ms = 1 where id = {}"
    )
    change(desk, claim.format(first))
    change(desk, claim.format(second))
    change(desk, f"update messages set state = 'sending', epoch = epoch + 1, reason = 'post' where id = {second}")
    file = backup(desk)
    desk.here("db", "restore", str(file), "--confirm", "greenbot.db").ok()
    db = opened(desk)
    rows = db.all("select state, held_reason, owner from messages order by id")
    db.close()
    assert [tuple(row) for row in rows] == [("queued", "restored", None), ("uncertain", "restored", None)]
    desk.here("db", "check").ok()


def test_campaigns_that_ran_are_paused(desk: Desk) -> None:
    (desk.folder / "guests.csv").write_text(f"phone\n{NUMBER}\n{OTHER}\n")
    desk.here("campaign", "plan", "guests.csv", "--text", "Brunch", "--service").ok()
    desk.here("campaign", "start", "guests", "--yes").ok()
    file = backup(desk)
    done = desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--json").ok().json
    assert (done["campaigns_paused"], done["held"]) == (1, 2)
    assert desk.here("campaign", "status", "guests", "--json").ok().json["state"] == "paused"
    desk("outbox", "run", "--drain").ok()
    assert desk.executed() == []


def test_a_guest_who_said_stop_since_the_backup_stays_suppressed(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    desk.here("suppress", "add", NUMBER, "--reason", "said STOP").ok()
    done = desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--json").ok().json
    assert done["suppressed_kept"] == 1
    assert GUEST in desk.here("suppress", "list", "--json").ok().stdout


def test_a_restore_waits_until_nobody_has_the_store_open(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    with serving(desk, "--no-worker") as service:
        said = desk("db", "restore", str(file), "--confirm", "greenbot.db")
        assert said.exit_code == ExitCode.BUSY
        assert str(service.process.pid) in said.stderr
        assert service.webhook(b'{"typeWebhook": "x"}') == 200
        assert service.end() == 0
    desk("db", "restore", str(file), "--confirm", "greenbot.db").ok()


def test_a_restore_asks_for_the_name_and_a_dry_run_changes_nothing(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    before = desk.store.stat().st_ino
    for words in ((), ("--confirm", "greenbot")):
        said = desk.here("db", "restore", str(file), *words)
        assert said.exit_code == ExitCode.USAGE
        assert "--confirm greenbot.db" in said.stderr
    assert desk.here("db", "restore", file.name, "-n", "--json").ok().json["open_messages"] == 1
    assert desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--read-only").exit_code == 10
    assert desk.store.stat().st_ino == before


def _text(path: Path) -> None:
    path.write_text("hello")


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("create table x (y)")


def _newer(path: Path) -> None:
    connect(path, clock=CLOCK).close()
    with sqlite3.connect(path) as other:
        other.execute("pragma user_version = 9999")


@pytest.mark.parametrize("make", [lambda path: None, _text, _foreign, _newer], ids=["none", "text", "foreign", "newer"])
def test_what_is_no_backup_is_refused(desk: Desk, make: "object") -> None:
    queue(desk, "hello")
    file = desk.folder / "copy.db"
    make(file)  # type: ignore[operator]  # one of the functions above
    assert desk.here("db", "restore", "copy.db", "--confirm", "greenbot.db").exit_code == ExitCode.UNUSABLE
    assert messages(desk) == {"hello": "queued"}


def test_a_damaged_store_is_replaced_and_kept(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    desk.store.write_bytes(b"\0" * 100_000)
    done = desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--json").ok()
    assert Path(done.json["kept"]).stat().st_size == 100_000
    assert "could not be read" in done.stderr
    assert messages(desk) == {"hello": "restored"}


def test_a_lost_store_comes_back(desk: Desk) -> None:
    queue(desk, "hello")
    file = backup(desk)
    copy = desk.folder / "elsewhere.db"
    shutil.copy(file, copy)
    shutil.rmtree(desk.home)
    desk.here("db", "restore", "elsewhere.db").ok()
    assert messages(desk) == {"hello": "restored"}


@pytest.mark.parametrize("point", ["backup.mid", "restore.before_swap", "restore.mid_swap"])
def test_a_restore_that_is_killed_leaves_the_old_store_and_can_be_repeated(desk: Desk, point: str) -> None:
    queue(desk, "old")
    file = backup(desk)
    queue(desk, "newer", OTHER)
    env = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill"}
    assert desk("db", "restore", str(file), "--confirm", "greenbot.db", env=env).exit_code == -9
    assert messages(desk) == {"old": "queued", "newer": "queued"}
    desk.here("db", "restore", str(file), "--confirm", "greenbot.db").ok()
    assert messages(desk) == {"old": "restored"}
    assert [path.name for path in desk.home.glob(".greenbot.db*")] == []
    desk.here("db", "check").ok()


def test_handlers_are_not_called_again_for_what_they_may_have_answered(desk: Desk) -> None:
    """One delivery waited at the backup, and one event was not worked yet: neither may lead to a second reply."""
    queue(desk, "hello")
    event = "insert into events (instance, received_at_ms, digest, state_at_ms, raw) values ('k', 1, x'{0}', 1, x'00')"
    change(
        desk,
        "insert into hooks (name, kind, target, events, created_at_ms, changed_at_ms)"
        " values ('bot', 'handlers', 'm:bot', '[]', 1, 1)",
    )
    change(desk, event.format("01"))
    change(desk, event.format("02"))
    change(
        desk,
        "insert into hook_deliveries (hook_id, event_id, instance, chat_id, webhook_id, created_at_ms,"
        " state_at_ms, is_head) values (1, 1, 'k', '', 'w', 1, 1, 1)",
    )
    file = backup(desk)
    done = desk.here("db", "restore", str(file), "--confirm", "greenbot.db", "--json").ok().json
    assert done["handler_calls_given_up"] == 2
    db = opened(desk)
    rows = db.all("select event_id, state, reason from hook_deliveries order by event_id")
    db.close()
    assert [tuple(row) for row in rows] == [(1, "dead", "restored"), (2, "dead", "restored")]
