"""`greenbot trace`: the whole life of one message or one event."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.clock import iso_utc
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.trace import Moment, Trace

group = Group("trace", "The whole life of one message or event.")

_COLOURS = {"message": "green", "call": "cyan", "event": "yellow", "hook": "yellow", "notice": "red", "log": "dim"}


@group.command("trace")
def trace(
    run: Run,
    number: Annotated[str, typer.Argument(metavar="ID", help="A message, an event, or GREEN-API's id of one.")],
    event: Annotated[bool, typer.Option("--event", help="The number is that of an event.")] = False,
    message: Annotated[bool, typer.Option("--message", help="The number is that of a message.")] = False,
    show_phones: Annotated[bool, typer.Option("--show-phones", help="Show the guest's number whole.")] = False,
) -> None:
    """Show what happened to one message or event, in the order of time.

    From the store and the log: acceptance, waits, attempts, statuses, hooks, and what people were told meanwhile. A
    number means a message, where one has it; -q prints only how it stands.

    Examples:
    greenbot trace 12
    greenbot trace --event 4711
    greenbot trace BAE5F4886F6F2D05 --json
    """
    from greenbot.trace import find
    from greenbot.trace import trace as traced

    if event and message:
        raise UsageError("--event and --message exclude each other.", hint="Choose one.")
    kind, found = find(run.store, number, kind="event" if event else "message" if message else None)
    paths = run.settings.paths
    log_file = paths.log_file if paths.log_file.parent.is_dir() else None
    life = traced(run.store, kind, found, log_file=log_file, now_ms=run.clock.now_ms())
    run.out.record(_head(life, show_phones=show_phones, as_json=run.flags.json), essential="state")
    if not (run.flags.json or run.flags.quiet):
        _show(run, life, show_phones=show_phones)


def _head(life: "Trace", *, show_phones: bool, as_json: bool) -> dict[str, object]:
    head: dict[str, object] = {
        life.kind: life.id,
        "instance": life.instance,
        "chat": _private(life.chat_id, show_phones=show_phones) or None,
        "remote_id": life.remote_id,
        "state": life.state,
    }
    if as_json:
        head["moments"] = [_as_json(moment, show_phones=show_phones) for moment in life.moments]
    return head


def _as_json(moment: "Moment", *, show_phones: bool) -> dict[str, object]:
    return {
        "at": iso_utc(moment.at_ms),
        "source": moment.source,
        "words": _private(moment.words, show_phones=show_phones),
        "facts": {
            name: _private(value, show_phones=show_phones) if isinstance(value, str) and name in _PRIVATE else value
            for name, value in moment.facts.items()
        },
    }


#: Facts in which a guest's number can stand.
_PRIVATE = frozenset({"chat", "words"})


def _private(text: str, *, show_phones: bool) -> str:
    from greenbot.redact import mask_phone

    return text if show_phones else mask_phone(text)


def _show(run: Run, life: "Trace", *, show_phones: bool) -> None:
    """One line for each moment: when, how long after the one before, from where, what."""
    from greenbot.cli.values import local_time
    from greenbot.safe_text import safe_text

    before_ms = life.moments[0].at_ms if life.moments else 0
    for moment in life.moments:
        words = safe_text(_private(moment.words, show_phones=show_phones))
        after = _span(moment.at_ms - before_ms)
        before_ms = moment.at_ms
        if not run.out.for_person:
            run.out.line("\t".join((iso_utc(moment.at_ms), after, moment.source, words)))
            continue
        source = run.out.style(f"{moment.source:<8}", _COLOURS[moment.source])
        run.out.line(f"{local_time(moment.at_ms)}  {after:>9}  {source}  {words}")


def _span(span_ms: int) -> str:
    if span_ms < 1000:
        return f"+{max(0, span_ms)} ms"
    seconds = span_ms / 1000
    return f"+{seconds:.1f} s" if seconds < 600 else f"+{seconds / 60:.0f} min"
