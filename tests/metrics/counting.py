"""What happened, event by event, and the plain way to count it: what the store is held against."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenbot.db.connect import Db
from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series

#: A Sunday at noon; a multiple of an hour.
NOW_S = 1_795_348_800


class StandingClock:
    """A clock that shows what it is told."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds

    def now_ms(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    def boot_ms(self) -> int:
        return int(self.seconds * 1000)

    def boot_id(self) -> str:
        return "this boot"

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One call, message or event."""

    at_ms: int
    instance: str = "kyiv"
    series: Series = Series.SEND
    ok: bool = True
    value_ms: int | None = 100
    label: str = ""


def keep(db: Db, names: Names, happenings: Iterable[Happening], *, batch: int = 7) -> None:
    """Put them into the store as several processes would: in small flushes, the same ten seconds more than once."""
    ordered = sorted(happenings, key=lambda one: one.at_ms)
    for first in range(0, len(ordered), batch):
        cells: dict[Key, Cell] = {}
        for one in ordered[first : first + batch]:
            key = Key(at_s=one.at_ms // 10_000 * 10, instance=one.instance, series=one.series)
            cells.setdefault(key, Cell()).add(one.at_ms, ok=one.ok, value_ms=one.value_ms, label=one.label)
        with db.write(durable=False) as tx:
            append(tx, names, cells)


def percentile(values: Sequence[int], share: float) -> int | None:
    """The plain one: sort them and take the one at the rank."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def streak(happenings: Sequence[Happening]) -> int:
    """How the latest went: 3 for three good ones in a row, -2 for two bad ones."""
    ordered = sorted(happenings, key=lambda one: one.at_ms)
    length = 0
    while length < len(ordered) and ordered[-1 - length].ok == ordered[-1].ok:
        length += 1
    return length if ordered and ordered[-1].ok else -length
