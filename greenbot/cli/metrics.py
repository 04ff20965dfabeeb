"""`greenbot metrics`: what was measured, for any stretch of time."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.metrics.catalogue import Metric
    from greenbot.metrics.cell import Cell
    from greenbot.metrics.names import Names
    from greenbot.metrics.query import Stretch

group = Group("metrics", "What was measured: calls, errors, response times, messages, events.")

Since = Annotated[str, typer.Option("--since", metavar="WHEN", help="From then on: 1h, 'yesterday 07:00', a date.")]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then; default: now.")]

#: What `show` shows without -v.
_HEADLINES = (
    "requests", "error_rate", "response_time", "response_time_p50", "response_time_p95", "response_time_p99",
    "rate_limit_hits", "rate_limit_waits", "messages_sent", "messages_failed", "messages_uncertain",
    "message_failure_rate", "messages_delivered", "time_to_delivered", "messages_received", "events_failed",
    "event_lag",
)  # fmt: skip


@group.command("show", instance=True, tag=True, rows=True)
def show(run: Run, since: Since = "1h", until: Until = None) -> None:
    """The figures of a stretch of time, for the fleet or for instances.

    Examples:
    greenbot metrics show
    greenbot metrics show --since 24h --instance grand-kyiv
    greenbot metrics show --since yesterday --until today --json
    """
    from greenbot.metrics.catalogue import METRICS

    names, stretch = _store(run), _stretch(run, since, until)
    wanted = METRICS.values() if run.flags.verbose or run.flags.json else [METRICS[name] for name in _HEADLINES]
    rows = []
    for who in _who(run):
        cells = _Cells(run, names, stretch, who)
        for metric in wanted:
            value = metric.value(cells.of(metric))
            rows.append({"metric": metric.name, "instance": who, "value": _told(metric, value), "unit": metric.unit})
    run.out.rows(rows, ("metric", "value", "unit", "instance") if len(_who(run)) > 1 else ("metric", "value", "unit"))


@group.command("query", instance=True, tag=True, rows=True)
def query(
    run: Run,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="A name of `greenbot metrics list`.")],
    since: Since = "1h",
    until: Until = None,
    step: Annotated[str | None, typer.Option("--step", metavar="DURATION", help="One row for each: 1m, 1h.")] = None,
) -> None:
    """One figure over time.

    Examples:
    greenbot metrics query error_rate --since 24h --step 1h
    greenbot metrics query response_time_p95 --instance grand-kyiv --json
    """
    from greenbot.metrics.query import trend

    chosen, names, stretch = _metric(metric), _store(run), _stretch(run, since, until)
    step_s = _step(step, stretch.until_s - stretch.since_s)
    rows = [
        {"at": _moment(run, at_s), "instance": who, "value": _told(chosen, chosen.value(cell)), "unit": chosen.unit}
        for who in _who(run)
        for at_s, cell in trend(run.store, names, stretch, chosen.series, who, step_s=step_s)
    ]
    columns = ("at", "value", "unit", "instance") if len(_who(run)) > 1 else ("at", "value", "unit")
    run.out.rows(rows, columns, empty="Nothing was measured in that time.")


@group.command("list", rows=True)
def list_metrics(run: Run) -> None:
    """Every figure by name: what it is, and in which unit.

    Examples:
    greenbot metrics list
    """
    from greenbot.metrics.catalogue import METRICS

    rows = [{"metric": metric.name, "unit": metric.unit, "meaning": metric.doc} for metric in METRICS.values()]
    run.out.rows(rows, ("metric", "unit", "meaning"))


@group.command("export", instance=True, tag=True)
def export(
    run: Run,
    since: Since = "24h",
    until: Until = None,
    step: Annotated[str | None, typer.Option("--step", metavar="DURATION", help="One row for each: 1m, 1h.")] = None,
) -> None:
    """Everything that was measured as CSV, or as JSON lines with --json: one row per step, instance and series.

    Examples:
    greenbot metrics export --since 7d --step 1h > week.csv
    greenbot metrics export --since 1h --json
    """
    from dataclasses import replace

    from greenbot.metrics.query import trend
    from greenbot.metrics.series import Series

    names, stretch = _store(run), _stretch(run, since, until)
    step_s = _step(step, stretch.until_s - stretch.since_s)
    rows = [
        _exported(run, at_s, step_s, cell) | {"instance": who, "series": series.title}
        for who in _who(run)
        for series in Series
        for at_s, cell in trend(run.store, names, stretch, [series], who, step_s=step_s)
    ]
    run.out.flags = replace(run.flags, csv=not run.flags.json)
    columns = ("at", "step_s", "instance", "series", "n", "bad", "sum_ms", "max_ms", "p50_ms", "p95_ms", "p99_ms")
    run.out.rows(rows, (*columns, "labels"))


@group.command("prune", dry_run=True)
def prune(
    run: Run,
    minutes: Annotated[int, typer.Option("--minutes-days", help="Keep the minutes of so many days.", min=1)] = 14,
    hours: Annotated[int, typer.Option("--hours-days", help="Keep the hours of so many days.", min=1)] = 400,
) -> None:
    """Remove old figures now; a running service does it by itself once an hour.

    Examples:
    greenbot metrics prune
    greenbot metrics prune --minutes-days 3 -n
    """
    from greenbot.metrics.rollup import Keep, roll_up
    from greenbot.metrics.rollup import prune as remove

    if run.flags.dry_run:
        run.out.say(f"Would keep the ten seconds of 6 hours, the minutes of {minutes} days, the hours of {hours} days.")
        return
    run.must_write()
    names = _store(run)
    roll_up(run.store, names)
    keep = Keep(minutes=minutes * 86_400, hours=hours * 86_400)
    removed = remove(run.store, run.clock.now_ms() // 1000, keep)
    run.out.record({"removed": removed}, essential="removed")


def _exported(run: Run, at_s: int, step_s: int, cell: "Cell") -> dict[str, object]:
    p50, p95, p99 = (None if value is None else round(value) for value in cell.percentiles(0.5, 0.95, 0.99))
    return {
        "at": _moment(run, at_s),
        "step_s": step_s,
        "n": cell.n,
        "bad": cell.bad,
        "sum_ms": cell.sum_ms,
        "max_ms": cell.max_ms,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "labels": cell.labels or None,
    }


class _Cells:
    """What one instance did, read once for all figures of the same series."""

    def __init__(self, run: Run, names: "Names", stretch: "Stretch", who: str) -> None:
        self._run, self._names, self._stretch, self._who = run, names, stretch, who
        self._known: dict[tuple[int, ...], Cell] = {}

    def of(self, metric: "Metric") -> "Cell":
        from greenbot.metrics.query import reading

        key = tuple(metric.series)
        if key not in self._known:
            self._known[key] = reading(self._run.store, self._names, self._stretch, metric.series, self._who)
        return self._known[key]


def _store(run: Run) -> "Names":
    """What no service has summed up yet is summed up now, unless nothing may be written."""
    from greenbot.metrics.fold import fold
    from greenbot.metrics.names import Names

    names = Names()
    if not run.read_only:
        fold(run.store, names)
    return names


def _who(run: Run) -> list[str]:
    from greenbot.metrics.names import FLEET

    if run.flags.instance is None and run.flags.tag is None:
        return [FLEET]
    return [instance.name for instance in run.instances]


def _stretch(run: Run, since: str, until: str | None) -> "Stretch":
    from greenbot.cli.when import moment, zone_for
    from greenbot.metrics.cell import CELL_SECONDS
    from greenbot.metrics.query import Stretch

    now_ms, zone = run.clock.now_ms(), zone_for(None, hotel=None)
    begin_ms = moment(since, now_ms=now_ms, zone=zone, towards="past")
    end_ms = now_ms + CELL_SECONDS * 1000 if until is None else moment(until, now_ms=now_ms, zone=zone, towards="past")
    if begin_ms >= end_ms:
        raise UsageError("--since must lie before --until.", hint="Write --since 2h --until 1h.")
    return Stretch(since_s=begin_ms // 10_000 * 10, until_s=end_ms // 10_000 * 10)


def _step(text: str | None, length_s: int) -> int:
    """As asked for; by default about sixty steps."""
    from greenbot.cli.values import seconds_of

    least = 10 if length_s <= 3600 else 60
    if text is None:
        return next((step for step in (least, 60, 300, 3600) if length_s / step <= 61), 86_400)
    step = round(seconds_of(text))
    if step < least or step % least:
        raise UsageError(f"--step {text} is finer than what is kept.", hint=f"Write --step {least}s, or a multiple.")
    return step


def _metric(name: str) -> "Metric":
    from greenbot.metrics.catalogue import METRICS

    if name not in METRICS:
        from difflib import get_close_matches

        near = get_close_matches(name, METRICS)
        hint = f"Did you mean {' or '.join(near)}?" if near else "See: greenbot metrics list"
        raise UsageError(f"There is no metric '{name}'.", hint=hint)
    return METRICS[name]


def _told(metric: "Metric", value: float | None) -> float | int | None:
    if value is None:
        return None
    return round(value, 2) if metric.unit == "percent" else round(value)


def _moment(run: Run, at_s: int) -> str:
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    by_hand = run.out.for_person and not (run.flags.json or run.flags.csv)
    return local_time(at_s * 1000) if by_hand else iso_utc(at_s * 1000)
