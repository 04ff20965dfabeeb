"""The last quarter of an hour in memory: fed with what is new, asked for any window of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from greenbot.metrics.cell import CELL_SECONDS, Cell
from greenbot.metrics.cells import Stored, last_id, newer, since
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import SAMPLES, Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Longer than the windows of most rules, and than what a streak looks back.
WINDOW_SECONDS = 900
#: The fleet is one line more, so it may be remembered for longer.
FLEET_SECONDS = 3660

_Line = dict[int, Cell]  # begin of the ten seconds -> what happened


class Window:
    """The latest cells of every instance and series, and of the fleet, kept up to date with one small read.

    A window of W seconds at t holds the cells that begin in [t - W, t): guarantees, alert rules.
    """

    def __init__(self, *, seconds: int = WINDOW_SECONDS, fleet_seconds: int = FLEET_SECONDS) -> None:
        self._seconds = seconds
        self._fleet_seconds = fleet_seconds
        self._lines: dict[tuple[str, Series], _Line] = defaultdict(dict)
        self._last_id: int | None = None

    def follow(self, db: "Db", names: Names, now_s: int) -> None:
        """Take in what is new in the store, forget what is too old. Raises Busy, StoreError."""
        if self._last_id is None:
            self._last_id = last_id(db)
            began_s, last = now_s - max(self._seconds, self._fleet_seconds), self._last_id
            self.feed(stored for stored in since(db, names, began_s) if stored.id <= last)
        while fresh := newer(db, names, self._last_id):
            self._last_id = fresh[-1].id
            self.feed(fresh)
        self.forget(now_s)

    def feed(self, cells: Iterable[Stored]) -> None:
        """Take in cells, each once; one that comes late joins its ten seconds."""
        for stored in cells:
            key = stored.key
            self._lines[key.instance, key.series].setdefault(key.at_s, Cell()).merge(stored.cell)
            if key.instance != FLEET and key.series not in SAMPLES:
                self._lines[FLEET, key.series].setdefault(key.at_s, Cell()).merge(stored.cell)

    def forget(self, now_s: int) -> None:
        """Forget the cells that are too old at a moment."""
        for (instance, series), line in list(self._lines.items()):
            before_s = now_s - (self._fleet_seconds if instance == FLEET else self._seconds)
            while line and (oldest := min(line)) < before_s:
                del line[oldest]
            if not line:
                del self._lines[instance, series]

    def total(self, instance: str, series: Iterable[Series], until_s: int, seconds: int) -> Cell:
        """What one instance did in the window that ends at `until_s`."""
        sums = Cell()
        lines = [line for one in series if (line := self._lines.get((instance, one)))]
        for at_s in range(until_s - seconds, until_s, CELL_SECONDS):
            for cell in sorted((line[at_s] for line in lines if at_s in line), key=_by_time):
                sums.merge(cell)
        return sums

    def cells(self, instance: str, series: Series) -> Mapping[int, Cell]:
        """The ten seconds of one series, by where they begin."""
        return self._lines.get((instance, series), {})

    def instances(self) -> list[str]:
        """Those that did anything lately, in the order of their names; the fleet aside."""
        return sorted({instance for instance, _ in self._lines} - {FLEET})


def aligned(at_s: int) -> int:
    """The end of the last ten seconds that are complete at a moment."""
    return at_s // CELL_SECONDS * CELL_SECONDS


def _by_time(cell: Cell) -> int:
    return cell.last_ms
