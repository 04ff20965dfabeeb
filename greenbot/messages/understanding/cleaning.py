"""A guest's text for reading and for matching: invisible characters go, every place can be found again."""

import re
import unicodedata
from dataclasses import dataclass

from greenbot.messages.understanding.model import Span

#: Rules read this much of a text; the rest is kept by whoever stores the text.
MOST_CHARACTERS = 4096

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−־"), "-")
_QUOTES = dict.fromkeys(map(ord, "’‘ʼʹ`´׳"), "'") | dict.fromkeys(map(ord, "“”„«»״"), '"')
_MARKS = {0x061F: "?", 0x060C: ",", 0x061B: ";", 0x066B: ".", 0x066C: ",", 0x3002: ".", 0x2026: "."}
#: Spellings that guests mix freely; each maps to one character, so places stay.
_LETTERS = {
    ord("ё"): "е",
    ord("Ё"): "е",
    ord("İ"): "i",
    ord("ı"): "i",
    ord("ß"): "s",
    ord("ø"): "o",
    ord("ł"): "l",
    ord("أ"): "ا",
    ord("إ"): "ا",
    ord("آ"): "ا",
    ord("ى"): "ي",
    ord("ة"): "ه",
}
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u0000-\u0008\u000e-\u001f]")
_EMOJI = r"[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_REPEATED_EMOJI = re.compile(rf"({_EMOJI})(?:\s*\1)+")
_REPEATED_MARK = re.compile(r"([!?.,;:~*_=-])\1+")
_MIXED_MARKS = re.compile(r"(?:!\?|\?!)[!?]*")
_BLANKS = re.compile(r"\s+")
_SKIN = dict.fromkeys(range(127995, 128000))


class _Fold(dict[int, str | None]):
    """Fills itself: the matching form of each character, one character or none."""

    def __missing__(self, point: int) -> str | None:
        self[point] = form = _form(chr(point))
        return form


def _form(character: str) -> str | None:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me") or 0x1F3FB <= ord(character) < 0x1F400:
        return None
    if category == "Nd":
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKD", character)[0] if _is_latin(character) else character
    lower = plain.lower()
    return lower if len(lower) == 1 else plain


def _is_latin(character: str) -> bool:
    # Cyrillic and Hebrew letters fall apart into other letters of their own alphabets, so they stay whole.
    return character < "ɐ" or "Ḁ" <= character <= "ỿ" or "！" <= character <= "～"


_FOLD = _Fold(_DASHES | _QUOTES | _MARKS | _LETTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A text in matching form: lower case, no accents, ASCII digits, nothing invisible."""

    original: str
    text: str
    #: Where each character stands in the original; None when places are the same.
    places: tuple[int, ...] | None

    def span(self, start: int, end: int) -> Span:
        """The place in the original of `text[start:end]`, which must not be empty."""
        if self.places is not None:
            start, end = self.places[start], self.places[end - 1] + 1
        return Span(start=start, end=end, text=self.original[start:end])


def fold(text: str) -> Folded:
    """The matching form of the first `MOST_CHARACTERS` of `text`."""
    head = text[:MOST_CHARACTERS]
    folded = head.translate(_FOLD)
    if len(folded) == len(head):
        return Folded(original=text, text=folded, places=None)
    places = tuple(place for place, character in enumerate(head) if _FOLD[ord(character)] is not None)
    return Folded(original=text, text=folded, places=places)


def clean(text: str) -> str:
    """What a person would read: one line, no invisible characters, no repeated marks or emoji."""
    head = unicodedata.normalize("NFC", text[:MOST_CHARACTERS])
    visible = _INVISIBLE.sub("", head).translate(_SKIN)
    calm = _REPEATED_MARK.sub(_shorter, _MIXED_MARKS.sub("?!", visible))
    return _BLANKS.sub(" ", _REPEATED_EMOJI.sub(r"\1", calm)).strip()


def _shorter(match: re.Match[str]) -> str:
    mark = match[1]
    return "..." if mark == "." and len(match[0]) > 1 else mark
