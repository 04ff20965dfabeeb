"""`greenbot alerts status|history|ack`: what fires now, what did, and that somebody has seen it."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import (
    group,
    is_watched,
    looked_at_ms,
    moment_text,
    rule_names,
    rules_store,
    unwatched_words,
)
from greenbot.cli.run import Run
from greenbot.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from greenbot.alerts.measures import Unit
    from greenbot.db.connect import Row

NOW = """
select alerts.rule, alerts.instance, alerts.state, alerts.since_at_ms, alerts.firing_since_ms, alerts.value,
       alerts.reason, alerts.acked_by, alerts.ack_comment, rules.severity, rules.metric, rules.description
  from alerts indexed by alerts_active join alert_rules as rules on rules.name = alerts.rule
 where alerts.state in ('pending', 'firing', 'recovering', 'nodata')
"""
LOG = """
select alert_log.*, rules.metric from alert_log left join alert_rules as rules on rules.name = alert_log.rule
 where (:rule is null or alert_log.rule = :rule) and (:instance is null or alert_log.instance glob :instance)
   and (:since is null or at_ms >= :since) and alert_log.id < :before
 order by alert_log.id desc limit :limit
"""
NOTICES = """
select * from notices
 where (:rule is null or rule = :rule) and (:instance is null or instance glob :instance)
   and (:since is null or at_ms >= :since) and id < :before
 order by id desc limit :limit
"""
MOVE_COLUMNS = ("at", "rule", "instance", "from", "to", "value", "reason")
MOVE_MORE = ("id", "severity", "rule_version")
_LAST_ID = 2**63 - 1

Record = dict[str, object]
RuleOption = Annotated[
    str | None, typer.Option("--rule", metavar="NAME", help="Only of this rule.", autocompletion=rule_names)
]


@group.command("status", rows=True)
def status(
    run: Run,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 11 when something fires, or nobody looks.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until Ctrl-C. A pipe gets each change as it comes.")
    ] = False,
    every: Annotated[str, typer.Option("--every", metavar="DURATION", help="With --watch: so often.")] = "2s",
) -> None:
    """What fires now, and what may soon, the worst first.

    Examples:
    greenbot alerts status
    greenbot alerts status --exit-code > alerts.txt
    greenbot alerts status --watch
    greenbot alerts status --watch --json
    """
    from greenbot.cli import alerts_watch

    seconds = alerts_watch.seconds_between(every)
    if watch and (exit_code or run.flags.csv):
        hint = "Leave --watch out, or --exit-code and --csv."
        raise UsageError("--watch has no end: it has no exit code, and is no CSV file.", hint=hint)
    if not watch:
        if _show(run) and exit_code:
            raise typer.Exit(ExitCode.CHECK_FAILED)
    elif alerts_watch.redraws(run):
        alerts_watch.redraw(run, seconds, partial(_show, run))
    else:
        _stream(run, seconds)


def _stream(run: Run, seconds: float) -> None:
    """What fires now, then each change."""
    from greenbot.cli.alerts_watch import last_move, moves_after

    last = last_move(run)
    if run.flags.json:
        _show(run)
    else:
        now = moment_text(run, run.clock.now_ms())
        for row in alerts_now(run):
            _tell(run, row | {"at": now, "from": None, "to": row["state"], "value": row["value_text"]})
    for move in moves_after(run, last, seconds):
        _tell(run, _move(run, move))


def _show(run: Run) -> bool:
    """Print how it is now; whether something fires, or nobody looks."""
    rows = alerts_now(run)
    firing = [row for row in rows if row["state"] != "pending"]
    looked, now_ms = looked_at_ms(run.store), run.clock.now_ms()
    watched = is_watched(run)
    if run.flags.json:
        run.out.record(
            {
                "watched": watched,
                "looked_at": moment_text(run, looked),
                "firing": len(firing),
                "pending": len(rows) - len(firing),
                "alerts": rows,
            }
        )
    else:
        _table(run, rows, empty="Nothing fires." if watched else "Nothing is known to fire.")
    if not watched:
        run.out.warn(unwatched_words(looked, now_ms))
    return bool(firing) or not watched


def _tell(run: Run, move: Record) -> None:
    """One change: JSON, a line of columns, or under -q which alert is in which state now."""
    if run.flags.quiet and not run.flags.json:
        from greenbot.safe_text import safe_text

        run.out.line(safe_text(f"{move['rule']}/{move['instance']} {move['to']}"))
    else:
        run.out.rows([move], MOVE_COLUMNS, more=MOVE_MORE)


def _table(run: Run, rows: Sequence[Record], *, empty: str) -> None:
    from greenbot.cli.values import Age

    shown = [row | {"since_s": Age(row["since_s"]), "value": row["value_text"]} for row in rows]  # type: ignore[call-overload]  # whole seconds
    run.out.rows(
        shown,
        ("rule", "instance", "state", "severity", "since_s", "value"),
        more=("reason", "acked_by", "metric", "description"),
        empty=empty,
    )
    if shown and run.out.for_person and not run.flags.quiet:
        run.out.say("Say that you have seen it: greenbot alerts ack RULE/INSTANCE")


def alerts_now(run: Run) -> list[Record]:
    """Every alert that is not over, the worst first."""
    from greenbot.alerts.rule import SEVERITIES

    now_ms = run.clock.now_ms()
    found = rules_store(run).all(NOW)
    ordered = sorted(
        found,
        key=lambda row: (row["state"] == "pending", -SEVERITIES.index(row["severity"]), row["since_at_ms"]),
    )
    return [_alert(run, row, now_ms) for row in ordered]


def _alert(run: Run, row: "Row", now_ms: int) -> Record:
    since_ms = row["firing_since_ms"] if row["state"] != "pending" else None
    since_ms = since_ms or row["since_at_ms"]
    return {
        "rule": row["rule"],
        "instance": row["instance"],
        "state": row["state"],
        "severity": row["severity"],
        "since": moment_text(run, since_ms),
        "since_s": max(0, now_ms - since_ms) // 1000,
        "value": row["value"],
        "value_text": _value_text(row["value"], row["metric"]),
        "metric": row["metric"],
        "unit": _unit(row["metric"]),
        "reason": row["reason"],
        "acked_by": row["acked_by"],
        "ack_comment": row["ack_comment"],
        "description": row["description"],
    }


def _unit(metric: str | None) -> "Unit":
    from greenbot.alerts.measures import unit_of

    return unit_of(metric or "")


def _value_text(value: float | None, metric: str | None) -> str:
    from greenbot.alerts.units import value_text

    return value_text(value, _unit(metric))


@group.command("history", instance=True, rows=True)
def history(
    run: Run,
    rule: RuleOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help='Only after: 2h, "yesterday 18:00", a date.')
    ] = None,
    notices: Annotated[bool, typer.Option("--notices", help="What people were owed, and what came of it.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", min=1, max=_LAST_ID, help="Only older: the next page.")
    ] = None,
) -> None:
    """How alerts went from state to state, the newest first; with --notices, what was told of it.

    Examples:
    greenbot alerts history
    greenbot alerts history --rule high_error_rate --instance grand-kyiv --since 7d
    greenbot alerts history --notices --since 24h
    """
    wanted = {
        "rule": rule,
        "instance": None if run.flags.instance == "all" else run.flags.instance,
        "since": _since(run, since),
        "before": before or _LAST_ID,
        "limit": limit,
    }
    if notices:
        rows = [_notice(run, row) for row in rules_store(run).all(NOTICES, **wanted)]
        told = ("at", "rule", "instance", "kind", "state", "why")
        run.out.rows(rows, told, more=("id", "severity", "reason"), empty="Nobody was owed a notice.")
        return
    rows = [_move(run, row) for row in rules_store(run).all(LOG, **wanted)]
    run.out.rows(rows, MOVE_COLUMNS, more=MOVE_MORE, empty="No alert ever changed.")


def _move(run: Run, row: "Row") -> Record:
    return {
        "id": row["id"],
        "at": moment_text(run, row["at_ms"]),
        "rule": row["rule"],
        "instance": row["instance"],
        "from": row["from_state"],
        "to": row["to_state"],
        "value": row["value"] if run.flags.json or run.flags.csv else _value_text(row["value"], row["metric"]),
        "reason": row["reason"],
        "severity": row["severity"],
        "rule_version": row["rule_version"],
    }


def _notice(run: Run, row: "Row") -> Record:
    return {
        "id": row["id"],
        "at": moment_text(run, row["at_ms"]),
        "rule": row["rule"],
        "instance": row["instance"],
        "kind": row["kind"],
        "state": row["state"],
        "why": row["why"],
        "severity": row["severity"],
        "reason": row["reason"],
    }


def _since(run: Run, text: str | None) -> int | None:
    if text is None:
        return None
    from greenbot.cli.when import moment, zone_for

    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")


@group.command("ack", dry_run=True)
def ack(
    run: Run,
    alert: Annotated[
        str,
        typer.Argument(
            metavar="RULE[/INSTANCE]", help="Which alert; a rule alone: all of its.", autocompletion=rule_names
        ),
    ],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What you do about it.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back: repeats go on.")] = False,
) -> None:
    """Say that you have seen an alert: it is repeated no more until it is over.

    Examples:
    greenbot alerts ack high_error_rate/grand-kyiv --comment "the provider is on it"
    greenbot alerts ack critical_error_rate
    greenbot alerts ack high_error_rate/grand-kyiv --withdraw
    """
    from greenbot.alerts import acks, table

    rule, slash, instance = alert.partition("/")
    table.get(rules_store(run), rule)
    if slash and not instance:
        raise UsageError("The instance behind / is missing.", hint=f"Write {rule}/INSTANCE, or {rule} for all of them.")
    instances = [instance] if slash else _firing_of(run, rule)
    if run.flags.dry_run:
        from greenbot.safe_text import safe_text

        spots = ", ".join(safe_text(f"{rule}/{one}") for one in instances)
        run.out.say(f"Would {'take back' if withdraw else 'write'} that you have seen: {spots}")
        return
    run.must_write()
    for one in instances:
        if withdraw:
            done = acks.withdraw(run.store, rule, one, run.operator)
            record: Record = {"rule": rule, "instance": one, "withdrawn": done}
        else:
            acked = acks.acknowledge(run.store, rule, one, run.operator, comment)
            record = {"rule": rule, "instance": one, "acked_by": acked.by, "comment": acked.comment}
        run.out.record(record, essential="instance")


def _firing_of(run: Run, rule: str) -> list[str]:
    """The instances for which it fires. Raises NotFiring when there is none."""
    from greenbot.alerts.acks import NotFiring

    found = [str(row["instance"]) for row in alerts_now(run) if row["rule"] == rule and row["state"] != "pending"]
    if not found:
        raise NotFiring(f"No alert of {rule} fires now.")
    return found
