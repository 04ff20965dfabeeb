"""Bringing a store up to date, whoever comes first and whoever dies in between."""

from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db import migrations
from greenbot.db.connect import Db, connect
from greenbot.db.driver import sqlite
from tests.db.helpers import OPEN, run

SCHEMA = "select type, name, tbl_name, sql from sqlite_master order by type, name"


def test_the_number_that_spares_the_migrations_matches_them(db: Db) -> None:
    from sqlite_utils import Database

    applied = migrations.migrations().applied(Database(db._connection, execute_plugins=False))
    assert len(applied) == migrations.LATEST == db.scalar("pragma user_version")
    assert db.scalar("pragma application_id") == migrations.APPLICATION_ID


@pytest.mark.integration
@pytest.mark.parametrize("step", range(1, migrations.LATEST + 1))
def test_a_migration_killed_at_any_step_is_continued_by_the_next_process(path: Path, db: Db, step: int) -> None:
    killed = path.with_name("killed.db")
    done = run(OPEN, killed, GREENBOT_TESTING="1", GREENBOT_FAILPOINTS=f"migrate.step=kill@{step}")
    assert done.returncode == -9, "the failpoint was not reached"
    left = sqlite.connect(killed)
    assert left.execute("pragma user_version").fetchone()[0] == step - 1
    left.close()
    continued = connect(killed, clock=SystemClock())
    assert [tuple(row) for row in continued.all(SCHEMA)] == [tuple(row) for row in db.all(SCHEMA)]
    continued.close()


def test_a_failing_migration_leaves_the_store_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from greenbot.db import schema

    monkeypatch.setattr(schema, "CALLS", schema.CALLS + "; create table messages (again integer);")
    with pytest.raises(Exception, match="already exists"):
        connect(path, clock=SystemClock())
    monkeypatch.undo()
    left = sqlite.connect(path)
    assert left.execute("pragma user_version").fetchone()[0] == 1, "the one before it stays"
    assert not left.execute("select 1 from sqlite_master where name = 'calls'").fetchone()
    left.close()
    connect(path, clock=SystemClock()).close()


def test_an_older_greenbot_refuses_the_store_of_a_newer_one(path: Path, db: Db) -> None:
    older = "from greenbot.db import migrations\nmigrations.LATEST = 1\n"
    done = run(older + OPEN, path)
    assert "StoreTooNew" in done.stderr


def test_the_tables_are_strict(db: Db) -> None:
    own = ("messages", "message_log", "message_counts", "calls")
    strict = {row["name"]: row["strict"] for row in db.all("pragma table_list")}
    assert {name: strict[name] for name in own} == dict.fromkeys(own, 1)
