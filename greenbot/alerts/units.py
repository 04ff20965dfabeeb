"""Durations and thresholds as people write them: `5m`, `10%`, `5s`."""

import math
import re

from greenbot.alerts.measures import Unit

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)?")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?(?:[eE][+-]?\d{1,3})?")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
#: Longer texts are no numbers.
MOST_LETTERS = 40


class Unreadable(ValueError):
    """The text continues `FIELD ...`."""


def seconds_of(value: object) -> int:
    """Whole seconds of `"5m"`, `"90s"`, `"1h"`, or of a number of seconds. Raises `Unreadable`."""
    seconds = _duration(value, "s")
    if seconds != int(seconds):
        raise Unreadable("should be whole seconds, such as 90s or 5m")
    return int(seconds)


def duration_text(seconds: int) -> str:
    """The shortest way to write it: `300` is `5m`."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def threshold_of(value: object, unit: Unit) -> float:
    """The threshold in the unit of its metric: `"10%"`, `"5s"`, or a number of per cent, milliseconds or things.

    Raises `Unreadable`.
    """
    if unit == "ms" and isinstance(value, str):
        return _duration(value, "ms") * 1000
    if isinstance(value, str) and unit == "percent":
        value = value.strip()[:MOST_LETTERS].removesuffix("%")
    return _number(value)


def threshold_text(threshold: float, unit: Unit) -> str:
    """As `threshold_of` reads it: `10%`, `5s`, `800ms`, `5`."""
    if unit == "percent":
        return f"{_plain(threshold)}%"
    if unit == "ms":
        return f"{_plain(threshold / 1000)}s" if threshold and threshold % 1000 == 0 else f"{_plain(threshold)}ms"
    return _plain(threshold)


def value_text(value: float | None, unit: Unit) -> str:
    """A measured value for people: `12.5 %`, `5.2 s`, `7`, `3.4 times the usual`; a dash for none."""
    if value is None:
        return "-"
    if unit == "percent":
        return f"{value:.1f} %"
    if unit == "ms":
        return _long_text(value / 1000) if value >= 1000 else f"{value:.0f} ms"
    return {"times": f"{value:.1f} times the usual", "megabytes": f"{value:.0f} MB"}.get(unit, _plain(round(value, 2)))


def _long_text(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


def _duration(value: object, unit: str) -> float:
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.strip()) if len(value) <= MOST_LETTERS else None
        if found is None:
            raise Unreadable("should be a duration such as 30s, 5m or 1h")
        return float(found[1]) * _SECONDS[found[2] or unit]
    seconds = _number(value)
    if seconds < 0:
        raise Unreadable("should not be negative")
    return seconds


def _number(value: object) -> float:
    if isinstance(value, str):
        if len(value) > MOST_LETTERS or not _NUMBER.fullmatch(value.strip()):
            raise Unreadable("should be a number")
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("should be a number")
    # An integer may be too large for a float; a float may be no number at all.
    if abs(value) > 10**15 if isinstance(value, int) else not math.isfinite(value):
        raise Unreadable("should be a number of an ordinary size")
    return float(value)
