"""What a look at all alerts costs: for 300 instances against 10, against its interval, and against raw queries.

    python -m tests.bench.evaluator

Each store holds 24 hours of the same traffic per instance, and it goes on: 480 messages and 720 events a day, a
question every minute; one message in two hundred fails. The raw table holds the calls of a hundred busy instances.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from greenbot.alerts.defaults import SEVEN, install
from greenbot.alerts.evaluate import EVALUATE_EVERY_MS
from greenbot.alerts.evaluator import Evaluator
from greenbot.alerts.table import add_in
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.rollup import roll_up
from greenbot.metrics.series import Series

BEGIN_MS = 1_795_348_800_000
HOURS = 24
#: Cells of this many hours are still there; older ones are minutes alone.
CELL_HOURS = 6
LOOKS = 40
#: One look takes at most this share of its interval, and at most so many times as long as one at ten instances.
MOST_OF_INTERVAL = 0.1
MOST_TIMES_TEN = 5.0
LEAST_TIMES_RAW = 20.0

#: Calls a minute of each of the hundred instances that are held against raw rows: ten million a day for all.
RAW_CALLS = 70
RAW_MINUTES = 30

RAW_TABLE = """
create table raw_calls (at_ms integer, instance text, series integer, ok integer, value_ms integer, label text) strict
"""
#: What raw rows are held against is how events are usually kept: one index over kind and time, in which an instance is
#: a filter. The other two are told and not judged: a raw table made for these very queries is a roll-up's rival only as
#: long as nobody asks for percentiles, or for how the latest ones went, which these 700 queries do not.
RAW_INDEX = "create index raw_calls_at on raw_calls (series, at_ms)"
RAW_OTHER_INDEXES = {
    "by instance and time": "create index raw_calls_by on raw_calls (instance, at_ms)",
    "made for these queries": "create index raw_calls_by on raw_calls (instance, series, at_ms)",
}
RAW_ROW = "insert into raw_calls values (:at, :instance, :series, :ok, :value, '')"
RAW_READ = """
select count(*), coalesce(sum(not ok), 0), avg(value_ms), coalesce(sum(label = '429 rate_limited'), 0) from raw_calls
 where instance = :instance and series in (1, 2, 3) and at_ms >= :since and at_ms < :until
"""


def cell(at_ms: int, value_ms: int, *, ok: bool = True) -> Cell:
    """One thing that happened."""
    made = Cell()
    made.add(at_ms, ok=ok, value_ms=value_ms, label="" if ok else "503 http_503")
    return made


def minute_of(number: int, minute_ms: int) -> dict[Key, Cell]:
    """What one instance does in one minute."""
    name, at_ms, minute = f"hotel-{number:03d}", minute_ms + number * 197 % 60_000, minute_ms // 60_000 + number
    at_s = at_ms // 10_000 * 10
    cells = {Key(at_s=at_s, instance=name, series=Series.QUERY): cell(at_ms, 90)}
    if minute % 2 == 0:
        cells[Key(at_s=at_s, instance=name, series=Series.EVENT)] = cell(at_ms, 30)
    if minute % 3 == 0:
        cells[Key(at_s=at_s, instance=name, series=Series.SEND)] = cell(at_ms, 200 + number % 90, ok=minute % 200 != 0)
    return cells


def fill(db: Db, names: Names, instances: int) -> None:
    """A day of traffic before the beginning."""
    for minute_ms in range(BEGIN_MS - HOURS * 3_600_000, BEGIN_MS, 60_000):
        with db.write(durable=False) as tx:
            for number in range(instances):
                append(tx, names, minute_of(number, minute_ms))
        if minute_ms % 3_600_000 == 0:
            roll_up(db, names)
            with db.write(durable=False) as tx:
                tx.run(
                    "delete from metric_cells where at_s < :before",
                    before=(BEGIN_MS - CELL_HOURS * 3_600_000) // 1000,
                )
    roll_up(db, names)


class Fleet:
    """A store with a day of traffic, and its evaluator, look after look while traffic goes on."""

    def __init__(self, folder: Path, instances: int) -> None:
        self._instances = instances
        self._clock = ManualClock(BEGIN_MS)
        self._names = Names()
        self.db = connect(folder / f"store-{instances}.db", clock=self._clock)
        fill(self.db, self._names, instances)
        install(self.db, self._clock)
        self._evaluator = Evaluator(self.db, clock=self._clock, owner="bench")
        begun = time.perf_counter()
        self._evaluator.turn()
        self.first_seconds = time.perf_counter() - begun

    def look(self) -> float:
        """Fifteen seconds later: how long one look takes."""
        now_ms = self._clock.now_ms()
        happening = {
            key: one
            for number in range(self._instances)
            for key, one in minute_of(number, now_ms // 60_000 * 60_000).items()
            if now_ms <= one.last_ms < now_ms + EVALUATE_EVERY_MS
        }
        with self.db.write(durable=False) as tx:
            append(tx, self._names, happening)
        self._clock.advance(EVALUATE_EVERY_MS / 1000)
        begun = time.perf_counter()
        self._evaluator.turn()
        return time.perf_counter() - begun


class Raw:
    """A hundred busy instances, as cells and as one row for each call."""

    def __init__(self, folder: Path) -> None:
        self._clock = ManualClock(BEGIN_MS)
        self.db = connect(folder / "raw.db", clock=self._clock)
        self._names = Names()
        with self.db.write(durable=False) as tx:
            tx.run(RAW_TABLE)
        for minute in range(RAW_MINUTES):
            self._happen(BEGIN_MS - (RAW_MINUTES - minute) * 60_000, 60)
        with self.db.write(durable=False) as tx:
            tx.run(RAW_INDEX)
            for rule in SEVEN:
                add_in(tx, rule, Operator(name="bench", clock=self._clock))
        self._evaluator = Evaluator(self.db, clock=self._clock, owner="bench")
        self._evaluator.turn()

    def _happen(self, from_ms: int, seconds: int) -> None:
        step_ms = 60_000 / RAW_CALLS
        with self.db.write(durable=False) as tx:
            for number in range(100):
                cells: dict[Key, Cell] = {}
                for call in range(round(seconds * 1000 / step_ms)):
                    at_ms, value_ms = from_ms + round(call * step_ms), 100 + (call * 37 + number) % 200
                    ok = (call + number) % 100 != 0
                    name = f"hotel-{number:03d}"
                    key = Key(at_s=at_ms // 10_000 * 10, instance=name, series=Series.SEND)
                    cells.setdefault(key, Cell()).add(at_ms, ok=ok, value_ms=value_ms)
                    tx.run(RAW_ROW, at=at_ms, instance=name, series=1, ok=int(ok), value=value_ms)
                append(tx, self._names, cells)

    def index_anew(self, index: str) -> None:
        """From now on the queries have another index."""
        with self.db.write(durable=False) as tx:
            tx.run("drop index if exists raw_calls_at")
            tx.run("drop index if exists raw_calls_by")
            tx.run(index)

    def ratio(self) -> float:
        """How many times longer 700 queries take than the look of the evaluator, all of it."""
        self._happen(self._clock.now_ms(), 15)
        self._clock.advance(EVALUATE_EVERY_MS / 1000)
        begun = time.perf_counter()
        self._evaluator.turn()
        ours = time.perf_counter() - begun
        until = self._clock.now_ms()
        begun = time.perf_counter()
        for rule in SEVEN:
            for number in range(100):
                self.db.one(RAW_READ, instance=f"hotel-{number:03d}", since=until - rule.window_s * 1000, until=until)
        return (time.perf_counter() - begun) / ours


def main() -> int:
    """Measure, say it, and tell whether all of it is within the limits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = Fleet(folder, 10), Fleet(folder, 300)
        pairs = [(small.look(), large.look()) for _ in range(LOOKS)]
        raw = Raw(folder)
        ratios = [raw.ratio() for _ in range(3)]
        others: dict[str, list[float]] = {}
        for what, index in RAW_OTHER_INDEXES.items():
            raw.index_anew(index)
            others[what] = [raw.ratio() for _ in range(12)]
        for db in (small.db, large.db, raw.db):
            db.close()
    ten, all_ = statistics.fmean(one for one, _ in pairs), statistics.fmean(one for _, one in pairs)
    times = all_ / ten
    share = max(one for _, one in pairs) * 1000 / EVALUATE_EVERY_MS
    faster = statistics.median(ratios)
    print(f"a look at 10 instances   {ten * 1000:8.2f} ms")
    print(f"a look at 300 instances  {all_ * 1000:8.2f} ms   the first one {large.first_seconds * 1000:.0f} ms")
    for what, found in others.items():
        print(f"700 raw queries, index {what} / seven rules   {statistics.median(found):.1f}")
    within = [
        _verdict("300 instances / 10 instances", times, MOST_TIMES_TEN, is_most=True),
        _verdict("the slowest look / its interval", share, MOST_OF_INTERVAL, is_most=True),
        _verdict("700 raw queries / seven rules over 100 instances", faster, LEAST_TIMES_RAW, is_most=False),
    ]
    return 0 if all(within) else 1


def _verdict(what: str, figure: float, limit: float, *, is_most: bool) -> bool:
    within = figure <= limit if is_most else figure >= limit
    print(f"{what:50} {figure:8.3f}   {'at most' if is_most else 'at least'} {limit:g}   {'' if within else 'MISSED'}")
    return within


if __name__ == "__main__":
    sys.exit(main())
