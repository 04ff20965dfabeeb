"""`greenbot status`: the fleet on one screen, the worst first."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from greenbot.board import InstanceView
    from greenbot.overview import Overview

group = Group("status", "The fleet on one screen, the worst first.")

COLUMNS = ("instance", "state", "why", "requests", "errors", "p95", "queued", "oldest_s")
MORE = ("p50", "p99", "messages", "delivered", "events", "limit_hits", "alerts", "health", "account")
#: So often with --watch, unless told.
WATCH = "2s"
LEAST_SECONDS = 0.25
_FROM_THE_TOP = "\x1b[H\x1b[2J"


@group.command("status", instance=True, tag=True, rows=True)
def status(
    run: Run,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option("--every", metavar="DURATION", help="With --watch: so often.")] = WATCH,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 11 when an instance or the service is down, or an alert fires.")
    ] = False,
) -> None:
    """How the fleet is: each instance with what is wrong, the worst first. Figures are of five minutes.

    Examples:
    greenbot status
    greenbot status --exit-code > fleet.txt
    greenbot status --watch --every 5s
    greenbot status --json
    """
    from greenbot.cli.dashboard import looker
    from greenbot.cli.values import seconds_of

    seconds = seconds_of(every)
    if seconds < LEAST_SECONDS:
        raise UsageError(f"--every {every} is too often.", hint="Write --every 2s.")
    look = looker(run)
    overview = look()
    _show(run, overview)
    while watch:
        run.out.stdout.flush()
        run.clock.sleep(seconds)
        overview = look()
        if run.out.for_person and not run.flags.json and run.environ.get("TERM", "dumb") != "dumb":
            run.out.stdout.write(_FROM_THE_TOP)
        _show(run, overview)
    if exit_code and is_bad(overview):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def is_bad(overview: "Overview") -> bool:
    """An instance is down, an alert fires, or a service that was there is gone."""
    return (
        any(view.standing == "down" for view in overview.instances)
        or any(alert.state != "pending" for alert in overview.alerts)
        or any(not part.alive for part in overview.parts)
    )


def _show(run: Run, overview: "Overview") -> None:
    if run.flags.json:
        run.out.record(record_of(overview))
        return
    plain = run.flags.csv or run.flags.quiet or not run.out.for_person
    rows = [row_of(view) for view in overview.instances]
    if plain:
        run.out.rows(rows, COLUMNS, more=MORE)
        return
    for line, colour in _summary(overview):
        run.out.line(run.out.style(line, colour) if colour else line)
    run.out.line("")
    shown = [row | _for_people(view) for row, view in zip(rows, overview.instances, strict=True)]
    run.out.rows(shown, COLUMNS, more=MORE, empty="No instance is configured. See: greenbot init")


def _summary(overview: "Overview") -> list[tuple[str, str]]:
    """Two or three lines above the table, each with its colour."""
    from greenbot.board import STANDINGS
    from greenbot.dashboard import words

    fleet = overview.fleet
    counts = {word: sum(view.standing == word for view in overview.instances) for word in STANDINGS}
    stood = ", ".join(f"{number} {word}" for word, number in counts.items() if number) or "none"
    oldest = "" if overview.oldest_age_ms is None else f", the oldest for {words.age(overview.oldest_age_ms)}"
    errors = words.share(fleet.failed_calls, fleet.calls) or "no"
    lines = [
        (f"{len(overview.instances)} instances: {stood}", "red" if counts["down"] else ""),
        (
            f"{words.rate(fleet.calls)} requests, {errors} errors, p95 {words.took(fleet.p95_ms) or 'unknown'}; "
            f"{overview.queued} waiting{oldest}; {overview.uncertain} uncertain, {overview.stalled} stalled",
            "",
        ),
    ]
    firing = [alert for alert in overview.alerts if alert.state != "pending"]
    if firing:
        named = ", ".join(dict.fromkeys(alert.rule for alert in firing[:5]))
        lines.append((f"{len(firing)} alerts fire: {named}. See: greenbot alerts status", "red"))
    gone = [part.name for part in overview.parts if not part.alive]
    if gone:
        lines.append((f"Gone: {', '.join(gone)}. Start the service with: greenbot serve", "red"))
    elif not overview.service_alive:
        lines.append(("No service runs. Start one with: greenbot serve", "yellow"))
    return lines


def row_of(view: "InstanceView") -> dict[str, object]:
    """One instance for a program: milliseconds, per cent, seconds."""
    from greenbot.dashboard.fleet import why
    from greenbot.dashboard.ink import Ink

    figures = view.figures
    return {
        "instance": view.name,
        "state": view.standing,
        "why": why(view, Ink(now_ms=0)),
        "requests": figures.calls,
        "errors": round(100 * figures.error_share, 1) if figures.calls else None,
        "p50": figures.p50_ms,
        "p95": figures.p95_ms,
        "p99": figures.p99_ms,
        "queued": view.queued,
        "oldest_s": None if view.oldest_age_ms is None else view.oldest_age_ms // 1000,
        "messages": figures.messages,
        "delivered": None if figures.delivery_share is None else round(100 * figures.delivery_share, 1),
        "events": figures.events,
        "limit_hits": figures.rate_limited,
        "alerts": view.alerts,
        "health": view.health,
        "account": view.account or None,
    }


def _for_people(view: "InstanceView") -> dict[str, object]:
    from greenbot.cli.values import Age
    from greenbot.dashboard import words

    figures = view.figures
    delivered = figures.delivery_share
    return {
        "requests": words.rate(figures.calls),
        "errors": words.share(figures.failed_calls, figures.calls),
        "p50": words.took(figures.p50_ms),
        "p95": words.took(figures.p95_ms),
        "p99": words.took(figures.p99_ms),
        "delivered": None if delivered is None else f"{100 * delivered:.0f} %",
        "oldest_s": None if view.oldest_age_ms is None else Age(view.oldest_age_ms // 1000),
    }


def record_of(overview: "Overview") -> dict[str, object]:
    """All of it for a program, as the service's JSON has it. Guests are masked; texts are not in it."""
    from greenbot.overview_json import overview_document

    return {"bad": is_bad(overview), **overview_document(overview)}
