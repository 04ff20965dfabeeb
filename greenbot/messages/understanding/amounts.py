"""Amounts of money: 120 EUR, €1,240.50, 12 500 руб, 5 тыс рублей."""

import re
from decimal import Decimal

from greenbot.messages.understanding.found import Reading

_NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[ .,']\d{3}){1,3}(?!\d)(?:[.,]\d{1,2}(?!\d))?|(?<![\w.,])\d{1,9}(?:[.,]\d{1,2}(?!\d))?"
)
_SIGNS = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "₴": "UAH",
    "₽": "RUB",
    "₪": "ILS",
    "₺": "TRY",
    "¥": "JPY",
    "₸": "KZT",
}
_AFTER_SIGN = re.compile(r"[€$£₴₽₪₺¥₸]\s?$")
_THOUSAND = 1000


def find_amounts(reading: Reading) -> None:
    """Claim numbers with a currency in front or behind."""
    places = {token.start: place for place, token in enumerate(reading.tokens)}
    for match in _NUMBER.finditer(reading.text):
        if reading.is_free(match.start(), match.end()):
            _amount(reading, match, places)


def _amount(reading: Reading, match: re.Match[str], places: dict[int, int]) -> None:
    start, end = match.start(), match.end()
    number = _decimal(match[0])
    behind = _place_behind(reading, end, places)
    many = reading.lexicon.at("thousands", reading.tokens, behind)
    sign = _AFTER_SIGN.search(reading.text, max(0, start - 2), start)
    if sign:
        code = _SIGNS[sign[0][0]]
        if many is not None and reading.touches(behind):
            number, end = number * _THOUSAND, reading.tokens[many - 1].end
        reading.claim("amount", sign.start(), end, f"{number:f} {code}")
        return
    if many is not None:
        number, behind = number * _THOUSAND, many
    if reading.word(behind) == "." and many is not None:
        behind += 1
    found = _currency(reading, behind)
    if found is not None:
        code, last = found
        reading.claim("amount", start, reading.tokens[last - 1].end, f"{number:f} {code}")


def _place_behind(reading: Reading, end: int, places: dict[int, int]) -> int:
    """The token behind the number, which the pattern may have ended before a blank."""
    for ahead in (end, end + 1, end + 2):
        if ahead in places:
            return places[ahead]
    return len(reading.tokens)


def _currency(reading: Reading, place: int) -> tuple[str, int] | None:
    sign = reading.word(place)
    if sign in _SIGNS:
        return _SIGNS[sign], place + 1
    match = reading.lexicon.currencies.at(reading.tokens, place, {})
    return (match.payload, match.end) if match else None


def _decimal(written: str) -> Decimal:
    """1.200,50 and 1,200.50 alike: what stands before one or two last digits is the decimal mark."""
    tail = re.search(r"[.,](\d{1,2})$", written)
    whole = re.sub(r"\D", "", written[: tail.start()] if tail else written)
    return Decimal(f"{whole}.{tail[1]}") if tail and int(tail[1]) else Decimal(whole)
