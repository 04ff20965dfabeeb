"""`greenbot instances state|history`: how a number is, by GREEN-API's own word, and how it was."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import group
from greenbot.cli.options import instance_names
from greenbot.cli.run import Run
from greenbot.errors import ExitCode, GreenbotError

if TYPE_CHECKING:
    from greenbot.cli.remote_call import Caller
    from greenbot.config.settings import Instance
    from greenbot.fleet.history import Transition

NameOption = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="One instance; without it, those of -i or --tag, or all.",
        autocompletion=instance_names,
    ),
]
_RESTRICTED = ("suspended", "yellowCard")


def chosen(run: Run, name: str | None) -> "Sequence[Instance]":
    """The instances meant. Raises `UnknownInstance`, `UsageError`."""
    pattern = name or run.flags.instance or (None if run.flags.tag else "all")
    return run.settings.select(pattern, tag=run.flags.tag)


@group.command("state", instance=True, tag=True, rows=True)
def state(
    run: Run,
    name: NameOption = None,
    cached: Annotated[
        bool, typer.Option("--cached", help="What is known here already, from the service or the last look; no call.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 11 when a number is anything but authorized.")
    ] = False,
) -> None:
    """Ask GREEN-API how the numbers are: what it means, and what to do about it.

    A bad state is believed when a second look or an event confirms it; until then messages wait.

    Examples:
    greenbot instances state grand-kyiv
    greenbot instances state -i "grand-*"
    greenbot instances state --cached --exit-code
    """
    numbers = chosen(run, name)
    rows = [_cached(run, one) for one in numbers] if cached else list(_live(run, numbers))
    run.out.rows(rows, ("name", "state", "meaning", "do"), more=("detail", "until", "since", "seen", "source"))
    if exit_code and any(row["state"] != "authorized" for row in rows):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _live(run: Run, numbers: "Sequence[Instance]") -> Iterator[dict[str, object]]:
    from greenbot.cli.remote_call import Caller

    for instance in numbers:
        caller = Caller(run, instance)
        try:
            yield _asked(run, caller)
        except GreenbotError as error:
            if len(numbers) == 1:
                raise
            # A number that cannot be asked must not hide the others.
            meaning = "it cannot be asked"
            yield {
                "name": instance.name,
                "state": "unknown",
                "meaning": meaning,
                "do": error.hint,
                "detail": str(error),
            }


def _asked(run: Run, caller: "Caller") -> dict[str, object]:
    from greenbot.cli.instances_look import advise, ask_state

    account = ask_state(run, caller)
    meaning, do = advise(run, caller.instance.name, account)
    row: dict[str, object] = {
        "name": caller.instance.name,
        "state": account or "being created",
        "meaning": meaning,
        "do": do,
    }
    return row | {"until": _until(run, caller) if account in _RESTRICTED else None, "detail": None}


def _until(run: Run, caller: "Caller") -> str | None:
    """When WhatsApp lifts the restriction (GREEN-API docs: suspendedUntil in getWaSettings)."""
    from greenbot.cli.remote_call import moment_ms, shown_time

    try:
        return shown_time(run, moment_ms(caller.ask_one("getWaSettings"), "suspendedUntil"))
    except GreenbotError:
        return None


def _cached(run: Run, instance: "Instance") -> dict[str, object]:
    from greenbot.cli.instances_look import advise
    from greenbot.cli.remote_call import shown_time
    from greenbot.resilience.health import is_doubted, state_at
    from greenbot.resilience.shared_health import health_of

    health = health_of(run.store, instance.name)
    now_ms = run.clock.now_ms()
    ours = state_at(health, now_ms)
    known = health.account if ours in ("authorized", "degraded", "not_sendable") else ours
    meaning, do = advise(run, instance.name, health.account, ours)
    return {
        "name": instance.name,
        "state": known or ours,
        "meaning": meaning,
        "do": do,
        "detail": f"{health.heard} was heard, and is not confirmed yet" if is_doubted(health, now_ms) else None,
        "since": shown_time(run, health.since_at_ms or None),
        "seen": shown_time(run, health.seen_at_ms or None),
        "source": health.source or None,
    }


@group.command("history", instance=True, tag=True, rows=True)
def history(
    run: Run,
    name: NameOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help='Only what came after: 2h, "yesterday 18:00", a date.')
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=10_000, help="At most so many per number.")] = 50,
    remote: Annotated[bool, typer.Option("--remote", help="Ask GREEN-API for its own history instead.")] = False,
) -> None:
    """Which states the numbers went through, the newest first: when, and who said so.

    A state is in here when it was believed, so a flicker of one look leaves no trace. GREEN-API's own history
    (--remote, a beta) has every change, also of times when nothing ran here.

    Examples:
    greenbot instances history grand-kyiv
    greenbot instances history --tag coast --since 24h --json
    greenbot instances history grand-kyiv --remote
    """
    since_ms = _moment(run, since)
    if remote:
        _remote(run, chosen(run, name), since_ms, limit)
        return
    rows = [row for one in chosen(run, name) for row in _rows(run, one.name, since_ms, limit)]
    rows.sort(key=lambda row: str(row["at"]), reverse=True)
    run.out.rows(
        rows,
        ("at", "instance", "state", "account", "source", "lasted_s"),
        more=("from", "reason"),
        empty="No change of a state is known. The watcher of greenbot serve writes them down.",
    )


def _moment(run: Run, text: str | None) -> int:
    from greenbot.cli.when import moment, zone_for

    if text is None:
        return 0
    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")


def _rows(run: Run, name: str, since_ms: int, limit: int) -> Iterator[dict[str, object]]:
    from greenbot.cli.remote_call import shown_time
    from greenbot.cli.values import Age
    from greenbot.fleet.history import history_of

    until_ms = run.clock.now_ms()
    for change in history_of(run.store, name, since_ms=since_ms, most=limit):
        lasted = Age(max(0, until_ms - change.at_ms) // 1000)
        until_ms = change.at_ms
        yield {"at": shown_time(run, change.at_ms), **_facts(change), "lasted_s": lasted}


def _facts(change: "Transition") -> dict[str, object]:
    return {
        "instance": change.instance,
        "state": change.to_state,
        "from": change.from_state,
        "account": change.account or None,
        "reason": change.reason or None,
        "source": change.source or None,
    }


def _remote(run: Run, numbers: "Sequence[Instance]", since_ms: int, limit: int) -> None:
    from greenbot.cli.remote_call import Caller

    rows = [row for one in numbers for row in _remote_rows(run, Caller(run, one), since_ms, limit)]
    run.out.rows(rows, ("at", "instance", "state", "phone"), empty="GREEN-API tells of no change.")


def _remote_rows(run: Run, caller: "Caller", since_ms: int, limit: int) -> Iterable[dict[str, object]]:
    from greenbot.cli.remote_call import moment_ms, shown_time

    for entry in reversed(caller.ask_list("getStateInstanceHistory", {"count": limit})):
        at_ms = moment_ms(entry)
        if at_ms is None or at_ms >= since_ms:
            phone = entry.get("phoneNumber")
            yield {
                "at": shown_time(run, at_ms),
                "instance": caller.instance.name,
                "state": entry.get("stateInstance"),
                "phone": f"***{str(phone)[-4:]}" if phone else None,
            }
