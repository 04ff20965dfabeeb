"""`greenbot send …`: one command per kind of message. Each builds a draft and hands it to `delivery.send`."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.chat_id import ChatId

group = Group(
    "send", "Send a message. TO is a phone number, a chat id, @name from the contacts, or - for a list on stdin."
)

To = Annotated[str, typer.Argument(metavar="TO", help="Phone number, chat id, @contact, or - for a list on stdin.")]
Key = Annotated[str | None, typer.Option("--key", help="Send at most once for this key, however often this runs.")]
OncePer = Annotated[
    str | None,
    typer.Option("--once-per", metavar="hour|day", help="Send the same message at most once per hour or day."),
]
ReplyTo = Annotated[str | None, typer.Option("--reply-to", metavar="ID", help="Quote this message of the same chat.")]
Typing = Annotated[str | None, typer.Option("--typing", metavar="DURATION", help="Show 'typing…' first, 1s to 20s.")]
Caption = Annotated[str | None, typer.Option("--caption", help="Text below the file.")]
Name = Annotated[str | None, typer.Option("--name", help="File name the guest sees.")]
Header = Annotated[str | None, typer.Option("--header", help="Line above the text.")]
Footer = Annotated[str | None, typer.Option("--footer", help="Line below the text.")]
PreviewTitle = Annotated[str | None, typer.Option("--preview-title", help="A preview of your own: its title.")]
PreviewText = Annotated[str | None, typer.Option("--preview-text", help="Text of your own preview.")]
PreviewLink = Annotated[str | None, typer.Option("--preview-link", metavar="URL", help="Link of your own preview.")]
PreviewImage = Annotated[
    str | None, typer.Option("--preview-image", metavar="URL", help="Picture of your own preview.")
]
Background = Annotated[str | None, typer.Option("--background", metavar="#RRGGBB", help="Colour behind the text.")]
Audience = Annotated[
    list[str] | None, typer.Option("--to", metavar="TO", help="Show it only to this person; repeat for more.")
]


@group.command("text", instance=True, dry_run=True, sending=True)
def text(
    run: Run,
    to: To,
    message: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text, - for stdin, or @file.")] = None,
    preview: Annotated[bool | None, typer.Option("--preview/--no-preview", help="Show a preview of a link.")] = None,
    preview_size: Annotated[
        str | None, typer.Option("--preview-size", metavar="large|small", help="Size of the preview.")
    ] = None,
    reply_to: ReplyTo = None,
    preview_title: PreviewTitle = None,
    preview_text: PreviewText = None,
    preview_link: PreviewLink = None,
    preview_image: PreviewImage = None,
    typing: Typing = None,
    mark: Annotated[
        bool,
        typer.Option(
            "--reconcile-marker", help="End the text with an invisible mark, so that no other is taken for it."
        ),
    ] = False,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Send a text message.

    WhatsApp marks work: *bold*, _italic_, ~strike~, ```code```.

    Examples:
    greenbot send text "+380 44 123 4567" "Your room is ready."
    echo "Breakfast is until 11." | greenbot send text 380441234567
    greenbot send text 380441234567 @welcome.txt --key booking-4711
    greenbot send text - "The pool is open." < guests.txt
    """
    from greenbot.cli.delivery import own_preview, send
    from greenbot.cli.values import text_of
    from greenbot.errors import UsageError
    from greenbot.messages.outgoing import Text

    if to == "-" and message in (None, "-"):
        raise UsageError(
            "Recipients and text cannot both come from stdin.", hint="Give the text as an argument or as @file."
        )
    body = text_of(message, what="text")
    preview_parts = own_preview(preview_title, preview_text, preview_link, preview_image)
    send(
        run,
        to,
        lambda chat_id: Text(
            chat_id=chat_id,
            text=body,
            quoted_message_id=reply_to,
            link_preview=preview,
            preview_size=preview_size,
            custom_preview=preview_parts,
            typing_ms=_typing_ms(typing),
        ),
        key=key,
        once_per=once_per,
        mark=mark,
    )


@group.command("file", instance=True, dry_run=True, sending=True)
def file(
    run: Run,
    to: To,
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="A local file is uploaded, a URL is sent as a link to fetch.")
    ],
    caption: Caption = None,
    name: Name = None,
    reply_to: ReplyTo = None,
    typing: Typing = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Send a file: an image, a document, a video, a voice note.

    Examples:
    greenbot send file 380441234567 menu.pdf --caption "Tonight's menu"
    greenbot send file 380441234567 https://example.com/map.png --name map.png
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import file_draft

    typing_ms = _typing_ms(typing)
    send(
        run,
        to,
        lambda chat_id: file_draft(
            chat_id, source, caption=caption, file_name=name, quoted_message_id=reply_to, typing_ms=typing_ms
        ),
        key=key,
        once_per=once_per,
    )


@group.command("location", instance=True, dry_run=True, sending=True, negative_numbers=True)
def location(
    run: Run,
    to: To,
    latitude: Annotated[float, typer.Argument(metavar="LATITUDE", help="Degrees, -90 to 90.")],
    longitude: Annotated[float, typer.Argument(metavar="LONGITUDE", help="Degrees, -180 to 180.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the place.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Address of the place.")] = None,
    reply_to: ReplyTo = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Send a place on the map.

    Examples:
    greenbot send location 380441234567 50.4501 30.5234 --name "Grand Kyiv" --address "1 Main street"
    greenbot send location 380441234567 -33.8568 151.2153
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import Location

    send(
        run,
        to,
        lambda chat_id: Location(
            chat_id=chat_id,
            latitude=latitude,
            longitude=longitude,
            name=name,
            address=address,
            quoted_message_id=reply_to,
        ),
        key=key,
        once_per=once_per,
    )


@group.command("contact", instance=True, dry_run=True, sending=True)
def contact(
    run: Run,
    to: To,
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="The phone number of the contact.")] = None,
    first_name: Annotated[str | None, typer.Option("--first-name", help="First name.")] = None,
    middle_name: Annotated[str | None, typer.Option("--middle-name", help="Middle name.")] = None,
    last_name: Annotated[str | None, typer.Option("--last-name", help="Last name.")] = None,
    company: Annotated[str | None, typer.Option("--company", help="Company.")] = None,
    vcard: Annotated[
        str | None, typer.Option("--vcard", metavar="FILE", help="Take number and names from a vCard.")
    ] = None,
    reply_to: ReplyTo = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Send a contact card.

    Examples:
    greenbot send contact 380441234567 "+380 44 765 4321" --first-name Reception --company "Grand Kyiv"
    greenbot send contact 380441234567 --vcard reception.vcf
    """
    from greenbot.cli.delivery import contact_draft, send

    names = {"first_name": first_name, "middle_name": middle_name, "last_name": last_name, "company": company}
    send(
        run, to, contact_draft(run, number, names, vcard=vcard, quoted_message_id=reply_to), key=key, once_per=once_per
    )


@group.command("poll", instance=True, dry_run=True, sending=True)
def poll(
    run: Run,
    to: To,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="At most 255 characters.")],
    options: Annotated[list[str], typer.Argument(metavar="OPTION...", help="2 to 12 different answers.")],
    multiple: Annotated[bool, typer.Option("--multiple", help="Guests may choose more than one.")] = False,
    reply_to: ReplyTo = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Ask guests to choose.

    Examples:
    greenbot send poll 380441234567 "When shall we clean your room?" Morning Noon "Not today"
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import Poll

    send(
        run,
        to,
        lambda chat_id: Poll(
            chat_id=chat_id,
            question=question,
            options=tuple(options),
            multiple_answers=multiple,
            quoted_message_id=reply_to,
        ),
        key=key,
        once_per=once_per,
    )


@group.command("buttons", instance=True, dry_run=True, sending=True)
def buttons(
    run: Run,
    to: To,
    body: Annotated[str, typer.Argument(metavar="TEXT", help="The text above the buttons.")],
    button: Annotated[
        list[str],
        typer.Option(
            "--button",
            metavar="BUTTON",
            help="reply:LABEL, copy:LABEL:CODE, call:LABEL:NUMBER or url:LABEL:LINK; up to 3.",
        ),
    ],
    header: Header = None,
    footer: Footer = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Send a text with buttons.

    Reply buttons answer with their label; the other kinds copy a code, call a number or open a link.

    Examples:
    greenbot send buttons 380441234567 "Late check-out?" --button "reply:Yes, please" --button "reply:No"
    greenbot send buttons 380441234567 "Your booking" --button "copy:Copy the code:4711"
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import buttons_draft

    send(
        run,
        to,
        lambda chat_id: buttons_draft(chat_id, body, button, header=header, footer=footer),
        key=key,
        once_per=once_per,
    )


@group.command("forward", instance=True, dry_run=True, sending=True)
def forward(
    run: Run,
    to: To,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="GREEN-API ids of the messages.")],
    source: Annotated[str, typer.Option("--from", metavar="CHAT", help="The chat in which they are.")],
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Forward messages of one chat to another.

    Examples:
    greenbot send forward 380441234567 BAE587FA1CECF760 --from 380447654321
    """
    from greenbot.cli.delivery import send
    from greenbot.cli.recipients import recipients
    from greenbot.messages.outgoing import Forward

    from_chat = recipients(run, source)[0]
    send(
        run,
        to,
        lambda chat_id: Forward(chat_id=chat_id, from_chat_id=from_chat, message_ids=tuple(ids)),
        key=key,
        once_per=once_per,
    )


@group.command("status", instance=True, dry_run=True, sending=True)
def status(
    run: Run,
    message: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text, - for stdin, or @file.")] = None,
    voice: Annotated[str | None, typer.Option("--voice", metavar="URL", help="A voice status from this link.")] = None,
    media: Annotated[
        str | None, typer.Option("--media", metavar="URL", help="An image or video status from this link.")
    ] = None,
    caption: Caption = None,
    name: Name = None,
    background: Background = None,
    font: Annotated[
        str | None, typer.Option("--font", help="SERIF, SANS_SERIF, NORICAN_REGULAR, BRYNDAN_WRITE or OSWALD_HEAVY.")
    ] = None,
    audience: Audience = None,
    key: Key = None,
    once_per: OncePer = None,
) -> None:
    """Post a status (story) of the number.

    Examples:
    greenbot send status "The terrace is open" --background "#228B22" --font SERIF
    greenbot send status --media https://example.com/terrace.jpg --caption "Good morning"
    """
    from greenbot.cli.delivery import send_status, status_draft

    who = _audience(run, audience)
    draft = status_draft(
        message,
        voice=voice,
        media=media,
        caption=caption,
        file_name=name,
        background=background,
        font=font,
        participants=who,
    )
    send_status(run, draft, key=key, once_per=once_per)


@group.command("reaction", instance=True, dry_run=True, sending=True)
def reaction(
    run: Run,
    to: To,
    message_id: Annotated[str, typer.Argument(metavar="ID", help="GREEN-API id of the message.")],
    emoji: Annotated[str, typer.Argument(metavar="EMOJI", help="The reaction.")],
    key: Key = None,
) -> None:
    """React to a message with an emoji.

    Examples:
    greenbot send reaction 380441234567 3EB0C767D097B7C7C030 👍
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import Reaction

    send(run, to, lambda chat_id: Reaction(chat_id=chat_id, message_id=message_id, emoji=emoji), key=key, once_per=None)


@group.command("typing", instance=True, dry_run=True)
def typing_notice(
    run: Run,
    to: To,
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="1s to 20s.")] = "5s",
    recording: Annotated[bool, typer.Option("--recording", help="Show 'recording audio…' instead.")] = False,
) -> None:
    """Show 'typing…' in a chat for a while.

    Examples:
    greenbot send typing 380441234567 8s
    """
    from greenbot.cli.delivery import send
    from greenbot.messages.outgoing import Typing as TypingDraft

    shown_ms = _typing_ms(duration) or 0
    typing = partial(TypingDraft, typing_ms=shown_ms, recording=recording)
    send(run, to, lambda chat_id: typing(chat_id=chat_id), key=None, once_per=None)


def _typing_ms(duration: str | None) -> int | None:
    if duration is None:
        return None
    from greenbot.cli.values import seconds_of

    return round(seconds_of(duration) * 1000)


def _audience(run: Run, audience: list[str] | None) -> "tuple[ChatId, ...]":
    from greenbot.cli.recipients import recipients

    return tuple(chat for given in audience or () for chat in recipients(run, given))
