"""`greenbot events list|show`: which events came, and everything about one of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.events_group import IdArgument, Which, group, newest, with_filters
from greenbot.cli.numbers import LAST_ID
from greenbot.cli.run import Run
from greenbot.cli.values import local_time
from greenbot.clock import iso_utc

if TYPE_CHECKING:
    from greenbot.inbox.event import StoredEvent
    from greenbot.inbox.table import LogLine
    from greenbot.messages.incoming.model import Incoming


@group.command("list", instance=True, tag=True, rows=True)
@with_filters
def list_(
    run: Run,
    which: Which,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", min=1, max=LAST_ID, help="Only older ones: the next page.")
    ] = None,
) -> None:
    """The newest events.

    Examples:
    greenbot events list
    greenbot events list --state dead --state quarantined
    greenbot events list --chat 380441234567 --type incomingMessageReceived
    greenbot events list --instance "grand-*" --since 2h --json
    """
    run.out.rows(
        [row(run, event) for event in newest(run, which, limit=limit, before=before)],
        ("id", "state", "instance", "type", "chat_id", "age_s", "summary", "why"),
        more=("source", "deliveries", "attempts", "remote_id", "received_at", "at"),
        empty="No event." if not which.says_nothing or run.flags.instance or run.flags.tag else "No event yet.",
    )


@group.command("show")
def show(
    run: Run,
    event_id: IdArgument,
    raw: Annotated[bool, typer.Option("--raw", help="Only the body as it came.")] = False,
) -> None:
    """One event with its body, what greenbot read in it, and everything that happened to it.

    Examples:
    greenbot events show 12
    greenbot events show 12 --raw
    """
    from greenbot.inbox.table import get, history

    event = get(run.store, event_id)
    if raw:
        run.out.block(event.raw.decode("utf-8", "backslashreplace"))
        return
    log = history(run.store, event_id)
    incoming = read(event.raw)
    if run.flags.json:
        run.out.record(
            row(run, event)
            | {"event": parsed(incoming), **body(event.raw), "log": [_logged(line) for line in log]}
            | _more(event)
        )
        return
    run.out.record(row(run, event) | _more(event), essential="state")
    if run.flags.quiet:
        return
    for name, value in parsed(incoming).items():
        run.out.line(f"  {name}: {_shown(value)}")
    run.out.block(event.raw.decode("utf-8", "backslashreplace"))
    for line in log:
        when = local_time(line.at_ms) if run.out.for_person else iso_utc(line.at_ms)
        run.out.block(f"{when}  {line.to_state}  ({_words(line.reason, line.detail)})")
    if advice := _next_step(event):
        run.out.say(advice)


def row(run: Run, event: "StoredEvent") -> dict[str, object]:
    """One event in a list."""
    from greenbot.cli.values import Age
    from greenbot.messages.incoming.text import summary_of

    incoming = read(event.raw)
    return {
        "id": event.id,
        "state": event.state,
        "instance": event.instance,
        "type": event.type or None,
        "chat_id": event.chat_id or None,
        "age_s": Age((run.clock.now_ms() - event.received_at_ms) // 1000),
        "summary": None if isinstance(incoming, ValueError) else summary_of(incoming),
        "why": _why(event),
        "source": event.source,
        "deliveries": event.deliveries,
        "attempts": event.attempts,
        "remote_id": event.remote_id,
        "received_at": iso_utc(event.received_at_ms),
        "at": None if event.at_ms is None else iso_utc(event.at_ms),
    }


def _more(event: "StoredEvent") -> dict[str, object]:
    return {
        "digest": event.digest.hex(),
        "duplicate_of": event.duplicate_of,
        "next_try_at": iso_utc(event.next_at_ms) if event.next_at_ms else None,
        "done_at": None if event.done_at_ms is None else iso_utc(event.done_at_ms),
    }


def read(raw: bytes) -> "Incoming | ValueError":
    """What the bytes say; an `Unreadable` where they say nothing."""
    from greenbot.messages.incoming.model import Unreadable
    from greenbot.messages.incoming.parse import parse

    try:
        return parse(raw)
    except Unreadable as error:
        return error


def parsed(incoming: "Incoming | ValueError") -> dict[str, object]:
    """The fields greenbot understood, as JSON takes them; empty ones left out."""
    from dataclasses import asdict, replace

    if isinstance(incoming, ValueError):
        return {"unreadable": str(incoming)}
    fields = asdict(replace(incoming, raw={}))
    del fields["raw"]
    if hasattr(incoming, "content"):
        fields["content"] = {"kind": type(incoming.content).__name__} | fields["content"]
    return {name: value for name, value in fields.items() if value not in (None, "", (), {})}


def body(raw: bytes) -> dict[str, object]:
    """The exact bytes as JSON takes them: as text where they are UTF-8, in base64 where they are not."""
    from base64 import b64encode

    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": b64encode(raw).decode()}


def _shown(value: object) -> str:
    from greenbot.cli.output import show as shown

    return shown(value)


def _logged(line: "LogLine") -> dict[str, object]:
    return {
        "at": iso_utc(line.at_ms),
        "from": line.from_state,
        "to": line.to_state,
        "reason": line.reason,
        "detail": line.detail,
        "actor": line.actor,
    }


def _why(event: "StoredEvent") -> str | None:
    """What a person asks of an event that is not simply done or waiting."""
    if event.duplicate_of is not None:
        return f"the same as event {event.duplicate_of}"
    if event.reason in ("received", "claim", "processed"):
        return None
    return _words(event.reason, event.detail)


def _words(reason: str, detail: str | None) -> str:
    words = reason.replace("_", " ")
    return f"{words}: {detail}" if detail else words


def _next_step(event: "StoredEvent") -> str | None:
    if event.state == "dead":
        return f"Try it once more: greenbot events retry {event.id}"
    if event.state == "quarantined":
        return f"Let it in, if you trust it: greenbot events replay {event.id}"
    return None
