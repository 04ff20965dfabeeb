"""`greenbot db info`, `check` and `migrate`: how the store is, whether it is sound, and bringing it up to date."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.db_group import backup_folder, group
from greenbot.cli.run import Run
from greenbot.errors import ExitCode

if TYPE_CHECKING:
    from greenbot.db.peek import Peek

TABLES = """
select name from sqlite_master
 where type = 'table' and name not like 'sqlite_%' and name not like '%\\_fts%' escape '\\' order by name
"""
#: What a person asks of each large table: how far it reaches back, and how new it is.
AGES = {
    "messages": "select min(created_at_ms) as oldest, max(created_at_ms) as newest from messages",
    "events": "select min(received_at_ms) as oldest, max(received_at_ms) as newest from events",
    "calls": "select min(started_at_ms) as oldest, max(started_at_ms) as newest from calls",
    "audit": "select min(at_ms) as oldest, max(at_ms) as newest from audit",
}
OPEN = """
select count(*) as messages from messages where state in ('queued', 'claimed', 'sending', 'uncertain')
"""
RUNNING = "select count(*) as campaigns from campaigns where state in ('starting', 'running')"
MESSAGES, CAMPAIGNS, AUDIT = 1, 3, 5


def waiting_in(store: "Peek") -> dict[str, object]:
    """What of a store would be held and paused if it came back."""
    return {
        "open_messages": store.scalar(OPEN) if store.schema >= MESSAGES else 0,
        "running_campaigns": store.scalar(RUNNING) if store.schema >= CAMPAIGNS else 0,
    }


@group.command("info")
def info(run: Run) -> None:
    """How the store is: its place and size, SQLite's mode, how many rows of each kind, the last backup.

    Nothing is changed by looking; a store of an older or a newer greenbot is shown too.

    Examples:
    greenbot db info
    greenbot db info --json
    """
    from greenbot.db.peek import peek

    store = run.settings.paths.store_file
    with peek(store) as found:
        record = {**_of_files(store), **_of_mode(found), **_of_backups(run, found), "rows": _rows(found)}
    if run.flags.json:
        run.out.record(record)
        return
    tables = record.pop("rows")
    run.out.record(record, essential="path")
    if not run.flags.quiet:
        run.out.line("")
        assert isinstance(tables, dict)
        rows = [{"table": name, **facts} for name, facts in tables.items() if facts["rows"] or run.flags.verbose]
        run.out.rows(rows, ("table", "rows", "oldest", "newest"), empty="Nothing is in it yet.")


def _of_files(store: Path) -> dict[str, object]:
    wal = store.with_name(store.name + "-wal")
    return {
        "path": str(store),
        "bytes": store.stat().st_size,
        "wal_bytes": wal.stat().st_size if wal.exists() else 0,
        "mode": f"{store.stat().st_mode & 0o777:04o}",
    }


def _of_mode(found: "Peek") -> dict[str, object]:
    from greenbot.db import driver
    from greenbot.db.migrations import LATEST

    return {
        "schema": found.schema,
        "schema_of_this_greenbot": LATEST,
        "sqlite": ".".join(map(str, driver.version)),
        "journal_mode": found.pragma("journal_mode"),
        # What every connection of greenbot sets, and refuses to work without.
        "synchronous": "full",
        "pages": found.pragma("page_count"),
        "free_pages": found.pragma("freelist_count"),
    }


def _of_backups(run: Run, found: "Peek") -> dict[str, object]:
    from greenbot.clock import iso_utc
    from greenbot.db.backup import LAST

    at_ms = found.scalar(LAST) if found.schema >= AUDIT else None
    return {"last_backup": iso_utc(at_ms) if isinstance(at_ms, int) else None, "backups": str(backup_folder(run))}


def _rows(found: "Peek") -> dict[str, dict[str, object]]:
    from greenbot.clock import iso_utc

    tables: dict[str, dict[str, object]] = {}
    for row in found.all(TABLES):
        name = str(row["name"])
        quoted = name.replace('"', '""')
        statement = f'select count(*) as rows from "{quoted}"'  # noqa: S608 - a name that the store itself told
        ages = found.one(AGES[name]) if name in AGES else None
        tables[name] = {
            "rows": found.scalar(statement),
            "oldest": iso_utc(ages["oldest"]) if ages is not None and ages["oldest"] else None,
            "newest": iso_utc(ages["newest"]) if ages is not None and ages["newest"] else None,
        }
    return tables


_MIGRATE = "It was made by another greenbot. Bring it up to date with: greenbot db migrate"
_RESTORE = "Keep the file, stop every greenbot process, and put a backup back: greenbot help store"


@group.command("check")
def check(
    run: Run,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 11 when something is wrong; so it does anyway.")
    ] = False,
) -> None:
    """Read all of the store and see whether it is sound. Exits 11 when it is not.

    SQLite's own check of every page and index, the schema, and what greenbot promises of its rows: histories end
    where their messages are, counters are right, nothing is in flight twice. Nothing is changed or repaired.

    Examples:
    greenbot db check
    greenbot db check --json
    """
    from greenbot.soundness import flaws

    store = run.settings.paths.store_file
    found = []
    for flaw in flaws(store, run.clock, on_step=lambda step: run.out.say(f"Checking {step} …")):
        found.append(flaw)
        if not run.flags.json and not run.flags.quiet:
            run.out.block(f"{flaw.kind}: {flaw.what}")
    if run.flags.json:
        rows = [{"kind": flaw.kind, "what": flaw.what, "count": flaw.count} for flaw in found]
        run.out.record({"path": str(store), "sound": not found, "flaws": rows})
    elif not found:
        run.out.line("sound")
    elif run.flags.quiet:
        run.out.line("unsound")
    if found:
        only_old = all(flaw.kind == "version" for flaw in found)
        run.out.say(_MIGRATE if only_old else _RESTORE)
        raise typer.Exit(ExitCode.CHECK_FAILED)


@group.command("migrate", dry_run=True)
def migrate(run: Run) -> None:
    """Bring the store up to this greenbot's schema, one step at a time. Any command that uses it does the same.

    Examples:
    greenbot db migrate -n
    greenbot db migrate
    """
    from greenbot.db.migrations import LATEST
    from greenbot.db.peek import peek

    with peek(run.settings.paths.store_file) as found:
        before = found.schema
    if run.flags.dry_run:
        run.out.record({"schema": before, "would_be": max(before, LATEST)}, essential="would_be")
        return
    run.must_write()
    run.store.check_wal()
    run.out.record({"was": before, "schema": LATEST}, essential="schema")
