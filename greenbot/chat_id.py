"""Whom a message is for: phone numbers and chat ids in any usual form.

GREEN-API addresses a person as `11001234567@c.us` (international number, digits only), a group
as `120363043968066561@g.us` or `11001234567-1581234048@g.us`, and a hidden person as
`155508384256027@lid` (GREEN-API docs: Chat Id; validation text "must be one of the next formats").
"""

import re
import unicodedata

from greenbot.errors import BadChatId

_PERSON = re.compile(r"\d{7,16}@c\.us")
_GROUP = re.compile(r"\d{5,25}(-\d{5,15})?@g\.us")
_LID = re.compile(r"\d{5,20}@lid")
_PREFIXES = re.compile(r"(?:tel:|whatsapp:|https?://(?:wa\.me|api\.whatsapp\.com)/(?:send/?\?phone=)?)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s().\-/\u00ad\u200b\u2010-\u2015\u2060\u202a-\u202e\u2066-\u2069\u200e\u200f]+")
_STATUS = "status@broadcast"


class ChatId(str):
    """A chat id that GREEN-API accepts. Make one with `parse_chat_id`."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """`person`, `group` or `lid`."""
        return {"c.us": "person", "g.us": "group", "lid": "lid"}[self.partition("@")[2]]

    @property
    def phone(self) -> str | None:
        """The number with its plus sign, where the id shows one."""
        return "+" + self.partition("@")[0] if self.endswith("@c.us") else None

    @property
    def masked(self) -> str:
        """For logs: enough to recognise a guest one knows, too little to call a stranger."""
        name, _, host = self.partition("@")
        return f"{name[:2]}***{name[-4:]}@{host}"


def parse_chat_id(text: str, *, country_code: str | None = None) -> ChatId:
    """Read a phone number in any usual form, or a chat id.

    `country_code` (digits, such as `380`) completes national numbers that begin with a single 0.
    Raises `BadChatId` with what is wrong and what to write instead.
    """
    given = unicodedata.normalize("NFKC", text).strip()
    if not given:
        raise BadChatId("The recipient is empty.")
    if "@" in given:
        return _chat_id(given)
    return ChatId(_digits(given, country_code) + "@c.us")


def _chat_id(given: str) -> ChatId:
    name, _, host = given.rpartition("@")
    candidate = f"{name.removeprefix('+')}@{host.lower()}"
    if any(form.fullmatch(candidate) and candidate.isascii() for form in (_PERSON, _GROUP, _LID)):
        return ChatId(candidate)
    if candidate == _STATUS:
        raise BadChatId("Stories cannot be addressed like a chat.", hint="Use: greenbot send status TEXT")
    if candidate.endswith("@newsletter"):
        raise BadChatId("GREEN-API cannot send to channels.", hint="Send to a person or a group instead.")
    raise BadChatId(f"'{given}' is not a chat id.")


def _digits(given: str, country_code: str | None) -> str:
    number = _SEPARATORS.sub("", _PREFIXES.sub("", given, count=1)).partition("?")[0]
    international = number.startswith("+")
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise BadChatId(f"'{given}' is not a phone number: it contains more than digits.")
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    if not international and digits.startswith("0"):
        digits, international = _with_country(given, digits, country_code), True
    if digits.startswith("0"):
        raise BadChatId(f"'{given}' begins with 0 where the country code belongs.")
    _check_length(given, digits, at_least=8 if international else 11)
    return digits


def _with_country(given: str, digits: str, country_code: str | None) -> str:
    if country_code is None:
        raise BadChatId(
            f"'{given}' has no country code.",
            hint="Write it with the country code, such as +380 44 123 4567, or set country_code for the instance.",
        )
    return country_code.strip().removeprefix("+") + digits[1:]


def _check_length(given: str, digits: str, *, at_least: int) -> None:
    if len(digits) < at_least:
        raise BadChatId(f"'{given}' has {len(digits)} digits, too few for a number with its country code.")
    if len(digits) > 16:
        raise BadChatId(f"'{given}' has {len(digits)} digits; no phone number is longer than 16.")
