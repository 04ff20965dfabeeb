"""`greenbot outbox purge`: removing what is over and old."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.outbox_group import group, state_of
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.outbox.retention import Retention


@group.command("purge", instance=True, tag=True, dry_run=True, yes=True)
def purge(
    run: Run,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="Over for longer than that; at least 1d.")
    ] = "90d",
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only these. Repeat for more.")
    ] = None,
) -> None:
    """Remove messages that are over, with their history. Open ones are never touched.

    Whatever its age says, a message under a --key stays for 7 days, so that the same command cannot send twice.

    Examples:
    greenbot outbox purge --older-than 90d -n
    greenbot outbox purge --older-than 30d --state cancelled --yes
    """
    from greenbot.cli.values import seconds_of
    from greenbot.outbox.retention import OVER, Retention, count_old

    names = [instance.name for instance in run.instances] if run.flags.instance or run.flags.tag else [None]
    states = tuple(state_of(word) for word in state) if state else OVER
    older_than_ms = round(seconds_of(older_than) * 1000)
    retentions = [Retention(older_than_ms=older_than_ms, instance=name, states=states) for name in names]
    old = [(kept, count_old(run.store, kept, run.clock.now_ms())) for kept in retentions]
    total = sum(count for _, counts in old for count in counts.values())
    rows: list[dict[str, object]] = [
        {"instance": kept.instance or "all", "state": found, "messages": count}
        for kept, counts in old
        for found, count in counts.items()
    ]
    if run.flags.dry_run or not total:
        run.out.rows(rows, ("instance", "state", "messages"), empty="Nothing is that old.")
        if total:
            run.out.say(f"{total:,} messages would be removed. Nothing was changed.")
        return
    run.must_write()
    run.out.say(", ".join(f"{row['messages']} {row['state']} of {row['instance']}" for row in rows) + ".")
    run.confirm(f"Remove {total:,} messages and their history?")
    _remove(run, retentions, total)


def _remove(run: Run, retentions: "list[Retention]", total: int) -> None:
    from greenbot.errors import Stopped
    from greenbot.outbox import retention
    from greenbot.outbox.spool import discard_unused

    removed = 0
    try:
        for kept in retentions:
            for count in retention.purge(run.store, kept, run.operator):
                removed += count
                if removed // 10_000 != (removed - count) // 10_000:
                    run.out.say(f"{removed:,} of {total:,} ...")
    except KeyboardInterrupt:
        raise Stopped(f"Stopped: {removed:,} of {total:,} messages were removed.") from None
    keep_ms = min(kept.older_than_ms for kept in retentions)
    files = discard_unused(run.store, run.settings.paths.spool_dir, clock=run.clock, keep_finished_ms=keep_ms)
    run.out.record({"removed": removed, "files": len(files)}, essential="removed")
