"""Group methods. Only an admin may change a group; what the phone cannot do is answered `false`."""

from __future__ import annotations

from greenbot.simulator import params
from greenbot.simulator.methods.account import picture_url
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.records import Group
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal

MAX_NAME = 100
MAX_MEMBERS = 1024
ADMINS = frozenset({"admin", "superadmin"})


@method("createGroup", verb="POST")
async def create_group(call: Call) -> Answer:
    name = params.text(call.params, "groupName", longest=MAX_NAME)
    members = [_member_id(item) for item in params.items(call.params, "chatIds")]
    if len(members) >= MAX_MEMBERS:
        raise ApiRefusal(400, BAD_REQUEST)
    instance = call.instance
    group = Group(
        group_id=f"120363{call.world.rng.randrange(10**12):012d}@g.us",
        subject=name,
        owner=instance.phone,
        created_at=int(call.now),
        members=dict.fromkeys(members, "member") | {instance.phone: "superadmin"},
        invite_link=f"https://chat.whatsapp.com/{call.world.rng.getrandbits(88):022X}",
    )
    instance.groups[group.group_id] = group
    instance.touch_chat(group.group_id)
    return {"created": True, "chatId": group.group_id, "groupInviteLink": group.invite_link}


def _member_id(value: object) -> str:
    return params.person_id({"chatIds": value}, "chatIds")


@method("updateGroupName", verb="POST")
async def update_group_name(call: Call) -> Answer:
    group = _group(call)
    name = params.text(call.params, "groupName", longest=MAX_NAME)
    allowed = call.instance.phone in group.members and (group.allow_edit_settings or _is_admin(call, group))
    if allowed:
        group.subject = name
    return {"updateGroupName": allowed}


@method("getGroupData", verb="POST")
async def get_group_data(call: Call) -> Answer:
    group = _group(call)
    return {
        "groupId": group.group_id,
        "owner": group.owner,
        "subject": group.subject,
        "creation": group.created_at,
        "subjectTime": group.created_at,
        "subjectOwner": group.owner,
        "groupInviteLink": group.invite_link if _is_admin(call, group) else "",
        "ephemeralExpiration": call.instance.chat(group.group_id).ephemeral_expiration,
        "allowParticipantsEditGroupSettings": group.allow_edit_settings,
        "allowParticipantsSendMessages": group.allow_send,
        "allowParticipantsAddMembers": group.allow_add_members,
        "isCommunity": False,
        "isCommunityAnnounce": False,
        "size": len(group.members),
        "participants": [_participant(call, member, role) for member, role in group.members.items()],
    }


def _participant(call: Call, member: str, role: str) -> dict[str, object]:
    return {
        "id": member,
        "lid": call.instance.lids.get(member, ""),
        "isAdmin": role in ADMINS,
        "isSuperAdmin": role == "superadmin",
    }


@method("addGroupParticipant", verb="POST")
async def add_group_participant(call: Call) -> Answer:
    group, member = _group(call), params.person_id(call.params, "participantChatId")
    joins = member not in group.members and len(group.members) < MAX_MEMBERS
    reachable = member not in call.instance.knobs.guests_without_whatsapp
    done = _is_admin(call, group) and joins and reachable
    if done:
        group.members[member] = "member"
    return {"addParticipant": done}


@method("removeGroupParticipant", verb="POST")
async def remove_group_participant(call: Call) -> Answer:
    group, member = _group(call), params.person_id(call.params, "participantChatId")
    done = _is_admin(call, group) and group.members.get(member, "superadmin") != "superadmin"
    if done:
        del group.members[member]
    return {"removeParticipant": done}


@method("setGroupAdmin", verb="POST")
async def set_group_admin(call: Call) -> Answer:
    return {"setGroupAdmin": _change_role(call, "member", "admin")}


@method("removeAdmin", verb="POST")
async def remove_admin(call: Call) -> Answer:
    return {"removeAdmin": _change_role(call, "admin", "member")}


def _change_role(call: Call, old: str, new: str) -> bool:
    group, member = _group(call), params.person_id(call.params, "participantChatId")
    if not _is_admin(call, group) or group.members.get(member) != old:
        return False
    group.members[member] = new
    return True


@method("setGroupPicture", verb="POST", body="form")
async def set_group_picture(call: Call) -> Answer:
    group = _group(call)
    if not _is_admin(call, group):
        return {"setGroupPicture": False, "urlAvatar": None, "reason": "not an admin of the group"}
    url, reason = picture_url(call)
    if reason is None:
        group.avatar_url = url
    return {"setGroupPicture": reason is None, "urlAvatar": url, "reason": reason}


@method("leaveGroup", verb="POST")
async def leave_group(call: Call) -> Answer:
    group = _group(call)
    return {"leaveGroup": group.members.pop(call.instance.phone, None) is not None}


@method("updateGroupSettings", verb="POST")
async def update_group_settings(call: Call) -> Answer:
    group = _group(call)
    edit = params.flag(call.params, "allowParticipantsEditGroupSettings", default=group.allow_edit_settings)
    send = params.flag(call.params, "allowParticipantsSendMessages", default=group.allow_send)
    if not _is_admin(call, group):
        return {"updateGroupSettings": False, "reason": "not an admin of the group"}
    group.allow_edit_settings, group.allow_send = edit, send
    return {"updateGroupSettings": True, "reason": None}


def _group(call: Call) -> Group:
    """The group of `groupId`; an unknown one is `bad request data` (what GREEN-API says is not documented)."""
    group = call.instance.groups.get(params.group_id(call.params))
    if group is None:
        raise ApiRefusal(400, BAD_REQUEST)
    return group


def _is_admin(call: Call, group: Group) -> bool:
    return group.members.get(call.instance.phone) in ADMINS
