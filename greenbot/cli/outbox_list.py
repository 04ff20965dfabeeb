"""`greenbot outbox list`: which messages there are, and what those that wait are waiting for."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.numbers import LAST_ID
from greenbot.cli.outbox_filter import Which, listed, with_filters
from greenbot.cli.outbox_group import group, recover
from greenbot.cli.outbox_waits import Waits, wait_text
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.outbox.message import Message
    from greenbot.outbox.waiting import Wait


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
    """The newest messages.

    Examples:
    greenbot outbox list
    greenbot outbox list --state uncertain --state failed --json
    greenbot outbox list --chat 380441234567
    greenbot outbox list --instance "grand-*" --state queued --older-than 10m
    """
    recover(run)
    waits = Waits(run)
    run.out.rows(
        [row(run, message, waits.of(message)) for message in listed(run, which, limit=limit, before=before)],
        ("id", "state", "instance", "chat_id", "kind", "age_s", "remote_id", "why"),
        more=("priority", "class", "attempts", "until", "created_at"),
        empty="No message." if which != Which() or run.flags.instance or run.flags.tag else "No message yet.",
    )


def row(run: Run, message: "Message", waits: "tuple[Wait, ...]") -> dict[str, object]:
    """One message in a list."""
    from greenbot.cli.values import Age
    from greenbot.clock import iso_utc

    until_ms = waits[0].until_at_ms if waits else None
    return {
        "id": message.id,
        "state": message.status,
        "instance": message.instance,
        "chat_id": message.chat_id,
        "kind": message.kind,
        "age_s": Age((run.clock.now_ms() - message.created_at_ms) // 1000),
        "attempts": message.attempts,
        "remote_id": message.remote_id,
        "why": wait_text(run, waits[0]) if waits else why(message),
        "until": None if until_ms is None else iso_utc(until_ms),
        "priority": message.priority,
        "class": message.message_class,
        "created_at": iso_utc(message.created_at_ms),
    }


def why(message: "Message") -> str | None:
    """What a person asks of a message that is not simply on its way; the words GREEN-API used, where it used any."""
    from greenbot.outbox.states import State

    if message.state in (State.ACCEPTED, State.DELIVERED):
        return None
    words = [word.replace("_", " ") for word in (message.reason, message.cause) if word]
    return ": ".join([*words, *([message.detail] if message.detail else [])])
