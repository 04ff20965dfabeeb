"""Every webhook body that GREEN-API can send: built from samples, or from what really happened.

The bodies have the wire's own names (chatId, idMessage); the samples live in `samples/`.
"""

import copy
import difflib
import random
from collections.abc import Mapping
from typing import Final, Protocol

from greenbot.simulator.samples.catalogue import MESSAGES
from greenbot.simulator.samples.messages import GUEST_ID, Body
from greenbot.simulator.samples.notices import GROUP_ID, NOTICES, status

MESSAGE_WEBHOOKS: Final = ("incomingMessageReceived", "outgoingMessageReceived", "outgoingAPIMessageReceived")

# GREEN-API docs: SetSettings. A type that is not in this table is sent whatever the settings say.
SETTING_OF: Final[dict[str, str]] = {
    "incomingMessageReceived": "incomingWebhook",
    "outgoingMessageReceived": "outgoingMessageWebhook",
    "outgoingAPIMessageReceived": "outgoingAPIMessageWebhook",
    "outgoingMessageStatus": "outgoingWebhook",
    "incomingMessageStatus": "incomingMessageStatusWebhook",
    "stateInstanceChanged": "stateWebhook",
    "statusInstanceChanged": "statusInstanceWebhook",
    "deviceInfo": "deviceWebhook",
    "incomingCall": "incomingCallWebhook",
    "outgoingCall": "outgoingCallWebhook",
    "incomingBlock": "incomingBlockWebhook",
}
# Types that need a second switch beside their own.
_ALSO_NEEDS: Final[dict[str, str]] = {
    "incomingCall": "incomingWebhook",
    "incomingMessageStatus": "incomingWebhook",
}
# Kinds of message with their own switch, on top of the switch of the webhook type.
_SETTING_OF_MESSAGE: Final[dict[str, str]] = {
    "pollUpdateMessage": "pollMessageWebhook",
    "editedMessage": "editedMessageWebhook",
    "deletedMessage": "deletedMessageWebhook",
    "productMessage": "catalogWebhook",
    "orderMessage": "catalogWebhook",
}
# GREEN-API docs: these two statuses cannot be switched off.
_UNSWITCHABLE_STATUSES: Final = frozenset({"noAccount", "failed"})

SAMPLES: Final[list[str]] = sorted(
    [f"{webhook}.{kind}" for webhook in MESSAGE_WEBHOOKS for kind in MESSAGES] + list(NOTICES)
)
_DEFAULT_VARIANTS: Final[dict[str, str]] = {
    "incomingMessageReceived": "textMessage",
    "outgoingMessageReceived": "textMessage",
    "outgoingAPIMessageReceived": "extendedTextMessage",
    "outgoingMessageStatus": "sent",
    "incomingMessageStatus": "read",
    "stateInstanceChanged": "authorized",
    "statusInstanceChanged": "online",
    "deviceInfo": "deviceData",
    "incomingCall": "offer",
    "outgoingCall": "pickUp",
    "incomingBlock": "blocked",
    "quotaExceeded": "correspondents",
}


class Account(Protocol):
    """The part of an instance that every webhook body names."""

    @property
    def id(self) -> int: ...
    @property
    def wid(self) -> str: ...
    @property
    def state(self) -> str: ...


class UnknownEventError(ValueError):
    """The name of a sample is not one of `SAMPLES`; the text lists the nearest names."""


def is_switched_on(settings: Mapping[str, object], body: Mapping[str, object]) -> bool:
    """True when the instance's settings let this webhook body out.

    GREEN-API docs: SetSettings; a new instance has every switch off, and the statuses `noAccount` and
    `failed` are sent even when `outgoingWebhook` is "no".
    """
    type_webhook = str(body.get("typeWebhook", ""))
    if type_webhook == "outgoingMessageStatus" and body.get("status") in _UNSWITCHABLE_STATUSES:
        return True
    needed = [SETTING_OF.get(type_webhook), _ALSO_NEEDS.get(type_webhook), _message_setting(body)]
    if type_webhook == "incomingMessageStatus" and _is_on(settings, "markIncomingMessagesReaded"):
        return False
    return all(_is_on(settings, key) for key in needed if key is not None)


def _message_setting(body: Mapping[str, object]) -> str | None:
    message_data = body.get("messageData")
    if not isinstance(message_data, dict):
        return None
    return _SETTING_OF_MESSAGE.get(str(message_data.get("typeMessage")))


def _is_on(settings: Mapping[str, object], key: str) -> bool:
    return settings.get(key) in ("yes", True)


def resolve(name: str) -> str:
    """The full sample name: `incomingCall` means `incomingCall.offer`, `imageMessage` an incoming picture.

    Raises:
        UnknownEventError: no sample has this name.
    """
    candidates = (name, f"{name}.{_DEFAULT_VARIANTS.get(name, '')}", f"incomingMessageReceived.{name}")
    for candidate in candidates:
        if candidate in _SAMPLE_SET:
            return candidate
    near = difflib.get_close_matches(name, [*SAMPLES, *MESSAGES], n=3)
    hint = f"; did you mean {', '.join(near)}" if near else ""
    raise UnknownEventError(f"no event is called {name!r}{hint}")


_SAMPLE_SET: Final = frozenset(SAMPLES)


def build(
    name: str,
    account: Account,
    now: float,
    overrides: Mapping[str, object] | None = None,
    *,
    id_message: str | None = None,
) -> Body:
    """A complete webhook body for the sample `name`, as if it happened at `now` (unix seconds).

    `overrides` maps dotted paths to values (`messageData.textMessageData.textMessage`); a number in a path
    is the index of a list, and missing objects on the way are made.

    Raises:
        UnknownEventError: no sample has this name.
        ValueError: an override's path leads through something that holds no fields.
    """
    full = resolve(name)
    type_webhook, _, kind = full.partition(".")
    fields = _message_fields(type_webhook, kind, account) if kind in MESSAGES else NOTICES[full]
    body = _envelope(type_webhook, account, now) | copy.deepcopy(fields)
    if full == "stateInstanceChanged.notAuthorized":
        body["instanceData"] = instance_data(account, is_linked=False)
    if id_message is not None and "idMessage" in body:
        body["idMessage"] = id_message
    for path, value in (overrides or {}).items():
        set_path(body, path, value)
    return body


def _message_fields(type_webhook: str, kind: str, account: Account) -> Body:
    sender = _sample_sender(kind)
    if type_webhook != "incomingMessageReceived":
        sender |= {"sender": account.wid, "senderName": "Owner", "senderContactName": ""}
    id_message = "BAE5000000000036" if type_webhook == "outgoingAPIMessageReceived" else "3EB0C767D097B7C7C030"
    return {"idMessage": id_message, "senderData": sender, "messageData": MESSAGES[kind]}


def _sample_sender(kind: str) -> Body:
    if kind == "textMessage.group":
        return sender_data(GROUP_ID, GUEST_ID, chat_name="Project X", sender_name="John")
    if kind == "textMessage.lid":
        return sender_data("155508384256027@lid", "155508384256027@lid", sender_name="John")
    return sender_data(GUEST_ID, GUEST_ID, chat_name="John", sender_name="John")


def instance_data(account: Account, *, is_linked: bool = True) -> Body:
    """The `instanceData` object; GREEN-API docs: `wid` is empty while no phone is linked."""
    linked = is_linked and account.state != "notAuthorized"
    return {"idInstance": account.id, "wid": account.wid if linked else "", "typeInstance": "whatsapp"}


def sender_data(
    chat_id: str, sender: str, *, chat_name: str = "", sender_name: str = "", contact_name: str = ""
) -> Body:
    """The `senderData` object: in a group the chat and the sender differ."""
    return {
        "chatId": chat_id,
        "sender": sender,
        "chatName": chat_name,
        "senderName": sender_name,
        "senderContactName": contact_name,
    }


def _envelope(type_webhook: str, account: Account, now: float) -> Body:
    return {"typeWebhook": type_webhook, "instanceData": instance_data(account), "timestamp": int(now)}


def message_webhook(
    type_webhook: str, account: Account, now: float, *, id_message: str, sender: Body, message_data: Body
) -> Body:
    """A body of one of `MESSAGE_WEBHOOKS`; `sender` comes from `sender_data`, `message_data` from samples."""
    envelope = _envelope(type_webhook, account, now)
    return envelope | {"idMessage": id_message, "senderData": sender, "messageData": message_data}


def outgoing_status(
    account: Account,
    now: float,
    *,
    chat_id: str,
    id_message: str,
    value: str,
    send_by_api: bool = True,
    description: str | None = None,
) -> Body:
    """What became of one outgoing message (`outgoingMessageStatus`)."""
    fields = status(value, chat_id=chat_id, id_message=id_message, send_by_api=send_by_api, description=description)
    return _envelope("outgoingMessageStatus", account, now) | fields


def incoming_status(account: Account, now: float, *, chat_id: str, id_message: str) -> Body:
    """An incoming message was read on the phone (`incomingMessageStatus`, since October 2026)."""
    fields = status("read", chat_id=chat_id, id_message=id_message, send_by_api=False)
    return _envelope("incomingMessageStatus", account, now) | fields


def state_changed(account: Account, now: float, state: str) -> Body:
    """The instance went over to `state` (`stateInstanceChanged`)."""
    return _envelope("stateInstanceChanged", account, now) | {"stateInstance": state}


def quota_exceeded(account: Account, now: float, quota_data: Body) -> Body:
    """A monthly quota of the Developer tariff is used up (`quotaExceeded`)."""
    return _envelope("quotaExceeded", account, now) | {"quotaData": quota_data}


def new_id(rng: random.Random, *, by_api: bool) -> str:
    """A fresh message id; ids made by the API and by a phone differ in prefix, as on the wire."""
    return f"{'BAE5' if by_api else '3EB0'}{rng.getrandbits(64):016X}"


def set_path(body: Body, path: str, value: object) -> None:
    """Sets one field of a nested object, in place, by its dotted path.

    Raises:
        ValueError: the path leads through something that holds no fields, or past the end of a list.
    """
    *parents, last = path.split(".")
    holder: object = body
    for part in parents:
        holder = _step_into(holder, part, path)
    if isinstance(holder, dict):
        holder[last] = value
        return
    if isinstance(holder, list) and last.isdecimal() and int(last) < len(holder):
        holder[int(last)] = value
        return
    raise ValueError(f"cannot set {path!r}: {last!r} has no place there")


def _step_into(holder: object, part: str, path: str) -> object:
    if isinstance(holder, dict):
        return holder.setdefault(part, {})
    if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
        return holder[int(part)]
    raise ValueError(f"cannot set {path!r}: {part!r} is not an object")
