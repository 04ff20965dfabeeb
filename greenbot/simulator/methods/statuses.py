"""Statuses (stories): published, deleted, counted."""

from __future__ import annotations

import re

from greenbot.simulator import params
from greenbot.simulator.files import file_message_type, mime_type_of
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.records import Status
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal, validation

MAX_TEXT, MAX_CAPTION = 500, 1024
FONTS = ("SERIF", "SANS_SERIF", "NORICAN_REGULAR", "BRYNDAN_WRITE", "OSWALD_HEAVY")
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
DAY_MINUTES, MAX_MINUTES = 1440, 60 * 24 * 366


@method("sendTextStatus", verb="POST")
async def send_text_status(call: Call) -> Answer:
    text = params.text(call.params, "message", longest=MAX_TEXT)
    font = params.one_of(call.params, "font", FONTS)
    fields: dict[str, object] = {"textMessage": text, "backgroundColor": _colour(call), "font": font}
    return _publish(call, "extendedTextMessage", fields)


@method("sendVoiceStatus", verb="POST")
async def send_voice_status(call: Call) -> Answer:
    return _publish(call, "audioMessage", {**_file_fields(call), "backgroundColor": _colour(call)})


@method("sendMediaStatus", verb="POST")
async def send_media_status(call: Call) -> Answer:
    caption = params.optional_text(call.params, "caption", longest=MAX_CAPTION)
    fields = {**_file_fields(call), "caption": caption}
    return _publish(call, file_message_type(str(fields["mimeType"])), fields)


def _file_fields(call: Call) -> dict[str, object]:
    url, name = params.text(call.params, "urlFile"), params.text(call.params, "fileName")
    return {"downloadUrl": url, "fileName": name, "mimeType": mime_type_of(name)}


def _colour(call: Call) -> str:
    value = params.optional_text(call.params, "backgroundColor")
    if value and not COLOUR.fullmatch(value):
        raise validation("'backgroundColor' must be a hex colour, for example #228B22")
    return value


def _publish(call: Call, type_message: str, fields: dict[str, object]) -> dict[str, object]:
    participants = call.params.get("participants") or []
    if not isinstance(participants, list):
        raise validation("'participants' must be an array")
    people = [params.person_id({"participants": each}, "participants") for each in participants]
    status = Status(
        id_message=call.instance.new_message_id(),
        type="outgoing",
        timestamp=call.now,
        type_message=type_message,
        fields=fields,
        seen_by=dict.fromkeys(people, (call.now, "sent")),
    )
    call.instance.statuses.append(status)
    return {"idMessage": status.id_message}


@method("deleteStatus", verb="POST")
async def delete_status(call: Call) -> Answer:
    status = _find(call, params.text(call.params, "idMessage"))
    status.is_deleted = True
    return b""


@method("getStatusStatistic")
async def get_status_statistic(call: Call) -> Answer:
    status = _find(call, params.text(call.query, "idMessage"))
    return [
        {"participant": person, "timestamp": int(at), "status": state} for person, (at, state) in status.seen_by.items()
    ]


def _find(call: Call, id_message: str) -> Status:
    for status in call.instance.statuses:
        if status.id_message == id_message and not status.is_deleted:
            return status
    raise ApiRefusal(400, BAD_REQUEST)


@method("getIncomingStatuses")
async def get_incoming_statuses(call: Call) -> Answer:
    return _list(call, "incoming")


@method("getOutgoingStatuses")
async def get_outgoing_statuses(call: Call) -> Answer:
    return _list(call, "outgoing")


def _list(call: Call, direction: str) -> list[object]:
    minutes = params.optional_integer(call.query, "minutes", low=1, high=MAX_MINUTES) or DAY_MINUTES
    since = call.now - minutes * 60
    return [
        _item(call, status)
        for status in reversed(call.instance.statuses)
        if status.type == direction and status.timestamp >= since and not status.is_deleted
    ]


def _item(call: Call, status: Status) -> dict[str, object]:
    return {
        "type": status.type,
        "idMessage": status.id_message,
        "timestamp": int(status.timestamp),
        "typeMessage": status.type_message,
        "chatId": "status@broadcast",
        "senderId": call.instance.wid if status.type == "outgoing" else "",
        **status.fields,
    }
