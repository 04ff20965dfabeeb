"""`greenbot groups rename|picture|settings|leave`: the group itself."""

from typing import Annotated

import typer

from greenbot.cli.groups_create import group_name
from greenbot.cli.groups_group import GroupArgument, as_administrator, explained, group, group_of
from greenbot.cli.groups_look import rules_of
from greenbot.cli.remote_call import Caller, picture, words
from greenbot.cli.run import Run
from greenbot.errors import UsageError

_WHO = {"all": True, "admins": False}


@group.command("rename", instance=True, dry_run=True)
def rename(
    run: Run, group_: GroupArgument, name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.")]
) -> None:
    """Give a group another name.

    Examples:
    greenbot groups rename 120363043968066561@g.us "Night shift, winter"
    """
    title, group_id = group_name(name), group_of(run, group_)
    facts = {"group": group_id, "name": title}
    with as_administrator(group_id):
        done = Caller(run, run.instance).change(
            "updateGroupName", {"groupId": group_id, "groupName": title}, action="groups.rename", facts=facts
        )
    if done is not None:
        record = {"chat_id": group_id, "instance": run.instance.name, "name": title}
        run.out.record(record, essential="chat_id")


@group.command("picture", instance=True, dry_run=True)
def picture_(
    run: Run, group_: GroupArgument, file: Annotated[str, typer.Argument(metavar="FILE", help="A JPEG.")]
) -> None:
    """Change the picture of a group.

    Examples:
    greenbot groups picture 120363043968066561@g.us pool.jpg
    """
    jpeg, group_id = picture(run, file), group_of(run, group_)
    with as_administrator(group_id):
        done = Caller(run, run.instance).change(
            "setGroupPicture", {"groupId": group_id}, action="groups.picture", facts={"group": group_id}, file=jpeg
        )
    if done is not None:
        record = {"chat_id": group_id, "instance": run.instance.name, "url": words(done, "urlAvatar")}
        run.out.record(record, essential="url")


@group.command("settings", instance=True, dry_run=True)
def settings(
    run: Run,
    group_: GroupArgument,
    edit: Annotated[
        str | None, typer.Option("--edit", metavar="all|admins", help="Who may change name and picture.")
    ] = None,
    write: Annotated[str | None, typer.Option("--write", metavar="all|admins", help="Who may write.")] = None,
) -> None:
    """Show or change what members of a group may do.

    Examples:
    greenbot groups settings 120363043968066561@g.us
    greenbot groups settings "@Night shift" --write admins
    """
    wanted = {
        "allowParticipantsEditGroupSettings": _who("--edit", edit),
        "allowParticipantsSendMessages": _who("--write", write),
    }
    group_id = group_of(run, group_)
    caller = Caller(run, run.instance)
    rules = rules_of(caller.ask_one("getGroupData", {"groupId": group_id}))
    changes = {name: value for name, value in wanted.items() if value is not None}
    if changes:
        with as_administrator(group_id):
            done = caller.change(
                "updateGroupSettings",
                {"groupId": group_id, **changes},
                action="groups.settings",
                facts={"group": group_id, **changes},
            )
        if done is None:
            return
        rules |= {name: word for name, word in (("edit", edit), ("write", write)) if word is not None}
    run.out.record({"chat_id": group_id, "instance": run.instance.name, **rules}, essential="chat_id")


def _who(option: str, word: str | None) -> bool | None:
    if word is None:
        return None
    if word not in _WHO:
        raise UsageError(f"{option} knows all and admins, not '{word}'.", hint=f"Write {option} admins.")
    return _WHO[word]


@group.command("leave", instance=True, dry_run=True)
def leave(
    run: Run,
    group_: GroupArgument,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="GROUP", help="The id again: yes, leave it.")
    ] = None,
) -> None:
    """Leave a group. Only somebody inside can bring the number back.

    Examples:
    greenbot groups leave 120363043968066561@g.us -n
    greenbot groups leave "@Night shift" --confirm 120363043968066561@g.us
    """
    group_id = group_of(run, group_)
    if not run.flags.dry_run:
        run.must_write()
        run.confirm_name(group_id, confirm)
    with explained("The number may be in this group no more. See in which it is: greenbot groups list"):
        done = Caller(run, run.instance).change(
            "leaveGroup", {"groupId": group_id}, action="groups.leave", facts={"group": group_id}
        )
    if done is not None:
        run.out.record({"left": group_id, "instance": run.instance.name}, essential="left")
