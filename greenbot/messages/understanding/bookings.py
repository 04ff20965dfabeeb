"""Booking references: what follows the word booking, and codes such as BK-20391."""

import re

from greenbot.messages.understanding.found import Reading

#: Letters, then digits, then perhaps more groups, as hotels and portals print them.
_CODE = re.compile(r"(?<![\w@./-])[A-Z]{2,5}-?\d{3,9}(?:-[A-Z0-9]{1,4}){0,2}(?![\w@])")
_AFTER_WORD = re.compile(r"[\s:.,()]{0,3}(?:#|№|nº|n°)?\s?([A-Za-z0-9][A-Za-z0-9-]{3,17})(?![\w@])")
_HASH = re.compile(r"(?<!\w)#\s?(\d{5,12})(?!\w)")
_LEAST_DIGITS = 4


def find_bookings(reading: Reading) -> None:
    """Claim references, those behind a word that announces them first."""
    for place in range(len(reading.tokens)):
        _announced(reading, place)
    for match in _HASH.finditer(reading.text):
        reading.claim("booking", match.start(), match.end(), match[1])
    _codes(reading)


def _announced(reading: Reading, place: int) -> None:
    lexicon, tokens = reading.lexicon, reading.tokens
    end = lexicon.at("references", tokens, place)
    if end is None:
        return
    while (further := lexicon.at("reference_number", tokens, end)) is not None or reading.word(end) in (":", "."):
        end = further or end + 1
    match = _AFTER_WORD.match(reading.text, tokens[end - 1].end)
    if match is None or not reading.is_free(match.start(1), match.end(1)):
        return
    code = reading.folded.span(match.start(1), match.end(1)).text
    if _is_reference(code) and not _is_announced_as_other(reading, match.start(1)):
        start = match.start(1) if any(letter.isalpha() for letter in code) else tokens[place].start
        reading.claim("booking", start, match.end(1), code.upper())


def _is_reference(code: str) -> bool:
    digits = sum(map(str.isdigit, code))
    if digits == len(code):
        return digits >= _LEAST_DIGITS and not (digits == 4 and code.startswith(("19", "20")))
    if not code.isupper() and any(letter.isalpha() for letter in code):
        return digits >= _LEAST_DIGITS
    return digits >= 1 and not re.fullmatch(r"\d{1,2}-\d{1,2}|\d{4}-\d{2}-\d{2}", code)


def _codes(reading: Reading) -> None:
    original = reading.folded.original
    for match in _CODE.finditer(_upper_view(reading)):
        if not _is_announced_as_other(reading, match.start()):
            reading.claim("booking", match.start(), match.end(), match[0].upper())
    assert original is reading.folded.original


def _upper_view(reading: Reading) -> str:
    """The folded text with the capitals of the original, letter by letter."""
    folded = reading.folded
    if folded.places is None:
        letters = zip(folded.text, folded.original, strict=False)
    else:
        letters = zip(folded.text, (folded.original[place] for place in folded.places), strict=True)
    return "".join(plain.upper() if written.isupper() and plain.isascii() else plain for plain, written in letters)


def _is_announced_as_other(reading: Reading, start: int) -> bool:
    """A flight, a train or a tax number looks the same."""
    tokens = reading.tokens
    place = next((number for number, token in enumerate(tokens) if token.start >= start), len(tokens))
    near = range(max(0, place - 3), min(place + 1, len(tokens)))
    return any(reading.lexicon.at("not_references", tokens, number) is not None for number in near)
