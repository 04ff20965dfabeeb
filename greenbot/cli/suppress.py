"""`greenbot suppress …`: guests who want no promotion."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.campaigns.suppress import By

group = Group("suppress", "Guests who want no promotion: who said STOP, and whom you add yourself.")

To = Annotated[str, typer.Argument(metavar="TO", help="Phone number, chat id, @contact, or - for a list on stdin.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept for the audit.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many, newest first.")]


@group.command("list", instance=True, rows=True)
def list_(run: Run, limit: Limit = 1000) -> None:
    """Guests who want no promotion, the newest first; with --instance, those this number may not promote to.

    Examples:
    greenbot suppress list
    greenbot suppress list --instance grand-kyiv --csv
    """
    from greenbot.campaigns.suppress import listed
    from greenbot.clock import iso_utc

    instance = run.instance.name if run.flags.instance else None
    rows = [
        {
            "chat_id": entry.chat_id,
            "instance": entry.instance or "all",
            "source": entry.source,
            "since": iso_utc(entry.at_ms),
            "reason": entry.reason,
            "actor": entry.actor,
        }
        for entry in listed(run.store, instance=instance, most=limit)
    ]
    run.out.rows(rows, ("chat_id", "instance", "source", "since", "reason"), more=("actor",), empty="Nobody.")


@group.command("add", instance=True, dry_run=True)
def add(run: Run, to: To, reason: Reason = None) -> None:
    """Send these guests no promotion any more; promotions that wait for them are ended.

    Holds for all your numbers, or with --instance for that one. Service messages still reach them.

    Examples:
    greenbot suppress add 380441234567 --reason "asked at the reception"
    greenbot suppress add - < unsubscribed.txt
    """
    from greenbot.campaigns import suppress
    from greenbot.cli.recipients import recipients

    chats = recipients(run, to)
    if run.flags.dry_run:
        run.out.say(f"Would suppress {len(chats)}.")
        return
    run.must_write()
    added = suppress.add(run.store, chats, _by(run, reason), run.clock, instance=_scope(run))
    run.out.record({"suppressed": added, "already": len(chats) - added}, essential="suppressed")


@group.command("remove", instance=True, dry_run=True)
def remove(run: Run, to: To, reason: Reason = None) -> None:
    """Allow promotions to these guests again.

    Examples:
    greenbot suppress remove 380441234567 --reason "signed up again"
    """
    from greenbot.campaigns import suppress
    from greenbot.cli.recipients import recipients
    from greenbot.errors import NotFound

    chats = recipients(run, to)
    if run.flags.dry_run:
        run.out.say(f"Would allow promotions to {len(chats)} again.")
        return
    run.must_write()
    removed = suppress.remove(run.store, chats, _by(run, reason), run.clock, instance=_scope(run))
    if not removed:
        raise NotFound(
            "None of them was suppressed " + (f"for {_scope(run)}." if _scope(run) else "for all numbers."),
            hint="See the entries with: greenbot suppress list",
        )
    run.out.record({"allowed": removed, "were_not_suppressed": len(chats) - removed}, essential="allowed")


@group.command("audit", instance=True, rows=True)
def audit(
    run: Run,
    chat: Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only this guest.")] = None,
    limit: Limit = 1000,
) -> None:
    """Every change of the list: who, when, on whose wish and why.

    Examples:
    greenbot suppress audit --chat 380441234567
    """
    from greenbot.campaigns.suppress import audit as changes
    from greenbot.cli.recipients import recipients
    from greenbot.clock import iso_utc

    chat_id = recipients(run, chat)[0] if chat is not None else None
    rows = [
        {
            "at": iso_utc(line.at_ms),
            "change": line.change,
            "chat_id": line.chat_id,
            "instance": line.instance or "all",
            "source": line.source,
            "actor": line.actor,
            "reason": line.reason,
        }
        for line in changes(run.store, chat_id=chat_id, most=limit)
    ]
    run.out.rows(rows, ("at", "change", "chat_id", "instance", "source", "actor", "reason"), empty="No change yet.")


def _scope(run: Run) -> str:
    from greenbot.campaigns.suppress import EVERYWHERE

    return run.instance.name if run.flags.instance else EVERYWHERE


def _by(run: Run, reason: str | None) -> "By":
    from greenbot.campaigns.suppress import By

    return By(actor=run.actor, reason=reason)
