"""`greenbot demo`."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import CheckFailed

group = Group("demo", "Watch the whole system work on a simulator, without an account")


@group.command("demo")
def demo(
    run: Run, fast: Annotated[bool, typer.Option("--fast", help="Without the pauses for reading.")] = False
) -> None:
    """Watch every message type go through a simulated GREEN-API, and one answer get lost.

    It works in a private folder that is gone afterwards, and ends by itself.

    Examples:
    greenbot demo
    greenbot demo --fast | less
    """
    from rich.console import Console

    from greenbot.demo.performance import Performance
    from greenbot.demo.screen import Plain, Screen
    from greenbot.demo.stage import Stage

    live = run.out.for_person and not run.flags.json and run.environ.get("TERM") != "dumb"
    console = Console(file=run.out.stdout, no_color=run.out.no_color, highlight=False, markup=False, emoji=False)
    audience = Screen(console, run.clock) if live else Plain(run.out.stderr if run.flags.json else run.out.stdout)
    with Stage(run.clock, speed=4.0 if fast else 1.0) as stage, audience:
        summary = Performance(stage, audience, 0.0 if fast else 1.4).play()
    if run.flags.json:
        run.out.record(
            {
                name: getattr(summary, name)
                for name in ("commands", "accepted", "uncertain", "executed", "received", "read", "events")
            }
        )
    if summary.broken:
        raise CheckFailed("The demo did not keep a promise: " + "; ".join(summary.broken))
