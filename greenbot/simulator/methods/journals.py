"""Journal methods: what was sent and received, as far as the journal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenbot.simulator import params
from greenbot.simulator.journal import JournalMessage
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import ApiRefusal

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

HISTORY_DEFAULT = 100
DAY_MINUTES = 1440
MAX_MINUTES = 60 * 24 * 366
MAX_COUNT = 1_000_000
NOT_FOUND = "ID message notfound"


@method("getChatHistory", verb="POST")
async def get_chat_history(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    count = params.optional_integer(call.params, "count", low=1, high=MAX_COUNT) or HISTORY_DEFAULT
    found = call.instance.journal.newest_of_chat(chat_id, count, call.now)
    return [journal_item(call.instance, message) for message in found]


@method("getMessage", verb="POST")
async def get_message(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    id_message = params.text(call.params, "idMessage")
    message = call.instance.journal.find_seen(chat_id, id_message, call.now)
    if message is None:
        raise ApiRefusal(400, NOT_FOUND, shape="message")
    return journal_item(call.instance, message)


@method("lastIncomingMessages")
async def last_incoming_messages(call: Call) -> Answer:
    return _last_messages(call, "incoming")


@method("lastOutgoingMessages")
async def last_outgoing_messages(call: Call) -> Answer:
    return _last_messages(call, "outgoing")


def _last_messages(call: Call, direction: str) -> list[object]:
    since = call.now - _minutes(call) * 60
    found = call.instance.journal.newest(direction, since, call.now)
    return [journal_item(call.instance, message) for message in found]


def _minutes(call: Call) -> int:
    return params.optional_integer(call.query, "minutes", low=1, high=MAX_MINUTES) or DAY_MINUTES


@method("lastIncomingCalls")
async def last_incoming_calls(call: Call) -> Answer:
    return _last_calls(call, "incoming", needed=("incomingWebhook", "incomingCallWebhook"))


@method("lastOutgoingCalls")
async def last_outgoing_calls(call: Call) -> Answer:
    return _last_calls(call, "outgoing", needed=("outgoingCallWebhook",))


def _last_calls(call: Call, direction: str, *, needed: tuple[str, ...]) -> list[object]:
    """GREEN-API docs: call journals stay empty unless the call webhooks are switched on."""
    if any(call.instance.settings.get(key) != "yes" for key in needed):
        return []
    since = call.now - _minutes(call) * 60
    return [
        item
        for item in reversed(call.instance.calls)
        if item["type"] == direction and float(str(item["timestamp"])) >= since
    ]


@method("getCallRecording", verb="POST")
async def get_call_recording(call: Call) -> Answer:
    id_message = params.text(call.params, "idMessage")
    recording = call.instance.recordings.get(id_message)
    if recording is None:
        raise ApiRefusal(400, NOT_FOUND, shape="message")
    return recording


def journal_item(instance: Instance, message: JournalMessage) -> dict[str, object]:
    """One message as the journal methods print it."""
    item: dict[str, object] = {
        "type": message.type,
        "idMessage": message.id_message,
        "timestamp": int(message.timestamp),
        "typeMessage": message.type_message,
        "chatId": instance.shown_chat_id(message.chat_id),
        **message.content,
    }
    if message.quoted is not None:
        item["quotedMessage"] = message.quoted
    if message.type == "incoming":
        item["senderId"] = instance.shown_chat_id(message.sender_id)
        item["senderName"] = message.sender_name
        item["senderContactName"] = message.sender_contact_name
    else:
        item["statusMessage"] = message.status
        item["sendByApi"] = message.send_by_api
    item["isEdited"] = message.is_edited
    item["isDeleted"] = message.is_deleted
    return item
