"""Room numbers: room 305, 305 номер, 305 numaralı oda, in 305."""

from greenbot.messages.understanding.found import Reading

_LONGEST = 4
#: Without the word room only three or four digits are believed.
_BARE = (3, 4)
_YEARS = range(1990, 2100)
_ENDS = frozenset((".", ",", "!", "?", ";", "(", ")"))


def find_rooms(reading: Reading) -> None:
    """Claim room numbers, those with the word room first."""
    for place in range(len(reading.tokens)):
        _behind_word(reading, place)
    for place in range(len(reading.tokens)):
        if _is_number(reading, place):
            _before_word(reading, place) or _bare(reading, place)


def _is_number(reading: Reading, place: int) -> bool:
    if not reading.free_token(place):
        return False
    token = reading.tokens[place]
    return token.kind == "n" and len(token.text) <= _LONGEST


def _behind_word(reading: Reading, place: int) -> None:
    lexicon, tokens = reading.lexicon, reading.tokens
    end = lexicon.at("rooms", tokens, place)
    if end is None or not reading.free_token(place):
        return
    while reading.word(end) in ("#", "№", ":", "-", ".", "°") or lexicon.at("room_number", tokens, end) is not None:
        end = lexicon.at("room_number", tokens, end) or end + 1
    if not _is_number(reading, end) or _is_something_else(reading, end):
        return
    value, behind = _with_letter(reading, end)
    reading.claim_tokens("room", place, behind, value)


def _with_letter(reading: Reading, place: int) -> tuple[str, int]:
    """12B is a room of its own."""
    follows = reading.word(place + 1)
    if len(follows) == 1 and follows.isalpha() and follows.isascii() and reading.touches(place + 1):
        return reading.word(place) + follows.upper(), place + 2
    return reading.word(place), place + 1


def _is_something_else(reading: Reading, place: int) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    behind = place + 1
    if (
        reading.touches(behind)
        and reading.word(behind) in (":", "/", "-", ",", ".", "%")
        and reading.touches(behind + 1)
    ):
        return True
    if reading.word(behind) in ("€", "$", "£", "%", "₪", "₺", "₽", "₴"):
        return True
    counted = any(lexicon.at(key, tokens, behind) is not None for key in ("adults", "children", "units"))
    return counted or lexicon.months.at(tokens, behind, {}) is not None or _is_money(reading, behind)


def _is_money(reading: Reading, place: int) -> bool:
    return reading.lexicon.currencies.at(reading.tokens, place, {}) is not None


def _before_word(reading: Reading, place: int) -> bool:
    """305 номер, в 305-м номере, 305 numaralı oda; a single digit is a count of rooms."""
    at = place + 1
    if reading.word(at) == "-" and len(reading.word(at + 1)) <= 2:
        at += 2
    end = reading.lexicon.at("rooms_behind", reading.tokens, at)
    if end is None or len(reading.word(place)) < 2:
        return False
    return reading.claim_tokens("room", place, end, reading.word(place))


def _bare(reading: Reading, place: int) -> bool:
    """in 305, #305, or 305 alone between two marks."""
    digits = reading.word(place)
    if reading.word(place - 1) == "#":
        return reading.claim_tokens("room", place - 1, place + 1, digits)
    if not _BARE[0] <= len(digits) <= _BARE[1] or int(digits) in _YEARS or _is_something_else(reading, place):
        return False
    if reading.touches(place) or (reading.touches(place + 1) and reading.word(place + 1) not in _ENDS):
        return False
    near = reading.lexicon.before("room_near", reading.tokens, place)
    if near is not None and reading.word(place - 1) not in ("по", "до"):
        start = place if reading.word(place - 1) not in ("la", "en") else place - 1
        return reading.claim_tokens("room", start, place + 1, digits)
    return _stands_alone(reading, place) and reading.claim_tokens("room", place, place + 1, digits)


def _stands_alone(reading: Reading, place: int) -> bool:
    before, behind = reading.word(place - 1), reading.word(place + 1)
    if place == 0 and not behind:
        return False
    return (not before or before in _ENDS) and (not behind or behind in _ENDS)
