"""The settings of a number at GREEN-API: what each may be, when two values are the same, and what is secret. Pure.

GREEN-API docs, method SetSettings: switches are "yes" or "no"; some versions answer with booleans.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from greenbot.api.catalogue.account import SETTINGS
from greenbot.api.endpoint import Param
from greenbot.errors import UsageError
from greenbot.redact import MASK, redact, remember
from greenbot.safe_text import safe_text

Value = str | int
Kind = Literal["switch", "number", "text"]

#: GREEN-API docs: returned, but not in use, or not available any more.
OBSOLETE = frozenset(
    {
        "statusInstanceWebhook",
        "deviceWebhook",
        "incomingBlockWebhook",
        "countryInstance",
        "typeAccount",
        "sharedSession",
        "enableMessagesHistory",
        "sendFromUTC",
        "sendToUTC",
    }
)
READ_ONLY = frozenset({"wid"})
#: A proxy carries its password in the middle.
SECRETS = frozenset({"webhookUrlToken", "proxyInstance"})
#: What these may say without telling anything.
_HARMLESS = ("", "system proxy")
_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})
_PROXY = re.compile(r"[^\s:]+:\d{1,5}:[^\s:]*:[^\s:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting. `least` and `most` bound a number."""

    name: str
    kind: Kind
    about: str
    least: int = 0
    most: int = 0


def _field(param: Param) -> Field:
    if param.type == "integer":
        least, _, most = param.limit.partition("-")
        return Field(name=param.name, kind="number", about=param.doc, least=int(least), most=int(most))
    return Field(name=param.name, kind="switch" if param.limit == "yes, no" else "text", about=param.doc)


#: Every setting that can be made, in the order of the catalogue.
FIELDS: Mapping[str, Field] = {param.name: _field(param) for param in SETTINGS}


def known_name(name: str, *, force: bool = False) -> str:
    """The name, if it is one of a setting that can be made; with `force` any but `wid`. Raises `UsageError`."""
    if name in FIELDS or (force and name not in READ_ONLY):
        return name
    shown = safe_text(name, limit=60)
    if name in READ_ONLY:
        raise UsageError(f"{shown} says which number it is; it cannot be set.", hint=None)
    if name in OBSOLETE:
        raise UsageError(f"GREEN-API does not use {shown} any more.", hint="Leave it out, or add --force.")
    near = nearest(name)
    hint = f"Did you mean {near}?" if near else "See them with: greenbot help instances. --force passes it on."
    raise UsageError(f"GREEN-API has no setting '{shown}'.", hint=hint)


def nearest(name: str) -> str | None:
    """The setting whose name is most like this one, whatever its capitals."""
    lower = {known.lower(): known for known in FIELDS}
    found = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def settled(name: str, value: object) -> Value:
    """The value as GREEN-API takes it. Raises `UsageError`; a name it does not know takes any text or number."""
    field = FIELDS.get(name)
    if field is None:
        return _plain(name, value)
    if field.kind == "switch":
        return _switch(name, value)
    if field.kind == "number":
        return _number(field, value)
    return _text(name, value)


def _plain(name: str, value: object) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return value
    raise UsageError(f"{safe_text(name, limit=60)} should be a text, a number, yes or no.", hint=None)


def _switch(name: str, value: object) -> str:
    word = ("yes" if value else "no") if isinstance(value, bool) else str(value).strip().lower()
    if word in _YES:
        return "yes"
    if word in _NO:
        return "no"
    raise UsageError(f"{name} is yes or no, not {_quoted(name, value)}.", hint=None)


def _number(field: Field, value: object) -> int:
    text = str(value).strip()
    number = int(text) if re.fullmatch(r"\d{1,9}", text) and not isinstance(value, bool) else None
    if number is None or not field.least <= number <= field.most:
        raise UsageError(
            f"{field.name} is a whole number from {field.least} to {field.most}, not {_quoted(field.name, value)}.",
            hint=None,
        )
    return number


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} is a text, not {_quoted(name, value)}.", hint=None)
    text = value.strip()
    if name == "webhookUrl" and text and not re.fullmatch(r"https?://[^\s/?#]+\S*", text):
        raise UsageError("webhookUrl is a web address such as https://hotel.example/hook, or empty for polling.")
    if name == "proxyInstance" and text not in _HARMLESS and not _PROXY.fullmatch(text):
        raise UsageError("proxyInstance is ip:port:login:password, or 'system proxy'.", hint=None)
    if not text.isprintable():
        raise UsageError(f"{name} holds characters that cannot be shown.", hint=None)
    return text


def _quoted(name: str, value: object) -> str:
    return MASK if name in SECRETS else f"'{safe_text(str(value), limit=40)}'"


def same(wanted: Value, living: object) -> bool:
    """Whether GREEN-API's answer means the wanted value: `true` is "yes", and a number may come as a text."""
    if isinstance(living, bool):
        return wanted == ("yes" if living else "no")
    return str(wanted) == str(living)


def is_secret(name: str, value: object) -> bool:
    """Whether the value must not be shown or written into a file."""
    if name in SECRETS:
        return value not in (*_HARMLESS, None)
    return name == "webhookUrl" and isinstance(value, str) and ("?" in value or "@" in value)


def shown(name: str, value: object) -> object:
    """The value for people and files: secrets masked, also those inside an address."""
    if value is None or isinstance(value, bool | int):
        return value
    if name in SECRETS:
        return MASK if is_secret(name, value) else value
    if name == "webhookUrl" and isinstance(value, str):
        address, mark, _ = value.partition("?")
        return redact(address) + (mark + MASK if mark else "")
    return value


def protect(living: Mapping[str, object]) -> None:
    """Let no output of this process show the secrets among these settings."""
    for name in SECRETS:
        value = living.get(name)
        if isinstance(value, str) and value not in _HARMLESS:
            remember(value)
