"""`greenbot db restore`: a backup takes the place of the store, and nothing is sent twice because of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.db_group import group
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.db.restore import Candidate, Restored


@group.command("restore", dry_run=True)
def restore(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that db backup made.")],
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The store's file name, as a confirmation.")
    ] = None,
) -> None:
    """Put a backup in the place of the store. Everything that runs has to be stopped first.

    The store that was there is kept beside it. What was queued at the time of the backup may have been sent since, so
    it is held: look at it, then let it go or cancel it. Campaigns are paused.

    Examples:
    greenbot db restore backups/greenbot-20261123-031500.db -n
    greenbot db restore /mnt/backup/greenbot.db --confirm greenbot.db
    """
    from functools import partial

    from greenbot.config.paths import make_private_dir
    from greenbot.db.restore import examine, put_back, refuse_users
    from greenbot.restored import settle

    store = run.settings.paths.store_file
    candidate = examine(_named(run, file))
    if run.flags.dry_run:
        _preview(run, candidate, store)
        return
    run.must_write()
    make_private_dir(store.parent)
    refuse_users(store)
    if store.exists():
        run.confirm_name(store.name, confirm)
    done = put_back(candidate, store, by=run.operator, settle=partial(settle, clock=run.clock))
    _show(run, candidate, done)


def _named(run: Run, file: str) -> Path:
    """The file as the person named it: here, or in the folder where backups lie."""
    from greenbot.cli.db_group import backup_folder

    given = Path(file).expanduser()
    here = run.cwd / given
    there = run.settings.paths.state_dir / given if given.parent.name == "backups" else backup_folder(run) / given
    return there if not here.exists() and there.exists() else here


def _preview(run: Run, candidate: "Candidate", store: Path) -> None:
    from greenbot.cli.db_look import waiting_in
    from greenbot.db.peek import peek

    with peek(candidate.path) as copy:
        waiting = waiting_in(copy)
    run.out.record({"file": str(candidate.path), "store": str(store), "schema": candidate.schema, **waiting})
    run.out.say("It is whole. Nothing was changed.")


def _show(run: Run, candidate: "Candidate", done: "Restored") -> None:
    kept = None if done.kept is None else str(done.kept)
    run.out.record({"restored": str(candidate.path), "kept": kept, **done.settled}, essential="restored")
    if done.kept is not None and not done.old_was_readable:
        run.out.warn("The old store could not be read: guests who asked for no promotion since the backup are unknown.")
    if done.settled["held"] or done.settled["uncertain"]:
        run.out.say(
            "Messages that had not left by the time of the backup are held: they may have been sent since.\n"
            "See them with:    greenbot outbox list --reason restored\n"
            "Then, for each:   greenbot outbox release ID   or   greenbot outbox cancel ID"
        )
    if done.settled["campaigns_paused"]:
        run.out.say("Campaigns are paused. See: greenbot campaign list")
    run.out.say("Fetch what guests wrote meanwhile with: greenbot events backfill")
