"""Read marks, number checks, avatars, chats, editing and deleting messages."""

from __future__ import annotations

from functools import partial

from greenbot.simulator import params
from greenbot.simulator.incoming import announce_edit
from greenbot.simulator.journal import JournalMessage
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import ApiRefusal, validation

MAX_TEXT = 20_000
EDIT_WINDOW_SECONDS = 15 * 60
EDIT_TOO_LATE = "15 minute editing time gap has been expired"
MAX_READ_AT_ONCE = 100
EPHEMERAL_SECONDS = (0, 86_400, 604_800, 7_776_000)
NOT_FOUND = "ID message notfound"
CHAT_NOT_FOUND = "chatId not found"
NO_LAST_MESSAGE = "ArchiveChatError: cannot archive chat cause last message not found in chat"
PHONE_NOT_DIGITS = "Wrong format. 'phoneNumber' must contain only digits"
BAD_PHONE = "bad phone number, valid 11 or 12 digits"
CHECK_TIMEOUT = "check phone number timeout limit exceeded"
MIN_DIGITS, MAX_DIGITS = 11, 16


@method("readChat", verb="POST")
async def read_chat(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    last = params.optional_text(call.params, "idMessage")
    unread = call.instance.journal.unread_in(chat_id)
    marked = _up_to(unread, last)[:MAX_READ_AT_ONCE]
    for message in marked:
        message.is_read = True
    call.instance.chat(chat_id).unread_count = len(unread) - len(marked)
    return {"setRead": True}


def _up_to(unread: list[JournalMessage], last: str) -> list[JournalMessage]:
    ids = [message.id_message for message in unread]
    return unread[: ids.index(last) + 1] if last in ids else unread


@method("checkWhatsapp", verb="POST")
async def check_whatsapp(call: Call) -> Answer:
    chat_id = _asked_number(call)
    instance = call.instance
    if instance.knobs.check_timeout:
        raise ApiRefusal(400, CHECK_TIMEOUT)
    from_cache = chat_id in instance.checked_numbers and not params.flag(call.params, "force", default=False)
    instance.checked_numbers.add(chat_id)
    exists = chat_id not in instance.knobs.guests_without_whatsapp
    answer: dict[str, object] = {
        "existsWhatsapp": exists,
        "chatId": instance.shown_chat_id(chat_id) if exists else "",
        "fromCache": from_cache,
    }
    if chat_id in instance.lids:
        answer["phoneNumber"] = chat_id
    return answer


def _asked_number(call: Call) -> str:
    given = [key for key in ("chatId", "phoneNumber") if call.params.get(key) not in (None, "")]
    if not given:
        raise validation("'value' must have at least 1 key")
    if len(given) > 1:
        raise ApiRefusal(400, "Bad Request Validation failed")
    if given == ["chatId"]:
        return call.instance.real_chat_id(params.person_id(call.params, "chatId"))
    digits = str(call.params["phoneNumber"])
    if not (digits.isascii() and digits.isdecimal()):
        raise validation(PHONE_NOT_DIGITS)
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        raise ApiRefusal(400, BAD_PHONE)
    return f"{digits}@c.us"


@method("getAvatar", verb="POST")
async def get_avatar(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    if chat_id in call.instance.knobs.guests_without_whatsapp:
        return {"urlAvatar": "", "available": False, "existsWhatsapp": False, "reason": "bad request data"}
    group = call.instance.groups.get(chat_id)
    url = call.instance.chat(chat_id).avatar_url if group is None else group.avatar_url
    return {"urlAvatar": url, "available": bool(url)}


@method("editMessage", verb="POST")
async def edit_message(call: Call) -> Answer:
    """Too late an edit is accepted all the same; its failure arrives as a status later."""
    message = _own_message(call)
    text = params.text(call.params, "message", longest=MAX_TEXT)
    if call.now - message.timestamp > EDIT_WINDOW_SECONDS:
        tell = partial(call.instance.tell_status, message, "failed", EDIT_TOO_LATE)
        call.world.clock.call_later(call.world.timings.send_to_sent, tell)
    else:
        _rewrite(call, message, text)
    return {"idMessage": message.id_message}


def _rewrite(call: Call, message: JournalMessage, text: str) -> None:
    block = message.content.get("extendedTextMessage")
    message.content = {
        **message.content,
        "textMessage": text,
        "extendedTextMessage": {**block, "text": text} if isinstance(block, dict) else {"text": text},
    }
    message.is_edited = True
    received = call.instance.received.get(message.id_message)
    if received is not None:
        received.text, received.content = text, message.content
    announce_edit(call.instance, message, text)


@method("deleteMessage", verb="POST")
async def delete_message(call: Call) -> Answer:
    message = _known_message(call)
    message.is_deleted = True
    received = call.instance.received.get(message.id_message)
    if received is not None and not params.flag(call.params, "onlySenderDelete", default=False):
        received.text, received.content, received.type_message = "", {}, "deletedMessage"
    return b""


def _own_message(call: Call) -> JournalMessage:
    message = _known_message(call)
    if message.type != "outgoing" or not message.send_by_api or "textMessage" not in message.content:
        raise ApiRefusal(400, NOT_FOUND)
    return message


def _known_message(call: Call) -> JournalMessage:
    """A message that has left the queue; GREEN-API knows nothing of it before."""
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    id_message = params.text(call.params, "idMessage")
    if not call.instance.journal.of_chat(chat_id):
        raise ApiRefusal(400, CHAT_NOT_FOUND)
    message = call.instance.journal.find_seen(chat_id, id_message, call.now)
    if message is None:
        raise ApiRefusal(400, NOT_FOUND)
    return message


@method("archiveChat", verb="POST")
async def archive_chat(call: Call) -> Answer:
    return _set_archived(call, archived=True)


@method("unarchiveChat", verb="POST")
async def unarchive_chat(call: Call) -> Answer:
    return _set_archived(call, archived=False)


def _set_archived(call: Call, *, archived: bool) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    if not call.instance.journal.of_chat(chat_id):
        raise ApiRefusal(400, NO_LAST_MESSAGE)
    call.instance.chat(chat_id).archived = archived
    return b""


@method("setDisappearingChat", verb="POST")
async def set_disappearing_chat(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    seconds = params.integer(call.params, "ephemeralExpiration", low=0, high=EPHEMERAL_SECONDS[-1])
    if seconds not in EPHEMERAL_SECONDS:
        raise validation(f"'ephemeralExpiration' must be one of {list(EPHEMERAL_SECONDS)}")
    chat = call.instance.chat(chat_id)
    chat.ephemeral_expiration, chat.ephemeral_set_at = seconds, int(call.now)
    return {
        "chatId": call.params["chatId"],
        "disappearingMessagesInChat": seconds > 0,
        "ephemeralExpiration": seconds,
    }
