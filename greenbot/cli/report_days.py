"""The days a person asks a report for: `today`, `yesterday`, `mon`, `30d`, `2026-11-22`, a month."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from greenbot.errors import UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.report.period import Period

#: Hours are kept about so long.
MOST_DAYS = 400
#: Without any option: this week, seen from today.
USUAL_DAYS = 7

_WORDS = {"today": 0, "yesterday": 1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_BACK = re.compile(r"(\d{1,4})([dw])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_HINT = "Write it like today, yesterday, mon, 30d or 2026-11-22."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed behind --day, --month, --since and --until."""

    day: str | None = None
    month: str | None = None
    since: str | None = None
    until: str | None = None


def period_of(asked: Asked, today: date) -> "Period":
    """The days meant. Raises `UsageError` for what are none, too many, or days to come."""
    from greenbot.report.period import Period

    ways = [asked.day is not None, asked.month is not None, asked.since is not None or asked.until is not None]
    if sum(ways) > 1:
        raise UsageError("Only one of --day, --month and --since/--until tells the days.", hint="Leave the others out.")
    if asked.month is not None:
        return _checked(_month(asked.month, today), today)
    if asked.day is not None:
        day = day_of(asked.day, today)
        return _checked(Period(first=day, last=day), today)
    last = today if asked.until is None else day_of(asked.until, today)
    first = last - timedelta(days=USUAL_DAYS - 1) if asked.since is None else day_of(asked.since, today)
    return _checked(Period(first=first, last=last), today)


def day_of(text: str, today: date) -> date:
    """One day; `30d` is the day thirty days ago. Raises `UsageError`."""
    given = text.strip().lower()
    try:
        if given in _WORDS:
            return today - timedelta(days=_WORDS[given])
        if _DATE.fullmatch(given):
            return date.fromisoformat(given)
        if found := _BACK.fullmatch(given):
            return today - timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))
    except (ValueError, OverflowError):
        pass
    else:
        number = next((n for n, name in enumerate(_WEEKDAYS) if len(given) >= 3 and name.startswith(given)), None)
        if number is not None:
            return today - timedelta(days=(today.weekday() - number) % 7)
    raise UsageError(f"'{safe_text(text, limit=60)}' is no day greenbot understands.", hint=_HINT)


def _month(text: str, today: date) -> "Period":
    from greenbot.report.period import month

    given = text.strip().lower()
    if given in ("this", "last"):
        of = today if given == "this" else today.replace(day=1) - timedelta(days=1)
        return month(of.year, of.month)
    found = _MONTH.fullmatch(given)
    try:
        if found is None:
            raise ValueError
        return month(int(found[1]), int(found[2]))
    except (ValueError, OverflowError):
        raise UsageError(
            f"'{safe_text(text, limit=60)}' is no month.", hint="Write it like 2026-11, this or last."
        ) from None


def _checked(period: "Period", today: date) -> "Period":
    from dataclasses import replace

    if period.first > today:
        raise UsageError(f"{period} is still to come.", hint="Ask for days that are over, or today.")
    if period.last < period.first:
        raise UsageError("--since must not lie behind --until.", hint="Write --since 2w --until 1w.")
    if (period.last - period.first).days >= MOST_DAYS:
        raise UsageError(f"A report is about at most {MOST_DAYS} days.", hint="Ask for fewer: --since 90d.")
    return replace(period, last=min(period.last, today))
