"""`greenbot alerts check`: one line for a monitoring system, and an exit code it understands."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from greenbot.cli.alerts_group import group, is_watched, looked_at_ms, rules_store, unwatched_words
from greenbot.cli.alerts_status import Record, RuleOption, alerts_now
from greenbot.cli.run import Run
from greenbot.errors import ExitCode, GreenbotError, UsageError

#: Nagios' own exit codes.
NAGIOS_CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


@group.command("check", instance=True)
def check(
    run: Run,
    rule: RuleOption = None,
    nagios: Annotated[bool, typer.Option("--nagios", help="Exit as Nagios wants it: 0 to 3.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 11 when it is not OK; so it does anyway.")
    ] = False,
) -> None:
    """One line for a monitoring system, with figures behind the bar. Exits 11 when something fires, or nobody looks.

    With --nagios: 0 OK, 1 WARNING (only low or medium severity), 2 CRITICAL, 3 UNKNOWN (no service looks at the
    rules). Alerts that somebody has seen (alerts ack) count as less bad: they are a WARNING.

    Examples:
    greenbot alerts check
    greenbot alerts check --nagios --instance 'grand-*'
    greenbot alerts check --rule instance_not_sendable --json
    """
    if nagios and exit_code:
        raise UsageError("--nagios and --exit-code exclude each other.", hint="Choose one.")
    try:
        word = _checked(run, rule)
    except GreenbotError as error:
        if not nagios:
            raise
        # Nagios would take our own codes for words of its own.
        word = "UNKNOWN"
        run.out.block(f"GREENBOT {word} - {str(error).replace('|', '/')}")
    code = NAGIOS_CODES[word] if nagios else ExitCode.DONE if word == "OK" else ExitCode.CHECK_FAILED
    if code:
        raise typer.Exit(code)


def _checked(run: Run, rule: str | None) -> str:
    """Look and print the line; the word it says."""
    if rule is not None:
        from greenbot.alerts.table import get

        get(rules_store(run), rule)
    rows = [row for row in alerts_now(run) if _is_wanted(run, row, rule)]
    looked = looked_at_ms(run.store)
    word = _verdict(rows) if is_watched(run) else "UNKNOWN"
    line = f"GREENBOT {word} - {_summary(run, rows, word, looked)} | {_figures(rows)}"
    if run.flags.json:
        run.out.record({"verdict": word, "line": line, "alerts": rows})
    elif run.flags.quiet:
        run.out.line(word)
    else:
        run.out.block(line)
    return word


def _is_wanted(run: Run, row: Mapping[str, object], rule: str | None) -> bool:
    from fnmatch import fnmatchcase

    pattern = run.flags.instance
    named = pattern in (None, "all") or fnmatchcase(str(row["instance"]), str(pattern))
    return named and rule in (None, row["rule"])


def _verdict(rows: Sequence[Record]) -> str:
    firing = [row for row in rows if row["state"] != "pending"]
    if any(row["severity"] in ("high", "critical") and row["acked_by"] is None for row in firing):
        return "CRITICAL"
    return "WARNING" if firing else "OK"


def _summary(run: Run, rows: Sequence[Record], word: str, looked_ms: int | None) -> str:
    if word == "UNKNOWN":
        return unwatched_words(looked_ms, run.clock.now_ms()).replace("|", "/")
    firing = [row for row in rows if row["state"] != "pending"]
    named = ", ".join(f"{row['rule']} for {row['instance']} ({row['value_text']})" for row in firing[:5])
    more = f" and {len(firing) - 5} more" if len(firing) > 5 else ""
    return f"{len(firing)} firing: {named}{more}" if firing else "nothing fires"


def _figures(rows: Sequence[Record]) -> str:
    """Figures as Nagios plots them."""
    counts = {"firing": 0, "pending": 0, "acked": 0, "critical": 0, "high": 0, "medium": 0, "low": 0}
    for row in rows:
        if row["state"] == "pending":
            counts["pending"] += 1
            continue
        counts["firing"] += 1
        counts["acked"] += row["acked_by"] is not None
        counts[str(row["severity"])] += 1
    return " ".join(f"{name}={count}" for name, count in counts.items())
