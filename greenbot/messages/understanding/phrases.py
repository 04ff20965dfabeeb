"""Phrases of rules files, found in a list of tokens in time proportional to the text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from greenbot.messages.understanding.tokens import Token, ends_sentence, is_word, pieces_of_phrase, variants

Payload = TypeVar("Payload")

_GAP = ".."
_NUMBER = "#"
_LONGEST_GAP = 3
_LONGEST_STEM = 14
_LONGEST_WORD = 40
#: Shorter words have too many neighbours to forgive a typing mistake in them.
_SHORTEST_FORGIVEN = 6
_RUN = re.compile(r"(.)\1{2,}")
_MOST_REMEMBERED = 4096


class Piece(NamedTuple):
    """One part of a phrase: a word, the beginning of one, a number or a gap."""

    text: str
    is_stem: bool


@dataclass(frozen=True, slots=True)
class Phrase(Generic[Payload]):
    """Words in a row and what they stand for."""

    pieces: tuple[Piece, ...]
    payload: Payload


class Match(NamedTuple, Generic[Payload]):
    """A phrase found in `tokens[start:end]`, with the number that stood at its `#`."""

    start: int
    end: int
    payload: Payload
    number: int
    phrase: Phrase[Payload]


def pieces(phrase: str, *, marks: bool = False) -> tuple[Piece, ...]:
    """A phrase of a rules file, cut into parts; `marks` keeps punctuation."""
    return tuple(_pieces(phrase, marks))


def _pieces(phrase: str, marks: bool) -> Iterator[Piece]:
    for part in phrase.split():
        if part in (_GAP, _NUMBER):
            yield Piece(part, is_stem=False)
            continue
        words = pieces_of_phrase(part.removesuffix("*"))
        kept = [word for word in words if marks or word[0].isalnum() or word >= "\u2190"]
        for number, word in enumerate(kept, start=1):
            yield Piece(word, is_stem=part.endswith("*") and number == len(kept))


class PhraseTable(Generic[Payload]):
    """Phrases by their first word."""

    def __init__(self, *, marks: bool = False, forgiving: bool = False) -> None:
        self._marks = marks
        self._forgiving = forgiving
        self._words: dict[str, list[Phrase[Payload]]] = {}
        self._stems: dict[str, list[Phrase[Payload]]] = {}
        self._numbers: list[Phrase[Payload]] = []
        self._near: dict[str, set[str]] = {}
        self._remembered: dict[str, tuple[Phrase[Payload], ...]] = {}

    def add(self, phrases: Iterable[str], payload: Payload) -> None:
        """Let each of these phrases stand for `payload`."""
        for text in phrases:
            parts = pieces(text, marks=self._marks)
            if parts:
                self._add(Phrase(parts, payload))

    def _add(self, phrase: Phrase[Payload]) -> None:
        first = phrase.pieces[0]
        if first.text == _NUMBER:
            self._numbers.append(phrase)
            return
        index = self._stems if first.is_stem else self._words
        index.setdefault(first.text[:_LONGEST_STEM] if first.is_stem else first.text, []).append(phrase)
        if self._forgiving and len(first.text) >= _SHORTEST_FORGIVEN:
            for form in _deletions(first.text[:_LONGEST_STEM]):
                self._near.setdefault(form, set()).add(first.text)

    def at(self, tokens: Sequence[Token], place: int, numbers: dict[str, int]) -> Match[Payload] | None:
        """The longest phrase that begins at `tokens[place]`."""
        found = self.all_at(tokens, place, numbers)
        return max(found, key=_end) if found else None

    def all_at(self, tokens: Sequence[Token], place: int, numbers: dict[str, int]) -> list[Match[Payload]]:
        """Every phrase that begins at `tokens[place]`."""
        if place >= len(tokens):
            return []
        token = tokens[place]
        phrases: Sequence[Phrase[Payload]] = self._starting(token.text) if token.kind != "n" else ()
        if self._numbers and _number(token, numbers) is not None:
            phrases = (*phrases, *self._numbers)
        if not phrases:
            return []
        return [match for phrase in phrases if (match := _match(phrase, tokens, place, numbers)) is not None]

    def scan(self, tokens: Sequence[Token], numbers: dict[str, int]) -> Iterator[Match[Payload]]:
        """Every phrase anywhere."""
        for place in range(len(tokens)):
            yield from self.all_at(tokens, place, numbers)

    def _starting(self, word: str) -> tuple[Phrase[Payload], ...]:
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            known = tuple(self._find(word)) if len(word) <= _LONGEST_WORD else ()
            self._remembered[word] = known
        return known

    def _find(self, word: str) -> list[Phrase[Payload]]:
        found = [phrase for form in self._forms(word) for phrase in self._exactly(form)]
        # Hebrew and Arabic words are short and close together: there a near word is another word.
        if not found and self._forgiving and len(word) >= _SHORTEST_FORGIVEN and word[0] < "א":
            found = [phrase for near in self._neighbours(word) for phrase in self._exactly(near)]
        return found

    def _forms(self, word: str) -> Iterable[str]:
        if _RUN.search(word):
            return dict.fromkeys((word, _RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)))
        return variants(word)

    def _exactly(self, word: str) -> Iterator[Phrase[Payload]]:
        yield from self._words.get(word, ())
        for length in range(1, min(len(word), _LONGEST_STEM) + 1):
            yield from self._stems.get(word[:length], ())

    def _neighbours(self, word: str) -> set[str]:
        """First words of phrases that one slip of the finger turns into the beginning of `word`, or all of it."""
        found: set[str] = set()
        for length in range(_SHORTEST_FORGIVEN - 1, min(len(word), _LONGEST_STEM) + 1):
            head = word[:length]
            for form in _deletions(head):
                near = self._near.get(form, ())
                found |= {known for known in near if known[0] == word[0] and self._is_near(known, word, length)}
        return found

    def _is_near(self, known: str, word: str, length: int) -> bool:
        whole = length == len(word)
        return (whole or (known in self._stems and length >= len(known))) and _is_one_slip(
            known[:_LONGEST_STEM], word[:length]
        )


def _end(match: Match[Payload]) -> int:
    return match.end


def _deletions(word: str) -> set[str]:
    return {word} | {word[:place] + word[place + 1 :] for place in range(1, len(word))}


def _is_one_slip(one: str, other: str) -> bool:
    """One letter changed, left out or added, or two neighbours swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    place = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        return True
    rests = (
        (one[place + 1 :], other[place + 1 :]),
        (one[place + 1 :], other[place:]),
        (one[place:], other[place + 1 :]),
    )
    swapped = one[place : place + 2] == other[place : place + 2][::-1] and one[place + 2 :] == other[place + 2 :]
    return swapped or any(left == right for left, right in rests)


def _match(
    phrase: Phrase[Payload], tokens: Sequence[Token], start: int, numbers: dict[str, int]
) -> Match[Payload] | None:
    place, number, gap = start + 1, 0, 0
    if phrase.pieces[0].text == _NUMBER:
        number = _number(tokens[start], numbers) or 0
    for piece in phrase.pieces[1:]:
        if piece.text == _GAP:
            gap = _LONGEST_GAP
            continue
        at = _next(piece, tokens, place, gap, numbers)
        if at is None:
            return None
        if piece.text == _NUMBER:
            number = _number(tokens[at], numbers) or 0
        place, gap = at + 1, 0
    return Match(start, place, phrase.payload, number, phrase)


def _next(piece: Piece, tokens: Sequence[Token], place: int, gap: int, numbers: dict[str, int]) -> int | None:
    for at in range(place, min(place + gap + 1, len(tokens))):
        if _fits(piece, tokens[at], numbers):
            return at
        if ends_sentence(tokens[at]):
            return None
    return None


def _fits(piece: Piece, token: Token, numbers: dict[str, int]) -> bool:
    if piece.text == _NUMBER:
        return _number(token, numbers) is not None
    if piece.is_stem:
        return any(form.startswith(piece.text) for form in variants(token.text))
    return token.text == piece.text or piece.text in variants(token.text)


def _number(token: Token, numbers: dict[str, int]) -> int | None:
    if token.kind == "n":
        return int(token.text) if len(token.text) <= 4 else None
    return next((numbers[form] for form in variants(token.text) if form in numbers), None)


number_of = _number


def words_only(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without punctuation inside sentences; sentence ends stay, because no phrase reaches across them."""
    return [token for token in tokens if is_word(token) or ends_sentence(token)]
