"""Times of day in a row of tokens."""

from dataclasses import dataclass

from greenbot.messages.understanding.found import Reading

_AM = frozenset(("am", "a"))
_PM = frozenset(("pm", "p"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Digits of a time in `tokens[start:end]`, and whether they can be nothing else."""

    start: int
    end: int
    hour: int
    minute: int
    is_sure: bool


def find_times(reading: Reading) -> None:
    """Claim times: 15:30, 3pm, 14 Uhr, 15h30, 7 вечера, a las 7, noon."""
    place = 0
    while place < len(reading.tokens):
        place = _named(reading, place) or _time(reading, place) or place + 1


def _named(reading: Reading, place: int) -> int | None:
    for key, value in (("noon", "12:00"), ("midnight", "00:00")):
        end = reading.lexicon.at(key, reading.tokens, place)
        if end is not None and reading.free_token(place) and not _is_greeting(reading, place):
            reading.claim_tokens("time", place, end, value)
            return end
    return None


def _is_greeting(reading: Reading, place: int) -> bool:
    # "apres midi" is a part of the day, not twelve o'clock.
    return reading.word(place - 1) in ("apres", "-")


def _time(reading: Reading, place: int) -> int | None:
    written = _written(reading, place)
    if written is None:
        return None
    end, hour, is_sure = _with_part_of_day(reading, written)
    if hour is None or not (is_sure or _is_announced(reading, written)):
        return None
    # 24:00 is the end of the day.
    value = f"{hour % 24:02}:{written.minute:02}"
    return end if reading.claim_tokens("time", place, end, value) else None


def _written(reading: Reading, place: int) -> Written | None:
    if not reading.free_token(place):
        return None
    token = reading.tokens[place]
    if token.kind != "n" or len(token.text) > 2 or int(token.text) > 24 or _continues_number(reading, place):
        return None
    hour, mark, minutes = int(token.text), reading.word(place + 1), reading.word(place + 2)
    glued = reading.touches(place + 1)
    if mark in (":", ".", "h") and glued and reading.touches(place + 2) and len(minutes) == 2 and minutes.isdigit():
        if int(minutes) < 60 and not _goes_on(reading, place + 3):
            return Written(start=place, end=place + 3, hour=hour, minute=int(minutes), is_sure=mark != ".")
        return None
    if mark == "h" and glued and not reading.touches(place + 2):
        return Written(start=place, end=place + 2, hour=hour, minute=0, is_sure=True)
    return Written(start=place, end=place + 1, hour=hour, minute=0, is_sure=False)


def _continues_number(reading: Reading, place: int) -> bool:
    return reading.touches(place) and reading.word(place - 1) in (".", ",", ":", "/", "+", "#", "№", "$", "€", "£")


def _goes_on(reading: Reading, place: int) -> bool:
    """12.05.2026 and 12.50 EUR are not times."""
    follows = reading.word(place)
    is_number = follows in (".", "/") and reading.touches(place) and reading.word(place + 1).isdigit()
    return is_number or follows == "%" or reading.lexicon.currencies.at(reading.tokens, place, {}) is not None


def _with_part_of_day(reading: Reading, written: Written) -> tuple[int, int | None, bool]:
    """Where it ends, the hour on the 24-hour clock, and whether it surely is a time."""
    lexicon, tokens, end = reading.lexicon, reading.tokens, written.end
    behind_clock = lexicon.at("clock_after", tokens, end)
    is_sure = written.is_sure or behind_clock is not None
    at = behind_clock or end
    part = _part_of_day(reading, end) or (_part_of_day(reading, at) if behind_clock else None)
    if part is None:
        return at, written.hour, is_sure
    name, behind = part
    hour = _on_24_hours(written.hour, name)
    return (behind, hour, True) if hour is not None else (at, written.hour, is_sure)


def _part_of_day(reading: Reading, place: int) -> tuple[str, int] | None:
    lexicon, tokens = reading.lexicon, reading.tokens
    found = [(end, name) for name in ("am", "pm", "night") if (end := lexicon.at(name, tokens, place)) is not None]
    if found:
        end, name = max(found)
        # "на 3 ночи" is three nights.
        return None if name == "night" and reading.word(place - 2) in ("на", "еще", "ще") else (name, end)
    word = reading.word(place)
    if word in _AM and reading.word(place + 1) == "." and reading.word(place + 2) == "m":
        return "am", place + 3
    if word in _PM and reading.word(place + 1) == "." and reading.word(place + 2) == "m":
        return "pm", place + 3
    return None


def _on_24_hours(hour: int, part: str) -> int | None:
    if hour > 12:
        return hour if hour < 24 else None
    if part == "am":
        return hour % 12
    if part == "pm":
        return hour % 12 + 12
    # At night: 11 is before midnight, 2 is after it.
    return (hour + 12) % 24 if 9 <= hour <= 12 else hour


def _is_announced(reading: Reading, written: Written) -> bool:
    """`um 10.05`, `a las 7`, `saat 11`: a word in front says that a time follows."""
    lexicon, tokens = reading.lexicon, reading.tokens
    if written.hour > 24 or _is_counted(reading, written.end):
        return False
    if lexicon.before("clock_sure", tokens, written.start) is not None:
        return True
    has_minutes = written.end - written.start == 3
    if has_minutes:
        return True
    return lexicon.before("clock_before", tokens, written.start) is not None and _ends_phrase(reading, written.end)


def _is_counted(reading: Reading, place: int) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    counted = ("units", "adults", "children", "rooms_behind", "rooms")
    if any(lexicon.at(key, tokens, place) is not None for key in counted):
        return True
    follows = reading.word(place)
    return follows in ("%", "€", "$", "£", "₪", "₺", "₽", "₴", "/") or lexicon.months.at(tokens, place, {}) is not None


def _ends_phrase(reading: Reading, place: int) -> bool:
    """Whether a number with a weak word in front is followed by something that fits a time."""
    if reading.lexicon.before("clock_before", reading.tokens, place - 1) is None:
        return False
    before = reading.word(place - 2)
    follows = reading.word(place)
    if before not in _CLOCK_PREPOSITIONS:
        return False
    return not follows or follows in (",", ".", "!", "?", ";", ")") or follows in _FITS_BEHIND


#: Words that stand before a time more often than before anything else.
_CLOCK_PREPOSITIONS = frozenset(["at", "by", "around", "um", "gegen", "vers", "las", "saat", "בשעה"])
_FITS_BEHIND = frozenset(
    [
        "and",
        "or",
        "please",
        "tomorrow",
        "today",
        "tonight",
        "on",
        "for",
        "und",
        "oder",
        "bitte",
        "et",
        "ou",
        "svp",
        "demain",
        "y",
        "o",
        "mañana",
        "manana",
    ]
)
