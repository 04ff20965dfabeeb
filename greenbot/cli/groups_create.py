"""`greenbot groups create`: what gets numbers banned when it is done carelessly."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.contacts_check import last_check
from greenbot.cli.groups_group import MemberArguments, group
from greenbot.cli.remote_call import Caller, people_of, words
from greenbot.cli.run import Run
from greenbot.errors import RateLimited, Refused, UsageError

if TYPE_CHECKING:
    from greenbot.chat_id import ChatId

#: GREEN-API docs: more than one new group in 5 minutes risks a ban.
_APART_MS = 5 * 60_000
#: GREEN-API docs: createGroup.
_MOST_CHARACTERS = 100
_ACTION = "groups.create"


@group.command("create", instance=True, dry_run=True)
def create(
    run: Run, name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")], to: MemberArguments
) -> None:
    """Create a group with these people in it.

    GREEN-API: more than one new group in 5 minutes, or people who are not on WhatsApp, can get the number banned. So
    the second group has to wait, and numbers that `greenbot contacts check` found to have no WhatsApp are refused.

    Examples:
    greenbot groups create "Night shift" +380441234567 +380447654321
    greenbot groups create "Wedding Koval" - < guests.txt
    """
    title, people = group_name(name), people_of(run, to)
    if not run.flags.dry_run:
        run.must_write()
        _check_pause(run)
    check_on_whatsapp(run, people)
    caller = Caller(run, run.instance)
    made = caller.change("createGroup", {"groupName": title, "chatIds": people}, action=_ACTION)
    if made is None:
        return
    run.out.record(
        {
            "chat_id": words(made, "chatId"),
            "instance": run.instance.name,
            "name": title,
            "members": len(people) + 1,
            "invite_link": words(made, "groupInviteLink"),
        },
        essential="chat_id",
    )


def group_name(text: str) -> str:
    """A name GREEN-API accepts. Raises `UsageError`."""
    name = " ".join(text.split())
    if not name:
        raise UsageError("The name of the group is empty.", hint='Write it like "Night shift".')
    if len(name) > _MOST_CHARACTERS:
        raise UsageError(
            f"The name has {len(name)} characters; at most {_MOST_CHARACTERS} are possible.", hint="Shorten it."
        )
    return name


def check_on_whatsapp(run: Run, people: "list[ChatId]") -> None:
    """Refuse those who are known to have no WhatsApp. Raises `Refused`."""
    answers = (last_check(run, one) for one in people)
    absent = [one.chat_id for one in answers if one is not None and not one.has_whatsapp]
    if absent:
        raise Refused(
            f"Not on WhatsApp: {', '.join(absent)}. To add such numbers can get the instance banned.",
            hint="Leave them out, or ask again with: greenbot contacts check --again",
            instance=run.instance.name,
        )


def _check_pause(run: Run) -> None:
    """Raises `RateLimited` when this instance made a group a moment ago."""
    from greenbot.db.audit import Wanted, entries

    now_ms, name = run.clock.now_ms(), run.instance.name
    recent = Wanted(subject=f"instance {name}", action=_ACTION, since_ms=now_ms - _APART_MS)
    # A failed try leaves two lines: the try, and that it failed.
    found = entries(run.store, recent)
    failed = sum("failed" in one.after for one in found)
    if len(found) <= 2 * failed:
        return
    wait_seconds = (max(one.at_ms for one in found) + _APART_MS - now_ms) / 1000
    raise RateLimited(
        f"{name} made a group less than 5 minutes ago; a second one so soon can get the number banned.",
        hint=f"Run it again in {max(1, round(wait_seconds))} seconds.",
        instance=name,
        retry_after_seconds=max(1.0, wait_seconds),
    )
