"""What makes two notifications the same event, and which events keep their order. Pure.

GREEN-API repeats events, and one idMessage belongs to many of them: the message, each of its statuses, its edits, the
votes on it. Order of keys, spaces and unknown fields change no key; a status, an edit or a vote does.
"""

from collections.abc import Iterable
from typing import Final

from greenbot.digests import blake2b
from greenbot.messages.incoming.contents import (
    Content,
    Deleted,
    Edited,
    File,
    PollOption,
    PollVotes,
    Reaction,
    Text,
    UnknownContent,
)
from greenbot.messages.incoming.model import (
    BlockEvent,
    CallEvent,
    DeviceEvent,
    Incoming,
    MessageEvent,
    QuotaEvent,
    StateEvent,
    StatusEvent,
    UnknownEvent,
)

#: GREEN-API docs: a text `{{SWE001}}` stands for a message that was not deciphered; the text itself may follow.
MARKER: Final = "{{SWE"
MAX_LENGTH: Final = 200
_BETWEEN: Final = "|"


def chat_key(incoming: Incoming) -> str:
    """The chat whose events are processed in their order; "" for what concerns the whole instance."""
    match incoming:
        case StateEvent() | QuotaEvent() | DeviceEvent():
            return ""
        case _:
            return incoming.chat_id


def remote_id(incoming: Incoming) -> str:
    """The idMessage that the event is about; "" when it is about none."""
    match incoming:
        case MessageEvent() | StatusEvent() | CallEvent() | UnknownEvent():
            return incoming.remote_id
        case _:
            return ""


def semantic_key(incoming: Incoming) -> str | None:
    """Equal for two notifications of one event of an instance; None when only equal bytes can tell."""
    match incoming:
        case MessageEvent():
            return _of_message(incoming)
        case StatusEvent():
            return status_key(
                incoming.type, incoming.chat_id, incoming.remote_id, incoming.status, incoming.description
            )
        case CallEvent():
            return _if(incoming.remote_id, incoming.type, incoming.chat_id, incoming.remote_id, incoming.status)
        case UnknownEvent():
            return None
        case _:
            return _of_moment(incoming)


def message_key(type_: str, chat_id: str, remote_id: str) -> str | None:
    """The key of a message whose content changes nothing (`semantic_key` for all others)."""
    return _if(remote_id, type_, chat_id, remote_id)


def status_key(type_: str, chat_id: str, remote_id: str, status: str, description: str) -> str | None:
    """The key of a status; a failed edit differs from a failed message by its description."""
    return _if(remote_id, type_, chat_id, remote_id, status, _digest([description]) if description else "")


def _of_message(event: MessageEvent) -> str | None:
    if isinstance(event.content, UnknownContent):
        return None
    told = _told(event.content)
    if told is None:
        return message_key(event.type, event.chat_id, event.remote_id)
    return _if(event.remote_id, event.type, event.chat_id, event.remote_id, event.content.type, *told)


def _told(content: Content) -> tuple[str, ...] | None:
    """What tells two events with one idMessage apart; None where they can only be repetitions."""
    match content:
        case Edited():
            return content.target_id, _digest([content.text, str(content.is_caption)])
        case PollVotes():
            return content.target_id, _digest(part for vote in content.votes for part in _vote(vote))
        case Reaction():
            return content.target_id, _digest([content.emoji, str(content.is_removed)])
        case Deleted():
            return (content.target_id,)
        case Text(text=text) | File(download_url=text) if text.startswith(MARKER):
            return (_digest([text]),)
        case _:
            return None


def _vote(option: PollOption) -> tuple[str, ...]:
    # The number tells where the voters end: the next option may be called like one of them.
    return option.name, str(len(option.voters)), *sorted(option.voters)


def _of_moment(event: StateEvent | BlockEvent | QuotaEvent | DeviceEvent) -> str | None:
    """Events without an idMessage are the same when they tell the same of the same second."""
    if event.at_ms is None:
        return None
    match event:
        case StateEvent():
            told = [event.state, event.line]
        case BlockEvent():
            told = [event.chat_id, event.chat_state]
        case QuotaEvent():
            told = [event.method, str(event.used), str(event.total), event.status]
        case DeviceEvent():
            told = [repr(event.device), repr(event.avatar)]
    return _if(event.type, event.type, str(event.at_ms // 1000), _digest(told))


def _if(needed: str, *parts: str) -> str | None:
    if not needed:
        return None
    key = _BETWEEN.join(parts)
    # A foreign bar or a foreign length makes the readable form ambiguous or a burden for the index.
    if len(key) > MAX_LENGTH or key.count(_BETWEEN) != len(parts) - 1:
        return f"{parts[0][:40]}#{_digest(parts)}"
    return key


def _digest(parts: Iterable[str]) -> str:
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
