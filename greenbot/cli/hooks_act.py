"""`greenbot hooks enable|disable|test|remove`."""

from typing import TYPE_CHECKING

from greenbot.cli.hooks_group import Name, group, shown
from greenbot.cli.run import Run
from greenbot.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from greenbot.hooks.claims import Attempted
    from greenbot.hooks.job import Job


@group.command("enable", dry_run=True)
def enable(run: Run, name: Name) -> None:
    """Let a hook have events again; what waited goes on.

    Examples:
    greenbot hooks enable crm
    """
    _switch(run, name, enabled=True)


@group.command("disable", dry_run=True)
def disable(run: Run, name: Name) -> None:
    """Give a hook no more events; what waits stays.

    Examples:
    greenbot hooks disable crm
    """
    _switch(run, name, enabled=False)


def _switch(run: Run, name: str, *, enabled: bool) -> None:
    from greenbot.hooks import table

    table.get(run.store, name)
    if run.flags.dry_run:
        run.out.say(f"Would switch the hook {name} {'on' if enabled else 'off'}.")
        return
    run.must_write()
    table.switch(run.store, name, run.operator, enabled=enabled)
    shown(run, name)


@group.command("remove", dry_run=True, yes=True)
def remove(run: Run, name: Name) -> None:
    """Remove a hook with everything that waits for it, and its secret.

    Examples:
    greenbot hooks remove crm --yes
    """
    from greenbot.hooks import table
    from greenbot.hooks.keyfiles import KeyFiles

    hook = table.get(run.store, name)
    count = table.counts(run.store).get(hook.id, table.Count())
    what = f"the hook {name} with {count.waiting} waiting and {count.dead} failed deliveries"
    if run.flags.dry_run:
        run.out.say(f"Would remove {what}.")
        return
    run.must_write()
    run.confirm(f"Removing {what}")
    lost = table.remove(run.store, name, run.operator)
    KeyFiles(run.settings.paths.secrets_dir, run.clock).forget(name)
    run.out.record({"removed": name, "waiting": lost.waiting, "dead": lost.dead}, essential="removed")


@group.command("test", instance=True, dry_run=True)
def test(run: Run, name: Name) -> None:
    """Send a hook an event that is marked as a test, now, and show what it answers.

    It goes the same way as a real one: signed, guarded, within its time. Nothing of it is stored. A hook
    that is switched off is tested too.

    Examples:
    greenbot hooks test crm
    greenbot hooks test crm --dry-run
    """
    import asyncio

    from greenbot.hooks import table
    from greenbot.hooks.sample import sample_job
    from greenbot.wiring import hook_carriers

    rule = table.get(run.store, name).rule
    if rule.kind == "handlers":
        raise UsageError(
            f"The handlers of {name} run inside greenbot serve only.", hint="Call them in a test of yours."
        )
    instance = run.instance
    job = sample_job(rule, instance=instance.name, instance_id=instance.id, now_ms=run.clock.now_ms())
    if run.flags.dry_run:
        run.out.record(_request(job))
        return
    run.must_write()
    carry = hook_carriers(lambda: run.settings, run.clock, environ=run.environ)[rule.kind]
    attempted = asyncio.run(_carried(carry(job)))
    run.out.record(_request(job) | _answer(attempted), essential="outcome")
    if attempted.outcome != "ok":
        raise CheckFailed(f"The hook {name} did not take the test: {attempted.words}.", hint=None)


async def _carried(attempt: "Awaitable[Attempted]") -> "Attempted":
    return await attempt


def _request(job: "Job") -> dict[str, object]:
    from greenbot.hooks.hook import shown_target

    return {
        "hook": job.rule.name,
        "target": shown_target(job.rule),
        "webhook_id": job.webhook_id,
        "body": job.body.decode(),
    }


def _answer(attempted: "Attempted") -> dict[str, object]:
    return {
        "outcome": attempted.outcome,
        "status": attempted.status,
        "words": attempted.words,
        "answer": attempted.snippet,
        "elapsed_ms": attempted.elapsed_ms,
    }
