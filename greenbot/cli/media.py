"""`greenbot media …`: files that guests sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.chats_group import chosen
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.chats.media.fetch import Fetcher
    from greenbot.chats.media.table import Wanted

group = Group("media", "Files that guests sent: fetch them, see them, remove them.")

Chat = Annotated[str | None, typer.Option("--chat", metavar="TO", help="Of this conversation.")]


@group.command("download", instance=True, dry_run=True)
def download(
    run: Run,
    which: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An event's number, or a message's id at GREEN-API.")
    ] = None,
    chat: Chat = None,
    every: Annotated[bool, typer.Option("--all", help="All files of --chat.")] = False,
) -> None:
    """Fetch files of guests into greenbot's own folder, under names of its own.

    Only from the hosts in media.hosts, as large as media.file_mb and media.daily_mb allow. What a file is, its first
    bytes say. Nothing is opened or unpacked.

    Examples:
    greenbot media download 4711
    greenbot media download --chat +380441234567 --all
    """
    from greenbot.chats.media import table

    if (which is None) != (chat is not None and every):
        raise UsageError("Name one file by ID, or a conversation with --chat TO --all.")
    instance = run.instance.name if run.flags.instance is not None else None
    if which is not None:
        files = table.wanted(run.store, which, instance)
    else:
        files = table.wanted_of_chat(run.store, chosen(run, chat or "").id)
    if run.flags.dry_run:
        missing = [one for one in files if one.stored_name is None]
        run.out.say(f"Would fetch {len(missing)} of {len(files)} files.")
        return
    run.must_write()
    _fetch(run, files)


def _fetch(run: Run, files: "list[Wanted]") -> None:
    """All of them, one after the other; what failed is told with what it was."""
    import asyncio

    from greenbot.errors import GreenbotError, Limited, PartlyDone

    folder, failed = run.settings.paths.state_dir / "media", []
    rows: list[dict[str, object]] = []
    for one in files:
        try:
            fetched = asyncio.run(_fetcher(run, one.instance).fetch(one))
        except GreenbotError as error:
            if len(files) == 1:
                raise
            failed.append(error)
            run.out.warn(f"{one.remote_id}: {error}")
            if isinstance(error, Limited):
                break
            continue
        rows.append(
            {
                "id": one.remote_id,
                "file": str(folder / fetched.name),
                "new": fetched.is_new,
                "kind": one.kind,
                "given_name": one.given_name,
            }
        )
    run.out.rows(rows, ("file", "id", "kind", "given_name", "new"), empty="There is no file.")
    if failed:
        raise PartlyDone(f"{len(failed)} of {len(files)} files were not fetched.", hint="Run it again for these.")


def _fetcher(run: Run, instance_name: str) -> "Fetcher":
    from greenbot.chats.media.fetch import MB, Fetcher, Rules, policy_for

    instance = run.settings.instance(instance_name)
    media = run.settings.media

    async def renew(chat_id: str, remote_id: str) -> str | bytes:
        found = await run.client(instance).download_file(chat_id, remote_id)
        return found if isinstance(found, bytes) else found["downloadUrl"]

    policy = policy_for(media.hosts, (instance.api_url, instance.media_url))
    return Fetcher(
        db=run.store,
        media_dir=run.settings.paths.state_dir / "media",
        rules=Rules(policy=policy, file_bytes=media.file_mb * MB, daily_bytes=media.daily_mb * MB),
        renew=renew,
        clock=run.clock,
    )


@group.command("list", instance=True, rows=True)
def list_(
    run: Run,
    chat: Chat = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many, newest first.")] = 50,
) -> None:
    """Files that were fetched, the newest first.

    Examples:
    greenbot media list
    greenbot media list --chat +380441234567 --json
    """
    from greenbot.chats.media.table import listed
    from greenbot.cli.values import Age
    from greenbot.clock import iso_utc

    number = None if chat is None else chosen(run, chat).id
    instance = run.instance.name if run.flags.instance is not None else None
    now_ms = run.clock.now_ms()
    rows = [
        {
            "name": one.name,
            "instance": one.instance,
            "chat_id": one.chat_id,
            "type": one.type,
            "size_bytes": one.size_bytes,
            "age_s": Age(max(0, now_ms - one.at_ms) // 1000),
            "given_name": one.given_name,
            "id": one.remote_id,
            "kind": one.kind,
            "fetched_at": iso_utc(one.at_ms),
        }
        for one in listed(run.store, instance=instance, chat=number, most=limit)
    ]
    shown = ("name", "instance", "chat_id", "type", "size_bytes", "age_s", "given_name")
    run.out.rows(rows, shown, more=("id", "kind", "fetched_at"), empty="No file was fetched yet.")


@group.command("prune", instance=True, dry_run=True, yes=True)
def prune(
    run: Run,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="Fetched longer ago than that.")
    ] = "30d",
) -> None:
    """Remove fetched files that are old, and leftovers of broken downloads. GREEN-API may still have them for a while.

    Examples:
    greenbot media prune --older-than 30d -n
    greenbot media prune --older-than 7d --yes
    """
    from greenbot.chats.media import keep
    from greenbot.cli.values import seconds_of

    before_ms = run.clock.now_ms() - round(seconds_of(older_than) * 1000)
    instance = run.instance.name if run.flags.instance is not None else None
    found = keep.old(run.store, before_ms=before_ms, instance=instance)
    if run.flags.dry_run:
        run.out.record({"would_remove": found.files, "size_bytes": found.size_bytes}, essential="would_remove")
        return
    run.must_write()
    if found.files:
        run.confirm(f"Remove {found.files:,} files?")
    with keep.folder(run.settings.paths.state_dir / "media") as where:
        gone = keep.prune(run.store, where, before_ms=before_ms, instance=instance, clock=run.clock)
    run.out.record({"removed": gone.files, "size_bytes": gone.size_bytes}, essential="removed")
