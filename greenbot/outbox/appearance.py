"""What a message looks like from outside: in a draft, in GREEN-API's queue, in its journal, in a notification.

GREEN-API tells the same message in four shapes, none of which is the request. Here each becomes one
comparable value. Nothing that is read here is trusted: what has another type than documented is left out.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from greenbot.messages.drafts.base import normalised
from greenbot.outbox.marker import unmarked

Fields = Mapping[str, object]
Source = Literal["queue", "journal", "status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What a guest would see. `parts` of two equal messages are equal; `mark` is the invisible one of a text."""

    family: str
    parts: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One outgoing message that GREEN-API shows.

    `timestamp_ms` is None in the queue. `send_by_api` is None where GREEN-API does not say.
    `appearance` is None for what we cannot read. `status` is GREEN-API's word for how far it got.
    """

    remote_id: str
    chat_id: str
    source: Source
    appearance: Appearance | None
    timestamp_ms: int | None = None
    send_by_api: bool | None = None
    forwarded: bool = False
    removed: bool = False
    status: str = ""
    description: str = ""


def alike(one: Appearance, other: Appearance) -> bool:
    """Whether a guest would call the two the same message; the marks of texts are another question."""
    if one.family != other.family:
        return False
    if one.family == "file":
        return one.parts[0] == other.parts[0] and (
            one.parts[1] == other.parts[1] or not (one.parts[1] and other.parts[1])
        )
    if one.family == "location":
        return one.parts[2] == other.parts[2] and all(map(_near, one.parts[:2], other.parts[:2]))
    return one.parts == other.parts


def of_draft(kind: str, params: Fields, file_name: str = "") -> Appearance | None:
    """How a draft with these request fields will look; None for what leaves no trace anywhere (typing)."""
    read = _DRAFTS.get(kind)
    return None if read is None else read({**params, "fileName": params.get("fileName") or file_name})


def of_queue(answer: object) -> list[Sighting]:
    """The answer of showMessagesQueue (GREEN-API docs: ShowMessagesQueue)."""
    return [sighting for item in _objects(answer) for sighting in _of_queue_item(item)]


def of_journal(answer: object) -> list[Sighting]:
    """The answer of lastOutgoingMessages, getOutgoingStatuses or getMessage."""
    items = [answer] if isinstance(answer, Mapping) else _objects(answer)
    return [_of_journal_item(item) for item in items if item.get("type") == "outgoing" and _text(item, "idMessage")]


def of_notification(body: Fields) -> Sighting | None:
    """An outgoingAPIMessageReceived: the message itself, told by a notification. None for any other."""
    data, sender = _object(body, "messageData"), _object(body, "senderData")
    if body.get("typeWebhook") != "outgoingAPIMessageReceived" or not _text(body, "idMessage"):
        return None
    flat = {**_unfolded(data), "typeMessage": data.get("typeMessage")}
    return Sighting(
        remote_id=_text(body, "idMessage"),
        chat_id=_text(sender, "chatId"),
        source="status",
        appearance=_of_content(flat),
        timestamp_ms=_moment_ms(body),
        send_by_api=True,
        forwarded=_is_forwarded(flat),
    )


def _of_queue_item(item: Fields) -> list[Sighting]:
    body = _object(item, "body") or item
    method = _text(item, "type") or _text(item, "typeMessage")
    read = _QUEUED.get(method)
    appearance = read(body) if read is not None else None
    ids = item.get("messagesIDs")
    listed = [one for one in ids if isinstance(one, str) and one] if isinstance(ids, list) else []
    # An item without an id cannot be claimed, but it can be seen.
    remote_ids = listed or [_text(item, "messageID")]
    return [
        Sighting(
            remote_id=remote_id,
            chat_id=_text(body, "chatId"),
            source="queue",
            appearance=appearance,
            send_by_api=True,
            forwarded=method.lower() == "forwardmessages",
        )
        for remote_id in remote_ids
    ]


def _of_journal_item(item: Fields) -> Sighting:
    by_api = item.get("sendByApi")
    return Sighting(
        remote_id=_text(item, "idMessage"),
        chat_id=_text(item, "chatId"),
        source="journal",
        appearance=_of_content(item),
        timestamp_ms=_moment_ms(item),
        send_by_api=by_api if isinstance(by_api, bool) else None,
        forwarded=_is_forwarded(item),
        removed=item.get("isDeleted") is True,
        status=_text(item, "statusMessage"),
        description=_text(item, "description"),
    )


def _of_content(item: Fields) -> Appearance | None:
    read = _JOURNALLED.get(_text(item, "typeMessage"))
    return None if read is None else read(item)


def _unfolded(data: Fields) -> dict[str, object]:
    """A notification's messageData as the journal would print it."""
    flat: dict[str, object] = dict(data)
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat |= {_SHORTER[key]: value} if key in _SHORTER else {}
            flat |= value if key in ("textMessageData", "fileMessageData") else {}
    return flat


_SHORTER = {
    "extendedTextMessageData": "extendedTextMessage",
    "locationMessageData": "location",
    "contactMessageData": "contact",
}


# --- one reader per family and shape ---------------------------------------------------------------------------------


def _of_text(text: str) -> Appearance:
    seen, mark = unmarked(text)
    return Appearance(family="text", parts=(normalised(seen),), mark=mark)


def _sent_text(fields: Fields) -> Appearance:
    return _of_text(_text(fields, "message"))


def _journal_text(item: Fields) -> Appearance:
    extended = _object(item, "extendedTextMessage") or _object(item, "extendedTextMessageData")
    return _of_text(_text(item, "textMessage") or _text(extended, "text"))


def _file(fields: Fields) -> Appearance:
    return Appearance(
        family="file", parts=(normalised(_text(fields, "caption")), normalised(_text(fields, "fileName")))
    )


def _location(fields: Fields) -> Appearance:
    point = _object(fields, "location") or fields
    where = tuple(_degrees(point.get(name)) for name in ("latitude", "longitude"))
    return Appearance(family="location", parts=(*where, normalised(_text(point, "nameLocation"))))


def _contact(fields: Fields) -> Appearance:
    card = _object(fields, "contact") or fields
    phone = card.get("phoneContact")
    if phone is None:
        found = re.search(r"waid=(\d+)", _text(card, "vcard")) or re.search(r"TEL[^:]*:([^\n]+)", _text(card, "vcard"))
        phone = found[1] if found else ""
    return Appearance(family="contact", parts=(re.sub(r"\D", "", str(phone)),))


def _poll(fields: Fields) -> Appearance:
    poll = _object(fields, "pollMessageData") or fields
    options = [normalised(_text(option, "optionName")) for option in _objects(poll.get("options"))]
    return Appearance(family="poll", parts=(normalised(_text(poll, "message") or _text(poll, "name")), *options))


def _buttons(fields: Fields) -> Appearance:
    shown = _object(fields, "interactiveButtons") or _object(fields, "interactiveButtonsReply") or fields
    labels = [normalised(_text(button, "buttonText")) for button in _objects(shown.get("buttons"))]
    body = _text(shown, "body") or _text(shown, "contentText")
    return Appearance(family="buttons", parts=(normalised(body), *labels))


def _reaction(fields: Fields) -> Appearance:
    extended = _object(fields, "extendedTextMessage") or _object(fields, "extendedTextMessageData")
    target = _text(_object(fields, "quotedMessage"), "stanzaId") or _text(fields, "idMessage")
    return Appearance(family="reaction", parts=(_text(fields, "reaction") or _text(extended, "text"), target))


def _forward(fields: Fields) -> Appearance:
    # The journal shows what was forwarded, not from where: that it is forwarded is all there is to compare.
    return Appearance(family="forward")


Read = Callable[[Fields], Appearance]

_DRAFTS: dict[str, Read] = {
    "text": _sent_text,
    "text_status": _sent_text,
    "file_url": _file,
    "file_upload": _file,
    "voice_status": _file,
    "media_status": _file,
    "location": _location,
    "contact": _contact,
    "poll": _poll,
    "buttons": _buttons,
    "reply_buttons": _buttons,
    "reaction": _reaction,
    "forward": _forward,
}
_QUEUED: dict[str, Read] = {
    "sendMessage": _sent_text,
    "sendFileByUrl": _file,
    "sendFileByUpload": _file,
    "sendLocation": _location,
    "sendContact": _contact,
    "sendPoll": _poll,
    "sendInteractiveButtons": _buttons,
    "sendInteractiveButtonsReply": _buttons,
    "sendReaction": _reaction,
    "ForwardMessages": _forward,
    "forwardMessages": _forward,
    # What is written here has no draft of ours, but it is known, so it is not mistaken for something unreadable.
    "sendLink": lambda fields: _of_text(_text(fields, "urlLink")),
}
_JOURNALLED: dict[str, Read] = {
    **dict.fromkeys(("textMessage", "extendedTextMessage", "quotedMessage"), _journal_text),
    **dict.fromkeys(("imageMessage", "videoMessage", "documentMessage", "audioMessage", "stickerMessage"), _file),
    "locationMessage": _location,
    "contactMessage": _contact,
    "pollMessage": _poll,
    "interactiveButtons": _buttons,
    "interactiveButtonsReply": _buttons,
    "reactionMessage": _reaction,
}


# --- reading what somebody else wrote --------------------------------------------------------------------------------


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Fields]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _degrees(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, int | float) else ""


def _near(one: str, other: str) -> bool:
    # Two metres: phones keep fewer digits than we send.
    return one == other or (bool(one and other) and abs(float(one) - float(other)) < 2e-5)


def _moment_ms(fields: Fields) -> int | None:
    seconds = fields.get("timestamp")
    return round(seconds * 1000) if isinstance(seconds, int | float) and 0 <= seconds < 1e11 else None


def _is_forwarded(item: Fields) -> bool:
    # What is quoted may have been forwarded without making its answer a forwarded message.
    blocks = (item, *(block for name, block in item.items() if isinstance(block, Mapping) and name != "quotedMessage"))
    return any(block.get("isForwarded") is True for block in blocks)
