"""`greenbot alerts status --watch`: what fires, again and again; for a pipe or a program, each change as it comes."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Row

LEAST_SECONDS = 0.25
_FROM_THE_TOP = "\x1b[H\x1b[2J"

LAST = "select coalesce(max(id), 0) from alert_log"
MOVES = """
select alert_log.*, rules.metric from alert_log left join alert_rules as rules on rules.name = alert_log.rule
 where alert_log.id > :after order by alert_log.id limit 1000
"""


def seconds_between(every: str) -> float:
    """How long to wait between two looks. Raises `UsageError`."""
    from greenbot.cli.values import seconds_of

    seconds = seconds_of(every)
    if seconds < LEAST_SECONDS:
        raise UsageError(f"--every {every} is too often.", hint="Write --every 2s.")
    return seconds


def redraws(run: Run) -> bool:
    """Whether there is somebody at a terminal who looks at one picture; all others get changes."""
    return run.out.for_person and not (run.flags.json or run.flags.csv or run.flags.quiet)


def redraw(run: Run, seconds: float, show: Callable[[], object]) -> None:
    """Show it, and again until Ctrl-C."""
    while True:
        show()
        run.out.stdout.flush()
        run.clock.sleep(seconds)
        if run.environ.get("TERM", "dumb") != "dumb":
            run.out.stdout.write(_FROM_THE_TOP)


def last_move(run: Run) -> int:
    """Where the log of alerts ends now: what comes later is news."""
    found = run.store.scalar(LAST)
    return found if isinstance(found, int) else 0


def moves_after(run: Run, last: int, seconds: float) -> Iterator["Row"]:
    """Every change of an alert from there on, each once, in order; until Ctrl-C."""
    while True:
        for row in run.store.all(MOVES, after=last):
            last = row["id"]
            yield row
        # Also what was told before the first change.
        run.out.stdout.flush()
        run.clock.sleep(seconds)
