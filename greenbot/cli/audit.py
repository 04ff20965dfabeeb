"""`greenbot audit …`: who changed what."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("audit", "Who changed what, and when. Nothing in it can be altered or removed.")

_LAST_ID = 2**63 - 1


@group.command("list", rows=True)
def list_(
    run: Run,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="THING", help='Only this one: "message 12", "instance kyiv".')
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="NAME", help="Only this, such as outbox.cancel, or all of outbox.")
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="WHO", help="Only what this person did.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help='Only what came after: 2h, "yesterday 18:00", a date.')
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", min=1, max=_LAST_ID, help="Only older ones: the next page.")
    ] = None,
) -> None:
    """What operators did, newest first.

    Examples:
    greenbot audit list
    greenbot audit list --subject "message 12" --json
    greenbot audit list --action outbox --since 24h
    """
    from greenbot.db.audit import Entry, Wanted, entries

    def row(entry: Entry) -> dict[str, object]:
        from greenbot.cli.values import local_time
        from greenbot.clock import iso_utc

        by_hand = run.out.for_person and not (run.flags.json or run.flags.csv)
        return {
            "id": entry.id,
            "at": local_time(entry.at_ms) if by_hand else iso_utc(entry.at_ms),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "before": dict(entry.before),
            "after": dict(entry.after),
        }

    wanted = Wanted(
        subject=subject,
        actor=actor,
        action=action,
        since_ms=_since(run, since),
        before_id=before,
        limit=limit,
    )
    found = [row(entry) for entry in entries(run.store, wanted)]
    run.out.rows(found, ("id", "at", "actor", "action", "subject", "before", "after"), empty="Nothing was changed yet.")


def _since(run: Run, text: str | None) -> int | None:
    if text is None:
        return None
    from greenbot.cli.when import moment, zone_for

    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")
