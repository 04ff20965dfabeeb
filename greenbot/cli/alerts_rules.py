"""`greenbot alerts add|edit|enable|disable|remove`: the rules, changed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_fields import Given, is_anything, rule_of, warn_of_doubts, with_rule_options
from greenbot.cli.alerts_group import Name, group, rules_store
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.alerts.rule import Rule

NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it: small letters, digits, _ and -.")]
Edition = Annotated[
    int | None,
    typer.Option("--edition", metavar="N", min=1, max=2**31, help="Only if it is still this edition (alerts show)."),
]


@group.command("add", instance=True, dry_run=True)
@with_rule_options
def add(run: Run, name: NewName, given: Given) -> None:
    """Add a rule; a running service looks at it within 15 seconds.

    Try it on the past first: greenbot alerts backtest takes the same options.

    Examples:
    greenbot alerts add errors --metric error_rate --above 10% --window 5m --for 5m --min-samples 20 --notify ops
    greenbot alerts add coast --metric error_rate --at-least 5% --window 1h --instance 'coast-*' --severity high
    greenbot alerts add slow --metric response_time_p95 --above 8s --window 10m
    greenbot alerts add queue --metric outbox_oldest_age --above 30m --severity critical
    """
    from greenbot.alerts import table

    rule = rule_of(run, given, name=name)
    if run.flags.dry_run:
        warn_of_doubts(run, rule)
        _show_change(run, None, rule)
        return
    run.must_write()
    table.add(rules_store(run), rule, run.operator)
    warn_of_doubts(run, rule)
    _shown(run, name)


@group.command("edit", instance=True, dry_run=True)
@with_rule_options
def edit(run: Run, name: Name, given: Given, edition: Edition = None) -> None:
    """Change a rule: what is not named stays.

    Another condition ends the rule's alerts and begins them anew; another severity, description, receiver,
    cooldown or repeat does not.

    Examples:
    greenbot alerts edit high_error_rate --at-least 15%
    greenbot alerts edit high_error_rate --notify ops --notify night --edition 3
    """
    from greenbot.alerts import table

    before = table.get(rules_store(run), name)
    if not is_anything(given) and run.flags.instance is None:
        raise UsageError("Nothing to change was given.", hint="See: greenbot alerts edit --help")
    after = rule_of(run, given, name=name, base=before)
    if run.flags.dry_run:
        warn_of_doubts(run, after)
        _show_change(run, before, after)
        return
    run.must_write()
    # Between reading and writing somebody may have changed it: then this was made of something else.
    table.change(run.store, after, run.operator, edition=edition or before.edition)
    warn_of_doubts(run, after)
    _shown(run, name)


@group.command("enable", dry_run=True)
def enable(run: Run, name: Name, edition: Edition = None) -> None:
    """Watch by a rule again.

    Examples:
    greenbot alerts enable slow_response
    """
    _switch(run, name, edition, enabled=True)


@group.command("disable", dry_run=True)
def disable(run: Run, name: Name, edition: Edition = None) -> None:
    """Watch by a rule no more; its alerts end. For a while, a silence is better.

    Examples:
    greenbot alerts disable slow_response
    """
    _switch(run, name, edition, enabled=False)


def _switch(run: Run, name: str, edition: int | None, *, enabled: bool) -> None:
    from greenbot.alerts import table

    table.get(rules_store(run), name)
    if run.flags.dry_run:
        run.out.say(f"Would switch the rule {name} {'on' if enabled else 'off'}.")
        return
    run.must_write()
    table.switch(run.store, name, run.operator, enabled=enabled, edition=edition)
    _shown(run, name)


@group.command("remove", dry_run=True, yes=True)
def remove(run: Run, name: Name, edition: Edition = None) -> None:
    """Remove a rule; its alerts end. A default rule does not come back by itself.

    Examples:
    greenbot alerts remove slow --yes
    """
    from greenbot.alerts import table

    rule = table.get(rules_store(run), name)
    if run.flags.dry_run:
        run.out.say(f"Would remove the rule {name}.")
        return
    run.must_write()
    run.confirm(f"Removing the rule {name}")
    ended = table.remove(run.store, name, run.operator, edition=edition or rule.edition)
    run.out.record({"removed": name, "alerts_ended": ended}, essential="removed")


def _shown(run: Run, name: str) -> None:
    from greenbot.alerts.table import get
    from greenbot.cli.alerts_list import described

    run.out.record(described(run, get(run.store, name)), essential="name")


def _show_change(run: Run, before: "Rule | None", after: "Rule") -> None:
    """What would be, field by field."""
    from greenbot.alerts.fields import fields_of

    old, new = {} if before is None else fields_of(before), fields_of(after)
    if run.flags.json:
        starts_anew = before is not None and not before.judges_like(after)
        run.out.record({"dry_run": True, "before": old or None, "after": new, "begins_anew": starts_anew})
        return
    run.out.say(f"Would {'add' if before is None else 'change'} the rule {after.name}:")
    for line in changed_lines(old, new):
        run.out.block(line)
    if before is not None and not before.judges_like(after):
        run.out.say("Its alerts would end and begin anew.")


def changed_lines(old: dict[str, object], new: dict[str, object]) -> Iterator[str]:
    """Each field that differs, as `field: before -> after`."""
    from greenbot.cli.output import show

    for field in dict.fromkeys([*old, *new]):
        if old.get(field) != new.get(field):
            before = f"{show(old[field])} -> " if field in old else ""
            yield f"  {field}: {before}{show(new[field]) if field in new else '(default)'}"
