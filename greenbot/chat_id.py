"""Whom a message is for: phone numbers and chat ids in any usual form.

GREEN-API addresses a person as `11001234567@c.us` (international number, digits only), a group
as `120363043968066561@g.us` or `11001234567-1581234048@g.us`, and a hidden person as
`155508384256027@lid` (GREEN-API docs: Chat Id; validation text "must be one of the next formats").
"""

import re

from greenbot.errors import BadChatId
from greenbot.safe_text import safe_text

_PERSON = re.compile(r"[1-9]\d{6,15}@c\.us")
_GROUP = re.compile(r"\d{5,25}(-\d{5,15})?@g\.us")
_LID = re.compile(r"\d{5,20}@lid")
_LINK = re.compile(
    r"(?:tel:|whatsapp:(?://send/?\?phone=)?|(?:https?://)?(?:wa\.me|(?:api|web)\.whatsapp\.com)/(?:send/?\?phone=)?)",
    re.IGNORECASE,
)
# Phone books and chat programs wrap numbers in these when they are copied.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015\u2212]+")
# "+44 (0)20 7946 0958": the zero is dialled at home only.
_HOME_ZERO = re.compile(r"^((?:\+|00)\s?\d{1,3}[\s.\-]*)\(0\)")
_STATUS = "status@broadcast"


class ChatId(str):
    """A chat id that GREEN-API accepts. Make one with `parse_chat_id`."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """`person`, `group` or `lid`; `status` for the chat of stories."""
        return {"c.us": "person", "g.us": "group", "lid": "lid", "broadcast": "status"}[self.partition("@")[2]]

    @property
    def phone(self) -> str | None:
        """The number with its plus sign, where the id shows one."""
        return "+" + self.partition("@")[0] if self.endswith("@c.us") else None

    @property
    def masked(self) -> str:
        """For logs: enough to recognise a guest one knows, too little to call a stranger."""
        name, _, host = self.partition("@")
        return f"{name[:2]}***{name[-4:]}@{host}" if self != _STATUS else _STATUS


#: The chat that stories go to.
STATUS_CHAT = ChatId(_STATUS)


def parse_chat_id(text: str, *, country_code: str | None = None) -> ChatId:
    """Read a phone number in any usual form, or a chat id.

    `country_code` (digits, such as `380`) completes national numbers that begin with a single 0.
    Raises `BadChatId` with what is wrong and what to write instead.
    """
    if text.isascii() and _PERSON.fullmatch(text):
        return ChatId(text)  # what the store holds, nearly always
    given = _plain(text).strip()
    if not given:
        raise BadChatId("The recipient is empty.")
    link = _LINK.match(given)
    if link is None and "@" in given:
        return _chat_id(given)
    number = re.split("[?&;]", given[link.end() :])[0] if link else given
    return ChatId(_digits(number, shown=_shown(given), country_code=country_code) + "@c.us")


def _plain(text: str) -> str:
    """Without what copying brings along. ASCII is plain already, and a shell command saves loading Unicode's tables."""
    if text.isascii():
        return text
    import unicodedata

    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _shown(given: str) -> str:
    return f"'{safe_text(given, limit=60)}'"


def _chat_id(given: str) -> ChatId:
    name, _, host = given.rpartition("@")
    candidate = f"{name.removeprefix('+')}@{host.lower()}"
    if any(form.fullmatch(candidate) and candidate.isascii() for form in (_PERSON, _GROUP, _LID)):
        return ChatId(candidate)
    if candidate == _STATUS:
        raise BadChatId("Stories cannot be addressed like a chat.", hint="Use: greenbot send status TEXT")
    if candidate.endswith("@newsletter"):
        raise BadChatId("GREEN-API cannot send to channels.", hint="Send to a person or a group instead.")
    raise BadChatId(f"{_shown(given)} is not a chat id.")


def _digits(text: str, *, shown: str, country_code: str | None) -> str:
    number = _SEPARATORS.sub("", _HOME_ZERO.sub(r"\1", text))
    international = number.startswith("+")
    digits = _ascii_digits(number.removeprefix("+"))
    if digits is None:
        raise BadChatId(f"{shown} is not a phone number: it contains more than digits.")
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    if not international and _is_russian_trunk(digits):
        raise BadChatId(
            f"{shown} begins with the trunk prefix 8.", hint="Write it with the country code: +7 instead of 8."
        )
    if not international and digits.startswith("0"):
        digits, international = _with_country(shown, digits, country_code), True
    if digits.startswith("0"):
        raise BadChatId(f"{shown} begins with 0 where the country code belongs.")
    _check_length(shown, digits, at_least=8 if international else 11)
    return digits


def _ascii_digits(text: str) -> str | None:
    """Digits of any script as 0-9; None when there is anything else, or nothing."""
    if not text.isdecimal():
        return None
    # int() reads the digits of every script.
    return "".join(str(int(character)) for character in text)


def _is_russian_trunk(digits: str) -> bool:
    # No country has a code that begins with 89: this is a Russian number as dialled at home, and
    # sent on as it stands it would go nowhere.
    return len(digits) == 11 and digits.startswith("89")


def _with_country(shown: str, digits: str, country_code: str | None) -> str:
    if country_code is None:
        raise BadChatId(
            f"{shown} has no country code.",
            hint="Write it with the country code, such as +380 44 123 4567, or set country_code for the instance.",
        )
    return country_code.strip().removeprefix("+") + digits[1:]


def _check_length(shown: str, digits: str, *, at_least: int) -> None:
    if len(digits) < at_least:
        raise BadChatId(f"{shown} has {len(digits)} digits, too few for a number with its country code.")
    if len(digits) > 16:
        raise BadChatId(f"{shown} has {len(digits)} digits; no phone number is longer than 16.")
