"""Moments as people type them, on the clock of a place, also in the nights when clocks change."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from greenbot.cli.when import MachineZone, hotel_zone, moment, zone_for
from greenbot.errors import UsageError

KYIV = ZoneInfo("Europe/Kyiv")
#: A Sunday, 10:00 in Kyiv.
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def shown(moment_ms: int, zone: tzinfo = UTC) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


TO_COME = [
    # typed, the clock in Kyiv shows then
    ("now", "2026-11-22 10:00:00"),
    ("2h", "2026-11-22 12:00:00"),
    ("90s", "2026-11-22 10:01:30"),
    ("1h30m", "2026-11-22 11:30:00"),
    ("in 2h", "2026-11-22 12:00:00"),
    ("+2 h", "2026-11-22 12:00:00"),
    ("1w", "2026-11-29 10:00:00"),
    ("10:30", "2026-11-22 10:30:00"),
    ("9:00", "2026-11-23 09:00:00"),
    ("10:00", "2026-11-23 10:00:00"),
    ("today 18:00", "2026-11-22 18:00:00"),
    ("tomorrow 07:30", "2026-11-23 07:30:00"),
    ("Tomorrow at 7:30", "2026-11-23 07:30:00"),
    ("  tomorrow   07:30:15 ", "2026-11-23 07:30:15"),
    ("mon 9:00", "2026-11-23 09:00:00"),
    ("MONDAY 9:00", "2026-11-23 09:00:00"),
    ("thurs 9:00", "2026-11-26 09:00:00"),
    ("sun 11:00", "2026-11-22 11:00:00"),
    ("sun 9:00", "2026-11-29 09:00:00"),
    ("sat 9:00", "2026-11-28 09:00:00"),
    ("2026-11-22T11:00", "2026-11-22 11:00:00"),
    ("2026-12-24 18:00", "2026-12-24 18:00:00"),
    ("2026-12-24t18:00:30", "2026-12-24 18:00:30"),
    ("2026-11-22T09:00:00Z", "2026-11-22 11:00:00"),
    ("2026-11-22 09:00 z", "2026-11-22 11:00:00"),
    ("2026-11-22T09:00:00.250+01:00", "2026-11-22 10:00:00"),
    ("2026-11-22T20:00:00-0300", "2026-11-23 01:00:00"),
    # Clocks in Kyiv went forward at 03:00 and went back at 04:00.
    ("2027-03-28 03:30", "2027-03-28 04:00:00"),
    ("2027-10-31 03:30", "2027-10-31 03:30:00"),
]


@pytest.mark.parametrize(("text", "expected"), TO_COME)
def test_a_moment_to_come(text: str, expected: str) -> None:
    assert shown(moment(text, now_ms=NOW_MS, zone=KYIV), KYIV) == expected


def test_a_time_that_comes_twice_means_the_first() -> None:
    first = moment("2027-10-31 03:30", now_ms=NOW_MS, zone=KYIV)
    assert shown(first) == "2027-10-31 00:30:00"


OVER = [
    ("now", "2026-11-22 10:00:00"),
    ("2h", "2026-11-22 08:00:00"),
    ("2h ago", "2026-11-22 08:00:00"),
    ("09:00", "2026-11-22 09:00:00"),
    ("11:00", "2026-11-21 11:00:00"),
    ("yesterday 18:00", "2026-11-21 18:00:00"),
    ("mon 9:00", "2026-11-16 09:00:00"),
    ("sun 9:00", "2026-11-22 09:00:00"),
    ("2026-11-01 12:00", "2026-11-01 12:00:00"),
    ("today", "2026-11-22 00:00:00"),
    ("yesterday", "2026-11-21 00:00:00"),
    ("monday", "2026-11-16 00:00:00"),
    ("sun", "2026-11-22 00:00:00"),
    ("2026-11-01", "2026-11-01 00:00:00"),
]


@pytest.mark.parametrize(("text", "expected"), OVER)
def test_a_moment_that_is_over(text: str, expected: str) -> None:
    assert shown(moment(text, now_ms=NOW_MS, zone=KYIV, towards="past"), KYIV) == expected


NO_MOMENTS = [
    *("", " ", "5", "2.5", "soon", "tomorrow", "2026-11-25", "25:00", "12:60", "12", "12:5", "mo 9:00"),
    *("2026-02-30 10:00", "2026-13-01 10:00", "2026-11-25T10:00+99:00", "-2h", "2h30", "2 hours hence", "99999999w"),
    *("9:00 mon", "tomorrow 24:00", "next mon 9:00", "Ⅻ:00", "1\u0660:00", "10:00\x1b[2J", "0000-01-01 10:00", "2e3s"),
]


@pytest.mark.parametrize("text", NO_MOMENTS)
@pytest.mark.parametrize("towards", ["future", "past"])
def test_what_is_no_moment_is_refused_with_examples(text: str, towards: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment(text, now_ms=NOW_MS, zone=KYIV, towards=towards)  # type: ignore[arg-type]  # one of the two
    assert caught.value.exit_code == 2
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["today", "monday", "2026-11-22", "2026-11-25"])
def test_a_day_alone_does_not_say_when_to_send(text: str) -> None:
    with pytest.raises(UsageError, match="no moment"):
        moment(text, now_ms=NOW_MS, zone=KYIV)


@pytest.mark.parametrize("text", ["2026-11-22T09:59", "today 09:00", "yesterday 09:00", "2026-11-22T07:59:59Z"])
def test_nothing_is_scheduled_into_the_past(text: str) -> None:
    with pytest.raises(UsageError, match="is over"):
        moment(text, now_ms=NOW_MS, zone=KYIV)


@pytest.mark.parametrize("text", ["tomorrow 09:00", "2026-11-22T10:01", "today 11:00"])
def test_nothing_is_looked_for_in_the_future(text: str) -> None:
    with pytest.raises(UsageError, match="still to come"):
        moment(text, now_ms=NOW_MS, zone=KYIV, towards="past")


# --- whose clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hotel", "expected"),
    [
        ("Asia/Tokyo", "Europe/Kyiv", "2026-11-23 07:00"),
        ("hotel", "Europe/Kyiv", "2026-11-23 07:00"),
        (None, "Europe/Kyiv", "2026-11-23 07:00"),
        ("UTC", "Europe/Kyiv", "2026-11-23 07:00"),
    ],
)
def test_the_zone_is_the_named_one_or_the_hotels(name: str | None, hotel: str, expected: str) -> None:
    zone = zone_for(name, hotel=hotel)
    assert shown(moment("2026-11-23 07:00", now_ms=NOW_MS, zone=zone), zone)[:16] == expected
    assert str(zone) == (hotel if name in (None, "hotel") else name)


@pytest.mark.parametrize("name", ["Europe/Kiev2", "Kyiv", "../../etc/passwd", "/etc/localtime", "", "a" * 500])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="There is no time zone"):
        zone_for(name, hotel=None)


def test_hotel_needs_a_hotel_with_a_zone() -> None:
    with pytest.raises(UsageError, match="No one hotel"):
        zone_for("hotel", hotel=None)
    assert isinstance(zone_for(None, hotel=None), MachineZone)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", None),
        ('timezone = "Europe/Kyiv"\n', "Europe/Kyiv"),
        ('timezone = "UTC"\n', "UTC"),
        ("own", "Asia/Tokyo"),
    ],
)
def test_the_hotels_zone_is_the_one_somebody_set(tmp_path: Path, toml: str, expected: str | None) -> None:
    from greenbot.config.load import load

    own = 'timezone = "Asia/Tokyo"\n' if toml == "own" else ""
    (tmp_path / "config.toml").write_text(
        f'{"" if own else toml}[instances.kyiv]\nid = "1101000001"\n{own}', encoding="utf-8"
    )
    tmp_path.chmod(0o700)
    settings = load({"GREENBOT_HOME": str(tmp_path), "HOME": str(tmp_path)}, cwd=tmp_path)
    assert hotel_zone(settings, settings.instance("kyiv")) == expected


# --- the nights when clocks change ----------------------------------------------------------------------------------

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
FIRST, LAST = datetime(2024, 1, 1), datetime(2030, 12, 31)  # noqa: DTZ001 - what a wall clock shows


def wall_clocks() -> st.SearchStrategy[datetime]:
    return st.datetimes(FIRST, LAST).map(lambda found: found.replace(second=0, microsecond=0))


def changes(zone: tzinfo) -> list[datetime]:
    """The moments at which this zone changes its offset, UTC."""
    day, found = datetime(2024, 1, 1, tzinfo=UTC), []
    while day.year < 2031:
        later = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            before, after = day, later
            while after - before > timedelta(minutes=1):
                middle = before + (after - before) // 2
                if middle.astimezone(zone).utcoffset() == day.astimezone(zone).utcoffset():
                    before = middle
                else:
                    after = middle
            found.append(after.replace(second=0, microsecond=0))
        day = later
    return found


def check(wanted: datetime, zone: tzinfo) -> None:
    """The promise: the first moment at which the clock shows it, or has just jumped over it."""
    start_ms = int(datetime(2023, 12, 1, tzinfo=UTC).timestamp() * 1000)
    found_ms = moment(wanted.strftime("%Y-%m-%d %H:%M"), now_ms=start_ms, zone=zone)
    clock = datetime.fromtimestamp(found_ms / 1000, zone).replace(tzinfo=None, fold=0)
    if clock == wanted:
        earlier = (datetime.fromtimestamp((found_ms - back * 60_000) / 1000, zone) for back in (30, 60, 120, 180, 1440))
        assert all(one.replace(tzinfo=None, fold=0) != wanted for one in earlier), "the first of two"
    else:
        just_before = datetime.fromtimestamp(found_ms / 1000 - 1, zone).replace(tzinfo=None, fold=0)
        assert just_before < wanted < clock, "the moment at which the clock jumped over it"


@given(wanted=wall_clocks(), name=st.sampled_from(ZONES))
@example(wanted=datetime(2024, 3, 31, 3, 30), name="Europe/Kyiv")  # noqa: DTZ001 - what a wall clock shows
@example(wanted=datetime(2024, 10, 6, 2, 15), name="Australia/Lord_Howe")  # noqa: DTZ001 - half an hour forward
@example(wanted=datetime(2024, 4, 7, 1, 45), name="Australia/Lord_Howe")  # noqa: DTZ001 - half an hour back
@example(wanted=datetime(2024, 3, 31, 0, 30), name="America/Godthab")  # noqa: DTZ001 - across midnight
def test_any_time_in_any_zone_means_its_first_or_the_next_valid_moment(wanted: datetime, name: str) -> None:
    check(wanted, ZoneInfo(name))


@pytest.mark.parametrize("name", ["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_every_quarter_around_every_change_of_clocks(name: str) -> None:
    zone = ZoneInfo(name)
    nights = changes(zone)
    assert len(nights) >= 12
    for night in nights:
        around = night.astimezone(zone).replace(tzinfo=None, fold=0)
        for quarter in range(-10, 11):
            check(around + timedelta(minutes=15 * quarter), zone)


@given(now=st.datetimes(FIRST, LAST, timezones=st.just(UTC)), at=st.times(), name=st.sampled_from(ZONES))
def test_a_time_of_day_is_always_the_next_one(now: datetime, at: object, name: str) -> None:
    zone, now_ms = ZoneInfo(name), int(now.timestamp() * 1000)
    found_ms = moment(f"{at:%H:%M}", now_ms=now_ms, zone=zone)
    # A day lasts 25 hours at most, and a place may leave out a whole one.
    assert 0 <= found_ms - now_ms <= 49 * 3_600_000


@given(
    now=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    day=st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    hour=st.integers(0, 23),
    name=st.sampled_from(ZONES),
)
def test_a_weekday_is_that_day_within_a_week(now: datetime, day: str, hour: int, name: str) -> None:
    zone, now_ms = ZoneInfo(name), int(now.timestamp() * 1000)
    found_ms = moment(f"{day} {hour}:00", now_ms=now_ms, zone=zone)
    found = datetime.fromtimestamp(found_ms / 1000, zone)
    assert 0 <= found_ms - now_ms <= 8 * 86_400_000
    assume(found.hour == hour)
    assert found.strftime("%a").lower() == day


@given(text=st.text(max_size=40))
def test_whatever_is_typed_is_a_moment_or_a_clear_refusal(text: str) -> None:
    for towards in ("future", "past"):
        try:
            found = moment(text, now_ms=NOW_MS, zone=KYIV, towards=towards)
        except UsageError:
            continue
        assert found >= NOW_MS if towards == "future" else found <= NOW_MS


# --- this machine's clock -------------------------------------------------------------------------------------------


@pytest.fixture(
    params=["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "UTC", "EET-2EEST,M3.5.0/3,M10.5.0/4"]
)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_this_machines_clock_changes_as_its_zone_says(machine: str) -> None:
    known = ZoneInfo("Europe/Kyiv" if machine.startswith("EET") else machine)
    for night in [*changes(known), NOW]:
        around = night.astimezone(known).replace(tzinfo=None, fold=0)
        for quarter in range(-10, 11):
            text = (around + timedelta(minutes=15 * quarter)).strftime("%Y-%m-%d %H:%M")
            start_ms = int(datetime(2023, 12, 1, tzinfo=UTC).timestamp() * 1000)
            here, there = (moment(text, now_ms=start_ms, zone=zone) for zone in (MachineZone(), known))
            assert shown(here) == shown(there), text


def test_tomorrow_is_tomorrow_on_this_machine(machine: str) -> None:
    found = moment("tomorrow 07:30", now_ms=NOW_MS, zone=MachineZone())
    assert time.strftime("%H:%M", time.localtime(found / 1000)) == "07:30"
    assert MachineZone().tzname(datetime.now(tz=UTC)) is not None
