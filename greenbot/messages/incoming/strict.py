"""The bytes of an event as a JSON object: fast for what GREEN-API sends, forgiving where a guest's text caused it.

What is JSON but cannot be kept as it is, is kept as text: an integer of thousands of digits, a number beyond all
floats. A lone surrogate becomes U+FFFD, because no database or terminal can take one.
"""

import json
import re
from typing import Final, NoReturn

import msgspec

from greenbot.messages.incoming.model import Unreadable

MAX_DEPTH: Final = 64
#: Python itself refuses to read longer ones, for the time it takes.
_LONGEST_INTEGER: Final = 4300
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def decode(raw: bytes) -> dict[str, object]:
    """The JSON object in `raw`; of duplicate keys the last one counts.

    Raises `Unreadable`, and nothing else, for anything but UTF-8 without a byte order mark that holds one JSON object
    of at most 64 levels.
    """
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        # msgspec refuses lone surrogates and huge numbers as well: the second look tells who is right.
        value = _decode_slowly(raw)
    else:
        if is_suspiciously_deep(raw):
            require_shallow(value)
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def is_suspiciously_deep(raw: bytes) -> bool:
    """True when there are enough brackets for a forbidden depth; with fewer nobody has to walk."""
    return raw.count(b"{") + raw.count(b"[") > MAX_DEPTH


def require_shallow(value: object) -> None:
    """Raises `Unreadable` for more than 64 levels, however many there are."""
    level, depth = _containers([value]), 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        level = _containers([child for item in level for child in (item.values() if isinstance(item, dict) else item)])


def _containers(items: list[object]) -> list[dict[str, object] | list[object]]:
    return [item for item in items if isinstance(item, (dict, list))]


def _decode_slowly(raw: bytes) -> object:
    try:
        value: object = json.loads(
            raw.decode("utf-8"), parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except ValueError as error:
        raise Unreadable(f"not JSON near character {getattr(error, 'pos', 0)}") from None
    require_shallow(value)
    return _whole(value)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _LONGEST_INTEGER else digits


def _number(digits: str) -> float | str:
    value = float(digits)
    return digits if value in (float("inf"), float("-inf")) else value


def _constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not JSON")


def _whole(value: object) -> object:
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_SURROGATE.sub("\ufffd", key): _whole(item) for key, item in value.items()}
        case _:
            return value
