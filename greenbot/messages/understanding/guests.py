"""How many people: 2 adults and 1 child, нас двое, for four, iki kişilik."""

from dataclasses import dataclass

from greenbot.messages.understanding.found import Reading

_MOST = 500
#: Phrases may end in a bare number; these characters behind it say that it is something else.
_NOT_BEHIND = frozenset((":", "/", "%", "€", "$", "£", "₪", "₺", "₽", "₴", "+"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People of one sort in `tokens[start:end]`."""

    start: int
    end: int
    adults: int = 0
    children: int = 0


def find_guests(reading: Reading) -> None:
    """Claim counts of people; adults and children that stand together are one count."""
    place = 0
    while place < len(reading.tokens):
        group = _group(reading, place)
        if group is None:
            place += 1
            continue
        group = _with_more(reading, group)
        value = str(group.adults) if not group.children else f"{group.adults}+{group.children}"
        reading.claim_tokens("guests", group.start, group.end, value)
        place = group.end


def _with_more(reading: Reading, group: Group) -> Group:
    """Joins what follows: `2 adults, 1 child`, and drops a bare repetition such as `two persons adults`."""
    while True:
        end = group.end
        if not group.children and reading.free_token(end):
            end = reading.lexicon.at("adults", reading.tokens, end) or end
        at = end + 1 if reading.word(end) in (",", "+", "&") else end
        at = reading.lexicon.at("joiners", reading.tokens, at) or at
        more = _counted(reading, at) if reading.free_token(at) else None
        if more is None or (more.adults and group.children and group.adults):
            return Group(start=group.start, end=end, adults=group.adults, children=group.children)
        adults, children = group.adults + more.adults, group.children + more.children
        group = Group(start=group.start, end=more.end, adults=adults, children=children)


def _group(reading: Reading, place: int) -> Group | None:
    if not reading.free_token(place):
        return None
    return _counted(reading, place) or _phrase(reading, place)


def _counted(reading: Reading, place: int) -> Group | None:
    """`2 adults`, `two more kids`; and words that are a count by themselves, as the Arabic dual."""
    fixed = _fixed(reading, place)
    if fixed is not None:
        return fixed
    lexicon, tokens = reading.lexicon, reading.tokens
    count = lexicon.number(tokens, place)
    if count is None or not 0 < count <= _MOST or _is_decimal(reading, place):
        return None
    at = place + 1
    at = lexicon.at("guest_fillers", tokens, at) or at
    end = lexicon.at("adults", tokens, at)
    if end is not None:
        return Group(start=place, end=end, adults=count)
    end = lexicon.at("children", tokens, at)
    return Group(start=place, end=end, children=count) if end is not None else None


def _is_decimal(reading: Reading, place: int) -> bool:
    return reading.touches(place) and reading.word(place - 1) in (".", ",", "/", ":")


def _fixed(reading: Reading, place: int) -> Group | None:
    lexicon, tokens = reading.lexicon, reading.tokens
    match = lexicon.guest_fixed.at(tokens, place, lexicon.numbers)
    if match is not None:
        return Group(start=place, end=match.end, adults=match.payload)
    match = lexicon.guest_children_fixed.at(tokens, place, lexicon.numbers)
    return Group(start=place, end=match.end, children=match.payload) if match is not None else None


def _phrase(reading: Reading, place: int) -> Group | None:
    """`table for #`, `somos #`, `нас #`."""
    lexicon, tokens = reading.lexicon, reading.tokens
    match = lexicon.match("guest_phrases", tokens, place)
    if match is None or not 0 < match.number <= _MOST:
        return None
    behind = lexicon.at("adults", tokens, match.end)
    if behind is not None:
        return Group(start=place, end=behind, adults=match.number)
    if match.phrase.pieces[-1].text == "#" and _is_something_else(reading, match.end):
        return None
    return Group(start=place, end=match.end, adults=match.number)


def _is_something_else(reading: Reading, place: int) -> bool:
    """`for 2 nights`, `на 19:00`, `для 12 мая`, `for 1 hour`."""
    lexicon, tokens = reading.lexicon, reading.tokens
    if reading.touches(place) and reading.word(place) in (".", ",", "-") and reading.touches(place + 1):
        return True
    follows = reading.word(place)
    if lexicon.numbers.get(reading.word(place - 1)) == 1 and follows[:1].isalpha():
        # "somos una familia": an article.
        return True
    if follows in _NOT_BEHIND or (len(reading.word(place - 1)) > 2 and reading.word(place - 1).isdigit()):
        return True
    keys = ("units", "children", "am", "pm", "night", "clock_after", "rooms_behind", "ordinals")
    counted = any(lexicon.at(key, tokens, place) is not None for key in keys)
    is_date = lexicon.months.at(tokens, place, {}) or lexicon.currencies.at(tokens, place, {})
    return counted or is_date is not None
