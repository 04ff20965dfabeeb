"""Reading and checking parameters; every complaint is worded as GREEN-API words it.

The refusals are HTTP 400 `Validation failed. Details: …`, sent with the request's path in the body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from greenbot.simulator.replies import BAD_CHAT_ID, validation

Params = Mapping[str, object]

CHAT_ID = re.compile(r"[1-9]\d{6,15}@c\.us|\d+@lid|\d+(-\d+)?@g\.us")
GROUP_ID = re.compile(r"\d+(-\d+)?@g\.us")
PERSON_ID = re.compile(r"[1-9]\d{6,15}@c\.us|\d+@lid")


def text(params: Params, name: str, *, longest: int | None = None) -> str:
    """A required string that is not empty."""
    value = params.get(name)
    if value is None:
        raise validation(f"'{name}' is required")
    if not isinstance(value, str):
        raise validation(f"'{name}' must be a string")
    if not value:
        raise validation(f"'{name}' is not allowed to be empty")
    return _no_longer(value, name, longest)


def optional_text(params: Params, name: str, *, longest: int | None = None) -> str:
    """A string that may be left out, null or empty: "" then."""
    value = params.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise validation(f"'{name}' must be a string")
    return _no_longer(value, name, longest)


def _no_longer(value: str, name: str, longest: int | None) -> str:
    if longest is not None and len(value) > longest:
        raise validation(f"'{name}' length must be less than or equal to {longest} characters long")
    return value


def chat_id(params: Params, name: str = "chatId") -> str:
    """A required chat id of a person or a group."""
    value = text(params, name)
    if not CHAT_ID.fullmatch(value):
        raise validation(BAD_CHAT_ID.replace("chatId", name, 1))
    return value


def group_id(params: Params, name: str = "groupId") -> str:
    """A required group id, `…@g.us`."""
    value = text(params, name)
    if not GROUP_ID.fullmatch(value):
        raise validation(f"'{name}' must be in the format 'group_id@g.us'")
    return value


def person_id(params: Params, name: str) -> str:
    """A required id of a person, `…@c.us` or `…@lid`."""
    value = text(params, name)
    if not PERSON_ID.fullmatch(value):
        raise validation(BAD_CHAT_ID.replace("chatId", name, 1))
    return value


def number(params: Params, name: str, *, low: float, high: float) -> float:
    """A required number between `low` and `high`; numeric text counts, as forms and SDKs send it."""
    value = params.get(name)
    if value is None:
        raise validation(f"'{name}' is required")
    parsed = _as_number(value)
    if parsed is None:
        raise validation(f"'{name}' must be a number")
    return _between(parsed, name, low, high)


def optional_integer(params: Params, name: str, *, low: int, high: int) -> int | None:
    """An integer between `low` and `high`, None when left out or null."""
    value = params.get(name)
    if value is None or value == "":
        return None
    parsed = _as_number(value)
    if parsed is None:
        raise validation(f"'{name}' must be a number")
    if parsed != int(parsed):
        raise validation(f"'{name}' must be an integer")
    return int(_between(parsed, name, low, high))


def integer(params: Params, name: str, *, low: int, high: int) -> int:
    """A required integer between `low` and `high`."""
    value = optional_integer(params, name, low=low, high=high)
    if value is None:
        raise validation(f"'{name}' is required")
    return value


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if abs(parsed) != float("inf") and parsed == parsed else None


def _between(value: float, name: str, low: float, high: float) -> float:
    if value < low:
        raise validation(f"'{name}' must be greater than or equal to {low:g}")
    if value > high:
        raise validation(f"'{name}' must be less than or equal to {high:g}")
    return value


def flag(params: Params, name: str, *, default: bool) -> bool:
    """A boolean with a default; the words true and false count, as forms send them."""
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise validation(f"'{name}' must be a boolean")
    return value


def items(params: Params, name: str) -> list[object]:
    """A required array with at least one item."""
    value = params.get(name)
    if value is None:
        raise validation(f"'{name}' is required")
    if not isinstance(value, list):
        raise validation(f"'{name}' must be an array")
    if not value:
        raise validation(f"'{name}' must contain at least 1 items")
    return value


def mapping(value: object, name: str) -> Params:
    """A required object."""
    if value is None:
        raise validation(f"'{name}' is required")
    if not isinstance(value, dict):
        raise validation(f"'{name}' must be of type object")
    return value


def one_of(params: Params, name: str, choices: tuple[str, ...]) -> str:
    """One of the choices, "" when left out or null."""
    value = params.get(name)
    if value is None or value == "":
        return ""
    if value not in choices:
        raise validation(f"'{name}' must be one of [{', '.join(choices)}]")
    return str(value)
