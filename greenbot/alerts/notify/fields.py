"""The settings of receivers as people give them: one check for the command line, JSON and TOML, exact to the field."""

import re
from collections.abc import Callable, Iterator, Mapping

from greenbot.alerts.fields import Problem
from greenbot.alerts.notify.sources import WAYS
from greenbot.alerts.notify.telling import Field, KindOf
from greenbot.errors import GreenbotError
from greenbot.safe_text import safe_text

MOST_LETTERS = 1000
MOST_WORDS = 50
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class _Wrong(ValueError):
    """The text continues the name of a field."""


def names_of(kind: KindOf) -> tuple[str, ...]:
    """Every name a setting of this kind may have; a secret has one for each place it can be kept in."""
    return tuple(name for field in kind.fields for name in _names(field))


def _names(field: Field) -> tuple[str, ...]:
    return tuple(f"{field.name}_{way}" for way in WAYS) if field.type == "secret" else (field.name,)


def read(kind: KindOf, given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """The settings, checked, and everything that is wrong with them."""
    values: dict[str, object] = {}
    wrong = list(_unknown(kind, given))
    for field in kind.fields:
        found = [name for name in _names(field) if given.get(name) is not None]
        if field.needed and not found:
            wrong.append(Problem(field=_names(field)[0], message=_missing(field)))
        if len(found) > 1:
            wrong.append(Problem(field=found[1], message=f"is given besides {found[0]}: one place is enough"))
        for name in found:
            try:
                values[name] = _checked(field, name, given[name])
            except _Wrong as error:
                wrong.append(Problem(field=name, message=str(error)))
    return values, wrong


def _missing(field: Field) -> str:
    if field.type == "secret":
        return f"is missing (or {', '.join(_names(field)[1:])}): {field.doc}"
    return f"is missing: {field.doc}"


def _unknown(kind: KindOf, given: Mapping[str, object]) -> Iterator[Problem]:
    secrets = {field.name for field in kind.fields if field.type == "secret"}
    known = names_of(kind)
    for name in given:
        shown = safe_text(str(name), limit=60)
        if name in secrets and name not in known:
            yield Problem(field=shown, message=f"is a secret: say where it is kept, with {shown}_file, "
                                               f"{shown}_env or {shown}_command")  # fmt: skip
        elif name not in known:
            yield Problem(field=shown, message=f"is not a setting of {kind.name}: {', '.join(known)}")


def _checked(field: Field, name: str, value: object) -> object:
    if field.type == "secret":
        way = name.rpartition("_")[2]
        return {"file": _word, "env": _variable, "command": _argv}[way](field, value)
    return _CHECKS[field.type](field, value)


def _word(_field: Field, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_LETTERS or safe_text(value) != value:
        raise _Wrong("should be plain text on one line")
    return value.strip()


def _variable(_field: Field, value: object) -> str:
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise _Wrong("should be the name of an environment variable")
    return value


def _name(_field: Field, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _Wrong("should be a name of small letters, digits, _ and -")
    return value


def _words(field: Field, value: object) -> list[str]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not 0 < len(found) <= MOST_WORDS:
        raise _Wrong(f"should be a list of 1 to {MOST_WORDS} words")
    return [_word(field, word) for word in found]


def _argv(field: Field, value: object) -> list[str]:
    if isinstance(value, str):
        raise _Wrong("should be a list: the program and its arguments")
    return _words(field, value)


def _count(field: Field, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not field.least <= value <= field.most:
        raise _Wrong(f"should be a whole number from {field.least} to {field.most}")
    return value


def _choice(field: Field, value: object) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise _Wrong(f"should be one of {', '.join(field.choices)}")
    return value


def _url(field: Field, value: object) -> str:
    from greenbot.outbound.guard import typed

    url = _word(field, value)
    try:
        typed(url)
    except GreenbotError as error:
        raise _Wrong(f"cannot be called: {error}") from None
    return url


def _chats(field: Field, value: object) -> list[str]:
    from greenbot.chat_id import parse_chat_id

    try:
        return [str(parse_chat_id(word)) for word in _words(field, value)]
    except GreenbotError as error:
        raise _Wrong(f"should be numbers with their country codes, or chat ids: {error}") from None


_CHECKS: dict[str, Callable[[Field, object], object]] = {
    "word": _word, "words": _words, "argv": _argv, "count": _count, "choice": _choice, "url": _url, "chats": _chats,
    "name": _name,
}  # fmt: skip


def is_name(text: str) -> bool:
    """Whether it can be the name of a receiver."""
    return _NAME.fullmatch(text) is not None
