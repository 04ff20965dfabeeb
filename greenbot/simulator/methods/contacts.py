"""Chats and contacts: lists, details, the address book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenbot.simulator import params
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import ApiRefusal

if TYPE_CHECKING:
    from greenbot.simulator.records import Chat

MAX_COUNT = 1_000_000
ALREADY = "contact already exists"
UNKNOWN = "contact does not exist"


@method("getContacts")
async def get_contacts(call: Call) -> Answer:
    wanted = call.query.get("group")
    contacts = [_contact(call, chat) for chat in call.instance.chats.values() if chat.is_contact]
    groups: list[dict[str, object]] = [
        {"id": group.group_id, "name": group.subject, "contactName": "", "type": "group"}
        for group in call.instance.groups.values()
    ]
    people_too = wanted is None or wanted.lower() != "true"
    groups_too = wanted is None or wanted.lower() != "false"
    found = [*(contacts if people_too else []), *(groups if groups_too else [])]
    return [*_first(call, found)]


def _contact(call: Call, chat: Chat) -> dict[str, object]:
    item: dict[str, object] = {
        "id": chat.chat_id,
        "name": chat.name,
        "contactName": chat.contact_name,
        "type": "user",
    }
    return _with_new_id(call, chat.chat_id, item)


@method("getChats")
async def get_chats(call: Call) -> Answer:
    chats = sorted(call.instance.chats.values(), key=lambda chat: chat.last_activity, reverse=True)
    return [*_first(call, [_chat(call, chat) for chat in chats if chat.last_activity])]


def _chat(call: Call, chat: Chat) -> dict[str, object]:
    item: dict[str, object] = {
        "id": chat.chat_id,
        "archive": chat.archived,
        "name": call.instance.chat_name(chat.chat_id),
        "type": "group" if chat.chat_id.endswith("@g.us") else "user",
        "ephemeralExpiration": chat.ephemeral_expiration,
        "ephemeralSettingTimestamp": chat.ephemeral_set_at,
        "unreadCount": chat.unread_count,
    }
    return _with_new_id(call, chat.chat_id, item)


def _with_new_id(call: Call, chat_id: str, item: dict[str, object]) -> dict[str, object]:
    """GREEN-API docs: a changed id appears as `newChatId`."""
    lid = call.instance.lids.get(chat_id)
    return item if lid is None else {**item, "newChatId": lid}


def _first(call: Call, items: list[dict[str, object]]) -> list[dict[str, object]]:
    count = params.optional_integer(call.query, "count", low=1, high=MAX_COUNT)
    return items if count is None else items[:count]


@method("getContactInfo", verb="POST")
async def get_contact_info(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    chat = call.instance.chat(chat_id)
    return {
        "avatar": chat.avatar_url,
        "name": chat.name,
        "contactName": chat.contact_name,
        "email": "",
        "category": "",
        "description": "",
        "products": [],
        "chatId": call.instance.shown_chat_id(chat_id),
        "lastSeen": None,
        "isArchive": chat.archived,
        "isDisappearing": chat.ephemeral_expiration > 0,
        "isMute": False,
        "messageExpiration": chat.ephemeral_expiration,
        "muteExpiration": None,
        "isBusiness": False,
    }


@method("addContact", verb="POST")
async def add_contact(call: Call) -> Answer:
    chat = _person(call)
    if chat.is_contact:
        raise ApiRefusal(400, ALREADY, shape="message")
    _name(call, chat)
    return {"addContact": True, "message": "Contact added successfully"}


@method("editContact", verb="POST")
async def edit_contact(call: Call) -> Answer:
    _name(call, _saved(call))
    return {"editContact": True, "message": "Contact edited successfully"}


@method("deleteContact", verb="POST")
async def delete_contact(call: Call) -> Answer:
    chat = _saved(call)
    chat.is_contact, chat.contact_name = False, ""
    return {"deleteContact": True, "message": "Contact deleted successfully"}


def _person(call: Call) -> Chat:
    return call.instance.chat(call.instance.real_chat_id(params.person_id(call.params, "chatId")))


def _saved(call: Call) -> Chat:
    chat = _person(call)
    if not chat.is_contact:
        raise ApiRefusal(400, UNKNOWN, shape="message")
    return chat


def _name(call: Call, chat: Chat) -> None:
    first = params.text(call.params, "firstName")
    last = params.optional_text(call.params, "lastName")
    chat.is_contact, chat.contact_name = True, f"{first} {last}".strip()
