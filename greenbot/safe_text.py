"""Guests' bytes on the way to a terminal, a table or a spreadsheet.

Names, texts, file names and error bodies are written by strangers. A terminal would obey the
escape sequences in them, a bidi control would reorder a line, a spreadsheet would run a formula.
"""

import re

# Everything that steers instead of showing: C0 and DEL, C1, bidi controls and marks, line and
# paragraph separators, the byte order mark, lone surrogates, interlinear and tag characters.
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_KEEP_LINES = {"\n": "\n", "\t": "\t"}
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e"}
# The full-width twins work as formula starts in East Asian locales.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_text(text: str, *, keep_lines: bool = False, limit: int | None = None) -> str:
    """The same text with every steering character shown as a visible escape.

    `keep_lines` leaves newlines and tabs as they are; a result longer than `limit` characters is
    cut there and ends with `…`. The result never contains a byte a terminal would act upon, and
    applying the function twice changes nothing.
    """
    # Escapes only lengthen a text, so nothing behind the limit can be needed.
    shown = text if limit is None else text[: limit + 1]
    if _STEERING.search(shown):
        shown = _STEERING.sub(_visible_keeping_lines if keep_lines else _visible, shown)
    if limit is not None and len(shown) > limit:
        return shown[: max(0, limit - 1)] + "…"
    return shown


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    short = _SHORT.get(character)
    if short:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _visible_keeping_lines(match: re.Match[str]) -> str:
    return _KEEP_LINES.get(match.group()) or _visible(match)


def csv_cell(text: str) -> str:
    """The text as a spreadsheet cell that cannot become a formula (OWASP ASVS 1.2.10)."""
    shown = safe_text(text, keep_lines=True)
    return "'" + shown if shown.startswith(_FORMULA_START) or text.startswith(_FORMULA_START) else shown
