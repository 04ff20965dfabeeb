"""What every draft asks of its fields, in words for the person at the reception desk.

Characters are counted as UTF-16 units: no source says whether GREEN-API counts those or code
points, and units are never fewer (an emoji counts as two).
"""

import re
from collections.abc import Collection

from greenbot.chat_id import ChatId, parse_chat_id
from greenbot.errors import BadChatId, BadDraft, BadFile, GreenbotError
from greenbot.messages import limits
from greenbot.safe_text import safe_text

_REMOTE_ID = re.compile(r"[!-~]+")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_LINK = re.compile(
    r"https?://(?:[\w-]+\.)*[\w-]+\.?(?::(?P<port>\d{1,5}))?(?:[/?#].*)?|https?://\[[0-9a-f:.]+\](?::\d{1,5})?(?:[/?#].*)?",
    re.IGNORECASE,
)
_LINK_IN_TEXT = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def characters(text: str) -> int:
    """The length as GREEN-API may count it at most: UTF-16 units."""
    return len(text) + sum(1 for character in text if character > "\uffff") if not text.isascii() else len(text)


def shown(text: str) -> str:
    """Input as it may stand in a message to a person: quoted, escaped, short."""
    return f"'{safe_text(text, limit=60)}'"


def check_text(text: object, *, what: str, most: int | None = None, required: bool = False) -> None:
    """`what` is how the message begins, such as `The caption`. None is fine unless required. Raises `BadDraft`."""
    if text is None and not required:
        return
    if not isinstance(text, str):
        raise BadDraft(f"{what} is not text.")
    if required and not text.strip():
        raise BadDraft(f"{what} is empty.", hint="Write something the guest can read.")
    if "\0" in text:
        raise BadDraft(f"{what} contains a zero byte at position {text.index(chr(0)) + 1}.", hint="Is it really text?")
    if not is_encodable(text):
        raise BadDraft(f"{what} contains a broken character.", hint="Save the text as UTF-8 and try again.")
    if most is not None:
        _check_length(text, what=what, most=most)


def is_encodable(text: str) -> bool:
    """Whether the text can be written as UTF-8: it cannot when half of a character pair stands alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_length(text: str, *, what: str, most: int) -> None:
    count = characters(text)
    if count <= most:
        return
    emoji = " Emoji count as two." if count != len(text) else ""
    raise BadDraft(
        f"{what} has {count:,} characters; at most {most:,} are possible.",
        hint=f"Shorten it by {count - most:,}, or say it in two messages.{emoji}",
    )


def check_choice(value: object, choices: Collection[str], *, what: str) -> None:
    """Raises `BadDraft` unless `value` is one of `choices`, or None."""
    if value is not None and value not in choices:
        raise BadDraft(f"{what} cannot be {shown(str(value))}.", hint=f"Choose one of: {', '.join(choices)}.")


def check_flag(value: object, *, what: str) -> None:
    """Raises `BadDraft` unless `value` is true, false or None."""
    if value is not None and not isinstance(value, bool):
        raise BadDraft(f"{what} is either true or false, not {shown(str(value))}.")


def check_count(found: int, allowed: range, *, what: str, hint: str) -> None:
    """`what` is a plural, such as `options`. Raises `BadDraft`."""
    if found not in allowed:
        given = f"There are {found} {what}" if found != 1 else f"There is only 1 {what.removesuffix('s')}"
        raise BadDraft(f"{given}; {allowed[0]} to {allowed[-1]} are possible.", hint=hint)


def check_different(texts: Collection[str], *, what: str) -> None:
    """Raises `BadDraft` when two texts look the same to a guest. `what` is singular, such as `option`."""
    seen = set()
    for text in texts:
        if text.strip() in seen:
            raise BadDraft(f"The {what} {shown(text)} is there twice.", hint=f"Make every {what} different.")
        seen.add(text.strip())


def check_typing(typing_ms: object, typing_type: object = None) -> None:
    """Raises `BadDraft` for a typing time or type that GREEN-API would refuse."""
    check_choice(typing_type, limits.TYPING_TYPES, what="The typing type")
    if typing_ms is None:
        return
    if isinstance(typing_ms, bool) or not isinstance(typing_ms, int):
        raise BadDraft("The typing time is not a whole number of milliseconds.")
    if typing_ms not in limits.TYPING_MS:
        raise BadDraft(
            f"The typing time is {typing_ms / 1000:g} s; 1 to 20 s are possible.",
            hint="Leave it out, or choose 1s to 20s.",
        )


def check_remote_id(remote_id: object, *, what: str = "The message id") -> None:
    """Raises `BadDraft` unless this can be an id that GREEN-API gave, such as `BAE5F4886F6F2D05`."""
    if not isinstance(remote_id, str) or not _REMOTE_ID.fullmatch(remote_id):
        raise BadDraft(
            f"{what} {shown(str(remote_id))} is not an id.",
            hint="It looks like BAE5F4886F6F2D05: see greenbot outbox list",
        )
    if len(remote_id) > limits.REMOTE_ID_CHARACTERS:
        raise BadDraft(f"{what} has {len(remote_id)} characters, too many for an id.")


def check_colour(colour: object) -> None:
    """Raises `BadDraft` unless this is a colour such as `#228B22`, or None."""
    if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise BadDraft(
            f"{shown(str(colour))} is not a colour.", hint="Write # and six of 0-9 and A-F, such as #228B22 for green."
        )


def as_chat_id(value: object) -> ChatId:
    """A chat id, read from text where it is not one yet. Raises `BadChatId`."""
    if isinstance(value, ChatId):
        return value
    if not isinstance(value, str):
        raise BadChatId("The recipient is not text.")
    return parse_chat_id(value)


def as_phone(value: object, *, what: str) -> str:
    """The digits of a phone number in any usual form. Raises `BadDraft`."""
    try:
        chat_id = as_chat_id(value)
    except BadChatId as error:
        raise BadDraft(f"{what}: {error}", hint=error.hint) from error
    if chat_id.kind != "person":
        raise BadDraft(f"{what}: {shown(chat_id)} is not a phone number.", hint="Write it like +380 44 123 4567.")
    return chat_id.partition("@")[0]


def has_link(text: str) -> bool:
    """Whether WhatsApp could show a preview: the text contains an http or https link."""
    return _LINK_IN_TEXT.search(text) is not None


def check_link(url: object, *, what: str, error: type[GreenbotError] = BadDraft) -> None:
    """Raises `error` unless `url` is a complete http or https link without spaces, control characters or a password."""
    check_text(url, what=what, required=True)
    link = str(url)
    if not re.match(r"https?:", link, re.IGNORECASE):
        raise error(
            f"{what} {shown(link)} does not begin with https:// or http://.",
            hint="Copy it from the address line of a browser.",
        )
    if "@" in link.partition("//")[2].partition("/")[0]:
        raise error(
            f"{what} carries a name or password before the @.", hint="Use a link that opens without a password."
        )
    if safe_text(link) != link or re.search(r"\s", link):
        raise error(
            f"{what} {shown(link)} contains a space or an invisible character.",
            hint="Copy the link again, without spaces.",
        )
    match = _LINK.fullmatch(link)
    if match is None or int(match["port"] or 1) not in range(1, 65_536):
        raise error(
            f"{what} {shown(link)} is not a complete link.", hint="It looks like https://hotel.example/menu.pdf"
        )


def check_file_url(url: object) -> None:
    """Raises `BadFile` unless GREEN-API can fetch a file from this link.

    GREEN-API docs: a direct http(s) link without spaces and without ``~ $ € % # £ ? !``.
    """
    check_link(url, what="The link", error=BadFile)
    found = next((character for character in str(url) if character in limits.FILE_URL_FORBIDDEN), None)
    if found:
        raise BadFile(
            f"The link {shown(str(url))} contains '{found}', which GREEN-API does not take in file links.",
            hint="Rename the file, or download it and send it from this computer.",
        )


def check_file_name(name: object, *, needs_extension: bool) -> None:
    """Raises `BadFile` unless guests can receive a file under this name."""
    if not isinstance(name, str) or not name.strip() or name.strip(". ") == "":
        raise BadFile("The file has no name.", hint="Give it one, such as menu.pdf")
    if not is_encodable(name) or safe_text(name) != name:
        raise BadFile(
            f"The file name {shown(name)} contains an invisible character.",
            hint="Give it a plain name, such as menu.pdf",
        )
    if "/" in name or "\\" in name:
        raise BadFile(f"The file name {shown(name)} contains a slash.", hint="Give only the name, such as menu.pdf")
    if characters(name) > limits.FILE_NAME_CHARACTERS:
        raise BadFile(
            f"The file name has {characters(name)} characters; at most {limits.FILE_NAME_CHARACTERS} are possible."
        )
    if needs_extension and not re.search(r"[^.]\.\w{1,10}$", name):
        raise BadFile(
            f"The file name {shown(name)} has no extension, so nobody knows what kind of file it is.",
            hint="Give it one, such as menu.pdf",
        )
