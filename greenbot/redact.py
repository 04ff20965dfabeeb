"""Secrets cannot be printed by accident.

GREEN-API carries the token in the path of every URL and echoes it in some error bodies, so
whatever leaves greenbot as text (log lines, errors, tracebacks, dry runs, stored bodies) passes
`redact`. It knows every `Secret` of this process in its usual encodings, and the shapes in which
tokens appear even when this process has never seen them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

MASK = "***"
#: Shorter values would blank out ordinary words.
_SHORTEST = 6


class Secret:
    """A value that shows itself only through `reveal()`, and is known to `redact` from birth."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """The value itself: for building the one request that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret cannot be pickled or copied")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)


_known: set[str] = set()
_forms: tuple[str, ...] | None = None


def remember(value: str) -> None:
    """Let `redact` mask this value from now on, in all encodings.

    Values shorter than six characters are not remembered: they would blank out ordinary words.
    """
    global _forms  # noqa: PLW0603 - one process has one set of secrets, whoever prints
    if len(value) >= _SHORTEST and value not in _known:
        _known.add(value)
        _forms = None


def redact(text: str) -> str:
    """The same text without any known secret or anything in the place of one.

    Idempotent: `redact(redact(x)) == redact(x)`. Takes time proportional to the text, whatever it is.
    """
    while (masked := _one_pass(text)) != text:
        # A mask can complete another secret together with what stands beside it.
        text = masked
    return text


def _one_pass(text: str) -> str:
    text = _mask_spans(text, _joined(_places(_ascii_lower(text), _known_forms())))
    lowered = _ascii_lower(text)
    for words, shape, replace in _SHAPES:
        if all(word in lowered for word in words):
            text = _compiled(shape).sub(replace, text)
    return text


# Known secrets, found as plain strings: overlapping finds become one mask, so nothing of the
# second secret survives beside the first.


def _known_forms() -> tuple[str, ...]:
    global _forms  # noqa: PLW0603 - rebuilt when a secret was added
    if _forms is None:
        # The copy is atomic: another thread may remember a secret meanwhile.
        forms = {_ascii_lower(form) for secret in tuple(_known) for form in encodings(secret)}
        _forms = tuple(sorted(forms))
    return _forms


def _ascii_lower(text: str) -> str:
    """Lower case for ASCII letters only: unlike `str.lower` it keeps every character at its place."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _places(text: str, forms: Iterable[str]) -> Iterator[tuple[int, int]]:
    for form in forms:
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + 1)


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _mask_spans(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], MASK]
        position = end
    return "".join(pieces) + text[position:]


def encodings(secret: str) -> set[str]:
    """The forms in which a secret can turn up: raw, URL, JSON, repr, HTML, hex, base64 (three alignments), reversed."""
    import json

    raw = _as_bytes(secret)
    forms = {
        secret,
        secret[::-1],
        raw.hex(),
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        secret.translate(_HTML),
    }
    forms |= _percent_forms(raw) | _base64_forms(raw)
    return {form for form in forms if len(form) >= _SHORTEST}


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
#: What different encoders leave as it is: urllib's quote_plus and quote, browsers, httpx in a path.
_KEPT = (b"", b"/", b"!*'()", b"!$&'()*+,;=:@/")


def _as_bytes(secret: str) -> bytes:
    try:
        return secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return secret.encode("utf-8", "surrogatepass")


def _percent_forms(raw: bytes) -> set[str]:
    forms = {_percent(raw, keep=frozenset(kept)) for kept in _KEPT}
    forms |= {form.replace("%20", "+") for form in forms}
    return forms | {form.replace("%", "%25") for form in forms}


def _percent(raw: bytes, *, keep: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED or byte in keep else f"%{byte:02X}" for byte in raw)


def _base64_forms(raw: bytes) -> set[str]:
    from binascii import b2a_base64

    forms = set()
    for lead in range(3):
        # The characters at both ends also carry neighbouring bits: what lies between is the secret's own.
        encoded = b2a_base64(b"\0" * lead + raw, newline=False).decode().rstrip("=")
        own = encoded[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]
        forms |= {own, own.replace("+", "-").replace("/", "_")}
    return forms


# Shapes: where a secret stands even when this process never knew it. Repeats are bounded or
# possessive, so no text, however hostile, makes the search slow.

_SLASH = r"(?:\\*/|\\+u002f|%(?:25)*2f)"
_PATH_VALUE = r"""((?:(?!%(?:25)*2f)[^\s/?"'<>\\)])+)"""
_GAP = r"[ \t]*"
_ASSIGNED = rf"""\\*["']?{_GAP}[:=]{_GAP}"""
_SCHEME = "(?:Bearer|Basic|Token|Digest)[ ]+"
_VALUE = rf"""
    (?: (?P<quote>\\*["']) (?P<scheme>{_SCHEME})?
        (?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\\\n]))*+)
      | (?P<bare_scheme>{_SCHEME})? (?!(?:null|none|true|false|system[ ]proxy)\b) (?P<bare>[^\s"'&,;{{}}\[\]\\]+)
    )
"""
#: The one value of `proxyInstance` that tells nothing.
_HARMLESS = ("", "system proxy")


def _mask_second(match: re.Match[str]) -> str:
    return match[1] + MASK


def _mask_value(match: re.Match[str]) -> str:
    if match["quote"] is None:
        return match["key"] + (match["bare_scheme"] or "") + MASK
    if match["quoted"] in _HARMLESS:
        return match[0]
    return match["key"] + match["quote"] + (match["scheme"] or "") + MASK


def _mask_password(match: re.Match[str]) -> str:
    return f"://{MASK}@" if ":" in match[1] else match[0]


def _mask_query(match: re.Match[str]) -> str:
    address, mark, query = match[2].partition("?")
    return match[1] + address + mark + (MASK if query else "")


def _field(names: str) -> str:
    """The value of a setting, an environment variable or a JSON field."""
    return rf"(?x)(?P<key>(?:{names}){_ASSIGNED}){_VALUE}"


#: (words without which the shape cannot be there, the shape, what takes its place)
_SHAPES: tuple[tuple[tuple[str, ...], str, Callable[[re.Match[str]], str]], ...] = (
    # the path of every call, and the page and path of partners and QR codes
    (("wainstance",), rf"(waInstance\w{{0,32}}{_SLASH}[a-z]\w{{0,64}}{_SLASH}){_PATH_VALUE}", _mask_second),
    (("partner",), rf"(/partner{_SLASH}\w{{0,30}}Instance\w{{0,30}}{_SLASH}){_PATH_VALUE}", _mask_second),
    (("qr.green",), rf"(qr\.green-?api\.com{_SLASH}waInstance\w{{0,32}}{_SLASH}){_PATH_VALUE}", _mask_second),
    # a partner's token
    (("gac.",), r"(\bgac\.)([\w-]{8,})", _mask_second),
    (("token",), _field("apiTokenInstance|newApiToken|webhookUrlToken|partnerToken"), _mask_value),
    (("green_api_",), _field("GREEN_API_(?:TOKEN|PARTNER_TOKEN|WEBHOOK_TOKEN|WEBHOOK_SECRET)"), _mask_value),
    (("proxyinstance",), _field("proxyInstance"), _mask_value),
    # the header, as a line or JSON field, and as a pair in a list of headers
    (("authorization",), _field("Authorization"), _mask_value),
    (("authorization",), rf"""(?x)(?P<key>Authorization\\*["'],{_GAP}b?){_VALUE}""", _mask_value),
    # user:password@host
    (("://", "@"), r"""://((?:[^\s/?@"'<>]*+@)++)""", _mask_password),
    # the query of a webhook URL
    (("webhook", "?"), rf"""(webhook_?Url{_ASSIGNED}\\*["']?)((?:\\/|[^\s"'\\])+)""", _mask_query),
    # ip:port:login:password
    ((":", "."), r"""(\b\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}:[^\s:/"']{1,100}:)([^\s"',}]+)""", _mask_second),
)


@cache
def _compiled(shape: str) -> re.Pattern[str]:
    # At first use: compiling all of them takes longer than a whole short command should.
    return re.compile(shape, re.IGNORECASE)


_PHONE = r"(?<![\w.])(?:\+\d(?:[ ().-]{0,3}\d){8,14}|\+?\d{9,18})(?!\w)"


def mask_phone(text: str) -> str:
    """Phone numbers inside `text` as `+38***4567`: for logs, where whole numbers have no business.

    Any bare run of 9 to 18 digits counts as one; with separators, it must begin with a plus sign.
    """
    return _compiled(_PHONE).sub(_mask_digits, text)


def _mask_digits(match: re.Match[str]) -> str:
    digits = "".join(filter(str.isdigit, match[0]))
    return f"+{digits[: 2 if len(digits) > 9 else 1]}***{digits[-4:]}"
