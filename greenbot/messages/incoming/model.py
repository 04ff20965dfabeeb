"""Events as greenbot knows them: one frozen type for every `typeWebhook` of the wire.

`Incoming` is what `parse` returns; what a message carries is a `Content`, defined in `contents`, importable from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from greenbot.messages.incoming.contents import (
    Advert,
    Audio,
    Button,
    ButtonReply,
    Buttons,
    Carried,
    Contact,
    Contacts,
    Content,
    Deleted,
    Document,
    Edited,
    File,
    GroupInvite,
    Image,
    InteractiveButtons,
    InteractiveReply,
    LinkPreview,
    ListMenu,
    ListReply,
    ListRow,
    ListSection,
    Location,
    Order,
    Poll,
    PollOption,
    PollVotes,
    Product,
    Reaction,
    Sticker,
    Template,
    TemplateReply,
    Text,
    UnknownContent,
    Video,
)

__all__ = [
    "Advert",
    "Audio",
    "Avatar",
    "BlockEvent",
    "Button",
    "ButtonReply",
    "Buttons",
    "CallEvent",
    "CallParticipant",
    "Carried",
    "Contact",
    "Contacts",
    "Content",
    "Deleted",
    "Device",
    "DeviceEvent",
    "Direction",
    "Document",
    "Edited",
    "Event",
    "File",
    "GroupInvite",
    "Image",
    "Incoming",
    "InteractiveButtons",
    "InteractiveReply",
    "LinkPreview",
    "ListMenu",
    "ListReply",
    "ListRow",
    "ListSection",
    "Location",
    "MessageEvent",
    "Order",
    "Poll",
    "PollOption",
    "PollVotes",
    "Product",
    "QuotaEvent",
    "Quoted",
    "Reaction",
    "StateEvent",
    "StatusEvent",
    "Sticker",
    "Template",
    "TemplateReply",
    "Text",
    "UnknownContent",
    "UnknownEvent",
    "Unreadable",
    "Video",
]

#: Who wrote a message: a guest, the instance's own phone, or a program through the API.
Direction: TypeAlias = Literal["in", "phone", "api"]


class Unreadable(ValueError):
    """These bytes are no event: not JSON, not UTF-8, not an object, nested too deeply. The text never repeats them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share.

    `type` is the wire's typeWebhook, "" when it has none. `wid` is None while the instance is not authorised. `at_ms`
    is GREEN-API's time, None when it is absent or impossible. `raw` is the decoded body. `problems` names the fields
    whose value was of another type than documented (such as `senderData.chatId`) and was therefore left out.
    """

    type: str
    instance_id: str | None = None
    instance_type: str = ""
    wid: str | None = None
    at_ms: int | None = None
    raw: Mapping[str, object]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """The copy of an earlier message that an answer carries; no content when the wire only names the message."""

    remote_id: str = ""
    sender_id: str = ""
    content: Content | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """A message in a chat: from a guest, from the instance's phone, or sent by the API."""

    direction: Direction
    remote_id: str = ""
    chat_id: str = ""
    sender_id: str = ""
    sender_name: str = ""
    contact_name: str = ""
    chat_name: str = ""
    sender_phone: str = ""
    chat_type: str = ""
    sender_type: str = ""
    is_group: bool = False
    content: Content
    quoted: Quoted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """How far a message came. `direction` "out": one that we sent; "in": a guest's, read on our side.

    Statuses repeat, skip and arrive out of order. `fail` of old instances is `failed` here.
    """

    direction: Literal["in", "out"]
    remote_id: str = ""
    chat_id: str = ""
    status: str = ""
    description: str = ""
    send_by_api: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEvent(Event):
    """The instance's state (`authorized` …, from stateInstanceChanged), or its line (`online` or `offline`).

    The other one is "".
    """

    state: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParticipant:
    """Somebody in a call."""

    id: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(Event):
    """A call. `status`: offer, pickUp, hungUp (also when the wire spells it hangUp), declined, missed, invalid."""

    direction: Literal["in", "out"]
    remote_id: str = ""
    chat_id: str = ""
    status: str = ""
    is_video: bool = False
    duration_s: int | None = None
    participants: tuple[CallParticipant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEvent(Event):
    """A guest blocked the instance's number (`chat_state` "blocked") or no longer does."""

    chat_id: str = ""
    chat_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaEvent(Event):
    """A limit of the tariff was reached. `method` is what was counted, such as `correspondents`."""

    method: str = ""
    used: int | None = None
    total: int | None = None
    status: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The phone behind the instance; `battery_percent` as the phone told it."""

    platform: str = ""
    manufacturer: str = ""
    model: str = ""
    os_version: str = ""
    whatsapp_version: str = ""
    battery_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatar:
    """A chat's picture."""

    chat_id: str = ""
    exists_whatsapp: bool | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent(Event):
    """News of the phone, or of a chat's picture."""

    device: Device | None = None
    avatar: Avatar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """A `typeWebhook` that greenbot does not know (yet), or none at all. What could be recognised is filled in."""

    remote_id: str = ""
    chat_id: str = ""


Incoming: TypeAlias = (
    MessageEvent | StatusEvent | StateEvent | CallEvent | BlockEvent | QuotaEvent | DeviceEvent | UnknownEvent
)
