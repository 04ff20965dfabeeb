"""The few fields that the intake needs of an event, in about a microsecond: whose it is, what it is, its key.

Messages and statuses, almost all of the traffic, are read by a typed decoder that skips everything else. Whatever does
not fit it is read by `parse`, and the answer is the same.
"""

from typing import Final

import msgspec

from greenbot.messages.incoming.carried import MAKERS
from greenbot.messages.incoming.keys import MARKER, chat_key, message_key, remote_id, semantic_key, status_key
from greenbot.messages.incoming.model import MessageEvent, Unreadable
from greenbot.messages.incoming.parse import DIRECTIONS, EARLIEST_S, LATEST_S, parse
from greenbot.messages.incoming.strict import is_suspiciously_deep


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the intake knows of an event. `unreadable` says why the bytes are no event; the rest is empty then.

    `type` and `content_type` are the wire's typeWebhook and typeMessage; `at_s` is GREEN-API's time in unix seconds.
    `semantic_key` is that of `keys.semantic_key`, `chat_id` that of `keys.chat_key`.
    """

    type: str = ""
    content_type: str = ""
    instance_id: str | None = None
    chat_id: str = ""
    remote_id: str = ""
    at_s: int | None = None
    semantic_key: str | None = None
    unreadable: str = ""


class _Instance(msgspec.Struct, gc=False):
    idInstance: int | str | None = None  # noqa: N815 - the wire's spelling


class _Sender(msgspec.Struct, gc=False):
    chatId: str | None = None  # noqa: N815 - the wire's spelling


class _Plain(msgspec.Struct, gc=False):
    textMessage: str | None = None  # noqa: N815 - the wire's spelling


class _Extended(msgspec.Struct, gc=False):
    text: str | None = None


class _File(msgspec.Struct, gc=False):
    downloadUrl: str | None = None  # noqa: N815 - the wire's spelling


class _Data(msgspec.Struct, gc=False):
    typeMessage: str | None = None  # noqa: N815 - the wire's spelling
    textMessageData: _Plain | None = None  # noqa: N815 - the wire's spelling
    extendedTextMessageData: _Extended | None = None  # noqa: N815 - the wire's spelling
    fileMessageData: _File | None = None  # noqa: N815 - the wire's spelling


class _Wire(msgspec.Struct, gc=False):
    typeWebhook: str  # noqa: N815 - the wire's spelling
    instanceData: _Instance | None = None  # noqa: N815 - the wire's spelling
    timestamp: int | None = None
    idMessage: str | None = None  # noqa: N815 - the wire's spelling
    chatId: str | None = None  # noqa: N815 - the wire's spelling
    status: str | None = None
    description: str | None = None
    senderData: _Sender | None = None  # noqa: N815 - the wire's spelling
    messageData: _Data | None = None  # noqa: N815 - the wire's spelling


_decode: Final = msgspec.json.Decoder(_Wire).decode
_STATUSES: Final = frozenset({"outgoingMessageStatus", "incomingMessageStatus"})
#: The contents that have a say in the key of their event.
_SPECIAL: Final = frozenset({"editedMessage", "pollUpdateMessage", "reactionMessage", "deletedMessage"})
_PLAIN: Final = frozenset(MAKERS) - _SPECIAL


def peek(raw: bytes) -> Envelope:
    """The envelope of the event in `raw`. Never raises, whatever the bytes are."""
    try:
        wire = _decode(raw)
        if not raw.isascii():
            raw.decode()
    except (ValueError, RecursionError):
        return _thorough(raw)
    if is_suspiciously_deep(raw):
        return _thorough(raw)
    return _quick(wire) or _thorough(raw)


def _quick(wire: _Wire) -> Envelope | None:
    """The envelope of a plain message or a status; None for everything else."""
    kind, content_type = wire.typeWebhook, ""
    id_ = wire.idMessage or ""
    if kind in DIRECTIONS:
        content_type = (wire.messageData.typeMessage if wire.messageData else "") or ""
        if content_type not in _PLAIN or _is_marked(wire.messageData):
            return None
        chat_id = (wire.senderData.chatId if wire.senderData else "") or ""
        key = message_key(kind, chat_id, id_)
    elif kind in _STATUSES and wire.status != "fail":
        chat_id = wire.chatId or ""
        key = status_key(kind, chat_id, id_, wire.status or "", wire.description or "")
    else:
        return None
    at_s = wire.timestamp
    return Envelope(
        type=kind,
        content_type=content_type,
        instance_id=_instance_id(wire.instanceData),
        chat_id=chat_id,
        remote_id=id_,
        at_s=at_s if at_s is not None and EARLIEST_S <= at_s <= LATEST_S else None,
        semantic_key=key,
    )


def _is_marked(data: _Data | None) -> bool:
    if data is None:
        return False
    plain, extended, file = data.textMessageData, data.extendedTextMessageData, data.fileMessageData
    return (
        (plain is not None and (plain.textMessage or "").startswith(MARKER))
        or (extended is not None and (extended.text or "").startswith(MARKER))
        or (file is not None and (file.downloadUrl or "").startswith(MARKER))
    )


def _instance_id(instance: _Instance | None) -> str | None:
    given = instance.idInstance if instance is not None else None
    return None if given in (None, "") else str(given)


def _thorough(raw: bytes) -> Envelope:
    try:
        event = parse(raw)
    except Unreadable as error:
        return Envelope(unreadable=str(error))
    return Envelope(
        type=event.type,
        content_type=event.content.type if isinstance(event, MessageEvent) else "",
        instance_id=event.instance_id,
        chat_id=chat_key(event),
        remote_id=remote_id(event),
        at_s=None if event.at_ms is None else event.at_ms // 1000,
        semantic_key=semantic_key(event),
    )
