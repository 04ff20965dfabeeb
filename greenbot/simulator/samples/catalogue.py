"""One complete `messageData` for every kind of message that a webhook can carry, by sample name."""

from typing import Final

from greenbot.simulator.samples import messages as m
from greenbot.simulator.samples.messages import GUEST_ID, MEDIA, OWN_ID, QUOTED_ID, THUMBNAIL, Body

_EMPTY_PLACE: Final[Body] = {
    "nameLocation": "",
    "address": "",
    "jpegThumbnail": "",
    "latitude": 52.37,
    "longitude": 4.89,
}
_LINK: Final[Body] = {
    "description": "Rooms by the sea",
    "title": "Hotel",
    "previewType": "None",
    "jpegThumbnail": None,
}
_ADVERTISING: Final[Body] = {
    "containsAutoReply": False,
    "mediaType": "IMAGE",
    "showAdAttribution": True,
    "sourceId": "120200000000000001",
    "sourceType": "ad",
    "sourceUrl": "https://ads.example.invalid/autumn",
    "thumbnailUrl": "https://ads.example.invalid/autumn.jpg",
}


def _advertising() -> Body:
    data = m.extended_text("Hello, what does a room cost?", title="Hotel", description="Autumn sale")
    block = data["extendedTextMessageData"]
    assert isinstance(block, dict)
    return data | {"extendedTextMessageData": block | _ADVERTISING}


_PICTURE = m.file_data("beach.jpg", "image/jpeg", caption="Our view", thumbnail=THUMBNAIL)
_SOUND = m.file_data("voice.oga", "audio/ogg; codecs=opus")

_TEXTS: Final[dict[str, Body]] = {
    "textMessage": m.text("Good morning, is breakfast included?"),
    "textMessage.group": m.text("Good morning, team"),
    "textMessage.lid": m.text("Hello from a hidden number"),
    "textMessage.swe001": m.text("{{SWE001}}"),
    "textMessage.swe003": m.text("{{SWE003}}"),
    "extendedTextMessage": m.extended_text(
        "https://hotel.example.invalid/", title="Hotel", description="Rooms by the sea"
    ),
    "extendedTextMessage.advertising": _advertising(),
    "extendedTextMessage.forwarded": m.extended_text("Please read and pass on", score=5),
    "quotedMessage.text": m.reply("Yes, at 10:30", m.quote("textMessage", {"textMessage": "Shall we meet tomorrow?"})),
    "quotedMessage.extendedText": m.reply(
        "Thank you",
        m.quote("extendedTextMessage", {"textMessage": "https://a.invalid", "extendedTextMessage": _LINK}),
    ),
    "quotedMessage.image": m.reply(
        "Nice", m.quote("imageMessage", {"downloadUrl": "", "caption": "", "jpegThumbnail": ""})
    ),
    "quotedMessage.location": m.reply("Address?", m.quote("locationMessage", {"location": _EMPTY_PLACE})),
    "quotedMessage.contact": m.reply(
        "Who is it?",
        m.quote(
            "contactMessage",
            {"contact": {"displayName": "Reception", "vcard": m.vcard("Reception", "11001230000")}},
        ),
    ),
    "reactionMessage": m.reaction("👍"),
    "reactionMessage.removed": m.reaction(""),
    "editedMessage": m.edited("New text of the message"),
    "editedMessage.caption": m.edited("New caption of the file", field="caption"),
    "deletedMessage": m.deleted(),
}

_FILES: Final[dict[str, Body]] = {
    "imageMessage": m.file("imageMessage", _PICTURE),
    "imageMessage.quotedLocation": m.file("imageMessage", _PICTURE)
    | {"quotedMessage": m.quote("locationMessage", {"location": _EMPTY_PLACE})},
    "videoMessage": m.file(
        "videoMessage", m.file_data("tour.mp4", "video/mp4", caption="Our house", thumbnail=THUMBNAIL)
    ),
    "videoMessage.gif": m.file(
        "videoMessage", m.file_data("loop.mp4", "video/mp4", thumbnail=THUMBNAIL, is_animated=True)
    ),
    "videoMessage.swe002": m.file("videoMessage", m.file_data("big.mp4", "video/mp4", download_url="{{SWE002}}")),
    "documentMessage": m.file("documentMessage", m.file_data("booking.pdf", "application/pdf", caption="Please sign")),
    "audioMessage": m.file("audioMessage", _SOUND),
    "audioMessage.quoted": m.file("audioMessage", _SOUND)
    | {"quotedMessage": m.quote("textMessage", {"textMessage": "Hello"})},
    "stickerMessage": m.file("stickerMessage", m.file_data("smile.webp", "image/webp")),
}

_CARDS: Final[dict[str, Body]] = {
    "locationMessage": m.location(12.3456789, 10.1112131, name="Restaurant", address="2 Main street"),
    "contactMessage": m.contact("Sample Contact", "11001234569"),
    "contactsArrayMessage": m.contacts([("Anna Smit", "11001230001"), ("Alex Smit", "11001230002")]),
    "pollMessage": m.poll("Which room do you like?", ["Sea", "Garden", "Street"]),
    "pollUpdateMessage": m.poll_update(
        "Which room do you like?", {"Sea": [GUEST_ID], "Garden": []}, stanza_id=QUOTED_ID
    ),
    "groupInviteMessage": m.block(
        "groupInviteMessage",
        {
            "groupJid": "11001234500-1506012221@g.us",
            "inviteCode": "a7E5WUg7rmjaQnv",
            "inviteExpiration": "0",
            "groupName": "Day trips",
            "caption": "Join our day trips",
            "name": "Reception",
            "jpegThumbnail": THUMBNAIL,
        },
        key="groupInviteMessageData",
    ),
}

_REPLY_BUTTONS: Final = [
    {"type": "reply", "buttonId": "1", "buttonText": "Yes"},
    {"type": "reply", "buttonId": "2", "buttonText": "No"},
]
_ACTION_BUTTONS: Final = [
    {"type": "copy", "buttonId": "1", "buttonText": "Copy code", "copyCode": "1357"},
    {"type": "call", "buttonId": "2", "buttonText": "Call us", "phoneNumber": "11001234501"},
    {"type": "url", "buttonId": "3", "buttonText": "Open", "url": "https://hotel.example.invalid"},
]
_HEADINGS: Final[Body] = {"titleText": "Breakfast", "contentText": "Shall we serve it?", "footerText": "7-11"}
_SELECTED: Final[Body] = {
    "stanzaId": QUOTED_ID,
    "selectedIndex": 0,
    "selectedId": "1",
    "selectedDisplayText": "Yes",
}

_CHOICES: Final[dict[str, Body]] = {
    "buttonsMessage": m.block(
        "buttonsMessage",
        {
            "contentText": "Towels?",
            "footer": "Housekeeping",
            "buttons": [{"buttonId": "1", "buttonText": "Yes"}, {"buttonId": "2", "buttonText": "No"}],
            **m.forwarding(),
        },
    ),
    "listMessage": m.block(
        "listMessage",
        {
            "contentText": "What may we bring?",
            "title": "Room service",
            "footer": "24 hours",
            "buttonText": "Choose",
            "sections": [
                {
                    "title": "Drinks",
                    "rows": [
                        {"title": "Water", "rowId": "water"},
                        {"title": "Tea", "rowId": "tea", "description": "Green or black"},
                    ],
                },
                {"title": "Food", "rows": [{"title": "Soup", "rowId": "soup"}]},
            ],
            **m.forwarding(),
        },
    ),
    "templateMessage": m.block(
        "templateMessage",
        {
            "contentText": "Welcome",
            "footer": "Reception",
            "buttons": [
                {"urlButton": {"displayText": "Map", "url": "https://hotel.example.invalid"}, "index": 1},
                {"callButton": {"displayText": "Call us", "phoneNumber": "+11001234501"}, "index": 2},
                {"quickReplyButton": {"displayText": "Hello", "id": "hello"}, "index": 3},
            ],
            **m.forwarding(),
        },
    ),
    "buttonsResponseMessage": m.block(
        "buttonsResponseMessage",
        {"stanzaId": QUOTED_ID, "selectedButtonId": "1", "selectedButtonText": "Yes"},
    ),
    "listResponseMessage": m.block(
        "listResponseMessage",
        {"stanzaId": QUOTED_ID, "title": "Tea", "listType": 1, "singleSelectReply": "tea"},
    ),
    "templateButtonsReplyMessage": m.block("templateButtonsReplyMessage", _SELECTED, key="templateButtonReplyMessage"),
    "interactiveButtons": m.block("interactiveButtons", {**_HEADINGS, "buttons": _ACTION_BUTTONS}),
    "interactiveButtonsReply": m.block("interactiveButtonsReply", {**_HEADINGS, "buttons": _REPLY_BUTTONS}),
    "interactiveButtonsResponse": m.block("interactiveButtonsResponse", _SELECTED),
}

_SHOP: Final[dict[str, Body]] = {
    "productMessage": m.block(
        "productMessage",
        {
            "productId": "7342345678901234",
            "title": "Spa voucher",
            "description": "One hour",
            "currencyCode": "EUR",
            "price": "2500",
            "url": MEDIA + "voucher",
            "productImageCount": 1,
            "fileMessageData": m.file_data("voucher.jpg", "image/jpeg"),
        },
    ),
    "orderMessage": m.block(
        "orderMessage",
        {
            "orderId": "1234567890123456",
            "token": "exampleOrderToken==",
            "totalPrice": "250000",
            "sellerJid": OWN_ID,
        },
    ),
}

MESSAGES: Final[dict[str, Body]] = _TEXTS | _FILES | _CARDS | _CHOICES | _SHOP
