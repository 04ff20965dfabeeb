"""`greenbot chats show`: one conversation on the screen, in a pipe and as JSON."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.chats_group import ToArgument, chosen, group, past
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.chats.chat import Chat
    from greenbot.chats.conversation import Line

_COLUMNS = ("at", "direction", "who", "kind", "text", "status")
_MORE = ("id", "file", "stored_file", "answers", "message", "event", "language", "intent", "urgency")
_FOLLOW_SECONDS = 1.0


@group.command("show", instance=True, rows=True)
def show(
    run: Run,
    to: ToArgument,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Nothing older.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="WHEN", help="Only older lines.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many of the latest lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is still to come.")] = False,
) -> None:
    """What was said in a conversation, the latest at the end.

    Examples:
    greenbot chats show +380441234567
    greenbot chats show @Olena --since 2d
    greenbot chats show 12 --json
    greenbot chats show 12 --follow
    """
    from greenbot.chats.conversation import Part, read

    chat = chosen(run, to)
    before_ms = past(run, before)
    part = Part(since_ms=past(run, since) or 0, most=limit)
    if before_ms is not None:
        part = Part(since_ms=part.since_ms, before_ms=before_ms, most=limit)
    lines = read(run.store, chat, part)
    _draw(run, chat, lines)
    if follow:
        _follow(run, chat, lines)


def _draw(run: Run, chat: "Chat", lines: "list[Line]") -> None:
    from greenbot.cli.chats_thread import Look, fields, screen
    from greenbot.cli.when import MachineZone

    flags = run.flags
    if not run.out.for_person or flags.json or flags.csv or flags.quiet or flags.columns or flags.sort:
        rows = [fields(chat, line, full=flags.full or flags.json or flags.csv) for line in lines]
        run.out.rows(rows, _COLUMNS, more=_MORE, empty="Nothing was said yet.")
        return
    import shutil

    signs = run.out.sign("✓", "") == "✓"
    look = Look(width=max(40, shutil.get_terminal_size().columns), zone=MachineZone(), full=flags.full, signs=signs)
    for text in screen(chat, lines, look, run.out.style):
        run.out.line(text)
    if not lines:
        run.out.say("Nothing was said in this time.")


def _follow(run: Run, chat: "Chat", shown: "list[Line]") -> None:
    """Lines that were not shown yet, as they come; the store is looked at once a second. Ends with Ctrl-C."""
    from greenbot.chats.conversation import Part, read

    known = {_key(line) for line in shown}
    since_ms = shown[-1].at_ms if shown else run.clock.now_ms()
    try:
        while True:
            run.out.stdout.flush()
            run.clock.sleep(_FOLLOW_SECONDS)
            fresh = [line for line in read(run.store, chat, Part(since_ms=since_ms)) if _key(line) not in known]
            if fresh:
                _draw(run, chat, fresh)
                known |= {_key(line) for line in fresh}
    except KeyboardInterrupt:
        return


def _key(line: "Line") -> tuple[int | None, int | None]:
    return line.entry_id, line.message_id
