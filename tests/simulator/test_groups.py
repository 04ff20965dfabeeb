"""Groups: who may change what."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.world import Instance
from tests.simulator.conftest import GUEST, OTHER_GUEST, START, Api

UNKNOWN = "120363999999999999@g.us"


@pytest.fixture
async def group(api: Api) -> str:
    answer: Any = (await api.post("createGroup", {"groupName": "Staff", "chatIds": [GUEST]})).json
    assert answer["created"] is True
    assert answer["groupInviteLink"].startswith("https://chat.whatsapp.com/")
    return str(answer["chatId"])


async def test_group_data_names_everybody(api: Api, instance: Instance, group: str) -> None:
    data: Any = (await api.post("getGroupData", {"groupId": group})).json
    assert (data["groupId"], data["subject"], data["size"]) == (group, "Staff", 2)
    assert (data["owner"], data["creation"]) == (instance.phone, int(START))
    assert data["participants"] == [
        {"id": GUEST, "lid": "", "isAdmin": False, "isSuperAdmin": False},
        {"id": instance.phone, "lid": "", "isAdmin": True, "isSuperAdmin": True},
    ]


@pytest.mark.parametrize(
    ("method", "fields", "key"),
    [
        ("updateGroupName", {"groupName": "Kitchen"}, "updateGroupName"),
        ("addGroupParticipant", {"participantChatId": OTHER_GUEST}, "addParticipant"),
        ("removeGroupParticipant", {"participantChatId": GUEST}, "removeParticipant"),
        ("setGroupAdmin", {"participantChatId": GUEST}, "setGroupAdmin"),
        ("leaveGroup", {}, "leaveGroup"),
        ("updateGroupSettings", {"allowParticipantsSendMessages": False}, "updateGroupSettings"),
    ],
)
async def test_an_admin_may_and_a_stranger_may_not(
    api: Api, instance: Instance, group: str, method: str, fields: dict[str, object], key: str
) -> None:
    first: Any = (await api.post(method, {"groupId": group, **fields})).json
    assert first[key] is True
    instance.groups[group].members.pop(instance.phone, None)
    second: Any = (await api.post(method, {"groupId": group, **fields})).json
    assert second[key] is False
    assert (await api.post(method, {"groupId": UNKNOWN, **fields})).status == 400


async def test_membership_follows_the_calls(api: Api, instance: Instance, group: str) -> None:
    members = instance.groups[group].members
    for method, person in [
        ("addGroupParticipant", OTHER_GUEST),
        ("setGroupAdmin", OTHER_GUEST),
        ("setGroupAdmin", GUEST),
        ("removeAdmin", OTHER_GUEST),
        ("removeGroupParticipant", GUEST),
    ]:
        await api.post(method, {"groupId": group, "participantChatId": person})
    assert members == {instance.phone: "superadmin", OTHER_GUEST: "member"}


@pytest.mark.parametrize(
    ("method", "person"),
    [
        ("addGroupParticipant", GUEST),
        ("addGroupParticipant", "11009999999@c.us"),
        ("removeGroupParticipant", OTHER_GUEST),
        ("removeGroupParticipant", "11001234567@c.us"),
        ("setGroupAdmin", OTHER_GUEST),
        ("removeAdmin", GUEST),
    ],
    ids=["already in", "no WhatsApp", "not in", "the owner", "promote a stranger", "demote a member"],
)
async def test_what_the_phone_cannot_do_is_answered_false(
    api: Api, instance: Instance, group: str, method: str, person: str
) -> None:
    instance.knobs.guests_without_whatsapp.add("11009999999@c.us")
    before = dict(instance.groups[group].members)
    answer: Any = (await api.post(method, {"groupId": group, "participantChatId": person})).json
    assert list(answer.values()) == [False]
    assert instance.groups[group].members == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"chatIds": [GUEST]}, "'groupName' is required"),
        ({"groupName": "x" * 101, "chatIds": [GUEST]}, "equal to 100 characters"),
        ({"groupName": "Staff"}, "'chatIds' is required"),
        ({"groupName": "Staff", "chatIds": []}, "at least 1 items"),
        ({"groupName": "Staff", "chatIds": ["Anna"]}, "'chatIds' must be one of the next formats"),
        ({"groupName": "Staff", "chatIds": [f"1100{n:07d}@c.us" for n in range(1024)]}, "bad request data"),
    ],
)
async def test_a_group_that_cannot_be_is_refused(
    api: Api, instance: Instance, fields: dict[str, object], words: str
) -> None:
    answer = await api.post("createGroup", fields)
    assert (answer.status, words in answer.text) == (400, True)
    assert instance.groups == {}


async def test_a_group_id_is_not_a_persons_id(api: Api) -> None:
    answer = await api.post("getGroupData", {"groupId": GUEST})
    assert (answer.status, "'groupId' must be in the format" in answer.text) == (400, True)


async def test_a_group_picture_is_set_by_an_admin(api: Api, instance: Instance, group: str) -> None:
    fields = {"groupId": group, "file": b"\xff\xd8\xff picture"}
    answer: Any = (await api.form("setGroupPicture", fields)).json
    assert (answer["setGroupPicture"], answer["reason"]) == (True, None)
    avatar: Any = (await api.post("getAvatar", {"chatId": group})).json
    assert avatar == {"urlAvatar": answer["urlAvatar"], "available": True}
    instance.groups[group].members[instance.phone] = "member"
    refused: Any = (await api.form("setGroupPicture", fields)).json
    assert refused["setGroupPicture"] is False
    assert refused["reason"]


async def test_group_settings_change_only_what_is_named(api: Api, instance: Instance, group: str) -> None:
    body = {"groupId": group, "allowParticipantsEditGroupSettings": False}
    assert (await api.post("updateGroupSettings", body)).json == {"updateGroupSettings": True, "reason": None}
    made = instance.groups[group]
    assert (made.allow_edit_settings, made.allow_send) == (False, True)
