"""Any window over the store says what counting every single call says."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenbot.db.connect import Db, connect
from greenbot.metrics import cells
from greenbot.metrics.cell import Cell
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.query import Stretch, reading, trend
from greenbot.metrics.rollup import Keep, prune, roll_up
from greenbot.metrics.series import CALLS, Series
from greenbot.metrics.window import Window
from tests.metrics.counting import NOW_S, Happening, StandingClock, keep, percentile, streak

HAPPENINGS = st.lists(
    st.builds(
        Happening,
        at_ms=st.integers((NOW_S - 9000) * 1000, NOW_S * 1000 - 1),
        instance=st.sampled_from(["kyiv", "lviv", "odesa"]),
        series=st.sampled_from([Series.SEND, Series.QUERY, Series.POLL]),
        ok=st.booleans(),
        value_ms=st.none() | st.integers(1, 60_000),
        label=st.sampled_from(["", "503 http_503", "- connect_failed"]),
    ),
    max_size=60,
    unique_by=lambda one: one.at_ms,
)
#: How long ago a stretch begins, and how long it is, in tens of seconds.
STRETCHES = st.tuples(st.integers(1, 900), st.integers(1, 900))


def stretch_of(begins: int, length: int) -> Stretch:
    since = NOW_S - begins * 10
    if length > 360:  # longer ones are read to the minute
        since -= since % 60
    return Stretch(since_s=since, until_s=NOW_S if length > 360 else min(NOW_S, since + length * 10))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAPPENINGS, STRETCHES, st.sampled_from([FLEET, "kyiv", "lviv", "nobody"]), st.integers(0, 60))
def test_a_window_counts_what_happened_in_it(
    tmp_path: Path, happenings: list[Happening], chosen: tuple[int, int], instance: str, rolled: int
) -> None:
    stretch = stretch_of(*chosen)
    with _store(tmp_path) as db:
        names = Names()
        keep(db, names, happenings[:rolled])
        roll_up(db, names)
        keep(db, names, happenings[rolled:])
        found = reading(db, Names(), stretch, CALLS, instance)
    inside = [
        one
        for one in happenings
        if one.series in CALLS and stretch.holds(one.at_ms // 10_000 * 10) and instance in (FLEET, one.instance)
    ]
    assert _sums(found) == _counted(inside)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAPPENINGS, st.sampled_from([("kyiv", 300), ("kyiv", 900), ("lviv", 600), (FLEET, 300), (FLEET, 3600)]))
def test_the_window_in_memory_says_the_same_and_knows_how_the_latest_went(
    tmp_path: Path, happenings: list[Happening], asked: tuple[str, int]
) -> None:
    window = Window()
    with _store(tmp_path) as db:
        names = Names()
        for first in range(0, len(happenings), 9):
            # What happened later may be flushed earlier.
            keep(db, names, happenings[first : first + 9], batch=100)
            window.follow(db, names, NOW_S)
        fresh = Window()
        fresh.follow(db, Names(), NOW_S)
    instance, seconds = asked
    inside = [
        one
        for one in happenings
        if instance in (FLEET, one.instance)
        and one.series is Series.SEND
        and one.at_ms // 10_000 * 10 >= NOW_S - seconds
    ]
    for seen in (window, fresh):
        assert _sums(seen.total(instance, [Series.SEND], NOW_S, seconds)) == _counted(inside)


def test_how_the_latest_went_spans_cells_and_flushes(db: Db) -> None:
    happenings = [
        Happening(at_ms=(NOW_S - 600 + number * 7) * 1000, ok=number < 30 or number >= 70) for number in range(80)
    ]
    for many in (30, 45, 70, 71, 80):
        window = Window()
        with db.write() as tx:
            tx.run("delete from metric_cells")
        keep(db, Names(), happenings[:many], batch=1000)
        window.follow(db, Names(), NOW_S)
        cell = window.total("kyiv", [Series.SEND], NOW_S, 900)
        assert cell.tail == streak(happenings[:many])
        assert cell.last_ms == happenings[many - 1].at_ms
        assert cell.tail_from_ms == happenings[many - abs(cell.tail)].at_ms


def test_a_trend_is_the_window_step_by_step(db: Db) -> None:
    names = Names()
    happenings = [Happening(at_ms=(NOW_S - 7200 + number * 13) * 1000, ok=number % 3 > 0) for number in range(500)]
    keep(db, names, happenings[:400])
    roll_up(db, names)
    keep(db, names, happenings[400:])
    steps = trend(db, names, Stretch(since_s=NOW_S - 7200, until_s=NOW_S), [Series.SEND], "kyiv", step_s=300)
    assert [(at_s, cell.n, cell.bad) for at_s, cell in steps] == [
        (at_s, len(inside), sum(not one.ok for one in inside))
        for at_s in range(NOW_S - 7200, NOW_S, 300)
        if (inside := [one for one in happenings if at_s <= one.at_ms // 10_000 * 10 < at_s + 300])
    ]


def test_rolling_up_twice_or_in_between_counts_nothing_twice(db: Db) -> None:
    names = Names()
    happenings = [Happening(at_ms=(NOW_S - 86_400 + number * 60) * 1000) for number in range(1440)]
    for first in range(0, 1440, 100):
        keep(db, names, happenings[first : first + 100])
        roll_up(db, names)
        roll_up(db, Names())
    day = Stretch(since_s=NOW_S - 86_400, until_s=NOW_S)
    assert [reading(db, names, day, [Series.SEND], who).n for who in (FLEET, "kyiv")] == [1440, 1440]


def test_what_is_pruned_stays_in_the_coarser_levels(db: Db) -> None:
    names = Names()
    old = [Happening(at_ms=(NOW_S - 20 * 86_400 + number * 10) * 1000) for number in range(360)]
    recent = [Happening(at_ms=(NOW_S - 7200 + number * 10) * 1000) for number in range(360)]
    keep(db, names, [*old, *recent])
    assert prune(db, NOW_S, Keep()) == 0, "nothing goes that is not in minutes and hours yet"
    roll_up(db, names)
    assert prune(db, NOW_S, Keep()) > 0
    assert {row["at_s"] < NOW_S - 86_400 for row in db.all("select at_s from metric_cells")} == {False}
    assert reading(db, names, Stretch(since_s=NOW_S - 30 * 86_400, until_s=NOW_S), [Series.SEND]).n == 720


def _store(folder: Path) -> "_Closing":
    return _Closing(folder)


class _Closing:
    """A store of its own for each example."""

    def __init__(self, folder: Path) -> None:
        number = len(list(folder.iterdir()))
        self.db = connect(folder / f"{number}" / "greenbot.db", clock=StandingClock(seconds=NOW_S))

    def __enter__(self) -> Db:
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.close()


def _sums(cell: Cell) -> tuple[object, ...]:
    p95 = cell.percentiles(0.95)[0]
    return cell.n, cell.bad, cell.sum_ms, cell.max_ms, cell.timed, cell.labels, p95 and round(p95, -3)


def _counted(happenings: list[Happening]) -> tuple[object, ...]:
    values = [one.value_ms for one in happenings if one.value_ms is not None]
    exact = Cell()
    for value in values:
        exact.add(0, value_ms=value)
    labels = {
        label: sum(one.label == label for one in happenings)
        for label in sorted({one.label for one in happenings if one.label})
    }
    p95 = percentile(values, 0.95)
    told = exact.percentiles(0.95)[0]
    assert p95 is None or (told is not None and abs(told - p95) <= p95 * 0.01)
    return (
        len(happenings),
        sum(not one.ok for one in happenings),
        sum(values),
        max(values, default=0),
        len(values),
        labels,
        told and round(told, -3),
    )


def test_what_is_added_during_the_first_read_is_taken_in_once(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    names, window = Names(), Window()
    keep(db, names, [Happening(at_ms=(NOW_S - 60) * 1000)])
    read = cells.since

    def late(reader: Db, known: Names, at_s: int) -> list[cells.Stored]:
        keep(db, names, [Happening(at_ms=(NOW_S - 50) * 1000)])
        return read(reader, known, at_s)

    monkeypatch.setattr("greenbot.metrics.window.since", late)
    window.follow(db, names, NOW_S)
    assert window.total("kyiv", [Series.SEND], NOW_S, 300).n == 2
