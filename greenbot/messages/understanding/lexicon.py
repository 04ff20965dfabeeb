"""The words of several languages at once, for finding dates, rooms and the like in mixed texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from greenbot.messages.understanding.phrases import Match, PhraseTable, number_of
from greenbot.messages.understanding.rules import LanguageRules, builtin
from greenbot.messages.understanding.tokens import Token

_PHRASE_KEYS = [
    "in_days",
    "relative_not",
    "next",
    "this",
    "weekend",
    "week",
    "range",
    "of",
    "ordinals",
    "day_before",
    "clock_before",
    "clock_sure",
    "clock_after",
    "am",
    "pm",
    "night",
    "noon",
    "midnight",
    "rooms",
    "rooms_behind",
    "room_number",
    "room_near",
    "adults",
    "children",
    "guest_phrases",
    "guest_fillers",
    "units",
    "joiners",
    "thousands",
    "references",
    "reference_number",
    "not_references",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Merged tables; phrases keep punctuation, because `12-15` and `ב-12` need it."""

    tables: dict[str, PhraseTable[int]]
    months: PhraseTable[int]
    weekdays: PhraseTable[int]
    relative: PhraseTable[int]
    guest_fixed: PhraseTable[int]
    guest_children_fixed: PhraseTable[int]
    currencies: PhraseTable[str]
    numbers: dict[str, int]
    #: 5 is Saturday, 4 is Friday: where the week ends.
    weekend_begins: int

    def at(self, key: str, tokens: Sequence[Token], place: int) -> int | None:
        """Where the phrase of list `key` that begins at `place` ends; None when there is none."""
        match = self.match(key, tokens, place)
        return match.end if match else None

    def match(self, key: str, tokens: Sequence[Token], place: int) -> Match[int] | None:
        """The longest phrase of list `key` that begins at `place`."""
        return self.tables[key].at(tokens, place, self.numbers)

    def before(self, key: str, tokens: Sequence[Token], place: int) -> int | None:
        """Where the phrase of list `key` that ends right before `place` begins; None when there is none."""
        for start in range(max(0, place - 4), place):
            if any(match.end == place for match in self.tables[key].all_at(tokens, start, self.numbers)):
                return start
        return None

    def number(self, tokens: Sequence[Token], place: int) -> int | None:
        """The whole number at `place`, in digits or as a word."""
        return number_of(tokens[place], self.numbers) if 0 <= place < len(tokens) else None


def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The words of these languages; months and currencies are those of all."""
    return _lexicon(codes)


@lru_cache(maxsize=32)
def _lexicon(codes: tuple[str, ...]) -> Lexicon:
    everybody = tuple(builtin().languages.values())
    chosen = tuple(builtin().languages[code] for code in codes)
    tables = {key: _merged(chosen, key) for key in _PHRASE_KEYS}
    numbers: dict[str, int] = {}
    for one in reversed(chosen):
        numbers |= one.numbers
    return Lexicon(
        tables=tables,
        months=_calendar(everybody, "months"),
        weekdays=_calendar(chosen, "weekdays"),
        relative=_values(chosen, "relative"),
        guest_fixed=_values(chosen, "guest_fixed"),
        guest_children_fixed=_values(chosen, "guest_children_fixed"),
        currencies=_currencies(chosen, everybody),
        numbers=numbers,
        weekend_begins=4 if codes[0] in ("he", "ar") else 5,
    )


def _merged(chosen: Sequence[LanguageRules], key: str) -> PhraseTable[int]:
    table: PhraseTable[int] = PhraseTable(marks=True)
    for one in chosen:
        table.add(one.phrases(key), 0)
    return table


def _calendar(chosen: Sequence[LanguageRules], key: str) -> PhraseTable[int]:
    table: PhraseTable[int] = PhraseTable(marks=True)
    for one in chosen:
        for number, names in enumerate(one.lists(key)):
            table.add(names, number)
    return table


def _values(chosen: Sequence[LanguageRules], key: str) -> PhraseTable[int]:
    table: PhraseTable[int] = PhraseTable(marks=True)
    for one in chosen:
        for phrase, value in one.table(key).items():
            table.add([phrase], int(value))
    return table


def _currencies(chosen: Sequence[LanguageRules], everybody: Sequence[LanguageRules]) -> PhraseTable[str]:
    # The first language to name a currency decides: an English dollar before another one.
    table: PhraseTable[str] = PhraseTable(marks=True)
    for one in (*chosen, *(other for other in everybody if other not in chosen)):
        for phrase, code in one.table("currencies").items():
            table.add([phrase], str(code))
    return table
