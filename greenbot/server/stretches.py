"""The figures of a stretch of time, of the fleet or of one instance, as JSON with a trend to draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.metrics.cell import Cell
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.now import Minute, figures_of, minute_of, most_frequent
from greenbot.metrics.query import Stretch, rolled, rolled_trend
from greenbot.metrics.series import CALLS, TIMED_CALLS, Series
from greenbot.overview_json import Document, errors_document, figures_document, minute_document, types_document

if TYPE_CHECKING:
    from greenbot.db.connect import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How long a window is, how fine its trend, and how long what was read of it is good."""

    seconds: int
    step_s: int
    good_seconds: float


WINDOWS: Mapping[str, Window] = {
    "5m": Window(seconds=300, step_s=60, good_seconds=5),
    "1h": Window(seconds=3600, step_s=60, good_seconds=15),
    "24h": Window(seconds=86_400, step_s=900, good_seconds=60),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which window of whom; `instance` None is the fleet."""

    window: str
    instance: str | None = None

    @property
    def good_seconds(self) -> float:
        """How long an answer is good."""
        return WINDOWS[self.window].good_seconds


def stretch_document(db: "Db", names: Names, asked: Asked, now_ms: int) -> Document:
    """Whole minutes up to the last roll-up, which is a minute ago at most where a service runs."""
    window, who = WINDOWS[asked.window], asked.instance or FLEET
    until_s = now_ms // 60_000 * 60 + 60
    stretch = Stretch(since_s=until_s - window.seconds, until_s=until_s)
    cells: dict[Sequence[Series], Cell] = {}

    def total(series: Sequence[Series]) -> Cell:
        if series not in cells:
            cells[series] = rolled(db, names, stretch, series, who)
        return cells[series]

    figures = figures_of(total)
    return {
        "v": 1,
        "at_ms": now_ms,
        "window": asked.window,
        "since_ms": stretch.since_s * 1000,
        "until_ms": stretch.until_s * 1000,
        "instance": asked.instance,
        "figures": figures_document(figures),
        "step_s": window.step_s,
        "trend": [minute_document(minute) for minute in _trend(db, names, stretch, who, window.step_s)],
        "errors": errors_document(most_frequent(total(CALLS).labels)),
        "event_types": types_document(most_frequent(total((Series.EVENT,)).labels)),
    }


def _trend(db: "Db", names: Names, stretch: Stretch, who: str, step_s: int) -> list[Minute]:
    calls, timed, message, event = (
        rolled_trend(db, names, stretch, series, who, step_s=step_s)
        for series in (CALLS, TIMED_CALLS, (Series.MESSAGE,), (Series.EVENT,))
    )
    nothing = Cell()
    first = stretch.since_s // step_s * step_s
    return [
        minute_of(at_s, *(cells.get(at_s, nothing) for cells in (calls, timed, message, event)))
        for at_s in range(first, stretch.until_s, step_s)
    ]
