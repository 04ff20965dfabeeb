"""A guest, or the phone's own user, writes: the journal, the chat list and the webhooks notice it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenbot.simulator import events, quotas
from greenbot.simulator.journal import JournalMessage
from greenbot.simulator.samples import messages
from greenbot.simulator.sendqueue import publish

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

_SKIPPED = frozenset({"typeMessage", "quotedMessage"})
_TEXT_FIELDS = {"textMessageData": "textMessage", "extendedTextMessageData": "text"}


def guest_writes(
    instance: Instance,
    chat_id: str,
    text: str = "",
    *,
    message_data: dict[str, object] | None = None,
    sender_id: str = "",
    sender_name: str = "",
    id_message: str | None = None,
) -> JournalMessage:
    """Let a guest send `text`, or any `message_data` (the webhook's messageData), in a chat.

    `sender_id` differs from `chat_id` in groups. Returns the message as the journal knows it; a Developer
    instance whose chats are used up does not receive it.
    """
    data = messages.text(text) if message_data is None else message_data
    read_at_once = instance.settings.get("markIncomingMessagesReaded") == "yes"
    chat = instance.touch_chat(chat_id, unread=0 if read_at_once else 1)
    message = JournalMessage(
        id_message=id_message or instance.new_message_id("3EB0"),
        type="incoming",
        chat_id=chat_id,
        timestamp=instance.world.clock.now(),
        type_message=str(data.get("typeMessage", "")),
        content=journal_content(data),
        message_data=data,
        send_by_api=False,
        sender_id=sender_id or chat_id,
        sender_name=sender_name or chat.name,
        sender_contact_name=chat.contact_name,
        is_read=read_at_once,
    )
    instance.journal.add(message)
    if quotas.admit_guest(instance, chat_id):
        publish(instance, message)
        _announce(instance, message, "incomingMessageReceived")
    return message


def phone_reads(instance: Instance, chat_id: str) -> int:
    """Let the instance's own user look at a chat on the phone; how many messages that made read.

    GREEN-API docs: IncomingMessageStatus, one notification for each of them.
    """
    unread = instance.journal.unread_in(chat_id)
    for message in unread:
        message.is_read = True
        body = events.incoming_status(
            instance,
            instance.world.clock.now(),
            chat_id=instance.shown_chat_id(chat_id),
            id_message=message.id_message,
        )
        if events.is_switched_on(instance.settings, body):
            instance.emit("incomingMessageStatus", body)
    if unread:
        instance.chat(chat_id).unread_count = 0
    return len(unread)


def phone_writes(instance: Instance, chat_id: str, text: str) -> JournalMessage:
    """Let the instance's own user type `text` on the phone; it leaves at once, outside the send queue.

    Who answers has read what was there.
    """
    phone_reads(instance, chat_id)
    data = messages.text(text)
    message = JournalMessage(
        id_message=instance.new_message_id("3EB0"),
        type="outgoing",
        chat_id=chat_id,
        timestamp=instance.world.clock.now(),
        type_message="textMessage",
        content=journal_content(data),
        message_data=data,
        status="sent",
        send_by_api=False,
    )
    instance.journal.add(message)
    publish(instance, message)
    instance.touch_chat(chat_id, replied=True)
    instance.deliver_to_guest(message)
    _announce(instance, message, "outgoingMessageReceived")
    instance.tell_status(message, "sent")
    return message


def announce_api_message(instance: Instance, message: JournalMessage) -> None:
    """Echo an accepted API message as outgoingAPIMessageReceived.

    GREEN-API docs: there is no such echo for numbers without WhatsApp.
    """
    if message.chat_id not in instance.knobs.guests_without_whatsapp:
        _announce(instance, message, "outgoingAPIMessageReceived")


def announce_edit(instance: Instance, message: JournalMessage, text: str) -> None:
    """Echo an edit made through the API: an outgoingAPIMessageReceived of type editedMessage."""
    edit = JournalMessage(
        id_message=instance.new_message_id(),
        type="outgoing",
        chat_id=message.chat_id,
        timestamp=instance.world.clock.now(),
        type_message="editedMessage",
        message_data=messages.edited(text, stanza_id=message.id_message),
    )
    _announce(instance, edit, "outgoingAPIMessageReceived")


def _announce(instance: Instance, message: JournalMessage, type_webhook: str) -> None:
    probe = {"typeWebhook": type_webhook, "messageData": message.message_data}
    if not events.is_switched_on(instance.settings, probe):
        return
    chat_id = instance.shown_chat_id(message.chat_id)
    is_incoming = message.type == "incoming"
    sender = events.sender_data(
        chat_id,
        instance.shown_chat_id(message.sender_id) if is_incoming else instance.wid,
        chat_name=instance.chat_name(message.chat_id),
        sender_name=message.sender_name if is_incoming else instance.name,
        contact_name=message.sender_contact_name,
    )
    body = events.message_webhook(
        type_webhook,
        instance,
        message.timestamp,
        id_message=message.id_message,
        sender=sender,
        message_data=message.message_data,
    )
    instance.emit(type_webhook, body)


def journal_content(message_data: dict[str, object]) -> dict[str, object]:
    """The journal's fields for a webhook's messageData: media flat, texts as textMessage, others nested."""
    content: dict[str, object] = {}
    for key, block in message_data.items():
        if key in _SKIPPED or not isinstance(block, dict):
            continue
        if key in _TEXT_FIELDS:
            content["textMessage"] = block.get(_TEXT_FIELDS[key], "")
        if key == "extendedTextMessageData":
            content["extendedTextMessage"] = block
        elif key == "fileMessageData":
            content |= block
        elif key == "locationMessageData":
            content["location"] = block
        elif key == "contactMessageData":
            content["contact"] = block
        elif key not in _TEXT_FIELDS:
            content[key] = block
    return content
