"""What a guest is after: phrases that count for an intent, phrases that forbid one, and negations."""

import math
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from greenbot.messages.understanding.cleaning import Folded
from greenbot.messages.understanding.model import OTHER, Intent, Span
from greenbot.messages.understanding.phrases import Match, words_only
from greenbot.messages.understanding.rules import LanguageRules, Sign
from greenbot.messages.understanding.tokens import Token, ends_sentence

#: How far a negation reaches forward, in words.
_REACH = 3
_ENOUGH = 1.0
#: What an emergency drowns: whoever writes of a fire asks for nothing else.
_DROWNED = frozenset(("complaint", "request", "question", "booking", "compliment", "check-in", "check-out"))
#: Intents that a question mark alone does not turn into a question.
_ASKED_ANYWAY = frozenset(("booking", "cancellation", "request", "complaint", "emergency"))

Signs = list[Match[Sign]]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What the phrases of a text say, before anything is decided."""

    #: Per intent: the matches that count for it.
    matches: dict[str, Signs] = field(default_factory=dict)
    urgent: Signs = field(default_factory=list)
    severe: Signs = field(default_factory=list)
    calm: Signs = field(default_factory=list)

    def weight(self, intent: str) -> float:
        """How much speaks for an intent; a phrase that is said twice counts once."""
        strong = {match.phrase: match.payload.weight for match in self.matches.get(intent, ())}
        return sum(strong.values())

    def has_strong(self, intent: str) -> bool:
        """Whether one phrase alone speaks for it."""
        return any(match.payload.weight >= _ENOUGH for match in self.matches.get(intent, ()))


def evidence_of(tokens: Sequence[Token], languages: Sequence[LanguageRules]) -> Evidence:
    """All phrases of these languages in the text that are neither negated nor forbidden."""
    words = words_only(tokens)
    evidence = Evidence()
    for language in languages:
        _read(words, language, evidence)
    return evidence


def _read(words: Sequence[Token], language: LanguageRules, evidence: Evidence) -> None:
    found = list(language.signs.scan(words, language.numbers))
    if not found:
        return
    ends = [place for place, word in enumerate(words) if ends_sentence(word)]
    found = [match for match in found if match.payload.intent != "question" or _asks(words, match, ends)]
    neutral = _covered(found, "neutral", len(words))
    idioms = {(match.start, match.end) for match in found if match.payload.role == "neutral"}
    negated = _negated(words, found)
    blocked = _blocked(found, len(words))
    for match in found:
        role = match.payload.role
        if role == "calm":
            evidence.calm.append(match)
        elif role in ("urgent", "severe") and not neutral.longest(match) and not negated.holds(match.start):
            (evidence.urgent if role == "urgent" else evidence.severe).append(match)
        elif role == "intent" and not _is_off(match, neutral, idioms, negated, blocked.get(match.payload.intent)):
            evidence.matches.setdefault(match.payload.intent, []).append(match)


class _Cover:
    """Ranges of words. A hostile text has hundreds, so what lies in them is known without looking at each."""

    def __init__(self, size: int) -> None:
        self._longest = [0] * size

    def add(self, start: int, end: int) -> None:
        for place in range(start, end):
            self._longest[place] = max(self._longest[place], end - start)

    def longest(self, match: Match[Sign]) -> int:
        """The words of the longest range that the match overlaps; 0 when there is none."""
        return max(self._longest[match.start : match.end], default=0)

    def holds(self, place: int) -> bool:
        """Whether this word lies in a range."""
        return self._longest[place] > 0


def _covered(found: Signs, role: str, size: int) -> _Cover:
    cover = _Cover(size)
    for match in found:
        if match.payload.role == role:
            cover.add(match.start, match.end)
    return cover


def _blocked(found: Signs, size: int) -> dict[str, _Cover]:
    blocked: dict[str, _Cover] = {}
    for match in found:
        if match.payload.role == "block":
            blocked.setdefault(match.payload.intent, _Cover(size)).add(match.start, match.end)
    return blocked


def _asks(words: Sequence[Token], match: Match[Sign], ends: Sequence[int]) -> bool:
    """Whether words such as "when" and "is the" ask here, and do not join two halves of a sentence."""
    if match.payload.role != "intent":
        return True
    behind = bisect_left(ends, match.start)
    begin = ends[behind - 1] + 1 if behind else 0
    if match.start - begin <= 1 or _is_parted(words, match.start):
        return True
    next_end = bisect_left(ends, match.end)
    return next_end < len(ends) and words[ends[next_end]].text == "?"


def _is_parted(words: Sequence[Token], place: int) -> bool:
    """Whether a comma or another mark stands before this word: more than a blank lies between."""
    return place > 0 and words[place].start - words[place - 1].end > 1


def _is_off(
    match: Match[Sign], neutral: _Cover, idioms: Collection[tuple[int, int]], negated: _Cover, blocked: _Cover | None
) -> bool:
    # A compliment may be an idiom of peace itself: "no complaints".
    is_idiom = match.payload.intent == "compliment" and (match.start, match.end) in idioms
    if not is_idiom and match.end - match.start <= neutral.longest(match):
        return True
    return negated.holds(match.start) or (blocked is not None and blocked.longest(match) > 0)


def _negated(words: Sequence[Token], found: Signs) -> _Cover:
    """Where negations reach: the words behind one, or before it in languages that put it last."""
    # A negation that is part of a phrase, as in "not working", has done its work there.
    spoken_for = _Cover(len(words))
    for match in found:
        role = match.payload.role
        if role in ("exempt", "neutral") or (role == "intent" and match.end > match.start + 1):
            spoken_for.add(match.start, match.end)
    reaches = _Cover(len(words))
    for match in found:
        if match.payload.role not in ("negator", "behind") or spoken_for.longest(match):
            continue
        if match.payload.role == "negator":
            reaches.add(match.end, _reach_forward(words, match.end))
        else:
            reaches.add(_reach_back(words, match.start), match.start)
    return reaches


def _reach_forward(words: Sequence[Token], start: int) -> int:
    for place in range(start, min(start + _REACH, len(words))):
        if ends_sentence(words[place]) or _is_parted(words, place):
            return place
    return min(start + _REACH, len(words))


def _reach_back(words: Sequence[Token], end: int) -> int:
    for place in range(end - 1, max(end - 3, 0) - 1, -1):
        if ends_sentence(words[place]):
            return place + 1
    return max(end - 2, 0)


def decide(evidence: Evidence, tokens: Sequence[Token], folded: Folded) -> tuple[Intent, ...]:
    """The intents with enough behind them, the likeliest first; `other` alone when there is none."""
    words = words_only(tokens)
    weights = _likely(evidence)
    asked = _question_mark(words, evidence, weights)
    if asked is not None and "question" not in weights:
        weights["question"] = _ENOUGH
    if "emergency" in weights:
        weights = {name: weight for name, weight in weights.items() if name not in _DROWNED}
    if not weights:
        return (Intent(name=OTHER, score=1.0, words=()),)
    ranked = sorted(weights, key=lambda name: (_RANK.get(name, 5), -weights[name]))
    ranked.sort(key=lambda name: -weights[name] if name not in _FIRST else -100.0)
    return tuple(
        Intent(name=name, score=_score(weights[name]), words=_words(evidence, name, words, folded, asked))
        for name in ranked
    )


def _likely(evidence: Evidence) -> dict[str, float]:
    """The intents with enough behind them. Beside a strong one, hints alone are not enough for another."""
    strong = {name for name in evidence.matches if evidence.has_strong(name)}
    weights = {name: evidence.weight(name) for name in strong or evidence.matches}
    weights = {
        name: weight for name, weight in weights.items() if weight >= _LEAST.get(name, _ENOUGH) or name in strong
    }
    if "cancellation" in weights:
        # Who cancels a stay still says when it would have begun.
        weights.pop("check-in", None)
    return weights


#: Rooms and nights are in everybody's mouth: they hint at a booking only together.
_LEAST = {"booking": 1.5}
_FIRST = frozenset(("emergency",))
#: More words than these decide nothing, and a hostile text could hold thousands.
_MOST_WORDS = 40
_RANK = {"cancellation": 0, "complaint": 1, "booking": 2, "request": 3}


def _score(weight: float) -> float:
    """0.6 for just enough, nearing 1 with every further phrase."""
    return round(1.0 - 0.4 / (weight * math.sqrt(weight)), 2)


def _question_mark(words: Sequence[Token], evidence: Evidence, weights: dict[str, float]) -> Token | None:
    """The question mark of a sentence in which nothing was asked for in another way."""
    begins = sorted(match.start for name in _ASKED_ANYWAY & weights.keys() for match in evidence.matches.get(name, ()))
    start = 0
    for place, token in enumerate(words):
        if token.text == "?":
            if place > start + 1 and bisect_left(begins, start) == bisect_left(begins, place):
                return token
            start = place + 1
        elif ends_sentence(token):
            start = place + 1
    return None


def _words(
    evidence: Evidence, name: str, words: Sequence[Token], folded: Folded, asked: Token | None
) -> tuple[Span, ...]:
    places = {(match.start, match.end) for match in evidence.matches.get(name, ())[:_MOST_WORDS]}
    outer = [
        (start, end)
        for start, end in sorted(places)
        if not any((a, b) != (start, end) and a <= start and end <= b for a, b in places)
    ]
    spans = [folded.span(words[start].start, words[end - 1].end) for start, end in outer]
    if not spans and name == "question" and asked is not None:
        spans = [folded.span(asked.start, asked.end)]
    return tuple(spans)
