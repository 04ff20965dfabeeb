"""Days read from the roll-ups say what counting every single happening says, whatever the zone and whatever is gone."""

from datetime import date, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.campaigns.localtime import moment_of
from greenbot.db.connect import Db, connect
from greenbot.metrics.cell import Cell
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.query import Stretch, reading
from greenbot.metrics.rollup import Keep, prune, roll_up
from greenbot.metrics.series import CALLS, Series
from greenbot.metrics.spans import Spans
from tests.metrics.counting import NOW_S, Happening, StandingClock, keep, percentile

DAYS = 5
LAST = date(2026, 11, 22)
HAPPENINGS = st.lists(
    st.builds(
        Happening,
        at_ms=st.integers((NOW_S - DAYS * 86_400) * 1000, NOW_S * 1000 - 1),
        instance=st.sampled_from(["kyiv", "lviv"]),
        series=st.sampled_from([Series.SEND, Series.QUERY, Series.MESSAGE]),
        ok=st.booleans(),
        value_ms=st.none() | st.integers(1, 60_000),
        label=st.sampled_from(["", "503 http_503", "accepted response"]),
    ),
    max_size=80,
    unique_by=lambda one: one.at_ms,
)
ZONES = st.sampled_from(["UTC", "Europe/Kyiv", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland"])


def edges_of(zone: str) -> list[int]:
    first = LAST - timedelta(days=DAYS)
    return [moment_of(first + timedelta(days=day), time(), ZoneInfo(zone)) // 1000 for day in range(DAYS + 2)]


def summed(cell: Cell) -> tuple[int, int, int, int, dict[str, int]]:
    return cell.n, cell.bad, cell.sum_ms, cell.max_ms, cell.labels


def counted(happenings: list[Happening]) -> tuple[int, int, int, int, dict[str, int]]:
    timed = [one.value_ms for one in happenings if one.value_ms is not None]
    labels: dict[str, int] = {}
    for one in happenings:
        if one.label:
            labels[one.label] = labels.get(one.label, 0) + 1
    return len(happenings), sum(not one.ok for one in happenings), sum(timed), max(timed, default=0), labels


@settings(max_examples=25, deadline=None)
@given(HAPPENINGS, ZONES, st.integers(0, 80), st.sampled_from(["kyiv", "lviv", "nobody", FLEET]))
def test_a_day_counts_what_happened_between_its_midnights(
    happenings: list[Happening], zone: str, rolled: int, instance: str
) -> None:
    edges = edges_of(zone)
    with TemporaryDirectory() as folder:
        db = connect(Path(folder) / "greenbot.db", clock=StandingClock(seconds=NOW_S))
        names = Names()
        keep(db, names, happenings[:rolled])
        roll_up(db, names)
        keep(db, names, happenings[rolled:])
        found = Spans(db, Names()).sums(instance, edges, [Series.SEND, Series.MESSAGE])
        db.close()
    for begin, end, sums in zip(edges, edges[1:], found, strict=False):
        for series in (Series.SEND, Series.MESSAGE):
            mine = [
                one
                for one in happenings
                if one.series is series and instance in (FLEET, one.instance) and begin * 1000 <= one.at_ms < end * 1000
            ]
            cell = sums.get(series, Cell())
            assert summed(cell) == counted(mine)
            timed = [one.value_ms for one in mine if one.value_ms is not None]
            for share, told in zip((0.5, 0.99), cell.percentiles(0.5, 0.99), strict=True):
                right = percentile(timed, share)
                assert (told is None) == (right is None)
                assert right is None or told is None or abs(told - right) <= 0.01 * right + 1


@pytest.mark.parametrize(
    ("zone", "minutes", "days"),
    [
        pytest.param("Europe/Kyiv", (-65, -5, 0, 59), (2, 2), id="midnight on the hour is exact without minutes"),
        pytest.param("Asia/Kathmandu", (-20, -10, 10, 50), (1, 3), id="18:15 UTC becomes 18:00, where most is later"),
        pytest.param("Asia/Kolkata", (-35, -25, 5, 35), (1, 3), id="18:30 UTC becomes 18:00: half counts as later"),
    ],
)
def test_when_minutes_are_gone_an_hour_stays_whole(
    db: Db, zone: str, minutes: tuple[int, ...], days: tuple[int, int]
) -> None:
    names = Names()
    begin = moment_of(date(2026, 11, 20), time(), ZoneInfo(zone)) // 1000
    edges = [begin - 86_400, begin, begin + 86_400]
    keep(db, names, [Happening(at_ms=(begin + minute * 60) * 1000) for minute in minutes])
    roll_up(db, names)
    exact = [sums[Series.SEND].n for sums in Spans(db, names).sums("kyiv", edges, [Series.SEND])]
    assert exact == [sum(minute < 0 for minute in minutes), sum(minute >= 0 for minute in minutes)]
    prune(db, NOW_S, Keep(cells=0, minutes=0))
    rough = [sums[Series.SEND].n for sums in Spans(db, names).sums("kyiv", edges, [Series.SEND])]
    assert tuple(rough) == days
    assert sum(rough) == len(minutes), "nothing is lost, nothing is told twice"


def test_an_hour_of_the_past_can_be_asked_for_when_its_ten_seconds_are_gone(db: Db) -> None:
    names = Names()
    begin = NOW_S - 86_400
    keep(db, names, [Happening(at_ms=(begin + second) * 1000) for second in (-60, 0, 700, 3599, 3600)])
    keep(db, names, [Happening(at_ms=(NOW_S - 60) * 1000)])
    roll_up(db, names)
    prune(db, NOW_S)
    assert reading(db, names, Stretch(since_s=begin, until_s=begin + 3600), CALLS, "kyiv").n == 3


def test_everybody_who_was_ever_counted_is_known(db: Db) -> None:
    names = Names()
    keep(db, names, [Happening(at_ms=NOW_S * 1000 - 5000)])
    roll_up(db, names)
    keep(db, names, [Happening(at_ms=NOW_S * 1000 - 4000, instance="lviv")])
    assert Spans(db, names).instances() == {"kyiv", "lviv"}
