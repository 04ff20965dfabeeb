"""`greenbot outbox stats`: the queue in numbers, which cost the same however long it is."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.outbox_group import group, recover
from greenbot.cli.outbox_waits import Waits
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.outbox.figures import Pace
    from greenbot.outbox.listing import Count
    from greenbot.outbox.waiting import Around


@group.command("stats", instance=True, tag=True, rows=True)
def stats(
    run: Run,
    by: Annotated[str, typer.Option("--by", metavar="instance|state|reason", help="One row for each of these.")] = (
        "instance"
    ),
) -> None:
    """How many messages stand where, how long they wait, and how fast they leave.

    Examples:
    greenbot outbox stats
    greenbot outbox stats --by state --instance grand-kyiv
    greenbot outbox stats --by reason --json
    """
    views = {"instance": _by_instance, "state": _by_state, "reason": _by_reason}
    if by not in views:
        raise UsageError(f"--by knows instance, state and reason, not '{by}'.", hint="Write --by state.")
    recover(run)
    views[by](run, _names(run))


def _names(run: Run) -> list[str] | None:
    """The instances asked for; None: whatever is in the store."""
    if run.flags.instance is None and run.flags.tag is None:
        return None
    return [instance.name for instance in run.instances]


def _asked(names: list[str] | None) -> Iterable[str | None]:
    return [None] if names is None else names


def _by_state(run: Run, names: list[str] | None) -> None:
    from greenbot.cli.values import Age
    from greenbot.outbox.listing import stats as counted

    now_ms = run.clock.now_ms()
    rows = [
        {
            "instance": count.instance,
            "state": count.state,
            "messages": count.messages,
            "oldest_s": Age((now_ms - count.oldest_at_ms) // 1000),
        }
        for name in _asked(names)
        for count in counted(run.store, name)
    ]
    run.out.rows(rows, ("instance", "state", "messages", "oldest_s"), empty="No message yet.")


def _by_reason(run: Run, names: list[str] | None) -> None:
    from greenbot.outbox.figures import reasons

    rows = [
        {"instance": found.instance, "state": found.state, "reason": found.why, "messages": found.messages}
        for name in _asked(names)
        for found in reasons(run.store, name)
    ]
    run.out.rows(rows, ("instance", "state", "reason", "messages"), empty="Nothing waits, and nothing failed.")


def _by_instance(run: Run, names: list[str] | None) -> None:
    from greenbot.outbox.figures import pace
    from greenbot.outbox.listing import stats as counted

    counts: dict[str, list[Count]] = {name: [] for name in names or ()}
    for name in _asked(names):
        for count in counted(run.store, name):
            counts.setdefault(count.instance, []).append(count)
    paces = pace(run.store, now_ms=run.clock.now_ms())
    waits = Waits(run)
    rows = [_instance_row(run, name, found, paces.get(name), waits.around(name)) for name, found in counts.items()]
    columns = ("instance", "queued", "sending", "uncertain", "failed", "oldest_s", "per_minute", "failed_percent")
    run.out.rows(rows, (*columns, "why"), more=("median_ms", "p95_ms", "delivered", "stalled"), empty="No message yet.")


def _instance_row(
    run: Run, name: str, counts: "list[Count]", pace: "Pace | None", around: "Around"
) -> dict[str, object]:
    from greenbot.cli.values import Age
    from greenbot.outbox.states import OPEN, State

    by_state = {count.state: count.messages for count in counts}
    oldest = min((count.oldest_at_ms for count in counts if count.state in OPEN), default=None)
    return {
        "instance": name,
        "queued": by_state.get(State.QUEUED, 0),
        "sending": by_state.get(State.CLAIMED, 0) + by_state.get(State.SENDING, 0),
        "uncertain": by_state.get(State.UNCERTAIN, 0),
        "delivered": by_state.get(State.DELIVERED, 0),
        "stalled": by_state.get(State.STALLED, 0),
        "failed": by_state.get(State.FAILED, 0),
        "oldest_s": None if oldest is None else Age((run.clock.now_ms() - oldest) // 1000),
        "per_minute": 0.0 if pace is None else pace.accepted_per_minute,
        "failed_percent": None if pace is None else pace.failed_percent,
        "median_ms": None if pace is None else pace.median_ms,
        "p95_ms": None if pace is None else pace.p95_ms,
        "why": _why(run, around),
    }


def _why(run: Run, around: "Around") -> str | None:
    """What keeps the whole instance waiting."""
    from greenbot.cli.outbox_waits import wait_text
    from greenbot.outbox.waiting import standing

    found = standing(around, run.clock)
    return wait_text(run, found[0]) if found else None
