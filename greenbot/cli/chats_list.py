"""`greenbot chats list` and `greenbot chats search`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from greenbot.cli.chats_group import chosen, group, past, shown_kind
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.chats.chat import Chat
    from greenbot.chats.find import Filters
    from greenbot.chats.search import Found

Since = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Nothing older: 2h, 'mon 9:00', a date.")]
_EXCERPT_CHARACTERS = 200


@group.command("list", instance=True, tag=True, rows=True)
def list_(
    run: Run,
    open_only: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    closed_only: Annotated[bool, typer.Option("--closed", help="Only closed ones.")] = False,
    unanswered: Annotated[bool, typer.Option("--unanswered", help="Only where a guest waits for an answer.")] = False,
    urgent: Annotated[bool, typer.Option("--urgent", help="Only where what waits is urgent.")] = False,
    intent: Annotated[str | None, typer.Option("--intent", metavar="WORD", help="Only this wish: booking ...")] = None,
    assignee: Annotated[
        str | None, typer.Option("--assignee", metavar="NAME", help="Only those of this person.")
    ] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
) -> None:
    """Conversations: who waits longest for an answer first, then the others, the latest first.

    Examples:
    greenbot chats list
    greenbot chats list --unanswered --instance "grand-*"
    greenbot chats list --urgent
    greenbot chats list --assignee olena --open --json
    """
    from greenbot.chats.find import Filters

    if open_only and closed_only:
        raise UsageError("A conversation is open or closed.", hint="Leave out --open or --closed.")
    state: Literal["open", "closed"] | None = "open" if open_only else "closed" if closed_only else None
    filters = Filters(
        state=state,
        unanswered=unanswered,
        urgent=urgent,
        intent=intent,
        assignee=assignee,
        since_ms=past(run, since),
        limit=limit,
    )
    run.out.rows(
        [row(run, chat) for chat in _listed(run, filters)],
        ("chat_id", "instance", "name", "waits_s", "waiting", "last_s", "state", "assignee", "intent", "urgency"),
        more=("id", "kind", "language", "last_direction", "last_at", "unanswered_since"),
        empty="No conversation." if filters != Filters(limit=limit) else "No conversation yet.",
    )


def _listed(run: Run, filters: "Filters") -> "list[Chat]":
    from dataclasses import replace

    from greenbot.chats.find import listed, order

    if run.flags.instance is None and run.flags.tag is None:
        return listed(run.store, filters)
    found = [chat for one in run.instances for chat in listed(run.store, replace(filters, instance=one.name))]
    return sorted(found, key=order)[: filters.limit]


def row(run: Run, chat: "Chat") -> dict[str, object]:
    """One conversation in a list."""
    from greenbot.cli.values import Age
    from greenbot.clock import iso_utc

    now_ms, since_ms = run.clock.now_ms(), chat.unanswered_since_ms
    return {
        "id": chat.id,
        "chat_id": chat.chat_id,
        "instance": chat.instance,
        "kind": chat.kind,
        "name": chat.name,
        "waits_s": None if since_ms is None else Age(max(0, now_ms - since_ms) // 1000),
        "waiting": chat.waiting,
        "unanswered_since": None if since_ms is None else iso_utc(since_ms),
        "last_s": Age(max(0, now_ms - chat.last_at_ms) // 1000),
        "last_at": iso_utc(chat.last_at_ms),
        "last_direction": chat.last_direction,
        "state": chat.state,
        "assignee": chat.assignee,
        "language": chat.language,
        "intent": chat.intent,
        "urgency": chat.urgency,
    }


@group.command("search", instance=True, rows=True)
def search(
    run: Run,
    words: Annotated[
        list[str],
        typer.Argument(metavar="WORDS", help='All must be there; "several words" together; begin* of a word.'),
    ],
    chat: Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only in this conversation.")] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """Find words in what guests wrote and in what was sent to them. Capitals and accents do not matter.

    Examples:
    greenbot chats search breakfast
    greenbot chats search "late check-out" --since 7d
    greenbot chats search parking 'invoic*' --instance grand-kyiv
    """
    from greenbot.chats.search import Wanted
    from greenbot.chats.search import search as find

    # A shell takes quotes away: an argument of several words is one phrase.
    text = " ".join(f'"{word}"' if " " in word.strip() and '"' not in word else word for word in words)
    wanted = Wanted(
        text=text,
        instance=run.instance.name if run.flags.instance is not None else None,
        chat=None if chat is None else chosen(run, chat),
        since_ms=past(run, since) or 0,
        most=limit,
    )
    run.out.rows(
        [_found(run, one, text) for one in find(run.store, wanted)],
        ("at", "instance", "chat_id", "name", "direction", "text"),
        more=("event", "message"),
        empty="Nothing was found.",
    )


def _found(run: Run, found: "Found", wanted: str) -> dict[str, object]:
    from greenbot.chats.search import excerpt
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    words = shown_kind(found.kind, found.text)
    is_whole = run.flags.json or run.flags.full or run.flags.csv
    return {
        "at": local_time(found.at_ms) if run.out.for_person and not run.flags.json else iso_utc(found.at_ms),
        "instance": found.instance,
        "chat_id": found.chat_id,
        "name": found.name,
        "direction": found.direction,
        "text": words if is_whole else excerpt(words, wanted, _EXCERPT_CHARACTERS),
        "event": found.event_id,
        "message": found.message_id,
    }
