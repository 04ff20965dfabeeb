"""Ten million events of a day, summed up, against sorting them: `python -m tests.bench.metrics`.

The day goes through the real cells and the real roll-up into a store, and as raw rows into a table beside it. Measured:
percentiles over 24 hours, what a dashboard asks, the size of the store. Only ratios count. Leaves with 1 when one is
missed.
"""

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Key, append
from greenbot.metrics.histogram import bin_of
from greenbot.metrics.keeper import Keeper
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.query import Stretch, reading
from greenbot.metrics.rollup import roll_up
from greenbot.metrics.series import Series
from greenbot.overview import keeping_board, take

EVENTS = 10_000_000
DAY_SECONDS = 86_400
HOTELS = tuple(f"hotel-{number}" for number in range(10))
SHARES = (0.5, 0.95, 0.99)
LONGEST_MS = 30_000
CLOCK = ManualClock(now_ms=1_795_348_800_000)
NOW_S = CLOCK.now_ms() // 1000
DAY = Stretch(since_s=NOW_S - DAY_SECONDS, until_s=NOW_S)

RAW = "create table raw (instance integer not null, at_s integer not null, ms integer not null, bad integer not null)"
PUT = "insert into raw select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(:rows)"
INDEX = "create index raw_of on raw (instance, at_s)"
INDEX_AT = "create index raw_at on raw (at_s)"
SORTED_ALL = "select ms from raw where at_s >= :since order by ms"
SORTED_ONE = "select ms from raw where instance = :instance and at_s >= :since order by ms"
LATEST = "select instance, count(*), sum(bad), avg(ms) from raw where at_s >= :since group by instance"
LATEST_SORTED = "select instance, ms from raw where at_s >= :since order by instance, ms"
MINUTES = "select at_s / 60 * 60 as minute, count(*), sum(bad) from raw where at_s >= :since group by minute"
MINUTES_SORTED = "select at_s / 60 * 60 as minute, ms from raw where at_s >= :since order by minute, ms"


@dataclass(slots=True)
class Verdicts:
    """What was measured, and whether all of it is within its limits."""

    missed: list[str] = field(default_factory=list)

    def at_least(self, what: str, value: float, limit: float) -> None:
        """`value` must reach the limit."""
        self._tell(what, value, f">= {limit:g}", good=value >= limit)

    def at_most(self, what: str, value: float, limit: float) -> None:
        """`value` must not pass the limit."""
        self._tell(what, value, f"<= {limit:g}", good=value <= limit)

    def _tell(self, what: str, value: float, limit: str, *, good: bool) -> None:
        print(f"{what:<56}{value:>10.2f}{limit:>10}  {'ok' if good else 'MISSED'}", flush=True)
        if not good:
            self.missed.append(what)


def durations(count: int) -> list[int]:
    """Times as an API has them: most around 120 ms, a long tail."""
    rng = random.Random(7)
    return [min(LONGEST_MS, 1 + round(rng.lognormvariate(4.8, 0.7))) for _ in range(count)]


def ten_seconds(events: int) -> Iterator[tuple[int, list[list[int]]]]:
    """The day, ten seconds at a time: where they begin, and rows of instance, second, duration, badness."""
    pool = durations(200_003)  # a prime, so that no stretch repeats another
    steps, at = DAY_SECONDS // 10, 0
    for step in range(steps):
        rows = []
        for number in range(events * step // steps, events * (step + 1) // steps):
            at = (at + 1) % len(pool)
            rows.append([number % len(HOTELS), DAY.since_s + step * 10 + number % 10, pool[at], int(number % 40 == 0)])
        yield DAY.since_s + step * 10, rows


def cells_of(at_s: int, rows: Sequence[Sequence[int]], bins: Sequence[int]) -> dict[Key, Cell]:
    """The same rows as cells; `Cell.add` itself would take most of the time of this program."""
    cells: dict[Key, Cell] = {}
    for number, name in enumerate(HOTELS):
        mine = [row for row in rows if row[0] == number]
        cell = cells[Key(at_s=at_s, instance=name, series=Series.SEND)] = Cell()
        for _, second, ms, bad in mine[:1]:
            cell.add(second * 1000, ok=not bad, value_ms=ms)
        for _, _, ms, bad in mine[1:]:
            cell.n += 1
            cell.bad += bad
            cell.sum_ms += ms
            cell.max_ms = max(cell.max_ms, ms)
            cell.bins[bins[ms]] = cell.bins.get(bins[ms], 0) + 1
    return cells


def fill(store: Db, raw: Db, events: int) -> None:
    """The day, into both."""
    names, bins = Names(), [bin_of(ms) for ms in range(LONGEST_MS + 1)]
    waiting: list[list[int]] = []
    with raw.write(durable=False) as tx:
        tx.run(RAW)
    for number, (at_s, rows) in enumerate(ten_seconds(events)):
        with store.write(durable=False) as tx:
            append(tx, names, cells_of(at_s, rows, bins))
        if number % 6 == 5:
            roll_up(store, names)
        waiting += rows
        if len(waiting) >= 100_000 or number == DAY_SECONDS // 10 - 1:
            with raw.write(durable=False) as tx:
                tx.run(PUT, rows=json.dumps(waiting))
            waiting = []
    with raw.write(durable=False) as tx:
        tx.run(INDEX)
        tx.run(INDEX_AT)


def seconds_of(work: Callable[[], object], times: int = 1) -> float:
    """The median time of a work."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def exact(values: Sequence[int]) -> list[int]:
    """Percentiles of sorted values."""
    return [values[max(1, math.ceil(share * len(values))) - 1] for share in SHARES]


def percentiles(store: Db, names: Names, who: str) -> list[float | None]:
    """What a reader asks."""
    return reading(store, names, DAY, [Series.SEND], who).percentiles(*SHARES)


def compare_percentiles(store: Db, raw: Db, verdicts: Verdicts) -> None:
    """p50, p95 and p99 of 24 hours, of the fleet and of one hotel."""
    names = Names()
    works: Sequence[tuple[str, str, float, Callable[[], list[Any]]]] = (
        ("the fleet", FLEET, 200.0, lambda: raw.all(SORTED_ALL, since=DAY.since_s)),
        ("one hotel", HOTELS[3], 30.0, lambda: raw.all(SORTED_ONE, since=DAY.since_s, instance=3)),
    )
    for what, who, least, sort in works:
        begun = time.perf_counter()
        right = exact([row[0] for row in sort()])
        slow = time.perf_counter() - begun

        quick = partial(percentiles, store, names, who)
        told = quick()
        worst = max(abs((value or 0) - other) / other for value, other in zip(told, right, strict=True))
        verdicts.at_least(f"percentiles of 24 h, {what}: times faster than sorting", slow / seconds_of(quick, 9), least)
        verdicts.at_most(f"percentiles of 24 h, {what}: relative error, %", 100 * worst, 1)


def compare_dashboard(store: Db, raw: Db, verdicts: Verdicts) -> None:
    """Five minutes of every hotel and an hour of the fleet: one look, against counting the raw rows."""
    names = Names()
    Keeper(store, clock=CLOCK, owner="bench", recorders=[], prepare=keeping_board(lambda: HOTELS)).turn()

    def count_raw() -> object:
        hour = raw.all(MINUTES, since=NOW_S - 3600), raw.all(MINUTES_SORTED, since=NOW_S - 3600)
        return hour, raw.all(LATEST, since=NOW_S - 300), raw.all(LATEST_SORTED, since=NOW_S - 300)

    def look() -> object:
        return take(store, names, CLOCK.now_ms(), HOTELS)

    ratio = seconds_of(count_raw, 5) / seconds_of(look, 50)
    verdicts.at_least("dashboard: times faster than over raw rows", ratio, 12)


def size_of(db: Db) -> int:
    """Bytes of the store's pages."""
    pages, size = db.scalar("pragma page_count"), db.scalar("pragma page_size")
    assert isinstance(pages, int)
    assert isinstance(size, int)
    return pages * size


def main() -> int:
    """Fill, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    given = parser.parse_args()
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = connect(folder / "store" / "greenbot.db", clock=CLOCK)
        raw = connect(folder / "raw" / "greenbot.db", clock=CLOCK)
        before, begun = size_of(store), time.perf_counter()
        fill(store, raw, given.events)
        print(f"{given.events:,} events of a day, filled in {time.perf_counter() - begun:.0f} s")
        verdicts.at_most("store, MB per million events", (size_of(store) - before) / given.events, 40)
        compare_percentiles(store, raw, verdicts)
        compare_dashboard(store, raw, verdicts)
        store.close()
        raw.close()
    for what in verdicts.missed:
        print(f"missed: {what}")
    return 1 if verdicts.missed else 0


if __name__ == "__main__":
    sys.exit(main())
