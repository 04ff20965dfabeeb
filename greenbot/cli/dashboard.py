"""`greenbot dashboard`: the fleet on a terminal, live."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.dashboard.marks import Marks
    from greenbot.overview import Overview

group = Group("dashboard", "The fleet on a terminal, live.")

#: Looks are quick, but not free.
LEAST_SECONDS, MOST_SECONDS = 0.25, 3600.0
#: How many of the latest messages and events are kept for scrolling.
MOST_LATEST = 60
#: A pipe has no size.
PIPE_SIZE = (100, 40)


@group.command("dashboard", instance=True, tag=True)
def dashboard(
    run: Run,
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end: for scripts and screenshots.")] = False,
    refresh: Annotated[str, typer.Option("--refresh", metavar="DURATION", help="Look so often: 2s, 500ms.")] = "2s",
    panel: Annotated[int, typer.Option("--panel", min=1, max=5, help="Begin with panel 1 to 5.")] = 1,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="With --once: so many columns and rows, as 120x40.")
    ] = None,
) -> None:
    """Watch the fleet: rates, errors, response times, limits, queue, events, alerts.

    Keys: 1-5 or tab for a panel, up and down to select, a to say that you have seen an alert, space to pause, ? for
    help, q to quit. Where stdout is no terminal, or one that cannot be drawn on, one frame is printed as with --once.

    Examples:
    greenbot dashboard
    greenbot dashboard --refresh 1s --tag coast
    greenbot dashboard --once
    greenbot dashboard --once --panel 5 --size 120x40
    """
    from greenbot.cli.values import seconds_of

    seconds = seconds_of(refresh)
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise UsageError(f"--refresh {refresh} is not between 250ms and 1h.", hint="Write --refresh 2s.")
    look = looker(run, most=MOST_LATEST)
    if run.flags.json:
        from greenbot.cli.status import record_of

        run.out.record(record_of(look()))
    elif once or not _can_draw(run):
        _print_frame(run, look(), panel, _size(size, is_terminal=run.out.for_person))
    else:
        _watch(run, look, panel, seconds)


def looker(run: Run, *, most: int = 12) -> "Callable[[], Overview]":
    """How this command looks: at the chosen instances, or at all. What no service sums up is summed up here."""
    import os
    from functools import partial

    from greenbot.metrics.fold import fold
    from greenbot.metrics.names import Names
    from greenbot.outbox.owner import seems_alive
    from greenbot.overview import take

    names, chosen = Names(), _chosen(run)
    lives = partial(seems_alive, run.settings.paths.run_dir, run.clock)
    known = tuple(run.settings.instances) if chosen is None else tuple(sorted(chosen))

    def look() -> "Overview":
        seen = take(run.store, names, run.clock.now_ms(), known, most=most, lives=lives)
        if not seen.service_alive and not run.read_only and os.access(run.store.path.parent, os.W_OK):
            fold(run.store, names)
            seen = take(run.store, names, run.clock.now_ms(), known, most=most, lives=lives)
        return seen if chosen is None else narrowed(seen, chosen)

    return look


def _chosen(run: Run) -> frozenset[str] | None:
    if run.flags.instance is None and run.flags.tag is None:
        return None
    return frozenset(instance.name for instance in run.instances)


def narrowed(seen: "Overview", chosen: frozenset[str]) -> "Overview":
    """The same with the chosen instances alone in the lists; the figures stay the fleet's."""
    from dataclasses import replace

    from greenbot.metrics.names import FLEET

    return replace(
        seen,
        instances=[view for view in seen.instances if view.name in chosen],
        alerts=[alert for alert in seen.alerts if alert.instance in chosen | {FLEET}],
        messages=[message for message in seen.messages if message.instance in chosen],
        problems=[message for message in seen.problems if message.instance in chosen],
        events=[event for event in seen.events if event.instance in chosen],
    )


def _can_draw(run: Run) -> bool:
    return run.out.for_person and run.environ.get("TERM", "dumb") not in ("dumb", "")


def _size(given: str | None, *, is_terminal: bool) -> tuple[int, int]:
    """The size asked for, that of the terminal, or one that suits a page."""
    import shutil

    if given is None:
        size = shutil.get_terminal_size(PIPE_SIZE)
        # A terminal's last line is for the prompt that follows.
        return size.columns, size.lines - is_terminal
    width, times, height = given.lower().partition("x")
    if not times or not width.isdecimal() or not height.isdecimal() or not (len(width) < 4 and len(height) < 4):
        raise UsageError(f"--size {given} is no size.", hint="Write --size 120x40.")
    return int(width), int(height)


def _marks(run: Run) -> "Marks":
    from greenbot.dashboard.marks import marks_for

    return marks_for(run.out.stdout.encoding)


def _print_frame(run: Run, overview: "Overview", panel: int, size: tuple[int, int]) -> None:
    from greenbot.dashboard.once import still
    from greenbot.dashboard.paint import color_system, printed

    colors = color_system(is_terminal=run.out.for_person, no_color=run.out.no_color)
    lines = still(overview, size, _marks(run), panel=panel - 1)
    run.out.line(printed(lines, colors))


def _watch(run: Run, look: "Callable[[], Overview]", panel: int, seconds: float) -> None:
    import sys

    from greenbot.dashboard.live import Desk, watch
    from greenbot.dashboard.paint import Painter, color_system
    from greenbot.dashboard.terminal import Terminal

    def acknowledge(rule: str, instance: str) -> str:
        from greenbot.alerts.acks import acknowledge as note

        run.must_write()
        acked = note(run.store, rule, instance, run.operator)
        return f"Seen by {acked.by}: {acked.rule}"

    keyboard = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    desk = Desk(look=look, acknowledge=acknowledge, clock=run.clock, refresh_seconds=seconds)
    painter = Painter(color_system(is_terminal=True, no_color=run.out.no_color))
    watch(desk, Terminal(keyboard=keyboard, screen=run.out.stdout.fileno()), painter, _marks(run), panel=panel - 1)
