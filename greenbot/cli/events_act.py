"""`greenbot events retry|replay`: working events again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.events_group import IdsArgument, Which, group, oldest_first, with_filters
from greenbot.cli.numbers import numbers
from greenbot.cli.run import Run
from greenbot.errors import NotFound, PartlyDone, Refused, UnknownEvent, UsageError

if TYPE_CHECKING:
    from greenbot.inbox.operate import Decided
    from greenbot.inbox.states import Reason, State

_SHARED: dict[str, bool] = {"instance": True, "tag": True, "dry_run": True, "yes": True, "rows": True}
_COLUMNS = ("id", "result", "was")


@group.command("retry", **_SHARED)
@with_filters
def retry(run: Run, which: Which, ids: IdsArgument = None) -> None:
    """Try again now what was given up, or what waits for its next try.

    Examples:
    greenbot events retry 12
    greenbot events retry --state dead --since 2h
    """
    from greenbot.inbox.states import Reason, State

    _act(run, ids, which, Reason.RETRY, states=(State.DEAD,))


@group.command("replay", **_SHARED)
@with_filters
def replay(
    run: Run,
    which: Which,
    ids: IdsArgument = None,
    hook: Annotated[
        str | None, typer.Option("--hook", metavar="NAME", help="Only deliver them to this hook again.")
    ] = None,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="With --hook: only what could not be delivered.")
    ] = False,
) -> None:
    """Work events that are over once more, or deliver them to a hook again.

    A quarantined event is let in as if nothing had been wrong with it. Replaying a done event changes
    nothing that it changed already. With --hook nothing but the delivery is repeated.

    Examples:
    greenbot events replay 12
    greenbot events replay --state quarantined --instance grand-kyiv -n
    greenbot events replay --hook crm --only-failed
    """
    from greenbot.inbox.states import OVER, Reason

    if only_failed and hook is None:
        raise UsageError("--only-failed belongs to --hook.", hint="Add --hook NAME.")
    if hook is not None:
        _deliver_again(run, ids, which, hook, only_failed=only_failed)
        return
    _act(run, ids, which, Reason.REPLAY, states=OVER)


def _act(run: Run, ids: list[str] | None, which: Which, reason: "Reason", *, states: "tuple[State, ...]") -> None:
    from greenbot.inbox import operate

    numbers = _numbers_meant(run, ids, which, states)
    if not numbers:
        run.out.say("No event matches; there is nothing to do.")
        return
    if run.flags.dry_run:
        _preview(run, numbers, reason)
        return
    run.must_write()
    if not ids or "-" in ids or len(numbers) > 1:
        run.confirm(f"{reason.capitalize()} {_events(len(numbers))}?")
    decide = operate.retry if str(reason) == "retry" else operate.replay
    _report(run, decide(run.store, numbers, run.operator), reason)


def _numbers_meant(run: Run, ids: list[str] | None, which: Which, states: "tuple[State, ...]") -> list[int]:
    filtered = not which.says_nothing or run.flags.instance is not None or run.flags.tag is not None
    if ids and filtered:
        raise UsageError("Name events by number or by filters, not both.")
    if ids:
        return list(dict.fromkeys(_numbers(ids)))
    if not filtered:
        raise UsageError(
            "Which events?", hint="Give their numbers, - for numbers on stdin, or filters such as --state dead."
        )
    return [event.id for event in oldest_first(run, which, states=states)]


def _numbers(ids: list[str]) -> Iterator[int]:
    return numbers(
        ids,
        of="an event",
        listing="greenbot events list",
        piped="greenbot events list --state dead -q | greenbot events retry - --yes",
    )


def _preview(run: Run, numbers: list[int], reason: "Reason") -> None:
    from greenbot.inbox.operate import can
    from greenbot.inbox.table import get

    rows: list[dict[str, object]] = []
    for number in numbers:
        try:
            event = get(run.store, number)
        except UnknownEvent:
            rows.append({"id": number, "result": "unknown", "was": None})
            continue
        result = f"would be {_PAST[reason]}" if can(event.state, reason) else "not possible"
        rows.append({"id": number, "result": result, "was": event.state})
    run.out.rows(rows, _COLUMNS)
    run.out.say("Nothing was changed.")


_PAST = {"retry": "retried", "replay": "replayed"}


def _report(run: Run, decided: "list[Decided]", reason: "Reason") -> None:
    done = [one for one in decided if one.verdict == "done"]
    left = [one for one in decided if one.verdict != "done"]
    if left and len(decided) == 1:
        raise _error(left[0], reason)
    rows = [
        {"id": one.event_id, "result": _PAST[reason] if one.verdict == "done" else one.verdict, "was": one.from_state}
        for one in decided
    ]
    run.out.rows(rows, _COLUMNS)
    if left:
        words = f"{len(done):,} of {_events(len(decided))} {'was' if len(done) == 1 else 'were'} {_PAST[reason]}."
        raise PartlyDone(words, hint=None) if done else type(_error(left[0], reason))(words)


def _error(one: "Decided", reason: "Reason") -> NotFound | Refused:
    if one.verdict == "unknown":
        return UnknownEvent(f"There is no event {one.event_id}.")
    return Refused(f"Event {one.event_id} is {one.from_state}; it cannot be {_PAST[reason]}.")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"


def _deliver_again(run: Run, ids: list[str] | None, which: Which, name: str, *, only_failed: bool) -> None:
    from greenbot.hooks import queue, table
    from greenbot.inbox.states import State

    hook = table.get(run.store, name)
    nothing_named = not ids and which.says_nothing and run.flags.instance is None and run.flags.tag is None
    if nothing_named and only_failed:
        numbers = queue.dead_events(run.store, hook)
    else:
        numbers = _numbers_meant(run, ids, which, (State.DONE,))
    if run.flags.dry_run:
        run.out.record({"hook": name, "events": len(numbers), "changed": False}, essential="events")
        return
    run.must_write()
    if len(numbers) > 1:
        run.confirm(f"Deliver {_events(len(numbers))} to {name} again?")
    found = run.settings.instances

    def tags(instance: str) -> tuple[str, ...]:
        return tuple(found[instance].tags) if instance in found else ()

    done = queue.replay(run.store, hook, numbers, clock=run.clock, only_failed=only_failed, tags=tags)
    run.out.record({"hook": name, "again": done.again, "new": done.new, "left": done.left}, essential="again")
