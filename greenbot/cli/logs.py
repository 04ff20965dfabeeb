"""`greenbot logs`: what greenbot did, line by line."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.cli.logs_line import Lines, WholeChat
    from greenbot.logs.files import Snapshot
    from greenbot.logs.wanted import Wanted

group = Group("logs", "What greenbot did, line by line.")

_LEVELS = ("debug", "info", "warning", "error")
#: Between two looks for new lines.
_LOOK_SECONDS = 0.05


@group.command("logs", instance=True, tag=True)
def logs(
    run: Run,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written, until Ctrl-C.")] = False,
    lines: Annotated[int | None, typer.Option("--lines", "-n", min=0, help="The last so many; 50.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, from the oldest file on.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="From then on: 2h, yesterday 8:00.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then.")] = None,
    level: Annotated[str | None, typer.Option("--level", metavar="LEVEL", help="At least so grave: warning.")] = None,
    method: Annotated[str | None, typer.Option("--method", metavar="NAME", help="Calls of this method.")] = None,
    status: Annotated[int | None, typer.Option("--status", metavar="CODE", help="With this HTTP status.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", metavar="WORD", help="With this outcome.")] = None,
    event: Annotated[str | None, typer.Option("--event", metavar="WORD", help="Such as call, message, event.")] = None,
    match: Annotated[
        str | None, typer.Option("--match", metavar="RE", help="Matching this regular expression.")
    ] = None,
    stats: Annotated[bool, typer.Option("--stats", help="Count them instead of showing them.")] = False,
    show_phones: Annotated[bool, typer.Option("--show-phones", help="Show guests' numbers whole.")] = False,
    file: Annotated[str | None, typer.Option("--file", metavar="FILE", help="Read this file; - is stdin.")] = None,
) -> None:
    """Show the log: the last 50 lines, or those that are asked for.

    With --since or --until all of that time are shown. Files that were put aside are read too, in order.

    Examples:
    greenbot logs
    greenbot logs -f --level warning
    greenbot logs --since 2h --instance grand-kyiv --method sendMessage --json
    greenbot logs --since today --stats
    """
    from greenbot.cli.logs_line import Lines

    wanted = _wanted(run, level, method, status, outcome, event, match, since, until)
    shown = Lines(
        as_json=run.flags.json,
        for_person=run.out.for_person and not run.flags.quiet,
        colours=run.out.for_person and not run.out.no_color,
        whole_chat=_chats(run) if show_phones else None,
    )
    count = _count(lines, everything=everything, has_times=since is not None or until is not None, stats=stats)
    if file == "-":
        _finish(run, shown, _of_stdin(wanted), stats=stats)
        return
    if follow and stats:
        raise UsageError("--follow and --stats exclude each other.", hint="Leave one out.")
    path = _path(run, file)
    from greenbot.logs.files import Snapshot

    with Snapshot(path) as snapshot:
        found = snapshot.forwards(wanted) if count is None else snapshot.last(count, wanted)
        _finish(run, shown, found, stats=stats)
        if follow:
            _follow(run, snapshot, wanted, shown)


def _path(run: Run, file: str | None) -> Path:
    """Raises `UsageError` where there is nothing to read and nothing to wait for."""
    if file is not None:
        path = run.cwd / file
        if not path.is_file():
            raise UsageError(f"There is no file {file}.", hint="Correct --file.")
        return path
    settings = run.settings
    place = settings.log_place.to
    if place != "file" and not settings.paths.log_file.exists():
        hint = {
            "journal": "Write: journalctl -t greenbot -o cat | greenbot logs --file -",
            "stderr": "It is where the stderr of each process goes.",
        }.get(place, "Write one with: greenbot config set log.to file")
        raise UsageError(f"The log goes to {place}, not to a file.", hint=hint)
    return settings.paths.log_file


def _wanted(
    run: Run,
    level: str | None,
    method: str | None,
    status: int | None,
    outcome: str | None,
    event: str | None,
    match: str | None,
    since: str | None,
    until: str | None,
) -> "Wanted":
    import re

    from greenbot.logs.line import level_of
    from greenbot.logs.wanted import Wanted

    if level is not None and level not in _LEVELS:
        raise UsageError(f"There is no level '{level}'.", hint=f"Levels: {', '.join(_LEVELS)}.")
    try:
        pattern = None if match is None else re.compile(match)
    except re.error as error:
        raise UsageError(
            f"--match is not a regular expression: {error}.", hint="Quote it, and escape . ( [ with \\."
        ) from None
    return Wanted(
        level=None if level is None else level_of(level),
        instances=_instances(run),
        method=method,
        status=status,
        outcome=outcome,
        event=event,
        since=_moment(run, since),
        until=_moment(run, until),
        match=pattern,
    )


def _instances(run: Run) -> tuple[str, ...] | None:
    """Names, or patterns; an instance that was removed still stands in the log."""
    given = run.flags.instance
    if run.flags.tag is not None:
        return tuple(instance.name for instance in run.settings.select(given, tag=run.flags.tag))
    return None if given in (None, "all") else (given,)


def _moment(run: Run, text: str | None) -> str | None:
    if text is None:
        return None
    from greenbot.cli.when import moment, zone_for
    from greenbot.logs.line import time_text

    return time_text(moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past"))


def _count(lines: int | None, *, everything: bool, has_times: bool, stats: bool) -> int | None:
    """How many of the last ones; None for all."""
    if everything or (lines is None and (has_times or stats)):
        return None
    return 50 if lines is None else lines


def _of_stdin(wanted: "Wanted") -> Iterator[bytes]:
    from greenbot.logs.files import stream_blocks
    from greenbot.logs.wanted import Sieve

    sieve = Sieve(wanted)
    for block in stream_blocks(0):
        yield from sieve.lines(block)


def _finish(run: Run, shown: "Lines", found: Iterable[bytes], *, stats: bool) -> None:
    if stats:
        from greenbot.cli.logs_stats import show_stats

        show_stats(run, found)
        return
    is_empty = True
    for line in found:
        run.out.line(shown.show(line))
        is_empty = False
    if is_empty:
        run.out.say("No line is like that." if run.out.for_person else "")


def _follow(run: Run, snapshot: "Snapshot", wanted: "Wanted", shown: "Lines") -> None:
    import os

    from greenbot.logs.follow import Follower
    from greenbot.logs.wanted import Sieve

    fd = os.dup(snapshot.fd) if snapshot.fd >= 0 else -1
    follower = Follower(snapshot.path, fd=fd, position=snapshot.size, number=snapshot.number)
    sieve, missed = Sieve(wanted), 0
    run.out.stdout.flush()
    while True:
        if block := follower.read():
            for line in sieve.lines(block):
                run.out.line(shown.show(line))
            run.out.stdout.flush()
        else:
            run.clock.sleep(_LOOK_SECONDS)
        if follower.missed > missed:
            run.out.warn(f"{follower.missed - missed} files were removed before they could be read; raise log.keep.")
            missed = follower.missed


def _chats(run: Run) -> "WholeChat":
    """Whose chat a line is about, from the store: the log itself keeps only masked numbers."""
    from functools import lru_cache

    @lru_cache(maxsize=10_000)
    def of(table: str, number: int) -> str | None:
        query = _OF_MESSAGE if table == "messages" else _OF_EVENT
        row = run.store.one(query, id=number)
        return None if row is None else str(row["chat_id"]) or None

    def whole(fields: dict[str, object]) -> str | None:
        for name, table in (("message_id", "messages"), ("event_id", "events")):
            if isinstance(number := fields.get(name), int):
                return of(table, number)
        return None

    return whole


_OF_MESSAGE = "select chat_id from messages where id = :id"
_OF_EVENT = "select chat_id from events where id = :id"
