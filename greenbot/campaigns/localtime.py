"""Days and quiet hours on the clock of a place: pure.

The rule for the nights when clocks change (guarantees F3): a local time that happens twice means
the first of the two; one that does not happen means the next moment that does.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_DAY = timedelta(days=1)
_QUIET = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-\u2013]\s*(\d{1,2})(?::(\d\d))?")


@lru_cache(maxsize=1000)
def zone_of(name: str) -> tzinfo | None:
    """The time zone of that name (Area/City), or None: there is none, or this machine has no zone data."""
    if name == "UTC":
        return UTC
    if not _ZONE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def local(moment_ms: int, zone: tzinfo) -> datetime:
    """A moment as the clocks of the place show it."""
    return datetime.fromtimestamp(moment_ms / 1000, zone)


def moment_of(day: date, at: time, zone: tzinfo) -> int:
    """When the clocks of a place show `at` on `day`, UTC milliseconds: the first time, or the next moment after."""
    shown = datetime.combine(day, at)
    early, late = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if late.astimezone(zone).replace(tzinfo=None) != shown and early < late:
        return _to_ms(_jump(early, late, zone))
    return _to_ms(late)


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between two at which the clocks were put forward."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@lru_cache(maxsize=10_000)
def _day(day: date, zone: tzinfo) -> tuple[int, int]:
    return moment_of(day, time(), zone), moment_of(day + _DAY, time(), zone)


def day_around(moment_ms: int, zone: tzinfo) -> tuple[int, int]:
    """The day of a place that a moment belongs to: its first moment, and the first of the next day."""
    day = local(moment_ms, zone).date()
    for candidate in (day, day - _DAY, day + _DAY):
        begin, end = _day(candidate, zone)
        if begin <= moment_ms < end:
            return begin, end
    raise AssertionError("days follow one another without a gap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The hours in which a guest is left alone, by the clock of the guest's place."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def open_from(self, moment_ms: int, zone: tzinfo) -> int:
        """The first moment from this one on that is not quiet."""
        day = local(moment_ms, zone).date()
        for begin, end in (_night(self, day + shift * _DAY, zone) for shift in (-2, -1, 0, 1)):
            if begin <= moment_ms < end:
                moment_ms = end
        return moment_ms

    def quiet_from(self, moment_ms: int, zone: tzinfo) -> int:
        """For a moment that is not quiet: when the next quiet hours begin."""
        day = local(moment_ms, zone).date()
        return min(
            begin
            for begin, end in (_night(self, day + shift * _DAY, zone) for shift in (-1, 0, 1, 2))
            if begin > moment_ms and end > begin
        )


@lru_cache(maxsize=10_000)
def _night(quiet: Quiet, day: date, zone: tzinfo) -> tuple[int, int]:
    """The quiet hours that begin on a day, as moments."""
    until = day if quiet.end > quiet.begin else day + _DAY
    return moment_of(day, quiet.begin, zone), moment_of(until, quiet.end, zone)


def read_quiet(text: str) -> Quiet | None:
    """Quiet hours as people write them: `21:00-09:00`, `22-8`; `none` for none. Raises `UsageError`."""
    given = text.strip().lower()
    if given in ("none", "no", "off"):
        return None
    found = _QUIET.fullmatch(given)
    try:
        if found is None:
            raise ValueError
        begin, end = (time(int(found[at]) % 24, int(found[at + 1] or 0)) for at in (1, 3))
        if int(found[1]) > 24 or int(found[3]) > 24:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"'{safe_text(text, limit=40)}' are no quiet hours.", hint="Write them like 21:00-09:00, or none."
        ) from None
    if begin == end:
        raise UsageError("These quiet hours would never end.", hint="Write them like 21:00-09:00, or none.")
    return Quiet(begin=begin, end=end)
