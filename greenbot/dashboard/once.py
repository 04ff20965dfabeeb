"""One frame and no more: for scripts, screenshots, and terminals that cannot do better."""

from datetime import tzinfo

from greenbot.dashboard.frame import draw
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line
from greenbot.dashboard.marks import Marks
from greenbot.dashboard.sight import Sight
from greenbot.dashboard.view import View
from greenbot.overview import Overview


def still(
    overview: Overview, size: tuple[int, int], marks: Marks, *, panel: int = 0, zone: tzinfo | None = None
) -> tuple[Line, ...]:
    """The frame of this moment without its last line, which is about keys."""
    ink = Ink(now_ms=overview.at_ms, marks=marks, zone=zone)
    sight = Sight(overview=overview, refresh_ms=0)
    return draw(sight, View(panel=panel), (size[0], size[1] + 1), ink).lines[:-1]
