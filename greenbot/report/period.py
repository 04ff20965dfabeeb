"""Which days a report is about: whole days of a place, from its midnight to the next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo

from greenbot.campaigns.localtime import moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> Sequence[date]:
        """Each day, in order."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    def edges(self, zone: tzinfo) -> Sequence[int]:
        """Where each day begins on the clocks of a place, and where the last one ends: UTC seconds."""
        return [moment_of(day, time(), zone) // 1000 for day in [*self.days, self.last + timedelta(days=1)]]

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def month(year: int, number: int) -> Period:
    """A calendar month. Raises ValueError when there is none."""
    first = date(year, number, 1)
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(first=first, last=following - timedelta(days=1))
