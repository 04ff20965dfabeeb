"""Figures in the few characters a column has: `1.2 s`, `12 m`, `3.4/s`, `12k`."""

from datetime import datetime, tzinfo

#: Figures of "now" are sums of five minutes.
WINDOW_SECONDS = 300


def took(duration_ms: int | None) -> str | None:
    """How long something took: `85 ms`, `1.2 s`, `95 s`, `12 m`; None where nothing was measured."""
    if duration_ms is None:
        return None
    if duration_ms < 1000:
        return f"{duration_ms} ms"
    return f"{duration_ms / 1000:.1f} s" if duration_ms < 60_000 else age(duration_ms)


def age(duration_ms: int) -> str:
    """How long ago, or for how long: `45 s`, `12 m`, `3 h`, `9 d`."""
    seconds = max(0, duration_ms) // 1000
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def count(number: int) -> str:
    """A number of things, at most five characters up to a billion: `980`, `12.3k`, `4.5M`."""
    if number < 10_000:
        return str(number)
    for unit, size in (("k", 1000), ("M", 1_000_000)):
        if number < size * 1000:
            return f"{number / size:.1f}{unit}" if number < size * 100 else f"{number // size}{unit}"
    return f"{number / 1e9:.1f}G"


def rate(number: int, seconds: int = WINDOW_SECONDS) -> str:
    """So many in so long, as a rate a person can picture: `3.4/s`, `12/min`, `0`."""
    per_second = number / seconds
    if per_second >= 1:
        return f"{per_second:.1f}/s" if per_second < 100 else f"{count(round(per_second))}/s"
    return f"{per_second * 60:.0f}/min" if per_second * 60 >= 1 else f"{per_second * 3600:.0f}/h" if number else "0"


def share(part: int, whole: int) -> str | None:
    """A share in per cent: `1.2 %`; None of nothing."""
    if not whole:
        return None
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent == 0 or percent >= 99.95 else f"{percent:.1f} %"


def clock(at_ms: int, zone: tzinfo | None) -> str:
    """The time of day on that clock; None is this machine's."""
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%H:%M:%S")
