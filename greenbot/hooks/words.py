"""The words people use for events in `--events`. Pure."""

import re
from collections.abc import Iterable

from greenbot.errors import UsageError
from greenbot.messages.incoming.model import (
    BlockEvent,
    CallEvent,
    DeviceEvent,
    Incoming,
    MessageEvent,
    QuotaEvent,
    StateEvent,
    StatusEvent,
)

EVERYTHING = "all"
#: Kinds of events, and what a message carries.
KINDS = ("message", "status", "state", "call", "block", "quota", "device", "unknown")
CONTENTS = (
    *("text", "image", "video", "document", "audio", "sticker", "location", "contact", "contacts"),
    *("reaction", "poll", "poll_votes", "edited", "deleted", "group_invite", "buttons"),
    *("list_menu", "template", "button_reply", "list_reply", "template_reply"),
    *("interactive_buttons", "interactive_reply", "product", "order", "unknown_content"),
)
#: GREEN-API's own names, such as incomingMessageReceived or textMessage.
_WIRE_NAME = re.compile(r"[a-z]+(?:[A-Z][A-Za-z]*)+")

_CLASSES: dict[type, str] = {
    MessageEvent: "message",
    StatusEvent: "status",
    StateEvent: "state",
    CallEvent: "call",
    BlockEvent: "block",
    QuotaEvent: "quota",
    DeviceEvent: "device",
}


def checked(words: Iterable[str]) -> tuple[str, ...]:
    """The words as a rule keeps them. Raises `UsageError` for one that names no event."""
    found = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    for word in found:
        if word not in (EVERYTHING, *KINDS, *CONTENTS) and not _WIRE_NAME.fullmatch(word):
            raise UsageError(
                f"No event is called '{word}'.",
                hint=f"Words: {EVERYTHING}, {', '.join(KINDS)}; of messages {', '.join(CONTENTS[:9])} … or a name of "
                "GREEN-API such as incomingMessageReceived.",
            )
    return found or (EVERYTHING,)


def kind_of(incoming: Incoming) -> str:
    """`message`, `status` …"""
    return _CLASSES.get(type(incoming), "unknown")


def content_kind(content: object) -> str:
    """`text`, `poll_votes` …: the class of a content in small letters."""
    return content_word(type(content))


def content_word(wanted: type) -> str:
    """The same for the class itself."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wanted.__name__).lower()


def words_of(incoming: Incoming) -> frozenset[str]:
    """Every word that names this event."""
    words = {EVERYTHING, kind_of(incoming), incoming.type}
    if isinstance(incoming, MessageEvent):
        words |= {content_kind(incoming.content), incoming.content.type}
    return frozenset(words)
