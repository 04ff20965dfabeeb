"""One operation as one line of JSON: compact, keys in a fixed order, nothing in it that a terminal would obey.

The order is a promise to readers: `"level":"error"` stands where `greenbot logs` and `grep -F` look for it, and a quote
inside a value is always escaped, so those bytes never mean anything else.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from time import gmtime
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]
Field = str | int | None

#: From the chattiest to the gravest.
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")

#: Every key a line may have besides `time`, `level` and `event`, in the order in which they stand there.
FIELDS = (
    "instance",
    "method",
    "message_id",
    "event_id",
    "remote_id",
    "chat",
    "attempt",
    "outcome",
    "status",
    "ms",
    "reason",
    "from",
    "part",
    "hook",
    "rule",
    "words",
    "count",
    "host",
    "request_bytes",
    "reply_bytes",
    "retry_after_s",
    "request",
    "response",
)
#: Written by people or servers: they pass `redact`, and numbers in them are masked.
FREE_TEXTS = ("words", "request", "response")

_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
_quoted = json.encoder.encode_basestring_ascii


def encode(at_ms: int, level: Level, event: str, fields: Mapping[str, Field]) -> bytes:
    """The line, with its newline. What is None or empty is left out; ASCII only, so no control character survives.

    Raises KeyError for a field that is none of `FIELDS`.
    """
    # Piece by piece: a line is written for every call, and the encoder of a whole object takes twice as long to set up.
    pieces = [f'{{"time":"{time_text(at_ms)}","level":"{level}","event":{_quoted(event)}']
    for name in sorted(fields, key=_ORDER.__getitem__):
        value = fields[name]
        if value is not None and value != "":
            pieces.append(f',"{name}":{_quoted(value) if type(value) is str else _encode(value)}')
    return "".join(pieces).replace("\x7f", "\\u007f").encode("ascii") + b"}\n"


_ORDER = {name: place for place, name in enumerate(FIELDS)}


def time_text(at_ms: int) -> str:
    """UTC to the millisecond, always 24 characters, so that times compare as texts."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(at_s: int) -> str:
    year, month, day, hour, minute, second, *_ = gmtime(at_s)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"


def level_of(word: str) -> Level:
    """The level of that name. Raises ValueError."""
    return LEVELS[LEVELS.index(word)]


#: How each line of ours begins.
HEAD = b'{"time":"'
TIME_END = len(HEAD) + 24


def time_of(line: bytes) -> bytes:
    """The time a line of ours begins with, comparable as bytes; nothing for a foreign line."""
    return line[len(HEAD) : TIME_END] if line.startswith(HEAD) and line[TIME_END : TIME_END + 1] == b'"' else b""


def at_ms_of(line: bytes) -> int | None:
    """The same in milliseconds; None for a foreign line."""
    from datetime import datetime

    try:
        return round(datetime.fromisoformat(time_of(line).decode("ascii")).timestamp() * 1000)
    except ValueError:
        return None
