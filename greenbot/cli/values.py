"""Values as people type and read them: durations, moments, texts from stdin or a file."""

import re
import sys
import time
from pathlib import Path

from greenbot.errors import UsageError

_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def seconds_of(text: str) -> float:
    """`90s`, `2h`, `1h30m`, `500ms` or a bare number of seconds. Raises `UsageError`."""
    given = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+(\.\d+)?", given):
        return float(given)
    if not given or not re.fullmatch(f"(?:{_DURATION.pattern})+", given):
        raise UsageError(f"'{text}' is not a duration.", hint="Write it like 30s, 5m, 2h or 1d.")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(given))


def local_time(moment_ms: int) -> str:
    """A moment for people: on this machine's clock, with its zone, such as `2026-11-22 08:00:00 EET`."""
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(moment_ms / 1000))


def short_duration(seconds: int) -> str:
    """The largest unit that fits: `45s`, `12m`, `3h`, `9d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(0, seconds)}s"


class Age(int):
    """Whole seconds that a person reads as `3h` and a program as a number."""

    def __str__(self) -> str:
        return short_duration(int(self))


def text_of(given: str | None, *, what: str) -> str:
    """The text itself, from stdin for `-` or nothing given, from a file for `@path`; `@@` begins a text with `@`.

    Raises `UsageError` when stdin is a terminal, or the file cannot be read as UTF-8.
    """
    if given is not None and given.startswith("@@"):
        return given[1:]
    if given is not None and given.startswith("@"):
        return _file_text(given[1:], what)
    if given is not None and given != "-":
        return given
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(f"There is no {what}.", hint=f"Give the {what} as an argument, as @file, or pipe it in.")
    try:
        text = sys.stdin.read().removesuffix("\n")
        # In the C locale Python smuggles broken bytes through as lone surrogates.
        text.encode()
        return text
    except UnicodeError as error:
        raise UsageError(
            f"The {what} on stdin is not UTF-8 text.", hint="Convert it first, for example with iconv."
        ) from error


def _file_text(name: str, what: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"The file {name} is not UTF-8 text.", hint="Convert it first, for example with iconv."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The {what} cannot be read from {name}: {error.strerror}.", hint=f"To begin the {what} with @, write @@."
        ) from error


def assignment(item: str, *, typed: bool) -> tuple[str, object]:
    """`name=value`. With `typed`, numbers, true, false, null and JSON are understood. Raises `UsageError`."""
    name, equals, value = item.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"'{item}' is not of the form NAME=VALUE.")
    return name.strip(), _typed(value) if typed else value


def _typed(value: str) -> object:
    if value.startswith("@"):
        return text_of(value, what="value")
    if value in ("true", "false", "null") or value[:1] in '{["' or re.fullmatch(r"-?\d{1,18}(\.\d+)?", value):
        import json

        try:
            parsed: object = json.loads(value)
        except ValueError:
            return value
        return parsed
    return value
