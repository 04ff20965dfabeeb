"""Events as GREEN-API sends them, told to a store one after the other; and messages that greenbot sent."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from greenbot.chat_id import ChatId
from greenbot.chats import conversation, find
from greenbot.chats.chat import Chat
from greenbot.chats.threads import record
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.messages.incoming.parse import parse
from greenbot.messages.outgoing import Reaction, Text
from greenbot.outbox.message import Draft, NewMessage
from greenbot.outbox.table import enqueue

NOW_MS = 1_790_000_000_000
GUEST = "380671112233@c.us"
HIDDEN = "155508384256027@lid"
GROUP = "120363043968066561@g.us"
OWN = "380441230001@c.us"
HOTEL = "kyiv"
MOVE = "update messages set state = :state, reason = :reason, epoch = epoch + 1, state_at_ms = :now where id = :id"
_KINDS = {"in": "incomingMessageReceived", "phone": "outgoingMessageReceived", "api": "outgoingAPIMessageReceived"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an effect needs of an event of the inbox."""

    id: int
    instance: str
    received_at_ms: int
    raw: bytes


def text(words: str) -> dict[str, Any]:
    return {"typeMessage": "textMessage", "textMessageData": {"textMessage": words}}


def photo(caption: str = "", *, url: str = "https://media.green-api.com/a.jpg", name: str = "a.jpg") -> dict[str, Any]:
    file = {"downloadUrl": url, "caption": caption, "fileName": name, "mimeType": "image/jpeg"}
    return {"typeMessage": "imageMessage", "fileMessageData": file}


def edited(target: str, words: str) -> dict[str, Any]:
    return {"typeMessage": "editedMessage", "editedMessageData": {"textMessage": words, "stanzaId": target}}


def deleted(target: str) -> dict[str, Any]:
    return {"typeMessage": "deletedMessage", "deletedMessageData": {"stanzaId": target}}


def reaction(target: str, emoji: str) -> dict[str, Any]:
    return {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": emoji},
        "quotedMessage": {"stanzaId": target},
    }


def body(direction: str, data: dict[str, Any], *, remote_id: str, chat: str, at_ms: int, **sender: str) -> bytes:
    is_in = direction == "in"
    names = {"chatName": "Olena", "senderName": "Olena", "senderContactName": ""} if is_in else {"senderName": "Hotel"}
    return json.dumps(
        {
            "typeWebhook": _KINDS[direction],
            "instanceData": {"idInstance": 1101000001, "wid": OWN, "typeInstance": "whatsapp"},
            "timestamp": at_ms // 1000,
            "idMessage": remote_id,
            "senderData": {"chatId": chat, "sender": chat if is_in else OWN, **names, **sender},
            "messageData": data,
        }
    ).encode()


@dataclass(slots=True, kw_only=True)
class Hotel:
    """One instance. Each event happens a minute after the one before."""

    db: Db
    clock: ManualClock
    name: str = HOTEL
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def hear(
        self,
        data: dict[str, Any] | str,
        *,
        direction: str = "in",
        remote_id: str | None = None,
        chat: str = GUEST,
        ago_ms: int = 0,
        **sender: str,
    ) -> str:
        """One message event; its remote id."""
        number = next(self._ids)
        self.clock.advance(60)
        at_ms = self.clock.now_ms() - ago_ms
        remote_id = remote_id or f"R{number:015}"
        made = text(data) if isinstance(data, str) else data
        self.tell(body(direction, made, remote_id=remote_id, chat=chat, at_ms=at_ms, **sender), number=number)
        return remote_id

    def tell(self, raw: bytes, *, number: int | None = None) -> None:
        """Any event, as the inbox passes it on."""
        event = Stored(
            id=number or next(self._ids), instance=self.name, received_at_ms=self.clock.now_ms() + 300, raw=raw
        )
        with self.db.write() as tx:
            record(tx, event, parse(raw))

    def status(self, remote_id: str, status: str, *, chat: str = GUEST) -> None:
        """GREEN-API tells how far a message of somebody else came."""
        found = {
            "typeWebhook": "outgoingMessageStatus",
            "chatId": chat,
            "instanceData": {"idInstance": 1101000001, "wid": OWN, "typeInstance": "whatsapp"},
            "timestamp": self.clock.now_ms() // 1000,
            "idMessage": remote_id,
            "status": status,
            "sendByApi": False,
        }
        self.tell(json.dumps(found).encode())

    def send(self, words: str, *, chat: str = GUEST, remote_id: str | None = None, **more: Any) -> int:
        """A message of greenbot's own that GREEN-API accepted."""
        return self.sent(Text(chat_id=ChatId(chat), text=words), remote_id=remote_id, **more)

    def react(self, target: str, emoji: str, *, chat: str = GUEST) -> int:
        """A reaction of ours."""
        return self.sent(Reaction(chat_id=ChatId(chat), message_id=target, emoji=emoji))

    def sent(self, draft: Draft, *, remote_id: str | None = None, **more: Any) -> int:
        number = self.queued(draft, **more)
        self.clock.advance(60)
        self.accept(number, remote_id or f"OURS{number:012}")
        return number

    def queued(self, draft: Draft, **more: Any) -> int:
        return enqueue(self.db, NewMessage(instance=self.name, draft=draft, **more), self.clock).id

    def accept(self, number: int, remote_id: str) -> None:
        """The moves that a delivery makes."""
        steps = (("claimed", "claim"), ("sending", "post"), ("accepted", "response"))
        with self.db.write() as tx:
            for state, reason in steps:
                tx.run(
                    MOVE,
                    id=number,
                    state=state,
                    reason=reason,
                    now=self.clock.now_ms(),
                )
            tx.run(
                "update messages set remote_id = :remote_id, accepted_at_ms = :now where id = :id",
                id=number,
                remote_id=remote_id,
                now=self.clock.now_ms(),
            )

    def chat(self, chat_id: str = GUEST) -> Chat:
        """The conversation as it is now."""
        return find.only(find.by_chat_id(self.db, chat_id, self.name), chat_id)

    def thread(self, chat_id: str = GUEST) -> list[conversation.Line]:
        """Everything in it."""
        return conversation.read(self.db, self.chat(chat_id))

    def said(self, chat_id: str = GUEST) -> list[tuple[str, str]]:
        """Who said what."""
        return [(line.direction, line.text) for line in self.thread(chat_id)]
