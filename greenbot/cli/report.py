"""`greenbot report`: what each hotel did, day by day."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from greenbot.cli.report_days import Asked
    from greenbot.metrics.names import Names
    from greenbot.report.report import Hotel, Line, Report

group = Group("report", "What each hotel did, day by day.")

COLUMNS = ("day", "instance", "sent", "delivered", "read", "failed", "uncertain", "received", "p95_ms",
           "unanswered", "first_answer_s", "top_error")  # fmt: skip
#: What CSV has after these, and -v shows.
MORE = ("p50_ms", "p99_ms", "delivered_p50_ms", "delivered_p95_ms", "answered", "first_answer_p95_s", "requests",
        "errors", "limit_hits", "limit_waits", "expired", "webhooks", "webhook_errors", "timezone")  # fmt: skip
_BY = ("line", "instance", "day")


@group.command("report", instance=True, tag=True, rows=True)
def report(
    run: Run,
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="One day: today, mon, 2026-11-22.")] = None,
    month: Annotated[str | None, typer.Option("--month", metavar="MONTH", help="2026-11, this or last.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="From this day on: 30d, mon.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Up to and with this day.")] = None,
    tz: Annotated[
        str | None,
        typer.Option("--tz", metavar="ZONE", help="Whose midnight: Area/City, or hotel. Default: each hotel's own."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="line|instance|day", help="One row per hotel and day, per hotel, or per day.")
    ] = "line",
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write one HTML page, to print.")] = None,
) -> None:
    """What each hotel did on each day: messages and how far they came, response times, guests without an answer.

    Without options: the last seven days. A day is the hotel's own, from its midnight to the next.

    Examples:
    greenbot report
    greenbot report --day yesterday --tag coast
    greenbot report --month last --by instance --csv > month.csv
    greenbot report --since 30d --html report.html
    """
    from greenbot.cli.report_days import Asked

    if by not in _BY:
        raise UsageError(f"--by {by} is unknown.", hint=f"Write one of: {', '.join(_BY)}.")
    made = _make(run, Asked(day=day, month=month, since=since, until=until), tz)
    if html is not None:
        _write_page(run, made, html)
    if run.flags.json:
        from greenbot.report.document import report_document

        run.out.record(report_document(made))
    elif html is None:
        _show(run, made, by)


def _make(run: Run, asked: "Asked", tz: str | None) -> "Report":
    from greenbot.campaigns.localtime import local
    from greenbot.cli.report_days import period_of
    from greenbot.metrics.fold import fold
    from greenbot.metrics.names import Names
    from greenbot.metrics.rollup import roll_up
    from greenbot.report.report import make

    names, now_ms = Names(), run.clock.now_ms()
    hotels = _hotels(run, tz)
    if not hotels:
        raise UsageError("No instance is configured.", hint="See: greenbot init")
    period = period_of(asked, local(now_ms, hotels[0].zone).date())
    if not run.read_only:
        # What no service has summed up yet.
        fold(run.store, names)
        roll_up(run.store, names)
    if run.flags.instance is None and run.flags.tag is None:
        hotels += _former(run, names, hotels, tz)
    return make(run.store, names, hotels, period, now_ms)


def _hotels(run: Run, tz: str | None) -> "list[Hotel]":
    from greenbot.cli.when import hotel_zone, zone_for
    from greenbot.report.report import Hotel

    found = []
    for instance in run.instances:
        own = hotel_zone(run.settings, instance)
        name = own if tz in (None, "hotel") else tz
        found.append(Hotel(name=instance.name, zone=zone_for(tz, hotel=own), zone_name=name or _MACHINE))
    return found


#: What people read where no zone is set.
_MACHINE = "this machine's"


def _former(run: Run, names: "Names", hotels: "Sequence[Hotel]", tz: str | None) -> "list[Hotel]":
    """Who has figures and is not in the configuration any more: sums are the fleet's, then."""
    from greenbot.cli.when import zone_for
    from greenbot.metrics.spans import Spans
    from greenbot.report.report import Hotel

    left = Spans(run.store, names).instances() - {hotel.name for hotel in hotels}
    given = None if tz == "hotel" else tz
    zone: tzinfo = zone_for(given, hotel=None)
    return [Hotel(name=name, zone=zone, zone_name=given or _MACHINE) for name in sorted(left)]


def _show(run: Run, made: "Report", by: str) -> None:
    lines: Mapping[str, Sequence[Line]] = {"line": made.lines, "instance": made.by_hotel, "day": made.by_day}
    zones = {hotel.name: hotel.zone_name for hotel in made.hotels}
    rows = [row_of(line, zones) for line in lines[by]]
    person = run.out.for_person and not run.flags.csv and not run.flags.quiet
    if person:
        rows = [_for_people(row) for row in [*rows, row_of(made.total, zones) | {"day": "total"}]]
    without = {"line": (), "instance": ("day",), "day": ("instance", "timezone")}[by]
    columns = tuple(name for name in COLUMNS if name not in without or (person and name == "day"))
    more = tuple(name for name in MORE if name not in without)
    if run.flags.csv and run.flags.columns is None:
        columns, more = columns + more, ()
    run.out.rows(rows, columns, more=more)


def row_of(line: "Line", zones: Mapping[str, str]) -> dict[str, object]:
    """One line for a program: counts, and times in the unit of their names."""
    from greenbot.report.document import figures_row, top_error

    row = figures_row(line)
    return {
        "day": row["day"],
        "instance": row["instance"],
        "sent": row["messages_sent"],
        "delivered": row["messages_delivered"],
        "read": row["messages_read"],
        "failed": row["messages_failed"],
        "uncertain": row["messages_uncertain"],
        "received": row["messages_received"],
        "p95_ms": row["response_time_p95_ms"],
        "unanswered": row["guests_unanswered"],
        "first_answer_s": _seconds(line.answers.p50_ms),
        "top_error": top_error(line.troubles),
        "p50_ms": row["response_time_p50_ms"],
        "p99_ms": row["response_time_p99_ms"],
        "delivered_p50_ms": row["time_to_delivered_p50_ms"],
        "delivered_p95_ms": row["time_to_delivered_p95_ms"],
        "answered": row["guests_answered"],
        "first_answer_p95_s": _seconds(line.answers.p95_ms),
        "requests": row["requests"],
        "errors": row["errors"],
        "limit_hits": row["rate_limit_hits"],
        "limit_waits": row["rate_limit_waits"],
        "expired": row["messages_expired"],
        "webhooks": row["webhook_requests"],
        "webhook_errors": row["webhook_errors"],
        "timezone": zones.get(line.hotel or ""),
    }


def _seconds(time_ms: int | None) -> int | None:
    return None if time_ms is None else time_ms // 1000


def _for_people(row: dict[str, object]) -> dict[str, object]:
    from greenbot.cli.values import Age

    return {
        name: Age(value) if name.endswith("_s") and isinstance(value, int) else value for name, value in row.items()
    }


def _write_page(run: Run, made: "Report", name: str) -> None:
    """The whole page or, when something goes wrong, what was there before."""
    import os
    from pathlib import Path

    from greenbot.redact import redact
    from greenbot.report.page import page

    file = run.cwd / Path(name).expanduser()
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        half.write_text(redact(page(made)), encoding="utf-8")
        half.replace(file)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"{name} cannot be written: {error.strerror}.", hint="Name another file.") from error
    run.out.say(f"Written to {file}. Open it in a browser, or print it.")
