"""One instance's message journal: what getChatHistory, getMessage and the last… methods can see.

The journal is imperfect on purpose, as GREEN-API's is: entries appear late, some never appear, and
failed messages are not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

NEVER = float("inf")
LIST_LIMIT = 10_000


@dataclass(slots=True, kw_only=True)
class JournalMessage:
    """A message as the simulator knows it; the journal shows it from `visible_at` on.

    `content` holds the type's own fields as the journal prints them (textMessage, downloadUrl, …) and
    `message_data` the webhook form (messageData). `timestamp` is unix seconds.
    """

    id_message: str
    type: str
    chat_id: str
    timestamp: float
    type_message: str
    content: dict[str, object] = field(default_factory=dict)
    message_data: dict[str, object] = field(default_factory=dict)
    status: str = ""
    send_by_api: bool = True
    sender_id: str = ""
    sender_name: str = ""
    sender_contact_name: str = ""
    quoted: dict[str, object] | None = None
    visible_at: float = NEVER
    is_edited: bool = False
    is_deleted: bool = False
    is_read: bool = False

    @property
    def text(self) -> str:
        """The text or caption a person reads, "" for messages without one."""
        value = self.content.get("textMessage") or self.content.get("caption") or ""
        return str(value)


class Journal:
    """All messages of one instance by id, and those already published by chat and by direction.

    A message is published when it left the send queue or arrived, so every list is in time order.
    """

    def __init__(self) -> None:
        self.messages: list[JournalMessage] = []
        self._by_id: dict[str, JournalMessage] = {}
        self._by_chat: dict[str, list[JournalMessage]] = {}
        self._by_type: dict[str, list[JournalMessage]] = {"incoming": [], "outgoing": []}

    def add(self, message: JournalMessage) -> None:
        """Know a message; no journal method shows it before `publish`."""
        self.messages.append(message)
        self._by_id[message.id_message] = message

    def publish(self, message: JournalMessage, *, visible_at: float) -> None:
        """Show a known message from `visible_at` (unix seconds) on; `NEVER` keeps it hidden."""
        message.visible_at = visible_at
        self._by_chat.setdefault(message.chat_id, []).append(message)
        self._by_type[message.type].append(message)

    def get(self, id_message: str) -> JournalMessage | None:
        """The message with this id, seen or unseen."""
        return self._by_id.get(id_message)

    def of_chat(self, chat_id: str) -> list[JournalMessage]:
        """Every published message of the chat, oldest first, whether or not it is visible yet."""
        return self._by_chat.get(chat_id, [])

    def unread_in(self, chat_id: str) -> list[JournalMessage]:
        """What a guest wrote in this chat and nobody has looked at, oldest first."""
        return [message for message in self.of_chat(chat_id) if message.type == "incoming" and not message.is_read]

    def find_seen(self, chat_id: str, id_message: str, now: float) -> JournalMessage | None:
        """What getMessage finds: the message, if it belongs to the chat and has appeared by `now`."""
        message = self._by_id.get(id_message)
        if message is None or message.chat_id != chat_id or message.visible_at > now:
            return None
        return message

    def newest_of_chat(self, chat_id: str, count: int, now: float) -> list[JournalMessage]:
        """Up to `count` visible messages of a chat, newest first (getChatHistory's order)."""
        return list(islice(_visible(reversed(self.of_chat(chat_id)), now), count))

    def newest(self, message_type: str, since: float, now: float) -> list[JournalMessage]:
        """Visible messages of one direction at or after `since`, newest first, at most 10,000."""
        recent = takewhile(lambda message: message.timestamp >= since, reversed(self._by_type[message_type]))
        return list(islice(_visible(recent, now), LIST_LIMIT))


def _visible(messages: Iterable[JournalMessage], now: float) -> Iterator[JournalMessage]:
    return (message for message in messages if message.visible_at <= now)
