"""A folded text as words, numbers and marks, each with its place."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from greenbot.messages.understanding.cleaning import fold

_PIECE = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+|\"[א-ת]+)?|\d+|[^\w\s]")
#: French words that lose their vowel before another: l'eau is two words, don't is one.
_ELIDED = frozenset(["l", "d", "j", "c", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quelqu", "aujourd"])
_SHORTENED = frozenset(["t", "s", "m", "re", "ve", "ll", "d"])
_FIRST_EMOJI = "\u2190"
_SENTENCE_ENDS = frozenset(".!?;\n")


class Token(NamedTuple):
    """A piece of folded text: kind `w` a word, `n` digits, `p` a mark or an emoji."""

    text: str
    start: int
    end: int
    kind: str


def tokens_of(text: str) -> list[Token]:
    """The pieces of a folded text, in order."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[Token]:
    for match in _PIECE.finditer(text):
        piece, start, end = match[0], match.start(), match.end()
        first = piece[0]
        if first.isdigit():
            yield Token(piece, start, end, "n")
        elif not first.isalpha():
            yield Token(piece, start, end, "p")
        elif "'" in piece:
            yield from _with_apostrophe(piece, start)
        else:
            yield Token(piece, start, end, "w")


def _with_apostrophe(piece: str, start: int) -> Iterator[Token]:
    head, _, tail = piece.partition("'")
    if head not in _ELIDED and (tail in _SHORTENED or head[0] > "ʯ"):
        yield Token(head + tail, start, start + len(piece), "w")
        return
    middle = start + len(head)
    yield Token(head, start, middle, "w")
    yield Token(tail, middle + 1, middle + 1 + len(tail), "w")


def is_word(token: Token) -> bool:
    """Whether it says something: a word, a number or an emoji, not punctuation."""
    return token.kind != "p" or token.text >= _FIRST_EMOJI


def ends_sentence(token: Token) -> bool:
    """Whether a new sentence begins behind it."""
    return token.text in _SENTENCE_ENDS


def pieces_of_phrase(phrase: str) -> list[str]:
    """The words of a phrase from a rules file, cut the same way as guests' texts."""
    return [token.text for token in tokens_of(fold(phrase).text)]


def variants(word: str) -> tuple[str, ...]:
    """The word, and what is left without the letters that stick to its front in Hebrew and Arabic."""
    first = word[0]
    if first < "א" or len(word) < 3:
        return (word,)
    if first <= "ת":
        return _stripped(word, _HEBREW)
    return _stripped(word, _ARABIC) if "ء" <= first <= "ي" else (word,)


_HEBREW = ("וה", "וב", "ול", "ומ", "שב", "שה", "כש", "מה", "ו", "ב", "ל", "מ", "ה", "ש", "כ")
_ARABIC = ("وال", "بال", "فال", "كال", "ولل", "وب", "ول", "لل", "ال", "و", "ب", "ل", "ف", "ك")


def _stripped(word: str, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    rests = [word[len(prefix) :] for prefix in prefixes if word.startswith(prefix) and len(word) > len(prefix) + 1]
    return (word, *rests)
