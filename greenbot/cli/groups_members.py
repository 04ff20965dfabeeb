"""`greenbot groups add|remove|promote|demote`: who is in a group, and who may change it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenbot.cli.groups_create import check_on_whatsapp
from greenbot.cli.groups_group import GroupArgument, MemberArguments, as_administrator, group, group_of
from greenbot.cli.remote_call import Caller, Row, people_of
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, PartlyDone, Rejected

if TYPE_CHECKING:
    from greenbot.chat_id import ChatId


@group.command("add", instance=True, dry_run=True)
def add(run: Run, group_: GroupArgument, to: MemberArguments) -> None:
    """Add people to a group. To add numbers that are not on WhatsApp can get the instance banned.

    Examples:
    greenbot groups add 120363043968066561@g.us +380441234567
    greenbot groups add "@Wedding Koval" - < guests.txt
    """
    people, group_id = people_of(run, to), group_of(run, group_)
    if not run.flags.dry_run:
        run.must_write()
    check_on_whatsapp(run, people)
    _each(run, group_id, people, "addGroupParticipant", "added")


@group.command("remove", instance=True, dry_run=True, yes=True)
def remove(run: Run, group_: GroupArgument, to: MemberArguments) -> None:
    """Take people out of a group.

    Examples:
    greenbot groups remove 120363043968066561@g.us +380441234567 --yes
    """
    people, group_id = people_of(run, to), group_of(run, group_)
    if not run.flags.dry_run:
        run.must_write()
        who = people[0] if len(people) == 1 else f"{len(people)} people"
        run.confirm(f"Take {who} out of {group_id}?")
    _each(run, group_id, people, "removeGroupParticipant", "removed")


@group.command("promote", instance=True, dry_run=True)
def promote(run: Run, group_: GroupArgument, to: MemberArguments) -> None:
    """Make members administrators.

    Examples:
    greenbot groups promote 120363043968066561@g.us +380441234567
    """
    _each(run, group_of(run, group_), people_of(run, to), "setGroupAdmin", "promoted")


@group.command("demote", instance=True, dry_run=True)
def demote(run: Run, group_: GroupArgument, to: MemberArguments) -> None:
    """Take the administrator's rights from members. They stay in the group.

    Examples:
    greenbot groups demote 120363043968066561@g.us +380441234567
    """
    _each(run, group_of(run, group_), people_of(run, to), "removeAdmin", "demoted")


def _each(run: Run, group_id: "ChatId", people: "Sequence[ChatId]", method: str, done: str) -> None:
    """One after the other; a refused one does not stop the rest. Raises its error, or `PartlyDone`."""
    caller, rows, failed = Caller(run, run.instance), list[Row](), list[GreenbotError]()
    for person in people:
        params = {"groupId": group_id, "participantChatId": person}
        try:
            with as_administrator(group_id):
                answer = caller.change(method, params, action=f"groups.{_verb(done)}", facts={"group": group_id})
        except Rejected as error:
            if len(people) == 1:
                raise
            run.out.warn(f"{person}: {error}")
            failed.append(error)
            continue
        if answer is not None:
            rows.append({"chat_id": person, "group": group_id, "result": done})
    if rows:
        run.out.rows(rows, ("chat_id", "group", "result"))
    if failed:
        raise PartlyDone(f"{len(failed)} of {len(people)} were not {done}.", hint=failed[0].hint)


def _verb(done: str) -> str:
    return {"added": "add", "removed": "remove"}.get(done, done.removesuffix("d"))
