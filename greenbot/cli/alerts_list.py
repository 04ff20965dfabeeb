"""`greenbot alerts list|show`: the rules, and how each stands now."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import WORST_FIRST, Name, asks_for, group, moment_text, rules_store, whom
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.alerts.rule import Rule
    from greenbot.alerts.states import Kept, Spot
    from greenbot.db.connect import Row

ALERTS_OF = "select * from alerts where rule = :rule"


@group.command("list", rows=True)
def list_(
    run: Run,
    firing: Annotated[bool, typer.Option("--firing", help="Only rules of which an alert fires.")] = False,
) -> None:
    """Every rule and how it stands now, the worst first.

    Examples:
    greenbot alerts list
    greenbot alerts list -v --full
    greenbot alerts list --firing --json
    """
    from greenbot.alerts.evaluate import OPEN
    from greenbot.alerts.states import load
    from greenbot.alerts.table import all_of

    db = rules_store(run)
    kept = load(db)
    rules = [rule for rule in all_of(db) if not firing or _state(rule, kept) in OPEN]
    rows = [described(run, rule, kept) for rule in sorted(rules, key=lambda rule: _rank(rule, kept))]
    run.out.rows(
        rows,
        ("name", "state", "severity", "asks_for", "watches"),
        more=("firing", "pending", "receivers", "origin", "edition", "description"),
        empty="No rule fires." if firing else "There is no rule. Add one with: greenbot alerts add --help",
    )


@group.command("show")
def show(run: Run, name: Name) -> None:
    """One rule: what it asks for, who is told, and each of its alerts.

    Examples:
    greenbot alerts show high_error_rate
    greenbot alerts show high_error_rate --json
    """
    from greenbot.alerts.states import load
    from greenbot.alerts.table import get

    db = rules_store(run)
    rule = get(db, name)
    record = described(run, rule, load(db)) | _details(run, rule)
    alerts = [_alert(run, rule, row) for row in db.all(ALERTS_OF, rule=name)]
    alerts.sort(key=lambda alert: (WORST_FIRST.index(str(alert["state"])), str(alert["instance"])))
    if run.flags.json:
        run.out.record(record | {"alerts": alerts})
        return
    run.out.record(record, essential="state")
    if alerts and not run.flags.quiet:
        run.out.line("")
        run.out.rows(alerts, ("instance", "state", "since", "value", "reason", "acked_by"))


def described(run: Run, rule: "Rule", kept: "Mapping[Spot, Kept] | None" = None) -> dict[str, object]:
    """One rule as a row."""
    from greenbot.alerts.states import load

    kept = load(run.store) if kept is None else kept
    states = _states(rule, kept)
    return {
        "name": rule.name,
        "state": _state(rule, kept),
        "severity": rule.severity,
        "asks_for": asks_for(rule),
        "watches": whom(rule),
        "firing": sum(state in ("firing", "recovering", "nodata") for state in states),
        "pending": states.count("pending"),
        "receivers": list(rule.receivers) or "default",
        "enabled": rule.enabled,
        "origin": rule.origin,
        "edition": rule.edition,
        "description": rule.description,
    }


def _details(run: Run, rule: "Rule") -> dict[str, object]:
    from greenbot.alerts.measures import unit_of
    from greenbot.alerts.units import duration_text

    return {
        "metric": rule.metric,
        "op": rule.op,
        "threshold": rule.threshold,
        "unit": unit_of(rule.metric),
        "window": duration_text(rule.window_s),
        "for": duration_text(rule.for_s),
        "keep_firing": duration_text(rule.keep_firing_s),
        "min_samples": rule.min_total,
        "min_bad": rule.min_bad,
        "scope": rule.scope,
        "instances": rule.instances,
        "cooldown": duration_text(rule.cooldown_s),
        "repeat": duration_text(rule.repeat_s),
        "version": rule.version,
        "changed_at": moment_text(run, rule.changed_at_ms),
        "changed_by": rule.changed_by,
    }


def _alert(run: Run, rule: "Rule", row: "Row") -> dict[str, object]:
    from greenbot.alerts.measures import unit_of
    from greenbot.alerts.units import value_text

    value: float | None = row["value"]
    return {
        "instance": row["instance"],
        "state": row["state"],
        "since": moment_text(run, row["since_at_ms"]),
        "value": value if run.flags.json else value_text(value, unit_of(rule.metric)),
        "reason": row["reason"],
        "acked_by": row["acked_by"],
        "ack_comment": row["ack_comment"],
    }


def _states(rule: "Rule", kept: "Mapping[Spot, Kept]") -> Sequence[str]:
    return [one.alert.state for (name, _), one in kept.items() if name == rule.name]


def _state(rule: "Rule", kept: "Mapping[Spot, Kept]") -> str:
    """As its worst alert stands; one that never was more than inactive has left no trace."""
    if not rule.enabled:
        return "disabled"
    worst = min(_states(rule, kept), key=WORST_FIRST.index, default="inactive")
    return "inactive" if worst in ("unknown", "resolved") else worst


def _rank(rule: "Rule", kept: "Mapping[Spot, Kept]") -> tuple[int, int, str]:
    from greenbot.alerts.rule import SEVERITIES

    state = _state(rule, kept)
    place = len(WORST_FIRST) if state == "disabled" else WORST_FIRST.index(state)
    return (place, -SEVERITIES.index(rule.severity), rule.name)
