"""Default `messageData` objects, one for every documented kind of message.

GREEN-API docs: Receiving, "Notifications format"; the shapes are those of tests/data/webhooks.
"""

from typing import Final

Body = dict[str, object]

THUMBNAIL: Final = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYG"
OWN_ID: Final = "11001234567@c.us"
GUEST_ID: Final = "11001234568@c.us"
MEDIA: Final = "https://media.example.invalid/7103000000/"
QUOTED_ID: Final = "BAE5F4886F6F2D05"
ORIGINAL_ID: Final = "3A3B8F6A1F2C4D5E6F70"


def forwarding(*, score: int = 0) -> Body:
    """The two fields that say how often a message was forwarded."""
    return {"forwardingScore": score, "isForwarded": score > 0}


def text(message: str) -> Body:
    """A plain text typed by a person."""
    return {"typeMessage": "textMessage", "textMessageData": {"textMessage": message}}


def extended_text(message: str, *, title: str = "", description: str = "", score: int = 0) -> Body:
    """A text with a link preview; GREEN-API also reports every text sent by the API in this shape."""
    data: Body = {"text": message, "description": description, "title": title, "previewType": "None"}
    data["jpegThumbnail"] = THUMBNAIL if title else ""
    return {"typeMessage": "extendedTextMessage", "extendedTextMessageData": data | forwarding(score=score)}


def file_data(
    file_name: str,
    mime_type: str,
    *,
    download_url: str | None = None,
    caption: str = "",
    thumbnail: str = "",
    is_animated: bool = False,
) -> Body:
    """The `fileMessageData` object shared by pictures, videos, documents, sounds and stickers."""
    return {
        "downloadUrl": MEDIA + file_name if download_url is None else download_url,
        "caption": caption,
        "fileName": file_name,
        "jpegThumbnail": thumbnail,
        "isAnimated": is_animated,
        "mimeType": mime_type,
        **forwarding(),
    }


def file(type_message: str, data: Body) -> Body:
    """A message that carries a file; `data` comes from `file_data`."""
    return {"typeMessage": type_message, "fileMessageData": data}


def location(latitude: float, longitude: float, *, name: str = "", address: str = "") -> Body:
    """A point on the map."""
    point: Body = {"nameLocation": name, "address": address, "latitude": latitude, "longitude": longitude}
    data = point | {"jpegThumbnail": ""} | forwarding()
    return {"typeMessage": "locationMessage", "locationMessageData": data}


def vcard(name: str, phone: str) -> str:
    """A vCard of one person with one WhatsApp number (digits only)."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{name};;;", f"FN:{name}"]
    lines += [f"item1.TEL;waid={phone}:+{phone}", "item1.X-ABLabel:Mobile", "END:VCARD"]
    return "\n".join(lines)


def contact(name: str, phone: str) -> Body:
    """One contact card."""
    data: Body = {"displayName": name, "vcard": vcard(name, phone)}
    return {"typeMessage": "contactMessage", "contactMessageData": data | forwarding()}


def contacts(people: list[tuple[str, str]]) -> Body:
    """Several contact cards, given as (name, phone) pairs."""
    cards = [{"displayName": name, "vcard": vcard(name, phone)} for name, phone in people]
    return {"typeMessage": "contactsArrayMessage", "messageData": {"contacts": cards, **forwarding()}}


def poll(question: str, options: list[str], *, multiple_answers: bool = False) -> Body:
    """A poll as it was asked."""
    choices = [{"optionName": option} for option in options]
    data: Body = {"name": question, "options": choices, "multipleAnswers": multiple_answers}
    return {"typeMessage": "pollMessage", "pollMessageData": data}


def poll_update(question: str, votes: dict[str, list[str]], *, stanza_id: str, multiple: bool = False) -> Body:
    """The whole state of a poll after a vote: option -> ids of those who chose it."""
    state = [{"optionName": option, "optionVoters": voters} for option, voters in votes.items()]
    data: Body = {"stanzaId": stanza_id, "name": question, "votes": state, "multipleAnswers": multiple}
    return {"typeMessage": "pollUpdateMessage", "pollMessageData": data}


def quote(type_message: str, fields: Body, *, stanza_id: str = QUOTED_ID, participant: str = OWN_ID) -> Body:
    """The `quotedMessage` object that stands beside the data of a reply."""
    return {"stanzaId": stanza_id, "participant": participant, "typeMessage": type_message, **fields}


def reply(message: str, quoted: Body) -> Body:
    """A reply to an earlier message; `quoted` comes from `quote`."""
    data = {"text": message, "stanzaId": quoted["stanzaId"], "participant": quoted["participant"]}
    return {"typeMessage": "quotedMessage", "extendedTextMessageData": data, "quotedMessage": quoted}


def reaction(emoji: str, *, stanza_id: str = QUOTED_ID, participant: str = OWN_ID) -> Body:
    """A reaction to a message; an empty emoji means that the reaction was taken back."""
    quoted = {"stanzaId": stanza_id, "participant": participant}
    return {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": emoji},
        "quotedMessage": quoted,
    }


def edited(new_text: str, *, stanza_id: str = ORIGINAL_ID, field: str = "textMessage") -> Body:
    """The correction of an earlier message; `field` is `textMessage` or `caption`."""
    return {"typeMessage": "editedMessage", "editedMessageData": {field: new_text, "stanzaId": stanza_id}}


def deleted(*, stanza_id: str = ORIGINAL_ID) -> Body:
    """The removal of an earlier message."""
    return {"typeMessage": "deletedMessage", "deletedMessageData": {"stanzaId": stanza_id}}


def block(type_message: str, data: Body, *, key: str | None = None) -> Body:
    """A message whose data stand under a key of the same name (or `key` where the name differs)."""
    return {"typeMessage": type_message, key or type_message: data}
