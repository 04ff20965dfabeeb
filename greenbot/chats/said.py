"""What one event says, as the thread needs it: pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from greenbot.chats.chat import Direction
from greenbot.messages.incoming.model import (
    CallEvent,
    Content,
    Deleted,
    Edited,
    File,
    MessageEvent,
    PollVotes,
    Reaction,
    Text,
)
from greenbot.messages.incoming.text import kind_of, text_of

#: What is read of a text to understand it. Others wait to write meanwhile, and rules take time for each sign.
READ_CHARACTERS = 2_000
#: No id of the wire is nearly as long; an index should not have to hold what a stranger made up.
_ID_CHARACTERS = 200
_CALL_WAITS = ("missed", "declined")


class Event(Protocol):
    """What is needed of an event of the inbox."""

    @property
    def id(self) -> int: ...
    @property
    def instance(self) -> str: ...
    @property
    def received_at_ms(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """What the rules made of a text."""

    language: str | None = None
    intent: str | None = None
    urgency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a message does to an earlier one. `text`: the new words, the emoji ("": taken back), the votes as JSON."""

    kind: str
    target_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of the guest: where it lies, what it is called, what it claims to be."""

    url: str
    name: str | None
    mime_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message or a call, ready to be written down. `change` is set when it only alters an earlier message."""

    remote_id: str
    wire_chat_id: str
    direction: Direction
    at_ms: int
    sender_id: str | None
    sender_name: str | None
    kind: str
    text: str
    quoted_id: str | None = None
    waits: bool = False
    change: Change | None = None
    attachment: Attachment | None = None
    sense: Sense = Sense()


Understand = Callable[[str, date], Sense]


def message_said(event: Event, message: MessageEvent, understand: Understand) -> Said:
    """What a message of either side says."""
    at_ms = happened_at(message.at_ms, event.received_at_ms)
    content, change = message.content, change_of(message.content)
    text = storable(text_of(content))
    is_guests = message.direction == "in" and change is None
    return Said(
        remote_id=_id(message.remote_id) or f"event {event.id}",
        wire_chat_id=_id(message.chat_id),
        direction=message.direction,
        at_ms=at_ms,
        sender_id=_id(message.sender_id) or None,
        sender_name=storable(message.contact_name or message.sender_name) or None,
        kind=kind_of(content),
        text=text,
        quoted_id=quoted_id(message),
        waits=is_guests and not message.is_group,
        change=change,
        attachment=_attachment(content),
        sense=understand(text[:READ_CHARACTERS], day_of(at_ms)) if is_guests and text.strip() else Sense(),
    )


def call_said(event: Event, call: CallEvent) -> Said:
    """What a call leaves in the thread."""
    incoming = call.direction == "in"
    length = f", {call.duration_s} s" if call.duration_s else ""
    return Said(
        remote_id=_id(call.remote_id) or f"event {event.id}",
        wire_chat_id=_id(call.chat_id),
        direction="in" if incoming else "phone",
        at_ms=happened_at(call.at_ms, event.received_at_ms),
        sender_id=_id(call.chat_id) if incoming else None,
        sender_name=None,
        kind="call",
        text=f"{'video call' if call.is_video else 'call'}: {call.status or 'unknown'}{length}",
        waits=incoming and call.status in _CALL_WAITS,
    )


def happened_at(told_ms: int | None, received_at_ms: int) -> int:
    """When it happened: GREEN-API tells whole seconds, and nothing arrives before it happened.

    The end of the second is taken: an answer that left within it must not count for what came after it.
    """
    if told_ms is None:
        return received_at_ms
    return min(told_ms + (999 if told_ms % 1000 == 0 else 0), received_at_ms)


def change_of(content: Content) -> Change | None:
    """What it does to an earlier message; None for what stands for itself."""
    match content:
        case Edited(target_id=target, text=text):
            return Change(kind="edit", target_id=_id(target), text=storable(text))
        case Deleted(target_id=target):
            return Change(kind="delete", target_id=_id(target), text="")
        case Reaction(target_id=target, emoji=emoji, is_removed=is_removed):
            return Change(kind="reaction", target_id=_id(target), text="" if is_removed else storable(emoji))
        case PollVotes(target_id=target, votes=votes):
            import json

            standing = [[option.name, len(option.voters)] for option in votes]
            return Change(kind="votes", target_id=_id(target), text=json.dumps(standing))
        case _:
            return None


def quoted_id(message: MessageEvent) -> str | None:
    """The message it answers."""
    if message.quoted is not None and message.quoted.remote_id:
        return _id(message.quoted.remote_id)
    if isinstance(message.content, Text) and message.content.answers_id:
        return _id(message.content.answers_id)
    target = getattr(message.content, "target_id", "")
    return _id(target) or None


def day_of(at_ms: int) -> date:
    """The day a text was written on: what "tomorrow" counts from."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def _attachment(content: Content) -> Attachment | None:
    if not isinstance(content, File) or not content.download_url:
        return None
    name, mime_type = storable(content.file_name), storable(content.mime_type)
    return Attachment(url=storable(content.download_url), name=name or None, mime_type=mime_type or None)


def _id(given: str) -> str:
    return storable(given[:_ID_CHARACTERS])


def storable(text: str) -> str:
    """The same text; what no database takes (half a surrogate pair) becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
