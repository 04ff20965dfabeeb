"""The signs the dashboard draws with, and their stand-ins for a terminal that knows only ASCII."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One alphabet. `steps` are the heights of a bar, lowest first; `standing` is the sign of each standing."""

    steps: str
    standing: Mapping[str, str]
    cursor: str
    across: str
    down: str
    dot: str
    nothing: str
    pause: str
    arrows: str
    ascii_only: bool = False


UNICODE = Marks(
    steps="▁▂▃▄▅▆▇█",
    standing={"down": "●", "trouble": "▲", "waiting": "◆", "fine": "✓", "silent": "·"},
    cursor="▸",
    across="─",
    down="│",
    dot="·",
    nothing="–",  # noqa: RUF001 - a dash of the width of a digit: an empty cell, not a minus sign
    pause="❚❚",
    arrows="↑↓",
)
ASCII = Marks(
    steps="_.:-=+*#",
    standing={"down": "x", "trouble": "!", "waiting": "o", "fine": "+", "silent": "."},
    cursor=">",
    across="-",
    down="|",
    dot="-",
    nothing="-",
    pause="||",
    arrows="up/down",
    ascii_only=True,
)


def marks_for(encoding: str | None) -> Marks:
    """The alphabet a stream of this encoding can show."""
    try:
        "▁●▸│❚".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
