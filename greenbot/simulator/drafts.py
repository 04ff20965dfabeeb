"""The content of an outgoing message, in the three forms GREEN-API shows it: queue, journal, webhook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenbot.simulator import params
from greenbot.simulator.incoming import announce_api_message, journal_content
from greenbot.simulator.journal import JournalMessage
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal
from greenbot.simulator.samples import messages
from greenbot.simulator.sendqueue import QueuedMessage

if TYPE_CHECKING:
    from greenbot.simulator.methods.registry import Call

MIN_TYPING_MS, MAX_TYPING_MS = 1000, 20_000
TYPING_TYPES = ("typing", "recording")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An accepted message before it has an id.

    `message_data` is the webhook's messageData, `kind` and `queue_body` what showMessagesQueue prints.
    """

    chat_id: str
    kind: str
    message_data: dict[str, object]
    queue_body: dict[str, object] = field(default_factory=dict)
    quoted_message_id: str = ""
    typing_ms: int = 0


def common_fields(call: Call) -> tuple[str, str, int]:
    """chatId, quotedMessageId and typingTime (ms) of a send, checked.

    Raises:
        ApiRefusal: one of them is malformed, or the quoted message is not known in this chat.
    """
    chat_id = params.chat_id(call.params)
    quoted = params.optional_text(call.params, "quotedMessageId")
    typing_ms = params.optional_integer(call.params, "typingTime", low=MIN_TYPING_MS, high=MAX_TYPING_MS)
    real = call.instance.real_chat_id(chat_id)
    if quoted and call.instance.journal.find_seen(real, quoted, call.now) is None:
        raise ApiRefusal(400, BAD_REQUEST)
    return chat_id, quoted, typing_ms or 0


def enqueue(call: Call, draft: Draft) -> str:
    """Give the draft an id, put it into the send queue and echo it to the webhooks; returns the id."""
    instance = call.instance
    real = instance.real_chat_id(draft.chat_id)
    data = _with_quote(call, draft, real)
    message = JournalMessage(
        id_message=instance.new_message_id(),
        type="outgoing",
        chat_id=real,
        timestamp=call.now,
        type_message=str(draft.message_data["typeMessage"]),
        content=journal_content(draft.message_data),
        message_data=data,
        quoted=_quoted_object(call, draft, real),
    )
    instance.journal.add(message)
    body = {
        "chatId": draft.chat_id,
        **draft.queue_body,
        "typingTime": draft.typing_ms or None,
        "quotedMessageId": draft.quoted_message_id or None,
    }
    item = QueuedMessage(
        message=message,
        kind=draft.kind,
        body=body,
        accepted_at=call.now,
        extra_seconds=draft.typing_ms / 1000,
    )
    instance.send_queue.accept(item)
    announce_api_message(instance, message)
    return message.id_message


def _with_quote(call: Call, draft: Draft, chat_id: str) -> dict[str, object]:
    quoted = _quoted_object(call, draft, chat_id)
    if quoted is None:
        return draft.message_data
    if draft.message_data["typeMessage"] != "extendedTextMessage":
        return {**draft.message_data, "quotedMessage": quoted}
    block = draft.message_data["extendedTextMessageData"]
    text = block.get("text", "") if isinstance(block, dict) else ""
    return messages.reply(str(text), quoted)


def _quoted_object(call: Call, draft: Draft, chat_id: str) -> dict[str, object] | None:
    original = call.instance.journal.get(draft.quoted_message_id)
    if original is None:
        return None
    participant = original.sender_id or call.instance.wid
    return messages.quote(
        original.type_message, original.content, stanza_id=original.id_message, participant=participant
    )
