"""`greenbot db backup`: a copy of the store while everything works on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.db_group import PATTERN, backup_folder, backup_name, group
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.db.backup import Backup

WAITING_FILES = """
select count(*) as messages from messages
 where file_sha256 is not null and state in ('queued', 'claimed', 'sending', 'uncertain')
"""


@group.command("backup", dry_run=True)
def backup(
    run: Run,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The new file; else one in the folder backups.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, metavar="N", help="Keep the last N of that folder, remove older ones."),
    ] = None,
) -> None:
    """Copy the store into one file, while service and workers go on.

    The copy is checked from end to end before it gets its name. It holds guests' numbers and texts, so only you may
    read it; no token is in it. Files of messages that still wait (folder spool) are not in it.

    Examples:
    greenbot db backup
    greenbot db backup --keep 14 -q
    greenbot db backup /mnt/backup/greenbot.db --force
    """
    from greenbot.db.backup import back_up, record
    from greenbot.errors import StoreError, UsageError

    if keep is not None and file is not None:
        raise UsageError("--keep counts in greenbot's own folder.", hint="Leave out the file, or --keep.")
    store = run.settings.paths.store_file
    target = run.cwd / Path(file).expanduser() if file else backup_folder(run) / backup_name(run)
    if run.flags.dry_run:
        run.out.say(f"Would copy {store} to {target}.")
        return
    run.must_write()
    if not store.is_file():
        raise StoreError(f"There is no store at {store}.", hint="Nothing is lost by that: nothing was kept yet.")
    made = back_up(store, target, clock=run.clock, replace=force)
    record(run.store, made, run.operator)
    removed = _pruned(run, target, keep)
    _show(run, made, removed)


def _pruned(run: Run, spare: Path, keep: int | None) -> list[Path]:
    from greenbot.db.backup import prune

    return [] if keep is None else prune(backup_folder(run), PATTERN, keep=keep, spare=spare)


def _show(run: Run, made: "Backup", removed: list[Path]) -> None:
    from greenbot.clock import iso_utc

    run.out.record(
        {
            "file": str(made.path),
            "bytes": made.size_bytes,
            "schema": made.schema,
            "as_of": iso_utc(made.at_ms),
            "took_ms": made.took_ms,
            "removed": [str(path) for path in removed],
        },
        essential="file",
    )
    waiting = run.store.scalar(WAITING_FILES)
    if isinstance(waiting, int) and waiting:
        spool = run.settings.paths.spool_dir
        run.out.say(f"{waiting} messages that wait have files: copy {spool} too if they must not be lost.")
