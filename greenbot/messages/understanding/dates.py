"""Dates and ranges of dates in a row of tokens."""

from dataclasses import dataclass

from greenbot.messages.understanding.calendar import (
    Day,
    Period,
    one_day,
    period,
    resolve,
    shifted,
    week,
    weekday,
    weekend,
)
from greenbot.messages.understanding.found import Reading

_SEPARATORS = frozenset("./")
_FRENCH_ELISIONS = frozenset(("de", "d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A date in `tokens[start:end]`: what it says of a day, or the period it is."""

    start: int
    end: int
    day: Day | None = None
    period: Period | None = None


def find_dates(reading: Reading) -> None:
    """Claim every date, the longest reading first."""
    place = 0
    while place < len(reading.tokens):
        skipped = reading.lexicon.at("relative_not", reading.tokens, place)
        if skipped is not None and not reading.lexicon.at("weekend", reading.tokens, place):
            place = skipped
            continue
        part = _range(reading, place) or _single(reading, place)
        value = _value(reading, part) if part else None
        if part and value and reading.claim_tokens("date", part.start, part.end, value):
            place = part.end
        else:
            place += 1


def _value(reading: Reading, part: Part) -> str | None:
    if part.period is not None:
        return str(part.period)
    if part.day is None or (part.day.month is None and not _may_stand_alone(reading, part)):
        return None
    day = resolve(part.day, today=reading.today)
    return str(one_day(day)) if day else None


def _may_stand_alone(reading: Reading, part: Part) -> bool:
    """`the 12th` is a day, `the 2nd floor` is not; without a suffix, "the 12" says nothing."""
    if part.end - part.start < 2:
        return False
    follows = reading.word(part.end)
    return (
        not follows
        or not follows[0].isalpha()
        or (reading.lexicon.at("of", reading.tokens, part.end) is None and (_is_small_word(reading, part.end)))
    )


def _is_small_word(reading: Reading, place: int) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    keys = ("clock_before", "range", "joiners", "room_near", "next", "this", "day_before")
    return any(lexicon.at(key, tokens, place) is not None for key in keys)


def _range(reading: Reading, place: int) -> Part | None:
    first = _single(reading, place) or _bare_day(reading, place)
    if first is None or first.day is None:
        return None
    second_place = _behind_connector(reading, first.end)
    if second_place is None:
        return None
    last = _single(reading, second_place) or _bare_day(reading, second_place)
    if last is None or last.day is None or (first.day.month is None and last.day.month is None):
        return None
    last_day = last.day
    if last_day.month is None:
        if not _same_month(reading, first, last):
            return None
        last_day = Day(day=last_day.day, month=first.day.month, year=first.day.year)
    found = period(first.day, last_day, today=reading.today)
    return Part(start=first.start, end=last.end, period=found) if found else None


def _same_month(reading: Reading, first: Part, last: Part) -> bool:
    """`May 12-15` is a range; `12 May - 2 adults` is not, because something is counted."""
    if first.day is None or last.day is None or last.day.day <= first.day.day:
        return False
    follows = reading.word(last.end)
    return reading.touches(last.start) and follows not in (":", ".") and not follows.isalpha()


def _behind_connector(reading: Reading, place: int) -> int | None:
    lexicon, tokens = reading.lexicon, reading.tokens
    if reading.word(place) == ".":
        place += 1
    end = lexicon.at("range", tokens, place)
    if end is None:
        return None
    again = lexicon.at("range", tokens, end)
    end = again or end
    filler = lexicon.at("day_before", tokens, end) or lexicon.at("of", tokens, end)
    return filler or end


def _single(reading: Reading, place: int) -> Part | None:
    if not reading.free_token(place):
        return None
    token = reading.tokens[place]
    if token.kind == "n":
        return _numeric(reading, place) or _day_month(reading, place) or _in_days(reading, place)
    return _month_day(reading, place) or _relative(reading, place) or _named_day(reading, place)


def _numeric(reading: Reading, place: int) -> Part | None:
    """2026-05-12, 12.05.2026, 12/05/26, 12.05, 9/6."""
    words = [reading.word(place + ahead) for ahead in range(5)]
    glued = [reading.touches(place + ahead) for ahead in range(1, 5)]
    if len(words[0]) == 4 and words[1] == words[3] == "-" and all(glued) and words[2].isdigit() and words[4].isdigit():
        day = Day(day=int(words[4]), month=int(words[2]), year=int(words[0]))
        return Part(start=place, end=place + 5, day=day) if _is_real(day) else None
    if len(words[0]) > 2 or not all(glued[:2]) or not words[2].isdigit() or len(words[2]) > 2:
        return None
    if words[1] == words[3] and words[1] in "./-" and all(glued) and words[4].isdigit() and len(words[4]) in (2, 4):
        return _numeric_part(reading, place, words, year=int(words[4]))
    return _without_year(reading, place, words) if words[1] in _SEPARATORS else None


def _without_year(reading: Reading, place: int, words: list[str]) -> Part | None:
    """12.05 may be a time or a price too, 3.5 a mark and 24/7 a promise."""
    if words[0] == "24" and words[2] == "7":
        return None
    ends = place + 3
    closing = reading.word(ends) == "." and reading.touches(ends)
    if words[1] == "." and len(words[2]) < 2 and not closing and not _in_range(reading, place):
        return None
    if words[1] == "." and (_says_time(reading, place, ends)):
        return None
    return _numeric_part(reading, place, words[:3], year=None)


def _in_range(reading: Reading, place: int) -> bool:
    return reading.word(place - 1) == "-" or reading.lexicon.before("range", reading.tokens, place) is not None


def _says_time(reading: Reading, place: int, end: int) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    if any(lexicon.at(key, tokens, end) is not None for key in ("clock_after", "am", "pm", "night")):
        return True
    return lexicon.before("clock_sure", tokens, place) is not None


def _numeric_part(reading: Reading, place: int, words: list[str], *, year: int | None) -> Part | None:
    first, second = int(words[0]), int(words[2])
    month_first = reading.month_first and words[1] == "/"
    day, month = (second, first) if month_first else (first, second)
    if month > 12 and day <= 12:
        day, month = month, day
    said = Day(day=day, month=month, year=year)
    if not _is_real(said):
        return None
    return Part(start=place, end=place + (3 if year is None else 5), day=said)


def _is_real(day: Day) -> bool:
    return 1 <= day.day <= 31 and day.month is not None and 1 <= day.month <= 12


def _bare_day(reading: Reading, place: int) -> Part | None:
    """A number that may be the day of a range: 12, 12th, 12.; with its suffix."""
    if not reading.free_token(place):
        return None
    token = reading.tokens[place]
    if token.kind != "n" or len(token.text) > 2 or not 1 <= int(token.text) <= 31:
        return None
    end = _behind_ordinal(reading, place + 1)
    return Part(start=place, end=end, day=Day(day=int(token.text)))


def _behind_ordinal(reading: Reading, place: int) -> int:
    """12th, 12., 12-го: a suffix that touches its number, in front of a blank or a mark."""
    lexicon, tokens = reading.lexicon, reading.tokens
    if reading.word(place) == "-" and reading.touches(place) and reading.touches(place + 1):
        end = lexicon.at("ordinals", tokens, place + 1)
        return end or place
    if reading.word(place) == "." and reading.touches(place) and place + 1 < len(tokens):
        return place + 1
    if reading.touches(place) or reading.word(place) == "числа":
        return lexicon.at("ordinals", tokens, place) or place
    return place


def _day_month(reading: Reading, place: int) -> Part | None:
    """12 May, 12th of May 2026, 12. Mai, 12 de mayo, 12-го июня; and 15-го alone."""
    bare = _bare_day(reading, place)
    if bare is None or bare.day is None:
        return None
    end = bare.end
    end = reading.lexicon.at("of", reading.tokens, end) or end
    month = reading.lexicon.months.at(reading.tokens, end, {})
    if month is None:
        has_suffix = bare.end > place + 1 and reading.word(bare.end - 1) != "."
        return bare if has_suffix else None
    end, year = _behind_year(reading, month.end)
    return Part(start=place, end=end, day=Day(day=bare.day.day, month=month.payload + 1, year=year))


def _month_day(reading: Reading, place: int) -> Part | None:
    """May 12, May 12th, 2026."""
    month = reading.lexicon.months.at(reading.tokens, place, {})
    if month is None:
        return None
    at = month.end + (1 if reading.word(month.end) == "." else 0)
    at = reading.lexicon.at("day_before", reading.tokens, at) or at
    bare = _bare_day(reading, at)
    if (
        bare is None
        or bare.day is None
        or reading.word(bare.end) in (":", "%")
        or not _is_counted_by_nothing(reading, bare.end)
    ):
        return None
    end = bare.end - 1 if reading.word(bare.end - 1) == "." else bare.end
    end, year = _behind_year(reading, end)
    return Part(start=place, end=end, day=Day(day=bare.day.day, month=month.payload + 1, year=year))


def _is_counted_by_nothing(reading: Reading, place: int) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    return all(lexicon.at(key, tokens, place) is None for key in ("units", "adults", "children", "am", "pm"))


def _behind_year(reading: Reading, place: int) -> tuple[int, int | None]:
    for skip in (0, 1):
        between, word = reading.word(place), reading.word(place + skip)
        is_link = skip == 0 or between == "," or reading.lexicon.at("of", reading.tokens, place) == place + 1
        if is_link and len(word) == 4 and word.isdigit() and 2000 <= int(word) <= 2099:
            return place + skip + 1, int(word)
    return place, None


def _relative(reading: Reading, place: int) -> Part | None:
    match = reading.lexicon.relative.at(reading.tokens, place, {})
    if match is None or _is_morning(reading, place):
        return None
    day = shifted(reading.today, match.payload)
    return Part(start=place, end=match.end, period=one_day(day)) if day else None


def _is_morning(reading: Reading, place: int) -> bool:
    """`de la mañana`, `am Morgen`: the same word without its date."""
    lexicon, tokens = reading.lexicon, reading.tokens
    return any(
        match.end > place
        for start in range(max(0, place - 3), place)
        for match in lexicon.tables["relative_not"].all_at(tokens, start, {})
    )


def _in_days(reading: Reading, place: int) -> Part | None:
    match = reading.lexicon.match("in_days", reading.tokens, place)
    if match is None:
        return None
    day = shifted(reading.today, match.number)
    return Part(start=place, end=match.end, period=one_day(day)) if day else None


def _named_day(reading: Reading, place: int) -> Part | None:
    """Friday, next Friday, Friday 12 May, this weekend, next week, in three days."""
    in_days = _in_days(reading, place)
    if in_days is not None:
        return in_days
    lexicon, tokens = reading.lexicon, reading.tokens
    behind_next = lexicon.at("next", tokens, place)
    behind_this = lexicon.at("this", tokens, place) if behind_next is None else None
    at = behind_next or behind_this or place
    named = _weekday(reading, place, at, is_next=behind_next is not None)
    return named or _weekend(reading, place, at, said_next=behind_next is not None, said_this=behind_this is not None)


def _weekday(reading: Reading, place: int, at: int, *, is_next: bool) -> Part | None:
    match = reading.lexicon.weekdays.at(reading.tokens, at, {})
    if match is None:
        return None
    full = _full_date_behind(reading, match.end)
    if full is not None:
        return Part(start=at, end=full.end, day=full.day, period=full.period)
    behind = reading.lexicon.at("next", reading.tokens, match.end)
    day = weekday(match.payload, today=reading.today, is_next=is_next)
    start = place if is_next else at
    return Part(start=start, end=behind or match.end, period=one_day(day)) if day else None


def _full_date_behind(reading: Reading, place: int) -> Part | None:
    if reading.word(place) in (",", "."):
        place += 1
    place = reading.lexicon.at("day_before", reading.tokens, place) or place
    if not reading.free_token(place) or reading.tokens[place].kind != "n":
        return None
    found = _numeric(reading, place) or _day_month(reading, place)
    return found if found and found.day and found.day.month else None


def _weekend(reading: Reading, place: int, at: int, *, said_next: bool, said_this: bool) -> Part | None:
    lexicon, tokens = reading.lexicon, reading.tokens
    end = lexicon.at("weekend", tokens, at)
    if end is not None:
        if _is_further_described(reading, end):
            return None
        behind = lexicon.at("next", tokens, end)
        is_next = said_next or behind is not None
        found = weekend(lexicon.weekend_begins, today=reading.today, is_next=is_next)
        return Part(start=place, end=behind or end, period=found) if found else None
    end = lexicon.at("week", tokens, at)
    if end is None:
        return None
    behind = lexicon.at("next", tokens, end)
    if not (said_next or behind):
        return None
    found = week(today=reading.today, is_next=True)
    return Part(start=place, end=behind or end, period=found) if found else None


def _is_further_described(reading: Reading, place: int) -> bool:
    """`the weekend of 20-22 June`: the days themselves say it better."""
    at = reading.lexicon.at("of", reading.tokens, place) or place
    return (
        reading.free_token(at)
        and reading.tokens[at].kind == "n"
        and (_range(reading, at) or _single(reading, at)) is not None
    )
