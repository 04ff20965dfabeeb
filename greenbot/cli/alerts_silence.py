"""`greenbot alerts silence …`: for a while nobody is told of some alerts."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import group, moment_text, rule_names, rules_store
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.alerts.silences import Silence

silence = group.group("silence", help="For a while nobody is told of some alerts; the alerts themselves go on.")

_LAST_ID = 2**63 - 1


@silence.command("add", instance=True, dry_run=True)
def add(
    run: Run,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why: whoever looks later wants to know.")],
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="PATTERN", help="Rules that are called like this.", autocompletion=rule_names),
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="PATTERN", help="Alerts of this severity.")
    ] = None,
    for_: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long: 2h, 1d.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help='Until then: "tomorrow 07:30", a date.')
    ] = None,
    begins: Annotated[str | None, typer.Option("--from", metavar="WHEN", help="From then on; default: now.")] = None,
) -> None:
    """Tell nobody of some alerts for a while. What still fires when it ends is told then.

    All that is named has to match; at least one of --rule, --instance and --severity is needed. --instance '*'
    stands for everything, the fleet included.

    Examples:
    greenbot alerts silence add --instance grand-kyiv --for 2h --comment "new router"
    greenbot alerts silence add --rule 'slow_*' --from "tomorrow 02:00" --until "tomorrow 04:00" --comment backup
    """
    from greenbot.alerts import silences

    patterns = {"rule": rule, "instance": run.flags.instance, "severity": severity}
    if all(value is None for value in patterns.values()):
        raise UsageError(
            "A silence of everything is not meant by accident.",
            hint="Name --rule, --instance or --severity; '*' is all.",
        )
    wanted = {name: "*" if value in (None, "all") else str(value) for name, value in patterns.items()}
    begins_ms, until_ms = _times(run, for_, until, begins)
    if run.flags.dry_run:
        from greenbot.safe_text import safe_text

        shown = (
            f"Would silence rule {wanted['rule']}, instance {wanted['instance']}, severity {wanted['severity']} "
            f"until {moment_text(run, until_ms)}."
        )
        run.out.say(safe_text(shown))
        return
    run.must_write()
    made = silences.add(
        rules_store(run), run.operator, begins_at_ms=begins_ms, until_at_ms=until_ms, comment=comment, **wanted
    )
    _warn_of_nothing(run, made)
    run.out.record(_described(run, made), essential="id")


def _times(run: Run, for_: str | None, until: str | None, begins: str | None) -> tuple[int, int]:
    """When it begins and ends. Raises `UsageError`."""
    from greenbot.cli.values import seconds_of
    from greenbot.cli.when import moment, zone_for

    now_ms, zone = run.clock.now_ms(), zone_for(None, hotel=None)
    if (for_ is None) == (until is None):
        raise UsageError("How long is it to last?", hint="Give either --for 2h or --until WHEN.")
    begins_ms = now_ms if begins is None else moment(begins, now_ms=now_ms, zone=zone)
    if for_ is not None:
        return begins_ms, begins_ms + round(seconds_of(for_) * 1000)
    return begins_ms, moment(until or "", now_ms=now_ms, zone=zone)


def _warn_of_nothing(run: Run, made: "Silence") -> None:
    """A silence that can match nothing helps nobody."""
    from fnmatch import fnmatchcase

    from greenbot.alerts.rule import SEVERITIES
    from greenbot.alerts.table import all_of

    if not any(fnmatchcase(rule.name, made.rule) for rule in all_of(run.store)):
        run.out.warn(f"no rule is called {made.rule}, so this silences nothing.")
    if not any(fnmatchcase(word, made.severity) for word in SEVERITIES):
        run.out.warn(f"there is no severity {made.severity}; there are {', '.join(SEVERITIES)}.")
    if not any(fnmatchcase(name, made.instance) for name in (*run.settings.instances, "*")):
        run.out.warn(f"no instance is called {made.instance}, so this silences nothing.")


@silence.command("list", rows=True)
def list_(run: Run, ended: Annotated[bool, typer.Option("--ended", help="Also those that are over.")] = False) -> None:
    """The silences that last or will begin, the newest first.

    Examples:
    greenbot alerts silence list
    greenbot alerts silence list --ended --json
    """
    from greenbot.alerts.silences import all_of

    found = all_of(rules_store(run), run.clock.now_ms(), with_ended=ended)
    rows = [_described(run, one) for one in found]
    columns = ("id", "state", "rule", "instance", "severity", "until", "comment")
    run.out.rows(rows, columns, more=("from", "author"), empty="Nothing is silenced.")


@silence.command("expire", dry_run=True)
def expire(
    run: Run,
    ids: Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=_LAST_ID, help="Numbers of silences.")],
) -> None:
    """End silences now: what still fires is told.

    Examples:
    greenbot alerts silence expire 3
    """
    from greenbot.alerts import silences

    known = {one.id: one for one in silences.all_of(rules_store(run), run.clock.now_ms(), with_ended=True)}
    for number in ids:
        if number not in known:
            raise silences.UnknownSilence(f"There is no silence {number}.")
    if run.flags.dry_run:
        run.out.say(f"Would end the silences {', '.join(map(str, ids))}.")
        return
    run.must_write()
    for number in ids:
        run.out.record(_described(run, silences.end(run.store, number, run.operator)), essential="id")


def _described(run: Run, one: "Silence") -> dict[str, object]:
    now_ms = run.clock.now_ms()
    state = "over" if one.is_over(now_ms) else "lasts" if now_ms >= one.begins_at_ms else "to come"
    return {
        "id": one.id,
        "state": state,
        "rule": one.rule,
        "instance": one.instance,
        "severity": one.severity,
        "from": moment_text(run, one.begins_at_ms),
        "until": moment_text(run, one.expired_at_ms or one.until_at_ms),
        "comment": one.comment,
        "author": one.author,
    }
