"""`greenbot chats erase`: a guest is removed everywhere."""

from typing import Annotated

import typer

from greenbot.cli.chats_group import ToArgument, chat_id_of, chosen, group
from greenbot.cli.run import Run


@group.command("erase", instance=True, dry_run=True)
def erase(
    run: Run,
    to: ToArgument,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="CHAT_ID", help="The guest's chat id once more.")
    ] = None,
) -> None:
    """Remove a guest from every table and file, for all instances: events, messages, texts, files, the search index.

    A guest who wants no promotion stays on that list, without the reason: forgetting it would mean to write again.
    The store is rebuilt, so that the bytes are gone from the disk; backups of it are yours to remove.

    Examples:
    greenbot chats erase +380441234567 -n
    greenbot chats erase +380441234567 --confirm 380441234567@c.us
    """
    from greenbot.chats.erase import Folders, ids_of, traces
    from greenbot.chats.erase import erase as remove

    chat_id = chosen(run, to).chat_id if to.startswith("@") or len(to) < 8 else chat_id_of(run, to)
    found = traces(run.store, ids_of(run.store, chat_id))
    facts: dict[str, object] = {
        "conversations": len(found.chats),
        "events": len(found.events),
        "messages": found.messages,
        "lines_in_groups": len(found.entries),
        "files": len(found.files) + len(found.spooled),
    }
    if run.flags.dry_run:
        run.out.record({"would_remove": facts, "ids": list(found.ids)})
        return
    run.must_write()
    run.out.say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in facts.items()) + ".")
    run.confirm_name(chat_id, confirm)
    folders = Folders(media=run.settings.paths.state_dir / "media", spool=run.settings.paths.spool_dir)
    erased = remove(run.store, chat_id, run.operator, folders)
    told: dict[str, object] = {name: count for name, count in erased.counts.items() if count}
    run.out.record({**told, "files": erased.files, "bytes_gone": erased.bytes_gone}, essential="files")
    if not erased.bytes_gone:
        run.out.warn(
            "others were using the store, so freed bytes may still be on the disk. Run the same command again later."
        )
