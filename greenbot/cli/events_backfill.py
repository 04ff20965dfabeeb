"""`greenbot events backfill`: events that were missed while greenbot was away, from GREEN-API's journals."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.events_group import group
from greenbot.cli.run import Run
from greenbot.clock import iso_utc
from greenbot.errors import GreenbotError, PartlyDone

if TYPE_CHECKING:
    from greenbot.config.settings import Instance
    from greenbot.inbox.backfill import Gap

_COLUMNS = ("instance", "since", "new", "known", "note")


@group.command("backfill", instance=True, tag=True, dry_run=True, rows=True)
def backfill(
    run: Run,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="From then on; the last event that came, if not given."),
    ] = None,
) -> None:
    """Fetch messages that never arrived as events, from GREEN-API's journals.

    GREEN-API keeps events for 24 hours; after a longer outage only its journals still know the messages,
    and some they never knew. What is here already is not taken twice.

    Examples:
    greenbot events backfill -i grand-kyiv
    greenbot events backfill --instance all --since 3d -n
    """
    from greenbot.cli.when import moment, zone_for
    from greenbot.inbox.backfill import gap_of

    since_ms = None
    if since is not None:
        since_ms = moment(since, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")
    if not run.flags.dry_run:
        run.must_write()
    chosen = run.instances if run.flags.instance or run.flags.tag else (run.instance,)
    rows: list[dict[str, object]] = []
    failed: list[GreenbotError] = []
    for instance in chosen:
        gap = gap_of(run.store, instance.name, now_ms=run.clock.now_ms(), since_ms=since_ms)
        try:
            rows.append(_row(run, instance, gap))
        except GreenbotError as error:
            if len(chosen) == 1:
                raise
            failed.append(error)
            rows.append({"instance": instance.name, "since": iso_utc(gap.since_ms), "note": str(error)})
    run.out.rows(rows, _COLUMNS)
    if failed:
        raise PartlyDone(f"{len(chosen) - len(failed)} of {len(chosen)} instances could be read.", hint=None)


def _row(run: Run, instance: "Instance", gap: "Gap") -> dict[str, object]:
    from greenbot.inbox.backfill import Filled, fill, missing

    entries = _entries(run, instance, gap.minutes)
    if run.flags.dry_run:
        found, known = missing(run.store, instance.name, entries, instance_id=instance.id)
        filled = Filled(new=len(found), known=known)
    else:
        filled = fill(run.store, instance.name, entries, instance_id=instance.id, clock=run.clock)
    notes = [
        "nothing was changed" if run.flags.dry_run else "",
        "longer than GREEN-API keeps events; journals may not know all" if gap.is_beyond_queue else "",
        "the journal was cut: ask for less with --since" if filled.is_cut else "",
    ]
    return {
        "instance": instance.name,
        "since": iso_utc(gap.since_ms),
        "new": filled.new,
        "known": filled.known,
        "note": "; ".join(filter(None, notes)) or None,
    }


def _entries(run: Run, instance: "Instance", minutes: int) -> list[dict[str, object]]:
    """Both journals, each in its turn: GREEN-API allows one reading a second, of all processes together."""
    import random

    from greenbot.api.endpoints import find
    from greenbot.api.failures import error_of
    from greenbot.api.inline import run_inline
    from greenbot.outbox.remote import Reader
    from greenbot.wiring import open_lines

    async def wait(seconds: float) -> None:
        run.clock.sleep(seconds)

    reader = Reader(
        instance=instance.name,
        client=run.client(instance),
        clock=run.clock,
        lines=open_lines(run.settings, run.clock),
        rng=random.Random(),  # noqa: S311 - spreads calls, hides nothing
        sleep=wait,
    )
    entries: list[dict[str, object]] = []
    for method in ("lastIncomingMessages", "lastOutgoingMessages"):
        outcome = run_inline(reader.ask(method, {"minutes": minutes}))
        if not outcome.succeeded:
            raise error_of(outcome, instance=instance.name, endpoint=find(method))
        found = outcome.data if isinstance(outcome.data, list) else []
        entries += [entry for entry in found if isinstance(entry, dict)]
    return entries
