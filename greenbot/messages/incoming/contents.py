"""What a message can carry: one frozen type for every `typeMessage` of the wire.

GREEN-API docs: "Notifications format". Everything a guest wrote is hostile text: show it through `safe_text` only. An
absent text is "", an absent number None. `target_id` is always the remote id of the message that this one is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What all contents share: the wire's `typeMessage`, and how often the message was passed on."""

    type: str
    is_forwarded: bool = False
    forwarding_score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPreview:
    """The card that WhatsApp draws below a link; `thumbnail` is a small JPEG in base64."""

    title: str = ""
    description: str = ""
    preview_type: str = ""
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert:
    """The advertisement that led the guest into the chat."""

    source_id: str = ""
    source_type: str = ""
    source_url: str = ""
    media_type: str = ""
    thumbnail_url: str = ""
    click_id: str = ""
    shows_attribution: bool = False
    has_auto_reply: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Carried):
    """A text: textMessage, extendedTextMessage (with a link), quotedMessage (an answer to an earlier message).

    `answers_id` and `answers_sender_id` are what the text itself says it answers; `MessageEvent.quoted` is the copy of
    that message.
    """

    text: str = ""
    preview: LinkPreview | None = None
    advert: Advert | None = None
    is_template: bool = False
    answers_id: str = ""
    answers_sender_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Carried):
    """What the five kinds of files share. `download_url` may be a marker such as `{{SWE002}}` instead of an address."""

    download_url: str = ""
    caption: str = ""
    file_name: str = ""
    mime_type: str = ""
    thumbnail: str = ""
    is_animated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(File):
    """A picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(File):
    """A video; an animation without sound has `is_animated`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(File):
    """Any file sent as a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio(File):
    """A sound. WhatsApp records voice notes as Ogg Opus, which is how `is_voice` knows them."""

    is_voice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticker(File):
    """A sticker (webp)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(Carried):
    """A point on the map; None where the wire gave no number within the globe."""

    latitude: float | None = None
    longitude: float | None = None
    name: str = ""
    address: str = ""
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Carried):
    """A contact card; `vcard` as the guest's phone wrote it."""

    name: str = ""
    vcard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts(Carried):
    """Several contact cards in one message."""

    cards: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(Carried):
    """An emoji put on a message; `is_removed` when it was taken back."""

    emoji: str = ""
    target_id: str = ""
    target_sender_id: str = ""
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll(Carried):
    """A question with its options."""

    name: str = ""
    options: tuple[str, ...] = ()
    is_multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOption:
    """One option of a poll and the chat ids of those who chose it."""

    name: str = ""
    voters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVotes(Carried):
    """The whole standing of a poll after somebody voted."""

    target_id: str = ""
    name: str = ""
    votes: tuple[PollOption, ...] = ()
    is_multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Carried):
    """The new text of an earlier message, or of its caption."""

    target_id: str = ""
    text: str = ""
    is_caption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Carried):
    """An earlier message was deleted for everyone."""

    target_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInvite(Carried):
    """An invitation into a group; `expires` as the wire says it ("0": never)."""

    group_id: str = ""
    code: str = ""
    expires: str = ""
    group_name: str = ""
    caption: str = ""
    name: str = ""
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of any kind: `kind` is reply, url, call or copy, and the field of its kind is filled."""

    kind: str = "reply"
    id: str = ""
    text: str = ""
    url: str = ""
    phone: str = ""
    copy_code: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons(Carried):
    """A text with reply buttons (buttonsMessage)."""

    text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One choice of a list."""

    id: str = ""
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSection:
    """A heading with its choices."""

    title: str = ""
    rows: tuple[ListRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMenu(Carried):
    """A text with a list to choose from (listMessage)."""

    title: str = ""
    text: str = ""
    footer: str = ""
    button_text: str = ""
    sections: tuple[ListSection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Carried):
    """A text with template buttons (templateMessage)."""

    text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonReply(Carried):
    """A pressed button (buttonsResponseMessage)."""

    target_id: str = ""
    button_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReply(Carried):
    """A chosen row of a list (listResponseMessage)."""

    target_id: str = ""
    row_id: str = ""
    title: str = ""
    list_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReply(Carried):
    """A pressed template button (templateButtonsReplyMessage, also spelled templateButtonReplyMessage)."""

    target_id: str = ""
    button_id: str = ""
    text: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractiveButtons(Carried):
    """A text with interactive buttons (interactiveButtons) or reply buttons (interactiveButtonsReply)."""

    title: str = ""
    text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractiveReply(Carried):
    """A pressed interactive button (interactiveButtonsResponse)."""

    target_id: str = ""
    button_id: str = ""
    text: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Carried):
    """A product of the catalogue; `price` as the wire says it, in minor units."""

    product_id: str = ""
    title: str = ""
    description: str = ""
    currency: str = ""
    price: str = ""
    url: str = ""
    image_count: int | None = None
    image: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Carried):
    """An order from the catalogue; `total_price` as the wire says it, in minor units."""

    order_id: str = ""
    token: str = ""
    total_price: str = ""
    seller_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownContent(Carried):
    """A `typeMessage` that greenbot does not know (yet), or none at all; `data` is the wire's messageData."""

    data: Mapping[str, object]


Content: TypeAlias = (
    Text
    | Image
    | Video
    | Document
    | Audio
    | Sticker
    | Location
    | Contact
    | Contacts
    | Reaction
    | Poll
    | PollVotes
    | Edited
    | Deleted
    | GroupInvite
    | Buttons
    | ListMenu
    | Template
    | ButtonReply
    | ListReply
    | TemplateReply
    | InteractiveButtons
    | InteractiveReply
    | Product
    | Order
    | UnknownContent
)
