"""`greenbot alerts backtest|test`: is this rule right? Asked of the past, and of tables of what must happen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_fields import Given, is_anything, rule_of, with_rule_options
from greenbot.cli.alerts_group import asks_for, group, moment_text, rule_names, rules_store
from greenbot.cli.run import Run
from greenbot.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from greenbot.alerts.backtest import Backtest
    from greenbot.alerts.replay import Firing
    from greenbot.alerts.rule import Rule
    from greenbot.alerts.stage import Report
    from greenbot.metrics.names import Names

FIRST_MINUTE = "select min(at_s) from metric_minutes"
#: What a rule is called that is only tried.
_UNNAMED = "tried"
#: More alerts than this are counted, and not shown without -v.
_MOST_SHOWN = 20


@group.command("backtest", instance=True)
@with_rule_options
def backtest(
    run: Run,
    given: Given,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[RULE]", help="A rule of yours; options change it.", autocompletion=rule_names),
    ] = None,
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="From then on.")] = "14d",
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then; default: now.")] = None,
    most_a_week: Annotated[
        float | None,
        typer.Option("--most-a-week", metavar="N", min=0, max=10_000, help="Suggest a threshold for so few alerts."),
    ] = None,
) -> None:
    """When a rule would have fired, had it been there: stored minutes go through the same states.

    Examples:
    greenbot alerts backtest high_error_rate
    greenbot alerts backtest high_error_rate --at-least 15% --since 7d
    greenbot alerts backtest --metric response_time_p95 --above 8s --window 10m --most-a-week 2
    """
    from greenbot.alerts import backtest as engine
    from greenbot.alerts.table import get
    from greenbot.metrics.names import Names

    base = None if name is None else get(rules_store(run), name)
    if base is None and not is_anything(given):
        raise UsageError("Which rule?", hint="Name one of greenbot alerts list, or say what it is: --metric …")
    rule = rule_of(run, given, name=_UNNAMED, base=base)
    names = Names()
    since_s, until_s = _stretch(run, names, since, until)
    result = engine.backtest(run.store, names, rule, since_s, until_s, most_per_week=most_a_week)
    _show(run, result, is_limited=most_a_week is not None)


def _stretch(run: Run, names: "Names", since: str, until: str | None) -> tuple[int, int]:
    """From when to when there is something to replay: before the first stored minute nobody measured."""
    from greenbot.cli.when import moment, zone_for
    from greenbot.metrics.fold import fold
    from greenbot.metrics.rollup import roll_up

    now_ms, zone = run.clock.now_ms(), zone_for(None, hotel=None)
    since_s = moment(since, now_ms=now_ms, zone=zone, towards="past") // 1000
    # The minute that is under way counts too.
    until_s = now_ms // 1000 + 60 if until is None else moment(until, now_ms=now_ms, zone=zone, towards="past") // 1000
    if not run.read_only:
        fold(run.store, names)
        roll_up(run.store, names)
    first_s = run.store.scalar(FIRST_MINUTE)
    if not isinstance(first_s, int):
        raise UsageError("Nothing was measured yet, so nothing can be replayed.", hint="See: greenbot metrics show")
    since_s = max(since_s, first_s)
    if since_s // 60 >= until_s // 60:
        raise UsageError("Nothing was measured in that time.", hint="Name an earlier --since or a later --until.")
    return since_s, until_s


def _show(run: Run, result: "Backtest", *, is_limited: bool) -> None:
    firings = [_firing(run, result.rule, one) for one in result.firings]
    record: dict[str, object] = {
        "rule": result.rule.name,
        "asks_for": asks_for(result.rule),
        "since": moment_text(run, result.since_s * 1000),
        "until": moment_text(run, result.until_s * 1000),
        "fired": len(firings),
        "per_week": round(result.per_week, 1),
    }
    if is_limited:
        record["suggested"] = _suggested(run, result)
        record["would_fire"] = result.suggested_firings
    if run.flags.json:
        run.out.record(record | {"firings": firings})
        return
    run.out.record(record, essential="fired")
    if firings and not run.flags.quiet:
        run.out.line("")
        shown = firings if run.flags.verbose else firings[-_MOST_SHOWN:]
        run.out.rows(shown, ("fired_at", "instance", "for", "value", "reason"))
        if len(shown) < len(firings):
            run.out.say(f"The latest {len(shown)} of {len(firings)}; -v shows all.")
    if is_limited and result.suggested is None:
        run.out.say("No threshold alone makes it that quiet: try a longer --for or --window, or more --min-samples.")


def _suggested(run: Run, result: "Backtest") -> object:
    from greenbot.alerts.measures import unit_of
    from greenbot.alerts.units import threshold_text

    if result.suggested is None or run.flags.json:
        return result.suggested
    return threshold_text(result.suggested, unit_of(result.rule.metric))


def _firing(run: Run, rule: "Rule", firing: "Firing") -> dict[str, object]:
    from greenbot.alerts.measures import unit_of
    from greenbot.alerts.units import value_text
    from greenbot.cli.values import Age

    end_ms = firing.resolved_at_ms
    lasted = None if end_ms is None else Age((end_ms - firing.fired_at_ms) // 1000)
    if run.flags.json:
        times: dict[str, object] = {"resolved_at": moment_text(run, end_ms), "value": firing.value}
    else:
        times = {"for": lasted or "not over", "value": value_text(firing.value, unit_of(rule.metric))}
    return {
        "fired_at": moment_text(run, firing.fired_at_ms),
        "instance": firing.instance,
        "reason": firing.reason,
        **times,
    }


@group.command("test")
def test(
    run: Run,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Tests in TOML: greenbot help alerts.")],
) -> None:
    """Play tests of rules on a clock that leaps on: what happens, and every alert that has to follow.

    Nothing of the store is used or changed. Exits 11 when something else came than was expected.

    Examples:
    greenbot alerts test errors.toml
    greenbot alerts test tests/*.toml --json
    """
    from greenbot.alerts.stage import stage
    from greenbot.alerts.vectors import BadVector, load

    vectors = []
    for file in files:
        try:
            vectors.append(load(file))
        except BadVector as error:
            raise BadVector(f"{file}: {error}") from None
    failed = 0
    with stage() as playing:
        for file, vector in zip(files, vectors, strict=True):
            report = playing.play(vector)
            failed += bool(report.problems)
            _tell(run, str(file), vector.about, report)
    if failed:
        raise CheckFailed(f"{failed} of {len(files)} tests failed.", hint=None)
    if not run.flags.json:
        run.out.say(f"{len(files)} passed." if len(files) > 1 else "It passed.")


def _tell(run: Run, file: str, about: str, report: "Report") -> None:
    if run.flags.json:
        moves = [
            {
                "rule": one.rule,
                "instance": one.instance,
                "to": one.to_state,
                "after_s": one.after_s,
                "reason": one.reason,
            }
            for one in report.moves
        ]
        record = {"file": file, "about": about, "passed": not report.problems, "problems": [*report.problems]}
        run.out.record(record | {"moves": moves})
        return
    if run.flags.quiet:
        if report.problems:
            run.out.block(file)
        return
    word = run.out.style("failed", "red") if report.problems else run.out.style("passed", "green")
    from greenbot.safe_text import safe_text

    run.out.line(f"{word}  {safe_text(file)}" + (f"  {safe_text(about)}" if about else ""))
    for problem in report.problems:
        run.out.block(f"        {problem}")
    if run.flags.verbose:
        for move in report.moves:
            run.out.block(f"        {move.rule} for {move.instance}: {move}")
