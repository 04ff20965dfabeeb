"""What a person would read of an event: the searchable text of a content, and one line for tables."""

from typing import Final

from greenbot.messages.incoming.contents import (
    Audio,
    ButtonReply,
    Buttons,
    Contact,
    Contacts,
    Content,
    Deleted,
    Document,
    Edited,
    GroupInvite,
    Image,
    InteractiveButtons,
    InteractiveReply,
    ListMenu,
    ListReply,
    Location,
    Order,
    Poll,
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

#: Of a summary, so that a table keeps its lines.
LONGEST: Final = 200


def text_of(content: Content) -> str:
    """The words in it, for reading, searching and understanding: a text, a caption, a poll's question and options.

    Lines are kept; "" when there are no words. The result is a stranger's text: not for a terminal as it is.
    """
    return "\n".join(part for part in _words(content) if part)


def _words(content: Content) -> tuple[str, ...]:
    match content:
        case Text() | Edited():
            return (content.text,)
        case Image() | Video() | Audio() | Sticker():
            return (content.caption,)
        case Document():
            return (content.caption or content.file_name,)
        case Location():
            return content.name, content.address
        case Contact():
            return (content.name,)
        case Contacts():
            return tuple(card.name for card in content.cards)
        case Reaction():
            return (content.emoji,)
        case _:
            return _words_of_choices(content)


def _words_of_choices(content: Content) -> tuple[str, ...]:
    match content:
        case Poll():
            return content.name, *content.options
        case PollVotes():
            return content.name, *(vote.name for vote in content.votes if vote.voters)
        case Buttons() | Template():
            return content.text, content.footer, *(button.text for button in content.buttons)
        case InteractiveButtons():
            return content.title, content.text, content.footer, *(button.text for button in content.buttons)
        case ListMenu():
            rows = (
                part for section in content.sections for row in section.rows for part in (row.title, row.description)
            )
            return content.title, content.text, content.footer, *rows
        case ButtonReply() | TemplateReply() | InteractiveReply():
            return (content.text or content.button_id,)
        case ListReply():
            return (content.title or content.row_id,)
        case GroupInvite():
            return content.group_name, content.caption
        case Product():
            return content.title, content.description
        case _:
            return ()


def summary_of(incoming: Incoming) -> str:
    """One line of at most 200 characters for a table: `photo: Our view`. Still a stranger's text: show it safely."""
    line = " ".join(_line(incoming).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _line(incoming: Incoming) -> str:
    match incoming:
        case MessageEvent():
            return summary_of_content(incoming.content)
        case StatusEvent():
            return _with(incoming.status or "status", incoming.description)
        case StateEvent():
            return incoming.state or incoming.line or "state"
        case CallEvent():
            return _call(incoming)
        case BlockEvent():
            return incoming.chat_state or "block"
        case QuotaEvent():
            used = "" if incoming.used is None else f" {incoming.used} of {_number(incoming.total)}"
            return f"quota: {incoming.method or 'unknown'}{used}"
        case DeviceEvent():
            return _device(incoming)
        case _:
            return _with("unknown", incoming.type)


def _call(call: CallEvent) -> str:
    kind = "video call" if call.is_video else "call"
    lasted = f", {call.duration_s} s" if call.duration_s else ""
    return f"{kind}: {call.status or 'unknown'}{lasted}"


def _device(event: DeviceEvent) -> str:
    if event.device is not None:
        battery = event.device.battery_percent
        return _with("phone", event.device.model + ("" if battery is None else f" {battery} %"))
    return _with("picture", event.avatar.url if event.avatar is not None else "")


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def summary_of_content(content: Content) -> str:
    """What kind of message it is, and its words. Texts and answers stand for themselves."""
    words = text_of(content)
    match content:
        case Text():
            return words
        case Reaction(is_removed=True):
            return "reaction removed"
        case Deleted():
            return "deleted"
        case Location() if not words and content.latitude is not None and content.longitude is not None:
            return f"place: {content.latitude:.5f}, {content.longitude:.5f}"
        case Order():
            return _with("order", content.order_id)
        case UnknownContent():
            return _with("unknown", content.type)
        case _:
            return _with(kind_of(content), words)


def kind_of(content: Content) -> str:
    """greenbot's word for a kind of content, such as `photo` or `voice`."""
    if isinstance(content, Audio):
        return "voice" if content.is_voice else "audio"
    if isinstance(content, Video) and content.is_animated:
        return "animation"
    return NAMES[type(content)]


def _with(kind: str, words: str) -> str:
    return f"{kind}: {words}" if words else kind


NAMES: Final[dict[type[Content], str]] = {
    Text: "text",
    Image: "photo",
    Video: "video",
    Document: "document",
    Audio: "audio",
    Sticker: "sticker",
    Location: "place",
    Contact: "contact",
    Contacts: "contacts",
    Reaction: "reaction",
    Poll: "poll",
    PollVotes: "votes",
    Edited: "edited",
    Deleted: "deleted",
    GroupInvite: "group invite",
    Buttons: "buttons",
    ListMenu: "list",
    Template: "template",
    ButtonReply: "chose",
    ListReply: "chose",
    TemplateReply: "chose",
    InteractiveButtons: "buttons",
    InteractiveReply: "chose",
    Product: "product",
    Order: "order",
    UnknownContent: "unknown",
}
