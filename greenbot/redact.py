"""Secrets cannot be printed by accident.

GREEN-API carries the token in the path of every URL and echoes it in some error bodies, so
whatever leaves greenbot as text (log lines, errors, tracebacks, dry runs, stored bodies) passes
`redact`. It knows every `Secret` of this process in its usual encodings, and the shapes in which
tokens appear even when this process has never seen them.
"""

import re
from urllib.parse import quote, quote_plus

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
_pattern: re.Pattern[str] | None = None


def remember(value: str) -> None:
    """Let `redact` mask this value from now on, in all encodings."""
    global _pattern  # noqa: PLW0603 - one process has one set of secrets, whoever prints
    if len(value) >= _SHORTEST and value not in _known:
        _known.add(value)
        _pattern = None


# (what stands before the secret)(the secret itself)
_SHAPES = re.compile(
    r"""
    (waInstance\w*(?:/|%2F)[A-Za-z]\w*(?:/|%2F))([^\s/?"'<>\\%)]+)                       # the path of every call
  | (/partner/[A-Za-z]\w*/)([^\s/?"'<>\\)]+)                                            # the partner's path
  | (qr\.green-api\.com/wainstance\w*/)([^\s/?"'<>\\)]+)                                # the QR page
  | ((?:apiTokenInstance|newApiToken|webhookUrlToken|proxyInstance)\\?["']?\s*[:=]\s*\\?["']?)([^\s"'&,}\\]+)
  | ((?:Authorization)\\?["']?\s*[:=]\s*\\?["']?(?:Bearer\s+|Basic\s+)?)([^\s"',}\\]+)
  | (\bgac\.)([\w-]{8,})                                                                # a partner token
  | (://)([^\s/@"']+:[^\s/@"']+)(?=@)                                                   # user:password@host
  | (webhookUrl\\?["']?\s*[:=]\s*\\?["']?[^\s"'?]*\?)([^\s"'\\}]+)                       # the query of a webhook URL
  | (\b\d{1,3}(?:\.\d{1,3}){3}:\d+:[^\s:"']+:)([^\s"',}]+)                              # ip:port:login:password
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """The same text without any known secret or anything in the place of one.

    Idempotent: `redact(redact(x)) == redact(x)`.
    """
    pattern = _compiled()
    if pattern is not None:
        text = pattern.sub(MASK, text)
    return _SHAPES.sub(_mask_shape, text)


def _mask_shape(match: re.Match[str]) -> str:
    before = next(group for group in match.groups()[::2] if group is not None)
    return before + MASK


def _compiled() -> re.Pattern[str] | None:
    global _pattern  # noqa: PLW0603 - rebuilt when a secret was added
    if _pattern is None and _known:
        forms = {form for secret in _known for form in encodings(secret)}
        _pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE)
    return _pattern


def encodings(secret: str) -> set[str]:
    """The forms in which a secret can turn up: raw, URL, JSON, hex, base64 (three alignments), reversed."""
    import base64
    import json

    raw = secret.encode("utf-8", "surrogateescape")
    forms = {
        secret,
        secret[::-1],
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        raw.hex(),
    }
    for lead in range(3):
        # The characters at both ends also carry neighbouring bits: what lies between is the secret's own.
        encoded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
        own = encoded[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]
        forms |= {own, own.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}


def mask_phone(text: str) -> str:
    """Phone numbers inside `text` as `+7***4567`: for logs, where whole numbers have no business."""
    return re.sub(r"\+?(?<![\w.])(\d{1,2})\d{4,12}(\d{4})(?![\w])", r"+\1***\2", text)
