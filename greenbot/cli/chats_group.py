"""The group `greenbot chats …` itself, and which conversation its commands mean."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.chats.chat import Chat

group = Group("chats", "Conversations with guests: both directions in one thread.")

ToArgument = Annotated[
    str, typer.Argument(metavar="TO", help="Phone number, chat id, @name, or the conversation's number.")
]


def chosen(run: Run, to: str) -> "Chat":
    """The one conversation that is meant. Raises `BadChatId`, `NotFound`, or `UsageError` when it could be several."""
    from greenbot.chats import find

    instance = run.instance.name if run.flags.instance is not None else None
    if to.isascii() and to.isdigit() and len(to) < 8:
        # No phone number is that short.
        found = find.by_id(run.store, int(to))
        return find.only([found] if found is not None else [], f"number {to}")
    if to.startswith("@"):
        return find.only(find.by_name(run.store, to[1:], instance), to)
    chat_id = chat_id_of(run, to)
    return find.only(find.by_chat_id(run.store, chat_id, instance), chat_id)


def chat_id_of(run: Run, to: str) -> str:
    """The chat id of a number in any usual form. Raises `BadChatId`."""
    from greenbot.chat_id import parse_chat_id
    from greenbot.errors import UsageError

    try:
        country_code = run.instance.country_code
    except UsageError:
        # Several instances and none named: only what differs between them is unknown.
        country_code = run.settings.country_code
    return str(parse_chat_id(to, country_code=country_code))


def past(run: Run, text: str | None) -> int | None:
    """The moment of `--since`, UTC milliseconds. Raises `UsageError`."""
    if text is None:
        return None
    from greenbot.cli.when import moment, zone_for

    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")


def shown_kind(kind: str, text: str, file_name: str | None = None) -> str:
    """A line's words, with what it is where it is more than a text: `photo: Our view`, `document (price.pdf)`."""
    if kind in ("text", "call"):
        return text
    named = f" ({file_name})" if file_name and file_name not in text else ""
    return f"{kind}{named}: {text}" if text else f"{kind}{named}"
