"""`greenbot alerts export|apply`: rules and receivers as a file that somebody reviews."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import group, rules_store
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.alerts.exchange import Change

_SIGNS = {"add": "+", "change": "~", "remove": "-"}
_COLOURS = {"add": "green", "change": "yellow", "remove": "red"}


@group.command("export")
def export(
    run: Run,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there; stdout otherwise.")
    ] = None,
) -> None:
    """All rules and receivers as TOML, for greenbot alerts apply. No secret is in it, only where each is kept.

    Examples:
    greenbot alerts export > alerts.toml
    greenbot alerts export -o alerts.toml
    """
    from greenbot.alerts import exchange, receivers, table

    db = rules_store(run)
    rules, of_receivers = table.all_of(db), receivers.all_of(db)
    text = exchange.text_of(rules, of_receivers)
    if output is None and not run.flags.json:
        run.out.line(text.rstrip("\n"))
        return
    if output is not None:
        run.must_write()
        (run.cwd / output).write_text(text, encoding="utf-8")
    record: dict[str, object] = {"rules": len(rules), "receivers": len(of_receivers)}
    where = {"toml": text} if output is None else {"file": str(output)}
    run.out.record(record | where, essential=None if output is None else "file")


@group.command("apply", dry_run=True, yes=True)
def apply(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE", help="As export writes it; - reads stdin.")],
    prune: Annotated[bool, typer.Option("--prune", help="Remove what the file does not name.")] = False,
) -> None:
    """Make rules and receivers what a file says: shown first, then all of it or nothing.

    What the file does not name stays, unless --prune. A file without [rules] leaves all rules alone, one without
    [receivers] all receivers.

    Examples:
    greenbot alerts apply alerts.toml --dry-run
    greenbot alerts apply alerts.toml --prune --yes
    """
    from greenbot.alerts import exchange
    from greenbot.cli.values import text_of

    text = text_of("-" if file == "-" else f"@{file}", what="file of alert rules")
    changes = exchange.plan(rules_store(run), exchange.read(text), prune=prune)
    _show(run, changes)
    if run.flags.dry_run or not changes:
        return
    run.must_write()
    removed = [change for change in changes if change.kind == "remove"]
    if removed:
        run.confirm(
            f"Removing {', '.join(f'the {change.what} {change.name}' for change in removed[:5])}" + _more(removed)
        )
    exchange.carry_out(run.store, changes, run.operator)
    _warn_of_missing(run)
    if not run.flags.json:
        run.out.say(f"Applied: {_counted(changes)}.")


def _more(removed: "Sequence[Change]") -> str:
    return f" and {len(removed) - 5} more" if len(removed) > 5 else ""


def _show(run: Run, changes: "Sequence[Change]") -> None:
    if run.flags.json:
        shown = [
            {"kind": one.kind, "what": one.what, "name": one.name, "before": one.before, "after": one.after}
            for one in changes
        ]
        run.out.record({"dry_run": run.flags.dry_run, "changes": shown})
        return
    for change in changes:
        if run.flags.quiet:
            run.out.block(f"{change.kind} {change.what} {change.name}")
        else:
            _show_change(run, change)
    if not changes:
        run.out.say("Nothing to change: the store says what the file says.")


def _show_change(run: Run, change: "Change") -> None:
    from greenbot.cli.output import show

    run.out.line(run.out.style(f"{_SIGNS[change.kind]} {change.what} {change.name}", _COLOURS[change.kind]))
    if change.kind == "remove":
        return
    for name, before, after in change.lines():
        was = "" if before is None else f"{show(before)} -> "
        run.out.line(f"    {name}: {was}{'(default)' if after is None else show(after)}")


def _counted(changes: "Sequence[Change]") -> str:
    kinds = [change.kind for change in changes]
    words = {"add": "added", "change": "changed", "remove": "removed"}
    return ", ".join(f"{kinds.count(kind)} {word}" for kind, word in words.items() if kind in kinds)


def _warn_of_missing(run: Run) -> None:
    from greenbot.alerts.table import all_of
    from greenbot.cli.alerts_fields import missing_receivers

    for rule in all_of(run.store):
        for name in missing_receivers(run, rule):
            run.out.warn(f"the rule {rule.name} names the receiver {name}, which does not exist.")
