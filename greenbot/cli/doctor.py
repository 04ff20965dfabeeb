"""`greenbot doctor`: the production checklist, with a command for each fault."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings
    from greenbot.doctor.checklist import Line

group = Group("doctor", "Go through the production checklist, with a fix for each fault.")

COLUMNS = ("state", "check", "instance", "what", "fix")
_COLOURS = {"fault": "red", "warning": "yellow", "skipped": "dim", "ok": "green"}


def _check_ids(incomplete: str) -> list[str]:
    from greenbot.doctor.checklist import CHECKS

    return [check.id for check in CHECKS if check.id.startswith(incomplete)]


@group.command("doctor", instance=True, tag=True)
def doctor(
    run: Run,
    connect: Annotated[
        bool, typer.Option("--connect", help="Also call each webhook by its public name, with its token.")
    ] = False,
    webhook_url: Annotated[
        str | None, typer.Option("--webhook-url", metavar="URL", help="Call this address instead of GREEN-API's.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside this machine.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Only this one, or this group.", autocompletion=_check_ids),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what is checked, and why.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 11 when there is a fault.")] = False,
) -> None:
    """Go through the production checklist, and say how to mend what is not in order.

    Configuration, secrets, numbers, webhooks, store, service, queue, alerts, log. GREEN-API is asked for state and
    settings of each number; nothing is changed anywhere. -v also shows what is in order.

    Examples:
    greenbot doctor
    greenbot doctor --connect --exit-code
    greenbot doctor --only store --only queue.moving --json
    greenbot doctor --webhook-url https://bot.hotel.example/api/v1/webhooks/green-api
    """
    from greenbot.doctor.checklist import chosen, judged
    from greenbot.doctor.gather import Asked, gather

    if offline and (connect or webhook_url):
        raise UsageError("--offline asks nobody outside.", hint="Leave out --offline, or --connect and --webhook-url.")
    checks = chosen(only or ())
    if list_:
        rows = [{"check": check.id, "title": check.title, "why": check.why} for check in checks]
        run.out.rows(rows, ("check", "title"), more=("why",))
        return
    asked = Asked(
        environ=run.config_environ,
        cwd=run.cwd,
        needs={need for check in checks for need in check.needs},
        choose=lambda settings: _chosen(run, settings),
        offline=offline,
        connect=connect,
        webhook_url=webhook_url,
    )
    lines = judged(checks, gather(asked, run.clock))
    _show(run, lines)
    if exit_code and any(line.finding.state == "fault" for line in lines):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _chosen(run: Run, settings: "Settings") -> "Sequence[Instance]":
    """All instances, unless some were named."""
    return settings.select(run.flags.instance or "all", tag=run.flags.tag)


def _show(run: Run, lines: "Sequence[Line]") -> None:
    counts = {state: sum(line.finding.state == state for line in lines) for state in _COLOURS}
    if run.flags.json:
        worst = next((state for state in _COLOURS if counts[state]), "ok")
        run.out.record({"state": worst, "counts": counts, "checks": [_row(line) for line in lines]})
        return
    shown = [line for line in lines if run.flags.verbose or line.finding.state in ("fault", "warning")]
    if run.flags.quiet:
        for name in dict.fromkeys(line.check.id for line in shown if line.finding.state != "ok"):
            run.out.line(name)
        return
    if run.out.for_person:
        for line in shown:
            _paragraph(run, line)
    else:
        run.out.rows([_row(line) for line in shown], COLUMNS)
    run.out.say(_summary(counts, lines))


def _row(line: "Line") -> dict[str, object]:
    return {
        "state": line.finding.state,
        "check": line.check.id,
        "instance": line.finding.instance or None,
        "title": line.check.title,
        "what": line.finding.what,
        "why": line.check.why,
        "fix": line.finding.fix or None,
    }


def _paragraph(run: Run, line: "Line") -> None:
    """One finding for a person: nothing of it is cut."""
    from greenbot.safe_text import safe_text

    found = line.finding
    of = f" ({safe_text(found.instance)})" if found.instance else ""
    run.out.line(f"{run.out.style(found.state.ljust(8), _COLOURS[found.state])}{line.check.id}{of}")
    run.out.block(f"        {found.what}")
    if found.state in ("fault", "warning"):
        run.out.block(f"        {line.check.why}")
    if found.fix:
        run.out.block(f"        fix: {found.fix}")


def _summary(counts: dict[str, int], lines: "Sequence[Line]") -> str:
    if not counts["fault"] and not counts["warning"]:
        left = f"; {counts['skipped']} were left out (-v says why)" if counts["skipped"] else ""
        return f"All is well: {counts['ok']} checks{left}."
    checked = len({line.check.id for line in lines})
    return (
        f"{_counted(counts['fault'], 'fault')} and {_counted(counts['warning'], 'warning')} from {checked} checks; "
        f"{counts['skipped']} were left out (-v says why)."
    )


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}" + ("" if count == 1 else "s")
