"""`messageData` of the wire -> `Content`: one small function for each `typeMessage`."""

from collections.abc import Callable, Mapping
from typing import Final

from greenbot.messages.incoming import choices, files
from greenbot.messages.incoming.contents import (
    Advert,
    Contact,
    Contacts,
    Content,
    Deleted,
    Edited,
    GroupInvite,
    LinkPreview,
    Location,
    Order,
    Poll,
    PollOption,
    PollVotes,
    Product,
    Reaction,
    Text,
    UnknownContent,
)
from greenbot.messages.incoming.fields import Fields

Maker = Callable[[Fields, str], Content]


def content(data: Fields) -> Content:
    """What `messageData` holds; `UnknownContent` for a typeMessage that is new or missing."""
    kind = data.text("typeMessage")
    make = MAKERS.get(kind)
    return make(data, kind) if make is not None else UnknownContent(type=kind, data=data.values)


def text(data: Fields, kind: str) -> Text:
    """textMessage, extendedTextMessage and quotedMessage, whose blocks GREEN-API exchanges at times."""
    if not data.has("extendedTextMessageData"):
        return _plain(data.block("textMessageData"), kind)
    block = data.block("extendedTextMessageData")
    return Text(
        type=kind,
        text=block.text("text") or data.block("textMessageData").text("textMessage"),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
        preview=preview(block),
        advert=_advert(block, data),
        answers_id=block.text("stanzaId"),
        answers_sender_id=block.text("participant"),
    )


def _plain(block: Fields, kind: str) -> Text:
    return Text(
        type=kind,
        text=block.text("textMessage"),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
        is_template=block.is_on("isTemplateMessage"),
    )


def preview(block: Fields) -> LinkPreview | None:
    """The card of a link; None when nothing would be drawn."""
    title, description, thumbnail = block.text("title"), block.text("description"), block.text("jpegThumbnail")
    if not (title or description or thumbnail):
        return None
    return LinkPreview(
        title=title, description=description, preview_type=block.text("previewType"), thumbnail=thumbnail
    )


def _advert(block: Fields, data: Fields) -> Advert | None:
    if not (block.has("sourceId", "sourceUrl", "sourceType", "ctwaClid") or data.has("ctwaClid")):
        return None
    return Advert(
        source_id=block.text("sourceId"),
        source_type=block.text("sourceType"),
        source_url=block.text("sourceUrl"),
        media_type=block.text("mediaType"),
        thumbnail_url=block.text("thumbnailUrl"),
        # GREEN-API docs name the field since October 2026 without saying where it stands.
        click_id=block.text("ctwaClid") or data.text("ctwaClid"),
        shows_attribution=block.is_on("showAdAttribution"),
        has_auto_reply=block.is_on("containsAutoReply"),
    )


def _location(data: Fields, kind: str) -> Location:
    return location_of(data.block("locationMessageData"), kind)


def location_of(block: Fields, kind: str) -> Location:
    """A point, from the block that holds it."""
    return Location(
        type=kind,
        latitude=block.decimal("latitude", most=90),
        longitude=block.decimal("longitude", most=180),
        name=block.text("nameLocation"),
        address=block.text("address"),
        thumbnail=block.text("jpegThumbnail"),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _contact(data: Fields, kind: str) -> Contact:
    return contact_of(data.block("contactMessageData"), kind)


def contact_of(block: Fields, kind: str) -> Contact:
    """A card, from the block that holds it."""
    return Contact(
        type=kind,
        name=block.text("displayName"),
        vcard=block.text("vcard"),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _contacts(data: Fields, kind: str) -> Contacts:
    # GREEN-API docs: the one block that has the name of its parent.
    block = data.block("messageData")
    return Contacts(
        type=kind,
        cards=tuple(contact_of(card, "contactMessage") for card in block.objects("contacts")),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _reaction(data: Fields, kind: str) -> Reaction:
    block, quoted = data.block("extendedTextMessageData"), data.block("quotedMessage")
    emoji = block.text("text")
    return Reaction(
        type=kind,
        emoji=emoji,
        target_id=quoted.text("stanzaId") or block.text("stanzaId"),
        target_sender_id=quoted.text("participant") or block.text("participant"),
        # A reaction whose text got lost takes nothing back.
        is_removed=block.values.get("text") == "",
    )


def _poll(data: Fields, kind: str) -> Poll:
    block = data.block("pollMessageData")
    return Poll(
        type=kind,
        name=block.text("name"),
        options=tuple(option.text("optionName") for option in block.objects("options")),
        is_multiple=block.is_on("multipleAnswers"),
    )


def _poll_votes(data: Fields, kind: str) -> PollVotes:
    block = data.block("pollMessageData")
    votes = (
        PollOption(name=option.text("optionName"), voters=option.texts("optionVoters"))
        for option in block.objects("votes")
    )
    return PollVotes(
        type=kind,
        target_id=block.text("stanzaId"),
        name=block.text("name"),
        votes=tuple(votes),
        is_multiple=block.is_on("multipleAnswers"),
    )


def _edited(data: Fields, kind: str) -> Edited:
    block = data.block("editedMessageData")
    is_caption = block.has("caption") and not block.has("textMessage")
    return Edited(
        type=kind,
        target_id=block.text("stanzaId"),
        text=block.text("caption" if is_caption else "textMessage"),
        is_caption=is_caption,
    )


def _deleted(data: Fields, kind: str) -> Deleted:
    return Deleted(type=kind, target_id=data.block("deletedMessageData").text("stanzaId"))


def _group_invite(data: Fields, kind: str) -> GroupInvite:
    block = data.block("groupInviteMessageData")
    return GroupInvite(
        type=kind,
        group_id=block.text("groupJid"),
        code=block.text("inviteCode"),
        expires=block.text("inviteExpiration"),
        group_name=block.text("groupName"),
        caption=block.text("caption"),
        name=block.text("name"),
        thumbnail=block.text("jpegThumbnail"),
    )


def _product(data: Fields, kind: str) -> Product:
    block = data.block("productMessage")
    picture = block.block("fileMessageData")
    return Product(
        type=kind,
        product_id=block.text("productId"),
        title=block.text("title"),
        description=block.text("description"),
        currency=block.text("currencyCode"),
        price=block.text("price"),
        url=block.text("url"),
        image_count=block.whole("productImageCount"),
        image=files.image_of(picture, "imageMessage") if picture.values else None,
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _order(data: Fields, kind: str) -> Order:
    block = data.block("orderMessage")
    return Order(
        type=kind,
        order_id=block.text("orderId"),
        token=block.text("token"),
        total_price=block.text("totalPrice"),
        seller_id=block.text("sellerJid"),
    )


#: typeMessage -> its function. GREEN-API docs: "Notifications format".
MAKERS: Final[Mapping[str, Maker]] = {
    "textMessage": text,
    "extendedTextMessage": text,
    "quotedMessage": text,
    **files.MAKERS,
    "locationMessage": _location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "reactionMessage": _reaction,
    "pollMessage": _poll,
    "pollUpdateMessage": _poll_votes,
    "editedMessage": _edited,
    "deletedMessage": _deleted,
    "groupInviteMessage": _group_invite,
    **choices.MAKERS,
    "productMessage": _product,
    "orderMessage": _order,
}
