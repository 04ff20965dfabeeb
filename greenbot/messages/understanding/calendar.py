"""Dates that guests write, turned into days. Pure arithmetic; "today" is always given."""

from dataclasses import dataclass
from datetime import date, timedelta

#: A day that has been over for longer than this is meant next year.
_PAST_DAYS = 30
_MONTHS_AHEAD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is said of one day; what is not said is None. `last` makes it a range, such as a weekend."""

    day: int
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One day or several in a row."""

    first: date
    last: date

    def __str__(self) -> str:
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


def one_day(day: date) -> Period:
    """A period of a single day."""
    return Period(first=day, last=day)


def resolve(said: Day, *, today: date, after: date | None = None) -> date | None:
    """The day that is meant, the nearest that is not long past; None for one that does not exist.

    `after` is the beginning of the range that this day ends.
    """
    if said.month is None:
        return _next_with_number(said.day, after or today)
    if said.year is not None:
        return _date(_full_year(said.year), said.month, said.day)
    earliest = after or shifted(today, -_PAST_DAYS) or today
    # A 29 February may be four years away, eight around some turns of a century.
    for year in range(earliest.year, earliest.year + 9):
        found = _date(year, said.month, said.day)
        if found is not None and found >= earliest:
            return found
    return None


def _full_year(year: int) -> int:
    return year + 2000 if year < 100 else year


def _next_with_number(day: int, start: date) -> date | None:
    year, month = start.year, start.month
    for _ in range(_MONTHS_AHEAD):
        found = _date(year, month, day)
        if found is not None and found >= start:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def shifted(today: date, days: int) -> date | None:
    """The day so many days from `today`; None beyond the calendar."""
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None


def weekday(number: int, *, today: date, is_next: bool) -> date | None:
    """The coming Monday (0) to Sunday (6), never today; with `is_next` the one in the week after this one."""
    if is_next:
        monday = shifted(today, 7 - today.weekday())
        return shifted(monday, number) if monday else None
    return shifted(today, (number - today.weekday() - 1) % 7 + 1)


def weekend(first_weekday: int, *, today: date, is_next: bool) -> Period | None:
    """The two days of a weekend that begins on this weekday: this one, or with `is_next` the one after."""
    ahead = (first_weekday - today.weekday()) % 7 + (7 if is_next else 0)
    first = shifted(today, ahead)
    last = shifted(today, ahead + 1)
    return Period(first=first, last=last) if first and last else None


def week(*, today: date, is_next: bool) -> Period | None:
    """Monday to Sunday of this week or the next."""
    start = (7 if is_next else 0) - today.weekday()
    first, last = shifted(today, start), shifted(today, start + 6)
    return Period(first=first, last=last) if first and last else None


def period(first: Day, last: Day, *, today: date) -> Period | None:
    """From one day to another; what the first leaves open is what the last says."""
    if first.month is None and last.month is not None:
        first = Day(day=first.day, month=_month_before(first.day, last), year=last.year)
    elif first.year is None and last.year is not None:
        first = Day(day=first.day, month=first.month, year=last.year)
    begin = resolve(first, today=today)
    end = resolve(last, today=today, after=begin)
    if begin is None or end is None or end < begin:
        return None
    return Period(first=begin, last=end)


def _month_before(day: int, last: Day) -> int | None:
    """28-2 March begins in February."""
    if last.month is None or day <= last.day:
        return last.month
    return 12 if last.month == 1 else last.month - 1
