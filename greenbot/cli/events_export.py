"""`greenbot events export|purge`: taking events out of the store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from greenbot.cli.events_group import Which, group, oldest_first, state_of, with_filters
from greenbot.cli.run import Run
from greenbot.clock import iso_utc
from greenbot.errors import Stopped, UsageError
from greenbot.redact import redact

if TYPE_CHECKING:
    from greenbot.inbox.event import StoredEvent
    from greenbot.inbox.retention import Retention

_CELLS = (
    "id",
    "instance",
    "state",
    "received_at",
    "at",
    "type",
    "chat_id",
    "sender_name",
    "remote_id",
    "summary",
    "source",
    "deliveries",
)


@group.command("export", instance=True, tag=True)
@with_filters
def export(
    run: Run,
    which: Which,
    csv: Annotated[bool, typer.Option("--csv", help="CSV for a spreadsheet, without the bodies.")] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this new file, readable by you alone."),
    ] = None,
) -> None:
    """Write events with their exact bodies as JSON, one line each, the oldest first; or as CSV.

    The bodies are what guests wrote: keep the file as carefully as the store.

    Examples:
    greenbot events export --since 24h > events.jsonl
    greenbot events export --chat 380441234567 --csv -o guest.csv
    """
    with _written_to(run, output) as stream:
        if csv:
            _write_csv(run, which, stream)
            return
        for event in oldest_first(run, which):
            stream.write(redact(_json_line(event)) + "\n")


@contextmanager
def _written_to(run: Run, name: str | None) -> Iterator[TextIO]:
    """stdout, or a new file in its place."""
    if name is None:
        yield run.out.stdout
        return
    try:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"{name} cannot be written: {error.strerror}.", hint="Name a file that is not there yet."
        ) from error
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
        yield file


def _json_line(event: "StoredEvent") -> str:
    from greenbot.cli.events_show import body, parsed, read
    from greenbot.cli.output import SCHEMA_VERSION, to_json

    return to_json(
        {
            "v": SCHEMA_VERSION,
            "id": event.id,
            "instance": event.instance,
            "source": event.source,
            "received_at": iso_utc(event.received_at_ms),
            "at": None if event.at_ms is None else iso_utc(event.at_ms),
            "state": event.state,
            "reason": event.reason,
            "type": event.type,
            "chat_id": event.chat_id or None,
            "remote_id": event.remote_id,
            "digest": event.digest.hex(),
            "deliveries": event.deliveries,
            "duplicate_of": event.duplicate_of,
            "event": parsed(read(event.raw)),
            **body(event.raw),
        }
    )


def _write_csv(run: Run, which: Which, stream: TextIO) -> None:
    import csv

    from greenbot.cli.events_show import parsed, read, row
    from greenbot.cli.output import show
    from greenbot.safe_text import csv_cell

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_CELLS)
    for event in oldest_first(run, which):
        known = row(run, event) | {"sender_name": parsed(read(event.raw)).get("sender_name")}
        writer.writerow(["" if known[name] is None else csv_cell(redact(show(known[name]))) for name in _CELLS])


@group.command("purge", instance=True, tag=True, dry_run=True, yes=True)
def purge(
    run: Run,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="Came longer ago than that; at least 8d.")
    ] = "30d",
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only these. Repeat for more.")
    ] = None,
) -> None:
    """Remove events that are over, with their bodies. What waits or is worked on is never touched.

    Conversations stay; remove a guest with: greenbot chats erase.

    Examples:
    greenbot events purge --older-than 30d -n
    greenbot events purge --older-than 8d --state done --yes
    """
    from greenbot.cli.values import seconds_of
    from greenbot.inbox.retention import Retention, count_old
    from greenbot.inbox.states import OVER

    names = [instance.name for instance in run.instances] if run.flags.instance or run.flags.tag else [None]
    states = tuple(map(state_of, state)) if state else OVER
    older_than_ms = round(seconds_of(older_than) * 1000)
    retentions = [Retention(older_than_ms=older_than_ms, states=states, instance=name) for name in names]
    total = sum(count_old(run.store, kept, run.clock.now_ms()) for kept in retentions)
    if run.flags.dry_run or not total:
        run.out.record({"would_remove": total, "changed": False}, essential="would_remove")
        return
    run.must_write()
    run.confirm(f"Remove {total:,} events and their bodies?")
    _remove(run, retentions, total)


def _remove(run: Run, retentions: "list[Retention]", total: int) -> None:
    from greenbot.inbox import retention

    removed = 0
    try:
        for kept in retentions:
            for count in retention.purge(run.store, kept, run.operator):
                removed += count
                if removed // 10_000 != (removed - count) // 10_000:
                    run.out.say(f"{removed:,} of {total:,} ...")
    except KeyboardInterrupt:
        raise Stopped(f"Stopped: {removed:,} of {total:,} events were removed.") from None
    run.out.record({"removed": removed}, essential="removed")
