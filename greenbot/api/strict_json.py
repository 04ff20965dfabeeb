"""One strict JSON parser with one exception, for bytes written by strangers.

The standard parser alone raises three kinds of errors, accepts NaN and hands out integers and strings that
SQLite cannot store.
"""

import json
import re
from typing import NoReturn

MAX_DEPTH = 64
_SURROGATE_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([0-9a-fA-F]{4})|.)", re.DOTALL
)
#: 64 bits have at most 19 digits and a sign.
_LONGEST_INTEGER = 20


class BadJson(ValueError):
    """This is not the JSON we accept."""


def loads(body: bytes) -> object:
    """The value in `body`.

    UTF-8 without a byte order mark, depth at most 64, integers of at most 64 bits, no NaN or infinity; a lone
    surrogate escape becomes U+FFFD, because no database or terminal can take one. Raises BadJson for anything else;
    its text never repeats the body.
    """
    try:
        text = body.decode("utf-8")
        value: object = _decode(_without_lone_surrogates(text))
    except BadJson:
        raise
    except RecursionError:
        raise BadJson("nested too deeply") from None
    except UnicodeDecodeError:
        raise BadJson("not UTF-8") from None
    except ValueError as error:
        raise BadJson(f"not JSON near character {getattr(error, 'pos', 0)}") from None
    # A body with few brackets cannot be deep: the walk is for the rare other ones.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise BadJson("nested too deeply")
    return value


def _without_lone_surrogates(text: str) -> str:
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _SURROGATE_ESCAPES.sub(_whole_character, text)


def _whole_character(match: re.Match[str]) -> str:
    single = match.group(1)
    lone = single is not None and 0xD800 <= int(single, 16) <= 0xDFFF
    return "\\ufffd" if lone else match.group()


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or not -(2**63) <= int(digits) < 2**63:
        raise BadJson("an integer of more than 64 bits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise BadJson("a number too large")
    return value


def _constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_constant).decode


def _depth(value: object) -> int:
    depth, level = 0, _containers([value])
    while level:
        depth += 1
        level = _containers([child for item in level for child in (item.values() if isinstance(item, dict) else item)])
    return depth


def _containers(items: list[object]) -> list[dict[str, object] | list[object]]:
    return [item for item in items if isinstance(item, (dict, list))]
