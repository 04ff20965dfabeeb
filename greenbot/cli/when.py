"""Moments as people type them: `2h`, `07:30`, `tomorrow 07:30`, `mon 9:00`, `2026-11-22T08:00`, RFC 3339.

What has no zone of its own is read on the clock of a place: the one of `--tz`, else the hotel's, else this
machine's. On the nights when clocks change, a time that happens twice means the first of the two, one
that does not happen the next moment that does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Literal

from greenbot.campaigns.localtime import local, moment_of, zone_of
from greenbot.cli.values import seconds_of
from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings

Towards = Literal["future", "past"]

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
_DAY_WORD = r"(?P<word>[a-z]+)"
_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME_ONLY = re.compile(_CLOCK)
_WORD_AND_TIME = re.compile(rf"{_DAY_WORD}\s+(?:at\s+)?{_CLOCK}")
_DATE_AND_TIME = re.compile(rf"{_DATE}[t ]\s*{_CLOCK}")
_DATE_ALONE = re.compile(_DATE)
_WITH_ZONE = re.compile(rf"{_DATE}[t ]\s*{_CLOCK}(?:\.\d{{1,9}})?\s*(?:z|[+-]\d\d:?\d\d)")
_FROM_NOW = re.compile(r"(?:in\s+|\+)?(?P<span>\d.*)")
_AGO = re.compile(r"(?P<span>\d.*?)(?:\s+ago)?")

_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HINT = 'Write it like 2h, 07:30, "tomorrow 07:30", "mon 9:00", 2026-11-22T08:00 or 2026-11-22T08:00:00+02:00.'
_LATEST_MS = 253_402_300_799_000  # the year 9999


class MachineZone(tzinfo):
    """The zone of this machine, changes of its clocks included; the standard library has only its offset of now."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        shown = (moment or datetime(1970, 1, 1, tzinfo=UTC)).replace(tzinfo=None)
        return shown.astimezone().utcoffset() or timedelta()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        shown = datetime.fromtimestamp(moment.replace(tzinfo=UTC).timestamp())  # noqa: DTZ006 - this machine's zone is meant
        return shown.replace(tzinfo=self)


def zone_for(name: str | None, *, hotel: str | None) -> tzinfo:
    """The zone of `--tz`: a name (Area/City), `hotel`, or nothing: the hotel's where it has one, else this machine's.

    Raises `UsageError` for a zone that does not exist, or `hotel` where no hotel has a zone.
    """
    if name == "hotel" and hotel is None:
        raise UsageError(
            "No one hotel's time zone is meant.",
            hint="Name one with -i; set its zone with: greenbot instances edit NAME --set timezone=Europe/Kyiv",
        )
    wanted = hotel if name in (None, "hotel") else name
    if wanted is None:
        return MachineZone()
    found = zone_of(wanted)
    if found is None:
        raise UsageError(
            f"There is no time zone '{safe_text(wanted, limit=40)}'.", hint="Name one like Europe/Kyiv, or hotel."
        )
    return found


def hotel_zone(settings: "Settings", instance: "Instance") -> str | None:
    """The time zone somebody set for this hotel; None where only the default stands."""
    origins = settings.origins
    own = _is_set(origins, f"instances.{instance.name}.timezone")
    return instance.timezone if own or _is_set(origins, "timezone") else None


def _is_set(origins: Mapping[str, object], key: str) -> bool:
    return getattr(origins.get(key), "kind", "default") not in ("default", "derived")


def moment(text: str, *, now_ms: int, zone: tzinfo, towards: Towards = "future") -> int:
    """The moment meant, UTC milliseconds. Raises `UsageError` for what is none, or lies on the other side of now.

    Towards the future `2h` is in two hours and `mon 9:00` the next one; towards the past `2h` is two hours
    ago, `mon 9:00` the last one, and a day alone (`yesterday`, `mon`, `2026-11-22`) is where it begins.
    """
    given = " ".join(text.strip().lower().split())
    found = _span(given, now_ms, towards) if given.isascii() else None
    if found is None and given.isascii():
        found = _absolute(given) or _on_the_clock(_with_time(given, towards), now_ms, zone, towards)
    if found is None or not 0 <= found <= _LATEST_MS:
        raise UsageError(f"'{safe_text(text, limit=60)}' is no moment greenbot understands.", hint=_HINT)
    if towards == "future" and found < now_ms:
        raise UsageError(f"'{safe_text(text, limit=60)}' is over.", hint="Name a moment to come, or a span such as 2h.")
    if towards == "past" and found > now_ms:
        raise UsageError(f"'{safe_text(text, limit=60)}' is still to come.", hint="Name a moment that is over.")
    return found


def _span(given: str, now_ms: int, towards: Towards) -> int | None:
    """`2h`, `in 1h30m`, `+90s`; towards the past `2h` and `2h ago`. A bare number is no moment: it has no unit."""
    if given == "now":
        return now_ms
    found = (_FROM_NOW if towards == "future" else _AGO).fullmatch(given)
    if found is None or re.fullmatch(r"[\d.]+", found["span"]):
        return None
    try:
        span_ms = round(seconds_of(found["span"]) * 1000)
    except UsageError:
        return None
    return now_ms + span_ms if towards == "future" else now_ms - span_ms


def _absolute(given: str) -> int | None:
    """RFC 3339 with its zone."""
    if not _WITH_ZONE.fullmatch(given):
        return None
    try:
        return round(datetime.fromisoformat(given.upper().replace(" ", "T", 1).replace(" ", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _with_time(given: str, towards: Towards) -> str:
    """A day alone is where it begins, of days that are over; when to send something has to be said."""
    is_day = given in _DAYS or _DATE_ALONE.fullmatch(given) or (given.isalpha() and _weekday(given) is not None)
    return f"{given} 00:00" if towards == "past" and is_day else given


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A time on the days from `first` on, one day or one week apart until it lies on the right side of now."""

    first: date
    at: time
    step_days: int = 0


def _on_the_clock(given: str, now_ms: int, zone: tzinfo, towards: Towards) -> int | None:
    try:
        wanted = _wanted(given, local(now_ms, zone).date())
        return None if wanted is None else _settled(wanted, now_ms, zone, towards)
    except (ValueError, OverflowError):
        return None


def _wanted(given: str, today: date) -> _Wanted | None:
    if found := _TIME_ONLY.fullmatch(given):
        return _Wanted(first=today, at=_time(found), step_days=1)
    if found := _DATE_AND_TIME.fullmatch(given):
        return _Wanted(first=date(*(int(found[part]) for part in ("year", "month", "day"))), at=_time(found))
    found = _WORD_AND_TIME.fullmatch(given)
    if found is None:
        return None
    word = found["word"]
    if word in _DAYS:
        return _Wanted(first=today + timedelta(days=_DAYS[word]), at=_time(found))
    weekday = _weekday(word)
    if weekday is None:
        return None
    return _Wanted(first=today + timedelta(days=(weekday - today.weekday()) % 7), at=_time(found), step_days=7)


def _weekday(word: str) -> int | None:
    """`mon`, `tues`, `monday`: at least three letters of one."""
    if len(word) < 3:
        return None
    return next((day for day, name in enumerate(_WEEKDAYS) if name.startswith(word)), None)


def _time(found: re.Match[str]) -> time:
    return time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))


def _settled(wanted: _Wanted, now_ms: int, zone: tzinfo, towards: Towards) -> int:
    """The nearest one on the right side of now; what names its day means that day."""
    step = timedelta(days=wanted.step_days)
    found = moment_of(wanted.first, wanted.at, zone)
    if step and towards == "future" and found <= now_ms:
        return moment_of(wanted.first + step, wanted.at, zone)
    if step and towards == "past" and found > now_ms:
        return moment_of(wanted.first - step, wanted.at, zone)
    return found
