"""Quiet hours and days on local clocks, in the nights when these change and in all others."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.campaigns.localtime import Quiet, day_around, moment_of, read_quiet, zone_of
from greenbot.errors import UsageError
from tests.campaigns.moments import at, shown

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
MOMENTS = st.integers(at("2024-01-01 00:00"), at("2030-12-31 00:00"))
TIMES = st.times().map(lambda found: found.replace(second=0, microsecond=0))
QUIETS = (
    st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(begin=pair[0], end=pair[1]))
)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "moment"),
    [
        ("Europe/Kyiv", "2026-05-11", "09:00", "2026-05-11 09:00:00 +0300"),
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29 03:00:00 +0200"),  # never: the next moment that is
        ("Europe/Berlin", "2026-03-29", "02:00", "2026-03-29 03:00:00 +0200"),
        ("Europe/Berlin", "2026-03-29", "03:00", "2026-03-29 03:00:00 +0200"),
        ("Europe/Berlin", "2026-03-29", "01:59", "2026-03-29 01:59:00 +0100"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25 02:30:00 +0200"),  # twice: the first
        ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25 03:00:00 +0100"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-04 02:30:00 +1100"),  # half an hour
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-31 00:00:00 +1400"),  # a day that never was
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-24 01:00:00 +0300"),  # no midnight
    ],
)
def test_a_local_time_is_one_moment(zone: str, day: str, clock: str, moment: str) -> None:
    found = moment_of(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    assert shown(found, zone) == moment


NIGHT = Quiet(begin=time(21), end=time(9))
SIESTA = Quiet(begin=time(13), end=time(16))
SMALL_HOURS = Quiet(begin=time(1), end=time(2, 30))


@pytest.mark.parametrize(
    ("quiet", "zone", "asked", "opens"),
    [
        (NIGHT, "Europe/Kyiv", at("2026-05-11 12:00", "Europe/Kyiv"), "2026-05-11 12:00:00 +0300"),
        (NIGHT, "Europe/Kyiv", at("2026-05-11 20:59", "Europe/Kyiv"), "2026-05-11 20:59:00 +0300"),
        (NIGHT, "Europe/Kyiv", at("2026-05-11 21:00", "Europe/Kyiv"), "2026-05-12 09:00:00 +0300"),
        (NIGHT, "Europe/Kyiv", at("2026-05-12 00:30", "Europe/Kyiv"), "2026-05-12 09:00:00 +0300"),
        (NIGHT, "Europe/Kyiv", at("2026-05-12 09:00", "Europe/Kyiv"), "2026-05-12 09:00:00 +0300"),
        (NIGHT, "America/New_York", at("2026-05-11 12:00", "Europe/Kyiv"), "2026-05-11 09:00:00 -0400"),
        (SIESTA, "Europe/Madrid", at("2026-05-11 13:30", "Europe/Madrid"), "2026-05-11 16:00:00 +0200"),
        (SIESTA, "Europe/Madrid", at("2026-05-11 12:59", "Europe/Madrid"), "2026-05-11 12:59:00 +0200"),
        # The end does not happen that night: the next moment that does.
        (SMALL_HOURS, "Europe/Berlin", at("2026-03-29 01:30", "Europe/Berlin"), "2026-03-29 03:00:00 +0200"),
        # The end happens twice: the first ends it for good.
        (SMALL_HOURS, "Europe/Berlin", at("2026-10-25 01:30", "Europe/Berlin"), "2026-10-25 02:30:00 +0200"),
        (SMALL_HOURS, "Europe/Berlin", at("2026-10-25 02:10", "Europe/Berlin", fold=1), "2026-10-25 02:10:00 +0100"),
    ],
)
def test_quiet_hours_end_when_the_guests_clock_says_so(quiet: Quiet, zone: str, asked: int, opens: str) -> None:
    assert shown(quiet.open_from(asked, ZoneInfo(zone)), zone) == opens


@settings(max_examples=300, deadline=None)
@given(ZONES, MOMENTS, QUIETS)
def test_what_opens_is_open_and_not_long_ago_was_quiet(name: str, moment: int, quiet: Quiet) -> None:
    zone = ZoneInfo(name)
    opens = quiet.open_from(moment, zone)
    assert opens >= moment
    assert quiet.open_from(opens, zone) == opens
    # Quiet until the last second before, and an ordinary moment by the plain clock agrees.
    assert opens == moment or quiet.open_from(opens - 1, zone) == opens
    closes = quiet.quiet_from(opens, zone)
    assert closes > opens
    assert quiet.open_from(closes - 1, zone) == closes - 1
    assert quiet.open_from(closes, zone) > closes
    if _is_ordinary(moment, zone):
        assert (opens > moment) == _by_the_plain_clock(moment, quiet, name)


def _is_ordinary(moment: int, zone: ZoneInfo) -> bool:
    """No change of clocks within two days."""
    middle = datetime.fromtimestamp(moment / 1000, UTC)
    return len({(middle + timedelta(hours=shift)).astimezone(zone).utcoffset() for shift in range(-49, 50)}) == 1


def _by_the_plain_clock(moment: int, quiet: Quiet, zone: str) -> bool:
    clock = time.fromisoformat(shown(moment, zone)[11:19])
    if quiet.begin < quiet.end:
        return quiet.begin <= clock < quiet.end
    return clock >= quiet.begin or clock < quiet.end


@settings(max_examples=300, deadline=None)
@given(ZONES, MOMENTS)
def test_days_follow_one_another_without_a_gap(name: str, moment: int) -> None:
    zone = ZoneInfo(name)
    begin, end = day_around(moment, zone)
    assert begin <= moment < end
    assert day_around(end, zone)[0] == end
    assert day_around(begin - 1, zone)[1] == begin
    assert 22 * 3_600_000 <= end - begin <= 26 * 3_600_000


@settings(max_examples=300, deadline=None)
@given(ZONES, st.dates(date(2024, 1, 1), date(2030, 12, 31)), TIMES)
def test_every_local_time_has_a_moment_that_shows_it_or_the_next_one(name: str, day: date, clock: time) -> None:
    zone = ZoneInfo(name)
    found = datetime.fromtimestamp(moment_of(day, clock, zone) / 1000, UTC).astimezone(zone)
    wanted = datetime.combine(day, clock)
    naive = found.replace(tzinfo=None)
    assert naive >= wanted
    if naive == wanted:
        assert found.fold == 0
    else:
        before = (found.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < wanted


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("21:00-09:00", "21:00-09:00"),
        ("21-9", "21:00-09:00"),
        (" 22:30 – 8:15 ", "22:30-08:15"),  # noqa: RUF001 - what a text program makes of a dash
        ("20:00-24:00", "20:00-00:00"),
        ("none", "None"),
        ("off", "None"),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(text: str, quiet: str) -> None:
    assert str(read_quiet(text)) == quiet


@pytest.mark.parametrize("text", ["", "21", "25-9", "21:60-9", "9-9", "late", "21:00", "-", "21-9-10"])
def test_what_are_no_quiet_hours_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="quiet hours"):
        read_quiet(text)


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "Europe", "a\0b", "x" * 300])
def test_what_is_no_time_zone_is_none(name: str) -> None:
    assert zone_of(name) is None


def test_utc_needs_no_zone_data() -> None:
    assert zone_of("UTC") is UTC
