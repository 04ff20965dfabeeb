"""E-mail addresses, web addresses and telephone numbers. Every pattern is bounded: no text takes long."""

import re

from greenbot.messages.understanding.found import Reading

_EMAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?![a-z0-9])")
_ENDINGS = (
    "com|net|org|info|biz|io|eu|ua|ru|es|de|fr|il|tr|ae|sa|eg|uk|us|it|pl|pt|nl|at|ch|gr|cz|hotel|travel|app|me|ly|gl|"
    "page|shop|online|site|example|test"
)
_URL = re.compile(
    r"(?<![\w@.-])(?:https?://[^\s<>\"]{3,2000}|www\.[^\s<>\"]{3,2000}|"
    rf"(?:[a-z0-9](?:[a-z0-9-]{{0,40}})\.){{1,4}}(?:{_ENDINGS})(?![\w@-])(?:/[^\s<>\"]{{0,2000}})?)"
)
_PHONE = re.compile(r"(?<![\w+])\(?\+?\(?\+?\d[\d ().\-/]{5,24}\d(?![\w])")
_TRUNK_ZERO = re.compile(r"\(0\)")
_NOT_DIGITS = re.compile(r"\D+")
#: A date or a range of dates, which is made of digits and marks too.
_DATE_LIKE = re.compile(r"\d{1,2}[./-]\d{1,2}([./-](\d{4}|\d{2})\b|\s*-\s*\d)|\d{4}-\d{2}-\d{2}")
#: Fewest and most digits of a telephone number with its country code (E.164), and of one without.
_INTERNATIONAL = (8, 15)
_NATIONAL = (9, 12)


def find_contacts(reading: Reading) -> None:
    """Claim addresses and international numbers, which nothing else looks like."""
    text = reading.text
    if "@" in text:
        for match in _EMAIL.finditer(text):
            reading.claim("email", match.start(), match.end(), match[0].lower())
    if "." in text or "://" in text:
        _find_urls(reading)
    _find_phones(reading)


def _find_urls(reading: Reading) -> None:
    for match in _URL.finditer(reading.text):
        end = match.start() + len(match[0].rstrip(".,;:!?)'\"]}"))
        span = reading.folded.span(match.start(), end)
        reading.claim("url", match.start(), end, _address(span.text))


def _address(written: str) -> str:
    scheme, mark, rest = written.partition("://")
    if not mark:
        scheme, rest = "https", written
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"


def _find_phones(reading: Reading) -> None:
    for match in _PHONE.finditer(reading.text):
        written = match[0]
        if _DATE_LIKE.match(written.lstrip("(")):
            continue
        value = _number(written, reading.country_code)
        if value:
            start = match.start()
            end = match.end()
            if written.startswith("(") and ")" not in written:
                start += 1
            reading.claim("phone", start, end, value)


def _number(written: str, country_code: str) -> str | None:
    digits = _NOT_DIGITS.sub("", _TRUNK_ZERO.sub("", written))
    if "+" in written or digits.startswith("00"):
        plain = digits.removeprefix("00")
        return f"+{plain}" if _INTERNATIONAL[0] <= len(plain) <= _INTERNATIONAL[1] else None
    if not _NATIONAL[0] <= len(digits) <= _NATIONAL[1]:
        return None
    if digits.startswith("0"):
        return f"+{country_code}{digits[1:]}" if country_code else digits
    if digits.startswith("8") and len(digits) == 11:
        return f"+7{digits[1:]}" if country_code == "7" else digits
    # Without a trunk zero only a number written in groups is one; plain digits may be anything.
    return digits if len(written) > len(digits) + 1 and len(digits) >= 10 else None
