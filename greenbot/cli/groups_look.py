"""`greenbot groups list|show|members`."""

from collections.abc import Mapping
from typing import Annotated

import typer

from greenbot.cli.groups_group import GroupArgument, group, group_of
from greenbot.cli.remote_call import Caller, Row, moment_ms, show_each, shown_time, words
from greenbot.cli.run import Run


@group.command("list", instance=True, tag=True, rows=True)
def list_(
    run: Run,
    match: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="Only names with these words in them.")] = None,
) -> None:
    """Groups a number is in, as far as GREEN-API lists them.

    Examples:
    greenbot groups list
    greenbot groups list housekeeping --tag coast
    greenbot groups list -q
    """
    wanted = " ".join((match or "").split()).casefold()

    def groups(caller: Caller) -> list[Row]:
        rows = [_group(one) for one in caller.ask_list("getContacts", {"group": True}) if _is_group(one)]
        return [row for row in rows if wanted in str(row["name"] or "").casefold()]

    show_each(run, groups, ("chat_id", "name"), empty="No group like that." if wanted else "No group.")


def _is_group(one: Row) -> bool:
    return one.get("type") == "group" or str(one.get("id")).endswith("@g.us")


def _group(one: Row) -> Row:
    return {"chat_id": words(one, "id"), "name": words(one, "name") or words(one, "contactName")}


@group.command("show", instance=True)
def show(run: Run, group_: GroupArgument) -> None:
    """A group: its name, owner, size and rules. The link to join is shown to administrators alone.

    Examples:
    greenbot groups show 120363043968066561@g.us
    greenbot groups show "@Night shift" --json
    """
    group_id = group_of(run, group_)
    found = Caller(run, run.instance).ask_one("getGroupData", {"groupId": group_id})
    members = members_of(found)
    record: dict[str, object] = {
        "chat_id": group_id,
        "instance": run.instance.name,
        "name": words(found, "subject"),
        "owner": words(found, "owner"),
        "created": shown_time(run, moment_ms(found, "creation")),
        "members": len(members),
        "administrators": sum(row["role"] != "member" for row in members),
        **rules_of(found),
        "invite_link": words(found, "groupInviteLink"),
    }
    if run.flags.json:
        record["list"] = members
    run.out.record(record, essential="chat_id")


def rules_of(found: Row) -> dict[str, object]:
    """Who may change the group and who may write in it: `all` or `admins`."""
    return {
        "edit": _who(found.get("allowParticipantsEditGroupSettings")),
        "write": _who(found.get("allowParticipantsSendMessages")),
    }


def _who(may_everybody: object) -> str | None:
    if not isinstance(may_everybody, bool):
        return None
    return "all" if may_everybody else "admins"


def members_of(found: Row) -> list[Row]:
    """The members of a group as rows, its owner and administrators first."""
    listed = found.get("participants")
    rows = [_member(one) for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return sorted(rows, key=lambda row: ("owner", "admin", "member").index(str(row["role"])))


def _member(one: Row) -> Row:
    role = "owner" if one.get("isSuperAdmin") is True else "admin" if one.get("isAdmin") is True else "member"
    return {"chat_id": words(one, "id"), "role": role, "lid": words(one, "lid")}


@group.command("members", instance=True, rows=True)
def members(
    run: Run,
    group_: GroupArgument,
    admins: Annotated[bool, typer.Option("--admins", help="Only those who may change the group.")] = False,
) -> None:
    """Who is in a group.

    Examples:
    greenbot groups members 120363043968066561@g.us
    greenbot groups members "@Night shift" --admins -q
    """
    group_id = group_of(run, group_)
    rows = members_of(Caller(run, run.instance).ask_one("getGroupData", {"groupId": group_id}))
    shown = [row for row in rows if row["role"] != "member" or not admins]
    run.out.rows(shown, ("chat_id", "role"), more=("lid",), empty="Nobody.")
