"""The group `greenbot outbox …` itself, and what several of its commands use."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.numbers import LAST_ID
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.outbox.states import State

group = Group("outbox", "The messages greenbot accepted: look, hold, cancel, try again, send.")

IdArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=LAST_ID, help="The message's number.")]


def recover(run: Run) -> None:
    """What a dead process left as `sending` is uncertain: say so before it is shown."""
    if not run.read_only:
        from greenbot.outbox.sweep import sweep

        sweep(run.store, run_dir=run.settings.paths.run_dir, clock=run.clock)


def state_of(word: str) -> "State":
    """The state of that name. Raises `UsageError` naming all."""
    from greenbot.outbox.states import State

    try:
        return State(word)
    except ValueError:
        raise UsageError(f"There is no state '{word}'.", hint=f"States: {', '.join(State)}") from None


def wake_workers(run: Run, *, for_sending: bool = True) -> None:
    """Let the workers look at once: something may leave now that could not before. Say so where there is none."""
    from greenbot.outbox.presence import wake

    if not wake(run.settings.paths.run_dir) and for_sending:
        run.out.say("No worker runs, so nothing leaves yet. Send it with: greenbot outbox run --drain")
