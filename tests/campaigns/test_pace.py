"""The timetable: spacing, days, quiet hours and new chats hold for any list and any seed."""

import random
from collections import Counter
from datetime import time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.campaigns.localtime import Quiet, day_around
from greenbot.campaigns.pace import NewChats, Pace, Stop, timetable
from greenbot.errors import UsageError
from tests.campaigns.moments import NOON_MS, at, shown

KYIV = ZoneInfo("Europe/Kyiv")
ZONES = [ZoneInfo(name) for name in ("Europe/Kyiv", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe")]
NIGHT = Quiet(begin=time(21), end=time(9))
DAY_MS = 86_400_000

STOPS = st.lists(st.builds(Stop, zone=st.sampled_from(ZONES), new=st.booleans()), max_size=60)
SPACINGS = st.tuples(st.integers(0, 3_600_000), st.integers(0, 3_600_000)).map(lambda pair: (min(pair), max(pair)))
PACES = st.builds(
    Pace,
    zone=st.sampled_from(ZONES),
    spacing_ms=SPACINGS,
    quiet=st.none() | st.just(NIGHT) | st.just(Quiet(begin=time(2), end=time(3, 30))),
    max_per_day=st.none() | st.integers(1, 20),
    new_chats=st.builds(
        NewChats,
        zone=st.sampled_from(ZONES),
        cap=st.none().map(lambda _: lambda day: None) | st.integers(1, 5).map(lambda n: lambda day: n),
    ),
)
BEGINS = st.integers(at("2024-01-01 00:00"), at("2030-01-01 00:00"))


@settings(max_examples=200, deadline=None)
@given(STOPS, PACES, BEGINS, st.integers(0, 1000), st.integers(0, 25))
def test_every_rule_holds_for_every_message(stops: list[Stop], pace: Pace, begin: int, seed: int, left: int) -> None:
    moments = timetable(stops, pace, begin_ms=begin, rng=random.Random(seed), left_today=left)
    assert len(moments) == len(stops)
    ordered = sorted(moments)
    assert all(moment >= begin for moment in moments)
    assert all(later - earlier >= pace.spacing_ms[0] for earlier, later in pairwise(ordered))
    if pace.quiet is not None:
        assert all(
            pace.quiet.open_from(moment, stop.zone) == moment for moment, stop in zip(moments, stops, strict=True)
        )
    per_day = Counter(day_around(moment, pace.zone)[0] for moment in moments)
    if pace.max_per_day is not None:
        per_day[day_around(begin, pace.zone)[0]] += left if left <= pace.max_per_day else 0
        assert max(per_day.values(), default=0) <= max(pace.max_per_day, 1 if not moments else 0)
    new = Counter(
        day_around(moment, pace.new_chats.zone)[0] for moment, stop in zip(moments, stops, strict=True) if stop.new
    )
    assert all(pace.new_chats.cap(day) is None or count <= (pace.new_chats.cap(day) or 0) for day, count in new.items())


@settings(max_examples=100, deadline=None)
@given(STOPS, PACES, BEGINS, st.integers(0, 1000))
def test_the_same_seed_gives_the_same_timetable(stops: list[Stop], pace: Pace, begin: int, seed: int) -> None:
    first, second = (timetable(stops, pace, begin_ms=begin, rng=random.Random(seed)) for _ in range(2))
    assert first == second


@settings(max_examples=100, deadline=None)
@given(STOPS, PACES, BEGINS, st.integers(0, 1000))
def test_nobody_overtakes_under_the_same_condition(stops: list[Stop], pace: Pace, begin: int, seed: int) -> None:
    moments = timetable(stops, pace, begin_ms=begin, rng=random.Random(seed))
    for kind in set(stops):
        line = [moment for moment, stop in zip(moments, stops, strict=True) if stop == kind]
        assert line == sorted(line)


def laid_out(stops: list[Stop], pace: Pace, *, begin: int = NOON_MS, **today: int) -> list[str]:
    moments = timetable(stops, pace, begin_ms=begin, rng=random.Random(1), **today)
    return [shown(moment, "Europe/Kyiv")[5:16] for moment in moments]


HERE = Stop(zone=KYIV)
HOURLY = (3_600_000, 3_600_000)


def test_the_night_lies_between_two_days() -> None:
    pace = Pace(zone=KYIV, spacing_ms=HOURLY, quiet=NIGHT)
    begin = at("2026-05-11 19:30", "Europe/Kyiv")
    assert laid_out([HERE] * 4, pace, begin=begin) == ["05-11 19:30", "05-11 20:30", "05-12 09:00", "05-12 10:00"]


def test_a_guest_who_sleeps_lets_others_go_first() -> None:
    pace = Pace(zone=KYIV, spacing_ms=HOURLY, quiet=NIGHT)
    begin = at("2026-05-11 12:00", "Europe/Kyiv")  # 05:00 in New York, 18:00 in Tokyo
    stops = [Stop(zone=ZoneInfo("America/New_York")), HERE, Stop(zone=ZoneInfo("Asia/Tokyo")), HERE, HERE]
    assert laid_out(stops, pace, begin=begin) == [
        "05-11 16:00",  # 09:00 in New York
        "05-11 12:00",
        "05-11 13:00",
        "05-11 14:00",
        "05-11 15:00",
    ]


def test_a_day_that_is_full_goes_on_the_next() -> None:
    pace = Pace(zone=KYIV, spacing_ms=HOURLY, max_per_day=2)
    assert laid_out([HERE] * 4, pace, left_today=1) == ["05-11 12:00", "05-12 00:00", "05-12 01:00", "05-13 00:00"]


def test_old_guests_go_on_when_no_new_chat_may_begin() -> None:
    pace = Pace(zone=KYIV, spacing_ms=HOURLY, new_chats=NewChats(zone=KYIV, cap=lambda day: 2))
    new = Stop(zone=KYIV, new=True)
    assert laid_out([new, new, HERE, HERE], pace, new_today=1) == [
        "05-11 12:00",
        "05-12 00:00",
        "05-11 13:00",
        "05-11 14:00",
    ]


def test_the_spacing_is_random_within_its_bounds() -> None:
    moments = timetable(
        [HERE] * 2000, Pace(zone=KYIV, spacing_ms=(8_000, 25_000)), begin_ms=NOON_MS, rng=random.Random(7)
    )
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert (min(gaps) // 1000, max(gaps) // 1000) == (8, 24)
    assert 16_000 < sum(gaps) / len(gaps) < 17_000


def test_a_plan_for_more_than_a_year_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="more than a year"):
        timetable(
            [HERE] * 500, Pace(zone=KYIV, spacing_ms=(0, 0), max_per_day=1), begin_ms=NOON_MS, rng=random.Random(1)
        )
