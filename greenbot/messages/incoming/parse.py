"""Bytes of the wire -> `Incoming`: one small function for each `typeWebhook`."""

from collections.abc import Callable, Mapping
from typing import Final, TypedDict

from greenbot.messages.incoming import carried, files
from greenbot.messages.incoming.contents import Content, Reaction, Text
from greenbot.messages.incoming.fields import Fields
from greenbot.messages.incoming.model import (
    Avatar,
    BlockEvent,
    CallEvent,
    CallParticipant,
    Device,
    DeviceEvent,
    Direction,
    Incoming,
    MessageEvent,
    QuotaEvent,
    Quoted,
    StateEvent,
    StatusEvent,
    UnknownEvent,
)
from greenbot.messages.incoming.strict import decode

#: WhatsApp began in 2009: an earlier time is none.
EARLIEST_S: Final = 1_230_768_000
#: 2100: without a clock at hand, a later time is none.
LATEST_S: Final = 4_102_444_800
_DAY_MS: Final = 86_400_000

DIRECTIONS: Final[Mapping[str, Direction]] = {
    "incomingMessageReceived": "in",
    "outgoingMessageReceived": "phone",
    "outgoingAPIMessageReceived": "api",
}
#: Older spellings of the same word. GREEN-API's pages and SDKs use both.
_STATUS_SPELLINGS: Final[Mapping[str, str]] = {"fail": "failed"}
_CALL_SPELLINGS: Final[Mapping[str, str]] = {"hangUp": "hungUp"}
_LINES: Final = frozenset({"online", "offline"})


class _Common(TypedDict):
    type: str
    instance_id: str | None
    instance_type: str
    wid: str | None
    at_ms: int | None
    raw: Mapping[str, object]


def parse(raw: bytes, *, now_ms: int | None = None) -> Incoming:
    """The event in `raw`: a webhook's body, or the same with receiveNotification's `{receiptId, body}` around it.

    Fields may be missing, null, of another type or unknown: the event is never refused for them. With `now_ms`, times
    later than a day after it count as absent.

    Raises `Unreadable`, and nothing else, when the bytes are not one JSON object.
    """
    return of_object(decode(raw), now_ms=now_ms)


def of_object(body: Mapping[str, object], *, now_ms: int | None = None) -> Incoming:
    """The same for a body that is decoded already; it never raises."""
    body = unwrapped(body)
    fields = Fields(body, [])
    kind = fields.text("typeWebhook")
    make = _OF_TYPE.get(kind, _unknown)
    # Some instances tell of quotas as incomingBlock: the block decides.
    if make in (_block, _unknown) and fields.has("quotaData"):
        make = _quota
    instance = fields.block("instanceData")
    common = _Common(
        type=kind,
        instance_id=instance.text("idInstance") or None,
        instance_type=instance.text("typeInstance"),
        wid=instance.text("wid") or None,
        at_ms=_at_ms(fields, now_ms),
        raw=body,
    )
    return make(fields, common)


def unwrapped(body: Mapping[str, object]) -> Mapping[str, object]:
    """The notification itself, when receiveNotification's envelope is around it."""
    inner = body.get("body")
    return inner if isinstance(inner, dict) and "receiptId" in body and "typeWebhook" not in body else body


def _at_ms(fields: Fields, now_ms: int | None) -> int | None:
    seconds = fields.whole("timestamp")
    if not seconds:
        return None
    latest_ms = LATEST_S * 1000 if now_ms is None else now_ms + _DAY_MS
    if seconds >= EARLIEST_S and seconds * 1000 <= latest_ms:
        return seconds * 1000
    fields.note("timestamp")
    return None


# In every call below `problems` comes last: it is complete only when all the others have been read.


def _message(fields: Fields, common: _Common) -> MessageEvent:
    sender, data = fields.block("senderData"), fields.block("messageData")
    chat_id = sender.text("chatId")
    content = carried.content(data)
    return MessageEvent(
        **common,
        direction=DIRECTIONS[common["type"]],
        remote_id=fields.text("idMessage"),
        chat_id=chat_id,
        sender_id=sender.text("sender"),
        sender_name=sender.text("senderName"),
        contact_name=sender.text("senderContactName"),
        chat_name=sender.text("chatName"),
        sender_phone=sender.text("senderPhoneNumber"),
        chat_type=sender.text("chatType"),
        sender_type=sender.text("senderType"),
        is_group=chat_id.endswith("@g.us"),
        content=content,
        # A reaction names its message in the same place, but quotes nothing.
        quoted=None if isinstance(content, Reaction) or not data.has("quotedMessage") else _quoted(data),
        problems=fields.problems,
    )


def _quoted(data: Fields) -> Quoted:
    quoted = data.block("quotedMessage")
    return Quoted(
        remote_id=quoted.text("stanzaId"),
        sender_id=quoted.text("participant"),
        content=_quoted_content(quoted) if quoted.has("typeMessage") else None,
    )


def _quoted_content(quoted: Fields) -> Content:
    """What is quoted: texts and files have their fields flat there, places and cards below a short name."""
    kind = quoted.text("typeMessage")
    if kind in files.OF_BLOCK:
        return files.OF_BLOCK[kind](quoted, kind)
    match kind:
        case "textMessage" | "extendedTextMessage" | "quotedMessage" if quoted.has("textMessage"):
            link = quoted.block("extendedTextMessage")
            return Text(type=kind, text=quoted.text("textMessage"), preview=carried.preview(link))
        case "locationMessage" if quoted.has("location"):
            return carried.location_of(quoted.block("location"), kind)
        case "contactMessage" if quoted.has("contact"):
            return carried.contact_of(quoted.block("contact"), kind)
        case _:
            return carried.content(quoted)


def _status(fields: Fields, common: _Common) -> StatusEvent:
    status = fields.text("status")
    return StatusEvent(
        **common,
        direction="in" if common["type"] == "incomingMessageStatus" else "out",
        remote_id=fields.text("idMessage"),
        chat_id=fields.text("chatId"),
        status=_STATUS_SPELLINGS.get(status, status),
        description=fields.text("description"),
        send_by_api=fields.switch("sendByApi"),
        problems=fields.problems,
    )


def _state(fields: Fields, common: _Common) -> StateEvent:
    # Vendor SDKs exchange the names of the two fields, so the words decide which is which.
    told = [word for word in (fields.text("stateInstance"), fields.text("statusInstance")) if word]
    return StateEvent(
        **common,
        state=next((word for word in told if word not in _LINES), ""),
        line=next((word for word in told if word in _LINES), ""),
        problems=fields.problems,
    )


def _call(fields: Fields, common: _Common) -> CallEvent:
    status = fields.text("status")
    return CallEvent(
        **common,
        direction="out" if common["type"] == "outgoingCall" else "in",
        remote_id=fields.text("idMessage"),
        chat_id=fields.text("from"),
        status=_CALL_SPELLINGS.get(status, status),
        is_video=fields.is_on("isVideo"),
        duration_s=fields.whole("duration"),
        participants=tuple(_participant(each) for each in fields.objects("participants")),
        problems=fields.problems,
    )


def _participant(participant: Fields) -> CallParticipant:
    status = participant.text("status")
    # The journal says id where the webhook says wid.
    who = participant.first_text("wid", "id")
    return CallParticipant(id=who, status=_CALL_SPELLINGS.get(status, status))


def _block(fields: Fields, common: _Common) -> BlockEvent:
    return BlockEvent(
        **common, chat_id=fields.text("chatId"), chat_state=fields.text("chatState"), problems=fields.problems
    )


def _quota(fields: Fields, common: _Common) -> QuotaEvent:
    quota = fields.block("quotaData")
    return QuotaEvent(
        **common,
        method=quota.text("method"),
        used=quota.whole("used"),
        total=quota.whole("total"),
        status=quota.text("status"),
        description=quota.text("description"),
        problems=fields.problems,
    )


def _device(fields: Fields, common: _Common) -> DeviceEvent:
    return DeviceEvent(
        **common,
        device=_phone(fields.block("deviceData")) if fields.has("deviceData") else None,
        avatar=_avatar(fields.block("avatarInfo")) if fields.has("avatarInfo") else None,
        problems=fields.problems,
    )


def _phone(device: Fields) -> Device:
    return Device(
        platform=device.text("platform"),
        manufacturer=device.text("deviceManufacturer"),
        model=device.text("deviceModel"),
        os_version=device.text("osVersion"),
        whatsapp_version=device.text("waVersion"),
        battery_percent=device.whole("battery"),
    )


def _avatar(avatar: Fields) -> Avatar:
    return Avatar(
        chat_id=avatar.text("chatId"),
        exists_whatsapp=avatar.switch("existsWhatsapp"),
        url=avatar.text("urlAvatar"),
    )


def _unknown(fields: Fields, common: _Common) -> UnknownEvent:
    sender = fields.block("senderData")
    return UnknownEvent(
        **common,
        remote_id=fields.text("idMessage"),
        chat_id=fields.first_text("chatId", "from") or sender.text("chatId"),
        problems=fields.problems,
    )


_OF_TYPE: Final[Mapping[str, Callable[[Fields, _Common], Incoming]]] = {
    **dict.fromkeys(DIRECTIONS, _message),
    "outgoingMessageStatus": _status,
    "incomingMessageStatus": _status,
    "stateInstanceChanged": _state,
    "statusInstanceChanged": _state,
    "deviceInfo": _device,
    "incomingCall": _call,
    "outgoingCall": _call,
    "incomingBlock": _block,
    "quotaExceeded": _quota,
}
#: Every typeWebhook that has a type of its own.
KNOWN_TYPES: Final = tuple(_OF_TYPE)
