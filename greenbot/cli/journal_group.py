"""The group `greenbot journal …` itself, and how a journal's entries are shown."""

import json
from collections.abc import Iterable
from typing import Annotated

import typer

from greenbot.cli.remote_call import Row, moment_ms, shown_time, words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

group = Group("journal", "What GREEN-API itself keeps of messages and calls: for looking back, beside the store.")

Since = Annotated[str, typer.Option("--since", metavar="WHEN", help="Nothing older: 2h, 'mon 9:00', a date.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many, newest first.")]

COLUMNS = ("id", "at", "chat_id", "name", "direction", "text", "status")
MORE = ("kind", "sender_id", "edited", "deleted", "file", "file_name")
_MOST_MINUTES = 366 * 24 * 60


def since_ms(run: Run, text: str) -> int:
    """The moment of `--since`. Raises `UsageError`."""
    from greenbot.cli.when import moment, zone_for

    found = moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")
    if found < run.clock.now_ms() - _MOST_MINUTES * 60_000:
        raise UsageError("GREEN-API's journals do not reach back more than a year.", hint="Write it like --since 7d.")
    return found


def minutes_from(run: Run, begin_ms: int) -> int:
    """How far back GREEN-API is asked: it counts whole minutes."""
    return max(1, -(-(run.clock.now_ms() - begin_ms) // 60_000))


def entries(run: Run, found: Iterable[Row], *, since_ms: int = 0, limit: int) -> list[Row]:
    """The rows of a journal, newest first; what is older than `since_ms` is left out."""
    recent = [one for one in found if (moment_ms(one) or 0) >= since_ms]
    newest = sorted(recent, key=lambda one: moment_ms(one) or 0, reverse=True)
    return [entry(run, one) for one in newest[:limit]]


def entry(run: Run, one: Row) -> Row:
    """One message of a journal, in the words the rest of greenbot has for it."""
    from greenbot.cli.chats_group import shown_kind
    from greenbot.inbox.backfill import as_notification
    from greenbot.messages.incoming.model import MessageEvent
    from greenbot.messages.incoming.parse import of_object
    from greenbot.messages.incoming.text import kind_of, text_of

    raw = as_notification(one, "0")
    event = of_object(json.loads(raw)) if raw is not None else None
    kind, text, direction = words(one, "typeMessage") or "", "", words(one, "type")
    if isinstance(event, MessageEvent):
        kind, text, direction = kind_of(event.content), text_of(event.content), event.direction
    return {
        "id": words(one, "idMessage"),
        "at": shown_time(run, moment_ms(one)),
        "chat_id": words(one, "chatId"),
        "name": words(one, "senderContactName") or words(one, "senderName"),
        "direction": direction,
        "kind": kind,
        "text": text if run.flags.json else shown_kind(kind, text, words(one, "fileName")),
        "status": words(one, "statusMessage"),
        "sender_id": words(one, "senderId"),
        "edited": one.get("isEdited") is True,
        "deleted": one.get("isDeleted") is True,
        "file": words(one, "downloadUrl"),
        "file_name": words(one, "fileName"),
    }
