"""Bringing the schema of a store up to date, once, whoever comes first.

`PRAGMA user_version` tells how far a store is. An up-to-date store is recognised by that number
alone, so sqlite-utils, which would cost more than everything else a shell command does, is
imported only when there is something to migrate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.db.driver import sqlite
from greenbot.errors import StoreError, StoreTooNew

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

#: The user_version of a store with every migration below.
LATEST = 18

#: "grnb": tells our files from any other SQLite file.
APPLICATION_ID = 0x67726E62


def is_current(connection: sqlite.Connection) -> bool:
    """Whether nothing is left to migrate."""
    return _user_version(connection) == LATEST


def check_not_newer(connection: sqlite.Connection, path: Path) -> None:
    """Raise StoreTooNew for a store that a newer greenbot has migrated."""
    found = _user_version(connection)
    if found > LATEST:
        raise StoreTooNew(f"The store {path} has schema {found}; this greenbot knows schemas up to {LATEST}.")


def migrate(connection: sqlite.Connection, path: Path) -> None:
    """Apply what is missing; the caller holds the lock file.

    Each migration is one transaction together with its number, so a process killed in between
    leaves a store that the next one continues from.
    """
    if is_current(connection):
        return
    _refuse_foreign_file(connection, path)
    from sqlite_utils import Database

    steps = migrations()
    names = [step.name for step in steps.pending(Database(connection, recursive_triggers=False, execute_plugins=False))]
    for version, following in enumerate([*names[1:], None], start=LATEST - len(names) + 1):
        _apply_one(connection, steps, version=version, stop_before=following)


def migrations() -> "Migrations":
    """Every migration in its order. Released ones are never edited, only followed."""
    from sqlite_utils import Migrations

    steps = Migrations("greenbot")
    for step in _STEPS:
        steps()(step)
    return steps


def messages(db: "Database") -> None:
    from greenbot.db import schema

    db.executescript(schema.MESSAGES)


def calls(db: "Database") -> None:
    from greenbot.db import schema

    db.executescript(schema.CALLS)


def campaigns(db: "Database") -> None:
    from greenbot.db import schema_campaigns

    db.executescript(schema_campaigns.CAMPAIGNS)


def resilience(db: "Database") -> None:
    from greenbot.db import schema_health, schema_resilience

    for statement in (*schema_resilience.RESILIENCE, *schema_health.HEALTH):
        db.execute(statement)


def audit(db: "Database") -> None:
    from greenbot.db import schema_audit

    db.executescript(schema_audit.AUDIT)


def restricted_numbers(db: "Database") -> None:
    from greenbot.db import schema_campaigns

    db.executescript(schema_campaigns.RESTRICTED_NUMBERS)


def inbox(db: "Database") -> None:
    from greenbot.db import schema_inbox

    db.executescript(schema_inbox.INBOX)


def chats(db: "Database") -> None:
    from greenbot.db import schema_chats

    schema_chats.create(db)


def hooks(db: "Database") -> None:
    from greenbot.db import schema_hooks

    db.executescript(schema_hooks.HOOKS)


def metrics(db: "Database") -> None:
    from greenbot.db import schema_metrics

    db.executescript(schema_metrics.METRICS)


def alerts(db: "Database") -> None:
    from greenbot.db import schema_alerts

    db.executescript(schema_alerts.ALERTS)


def fronts(db: "Database") -> None:
    from greenbot.db import schema_fronts

    db.executescript(schema_fronts.FRONTS)


def settings(db: "Database") -> None:
    from greenbot.db import schema_settings

    db.executescript(schema_settings.SETTINGS)


def number_checks(db: "Database") -> None:
    from greenbot.db import schema_checks

    db.executescript(schema_checks.CHECKS)


def states(db: "Database") -> None:
    from greenbot.db import schema_states

    for statement in schema_states.STATES:
        db.execute(statement)


def edits(db: "Database") -> None:
    from greenbot.db import schema_edits

    db.executescript(schema_edits.EDITS)


def cheaper_triggers(db: "Database") -> None:
    from greenbot.db import schema_triggers

    db.executescript(schema_triggers.TRIGGERS)


def cheaper_intake(db: "Database") -> None:
    from greenbot.db import schema_intake

    db.executescript(schema_intake.INTAKE)


#: The name of a function is the name of its migration in every store, and its place its number.
_STEPS = (
    messages,
    calls,
    campaigns,
    resilience,
    audit,
    restricted_numbers,
    inbox,
    chats,
    hooks,
    metrics,
    alerts,
    fronts,
    settings,
    number_checks,
    states,
    edits,
    cheaper_triggers,
    cheaper_intake,
)


def _apply_one(connection: sqlite.Connection, steps: "Migrations", *, version: int, stop_before: str | None) -> None:
    from sqlite_utils import Database

    # Without plugins and without its own pragmas: sqlite-utils works on our connection as it is.
    db = Database(connection, recursive_triggers=False, execute_plugins=False)
    connection.execute("begin immediate")
    try:
        steps.apply(db, stop_before=stop_before)
        connection.execute(f"pragma user_version = {version:d}")
        connection.execute(f"pragma application_id = {APPLICATION_ID:d}")
        failpoints.hit("migrate.step")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _refuse_foreign_file(connection: sqlite.Connection, path: Path) -> None:
    ours = connection.execute("pragma application_id").fetchone()[0] == APPLICATION_ID
    if not ours and connection.execute("select count(*) from sqlite_master").fetchone()[0]:
        raise StoreError(
            f"{path} belongs to another program.",
            hint="Name a file of greenbot's own as `database`; nothing was changed in this one.",
        )


def _user_version(connection: sqlite.Connection) -> int:
    value: int = connection.execute("pragma user_version").fetchone()[0]
    return value
