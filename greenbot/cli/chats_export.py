"""`greenbot chats export`: whole conversations as text, JSON or CSV."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from greenbot.cli.chats_group import chosen, group, past
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.chats.chat import Chat

COLUMNS = ("instance", "chat_id", "at", "direction", "who", "kind", "text", "status", "id", "file")


@group.command("export", instance=True, csv=True)
def export(
    run: Run,
    to: Annotated[
        str | None, typer.Argument(metavar="[TO]", help="Phone number, chat id, @name, or the conversation's number.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every conversation, or with -i every one of an instance.")
    ] = False,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Nothing older.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write into this new file, readable by you alone."),
    ] = None,
) -> None:
    """A conversation from its beginning: as text, with --json one object per line, with --csv for a spreadsheet.

    Examples:
    greenbot chats export +380441234567 -o olena.txt
    greenbot chats export 12 --csv -o olena.csv
    greenbot chats export --all -i grand-kyiv --json > grand-kyiv.jsonl
    """
    if (to is None) != every:
        raise UsageError("Name one conversation, or say --all.", hint="greenbot chats export +380441234567")
    since_ms = past(run, since) or 0
    chats = [chosen(run, to)] if to is not None else _every(run)
    with _target(run, output) as stream:
        lines = _write(run, chats, since_ms, stream)
    if output is not None:
        run.out.say(f"{len(chats)} conversations with {lines} lines are in {output}.")


def _every(run: Run) -> "list[Chat]":
    from greenbot.chats.find import Filters, listed

    instance = run.instance.name if run.flags.instance is not None else None
    return sorted(listed(run.store, Filters(instance=instance, limit=2**31)), key=lambda chat: chat.id)


@contextmanager
def _target(run: Run, output: str | None) -> Iterator[TextIO]:
    """stdout, or a new file of 0600: what guests wrote is nobody else's."""
    if output is None:
        yield run.out.stdout
        return
    import os

    try:
        descriptor = os.open(run.cwd / output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{output} exists already.", hint="Name a new file, or remove that one.") from error
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.", hint=None) from error
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def _write(run: Run, chats: "list[Chat]", since_ms: int, stream: TextIO) -> int:
    """Every line of each chat, one chat in memory at a time; how many lines."""
    import csv

    from greenbot.chats.conversation import Part, read
    from greenbot.cli.chats_thread import archive, fields
    from greenbot.cli.output import SCHEMA_VERSION, to_json
    from greenbot.cli.when import MachineZone
    from greenbot.redact import redact
    from greenbot.safe_text import csv_cell, safe_text

    table = csv.writer(stream, lineterminator="\n")
    if run.flags.csv and not run.flags.json:
        table.writerow(COLUMNS)
    count = 0
    for chat in chats:
        lines = read(run.store, chat, Part(since_ms=since_ms))
        count += len(lines)
        if run.flags.json or run.flags.csv:
            own = {"instance": chat.instance, "chat_id": chat.chat_id}
            for record in (own | fields(chat, line) for line in lines):
                if run.flags.json:
                    stream.write(redact(to_json({"v": SCHEMA_VERSION, **record})) + "\n")
                else:
                    cells = ("" if record[name] is None else str(record[name]) for name in COLUMNS)
                    table.writerow([csv_cell(redact(cell)) for cell in cells])
            continue
        if len(chats) > 1:
            stream.write(f"== {chat.instance} · {safe_text(chat.shown_name)} · {chat.chat_id}\n")
        stream.writelines(redact(text) + "\n" for text in archive(chat, lines, MachineZone()))
    return count
