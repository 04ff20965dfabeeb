"""JSON of requests that change something, read strictly: what two readers could take for different things is refused.

UTF-8, one object, no name twice, no NaN or infinity, no number beyond 64 bits, no deeper than 64.
"""

import json
import math
from collections.abc import Iterable

from greenbot.safe_text import safe_text

DEEPEST = 64
_MOST = 2**63
#: Where a problem lies when it lies in no field.
BODY = "(body)"


class BadJson(ValueError):
    """This body cannot be used; `field` says where."""

    def __init__(self, message: str, *, field: str = BODY) -> None:
        super().__init__(message)
        self.field = field


def object_of(body: bytes) -> dict[str, object]:
    """The object in a body. Raises `BadJson`."""
    try:
        found: object = json.loads(
            body.decode(),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
        )
    except UnicodeDecodeError:
        raise BadJson("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadJson(f"is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise BadJson(f"is nested deeper than {DEEPEST}") from None
    if not isinstance(found, dict):
        raise BadJson("should be a JSON object")
    if not _is_shallow(found):
        raise BadJson(f"is nested deeper than {DEEPEST}")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise BadJson("is there twice", field=safe_text(name, limit=60))
        found[name] = value
    return found


def _no_constant(word: str) -> object:
    raise BadJson(f"holds {word}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadJson("holds a number that is too large")
    return number


def _short(text: str) -> int:
    if len(text) > 20 or not -_MOST <= int(text) < _MOST:
        raise BadJson("holds a number beyond 64 bits")
    return int(text)


def _is_shallow(found: object) -> bool:
    level: list[object] = [found]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
