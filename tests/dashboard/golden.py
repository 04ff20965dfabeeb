"""Frames of the invented fleet, kept as files a person can look at: `python -m tests.dashboard.golden` writes them.

It writes the picture of the guide as well.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from greenbot.dashboard.frame import draw
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, plain
from greenbot.dashboard.marks import ASCII, UNICODE, Marks
from greenbot.dashboard.paint import picture
from greenbot.dashboard.place import Place
from greenbot.dashboard.sight import Sight
from greenbot.dashboard.view import Ack, View
from greenbot.overview import Overview
from tests.architecture.files import ROOT
from tests.dashboard import sample

FOLDER = Path(__file__).parent / "golden"
PICTURE = ROOT / "greenbot" / "guide" / "dashboard.svg"
PICTURE_SIZE = (110, 34)
Size = tuple[int, int]


def drawn(
    size: Size,
    view: View | None = None,
    overview: Overview | None = None,
    *,
    marks: Marks = UNICODE,
    trouble: str = "",
    late_ms: int = 0,
) -> tuple[Line, ...]:
    """A frame of the fleet, `late_ms` after the look."""
    seen = sample.overview() if overview is None else overview
    sight = Sight(overview=seen, refresh_ms=2000, trouble=trouble)
    return draw(sight, view or View(), size, Ink(now_ms=sample.NOW_MS + late_ms, zone=UTC, marks=marks)).lines


def chosen(row: int, total: int) -> View:
    """The cursor on a row of the fleet."""
    name = sample.instances(total)[row].name
    return View().at(Place(key=name, row=row, above=4))


def _gone() -> Overview:
    parts = sample.parts(seen_at_ms=sample.NOW_MS - 300_000)
    return replace(sample.overview(), parts=parts)


FRAMES: dict[str, Callable[[], tuple[Line, ...]]] = {
    "60x15-fleet": lambda: drawn((60, 15)),
    "60x15-alerts": lambda: drawn((60, 15), View(panel=4)),
    "60x15-help": lambda: drawn((60, 15), View(shows_help=True)),
    "80x24-fleet": lambda: drawn((80, 24)),
    "80x24-fleet-300-chosen": lambda: drawn((80, 24), chosen(150, 300), sample.overview(300)),
    "80x24-traffic": lambda: drawn((80, 24), View(panel=1)),
    "80x24-messages": lambda: drawn((80, 24), View(panel=2)),
    "80x24-events": lambda: drawn((80, 24), View(panel=3)),
    "80x24-alerts-asked": lambda: drawn((80, 24), View(panel=4, asked=Ack(rule="high_error_rate", instance="*"))),
    "80x24-help": lambda: drawn((80, 24), View(shows_help=True)),
    "80x24-paused": lambda: drawn((80, 24), View(is_paused=True), late_ms=60_000),
    "80x24-stale": lambda: drawn((80, 24), trouble="The store is busy.", late_ms=95_000),
    "80x24-service-gone": lambda: drawn((80, 24), overview=_gone()),
    "80x24-nothing-yet": lambda: drawn((80, 24), overview=sample.quiet()),
    "80x24-ascii": lambda: drawn((80, 24), marks=ASCII),
    "100x40-fleet": lambda: drawn((100, 40)),
    "200x60-wall": lambda: drawn((200, 60), overview=sample.overview(100)),
    "30x8-too-small": lambda: drawn((30, 8)),
}


def text_of(lines: tuple[Line, ...]) -> str:
    return "".join(plain(line) + "\n" for line in lines)


def svg() -> str:
    """The picture of the README and the guide."""
    size = PICTURE_SIZE
    return picture(drawn(size, chosen(1, 40)), size[0], "greenbot dashboard")


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, frame in FRAMES.items():
        (FOLDER / f"{name}.txt").write_text(text_of(frame()), encoding="utf-8")
    PICTURE.write_text(svg(), encoding="utf-8")


if __name__ == "__main__":
    write()
