"""`greenbot hooks list|show`."""

from typing import Annotated

import typer

from greenbot.cli.hooks_group import Name, described, group
from greenbot.cli.run import Run


@group.command("list", rows=True)
def list_(run: Run) -> None:
    """Every hook, and how much waits for it.

    Examples:
    greenbot hooks list
    greenbot hooks list --sort -waiting
    """
    from greenbot.hooks.table import Count, all_of, counts

    numbers, now_ms = counts(run.store), run.clock.now_ms()
    rows = [described(hook, numbers.get(hook.id, Count()), now_ms) for hook in all_of(run.store)]
    run.out.rows(
        rows,
        ("name", "state", "target", "events", "waiting", "dead", "oldest_s"),
        more=("kind", "instances", "done"),
        empty="No hook yet. Add one with: greenbot hooks add",
    )


@group.command("show")
def show(
    run: Run,
    name: Name,
    limit: Annotated[int, typer.Option("--limit", min=0, max=1000, help="How many attempts, newest first.")] = 10,
) -> None:
    """One hook: its rule, its numbers and its latest attempts.

    Examples:
    greenbot hooks show crm
    greenbot hooks show crm --json --limit 100
    """
    from greenbot.clock import iso_utc
    from greenbot.hooks.attempts import latest
    from greenbot.hooks.keyfiles import KeyFiles
    from greenbot.hooks.table import Count, counts, get

    hook = get(run.store, name)
    wanted = hook.rule.wanted
    record = described(hook, counts(run.store).get(hook.id, Count()), run.clock.now_ms()) | {
        "direction": wanted.direction,
        "chat": wanted.chat,
        "match": wanted.match_text,
        "environment": list(hook.rule.environment),
        "concurrency": hook.rule.concurrency,
        "timeout_s": hook.rule.timeout_ms / 1000,
        "why_off": hook.disabled_reason,
        "resting_until": iso_utc(hook.open_until_ms) if hook.open_until_ms > run.clock.now_ms() else None,
        "secret_file": str(KeyFiles(run.settings.paths.secrets_dir, run.clock).path(name))
        if hook.rule.kind == "url"
        else None,
    }
    attempts = [
        {
            "at": iso_utc(each.started_at_ms),
            "event": each.event_id,
            "attempt": each.attempt,
            "outcome": each.outcome or "unknown",
            "elapsed_ms": each.elapsed_ms,
            "words": each.words,
            "answer": each.snippet,
        }
        for each in latest(run.store, hook.id, limit)
    ]
    if run.flags.json:
        run.out.record(record | {"attempts": attempts})
        return
    run.out.record(record, essential="state")
    if attempts and not run.flags.quiet:
        run.out.line("")
        run.out.rows(attempts, ("at", "event", "attempt", "outcome", "elapsed_ms", "words", "answer"))
