"""The webhook types that carry no message: statuses, states, calls, devices, quotas.

Each value holds the fields beyond `typeWebhook`, `instanceData` and `timestamp`.
"""

from typing import Final

from greenbot.simulator.samples.messages import GUEST_ID, Body

GROUP_ID: Final = "120363043968066561@g.us"


def status(
    value: str,
    *,
    chat_id: str = GUEST_ID,
    id_message: str = "BAE5F4886F6F2D05",
    send_by_api: bool = True,
    description: str | None = None,
) -> Body:
    """What became of an outgoing message; `description` is present for `failed` only."""
    fields: Body = {"chatId": chat_id, "idMessage": id_message, "status": value, "sendByApi": send_by_api}
    return fields if description is None else fields | {"description": description}


def _call(value: str, **extra: object) -> Body:
    fields: Body = {"from": GUEST_ID, "idMessage": "104179EDB7F5328988D8834107EEBE50", "status": value}
    return fields | extra


def _outgoing_call(value: str, duration_seconds: int) -> Body:
    people = [{"wid": GUEST_ID, "status": value}]
    return _call(value, isVideo=False, duration=duration_seconds, participants=people)


_STATUSES: Final[dict[str, Body]] = {
    "outgoingMessageStatus.sent": status("sent"),
    "outgoingMessageStatus.sent.phone": status("sent", send_by_api=False),
    "outgoingMessageStatus.delivered": status("delivered"),
    "outgoingMessageStatus.read": status("read"),
    "outgoingMessageStatus.noAccount": status("noAccount"),
    "outgoingMessageStatus.notInGroup": status("notInGroup", chat_id=GROUP_ID),
    "outgoingMessageStatus.yellowCard": status("yellowCard"),
    "outgoingMessageStatus.suspended": status("suspended"),
    "outgoingMessageStatus.failed.editWindow": status(
        "failed", description="15 minute editing time gap has been expired"
    ),
    "outgoingMessageStatus.failed.swe004": status(
        "failed",
        chat_id=GROUP_ID,
        description="SWE004: the number of participants in the group has been exceeded - 300",
    ),
    "incomingMessageStatus.read": status("read", id_message="3A3B8F6A1F2C4D5E6F70", send_by_api=False),
}

_STATES: Final[dict[str, Body]] = {
    f"stateInstanceChanged.{state}": {"stateInstance": state}
    for state in (
        "authorized",
        "notAuthorized",
        "blocked",
        "starting",
        "suspended",
        "yellowCard",
        "sleepMode",
    )
}

_CALLS: Final[dict[str, Body]] = {
    f"incomingCall.{value}": _call(value) for value in ("offer", "pickUp", "hungUp", "declined", "missed")
} | {
    "incomingCall.pickUp.video": _call("pickUp", isVideo=True),
    "outgoingCall.pickUp": _outgoing_call("pickUp", 42),
    "outgoingCall.hungUp": _outgoing_call("hungUp", 0),
    "outgoingCall.invalid": _outgoing_call("invalid", 0),
}

_DEVICE: Final[dict[str, Body]] = {
    "statusInstanceChanged.online": {"statusInstance": "online"},
    "statusInstanceChanged.offline": {"statusInstance": "offline"},
    "deviceInfo.deviceData": {
        "deviceData": {
            "platform": "android",
            "deviceManufacturer": "Example",
            "deviceModel": "One",
            "osVersion": "14",
            "waVersion": "2.24.1",
            "battery": 90,
        }
    },
    "deviceInfo.avatarInfo": {
        "avatarInfo": {
            "chatId": GUEST_ID,
            "existsWhatsapp": True,
            "urlAvatar": "https://media.example.invalid/avatar.jpg",
        }
    },
    "incomingBlock.blocked": {"chatId": GUEST_ID, "chatState": "blocked"},
}

_QUOTA: Final[dict[str, Body]] = {
    "quotaExceeded.correspondents": {
        "quotaData": {
            "method": "correspondents",
            "used": 3,
            "total": 3,
            "status": "CORRESPONDENTS_QUOTA_EXCEEDED",
            "description": "Monthly quota has been exceeded. You can only send or receive messages from "
            "following chats: 10001234560@c.us, 10001234561@c.us, 10001234562@c.us.",
        }
    }
}

NOTICES: Final[dict[str, Body]] = _STATUSES | _STATES | _CALLS | _DEVICE | _QUOTA
