"""Which language a text is in: scripts first, then common words and groups of three letters."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log

from greenbot.messages.understanding.cleaning import fold
from greenbot.messages.understanding.model import UNKNOWN
from greenbot.messages.understanding.rules import LANGUAGES, builtin, read
from greenbot.messages.understanding.tokens import Token, tokens_of

#: A word that only one language has counts for this much; others share it.
_KNOWN_WORD = 3.0
_SPECIAL_LETTER = 2.0
_NGRAM_SHARE = 0.35
#: What a single word that no list knows may add or take away.
_MOST_PER_WORD = 1.5
_LEAST_LETTERS = 3
_LEAST_LEAD = 0.8
_LONGEST_WORD = 24
#: One denominator for all, so that a short word list is no advantage.
_GROUPS = 1500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What is known of each language that shares a script with others."""

    words: Mapping[str, frozenset[str]]
    groups: Mapping[str, Mapping[str, float]]
    letters: Mapping[str, frozenset[str]]

    def scores(self, words: Sequence[str], raw: str) -> dict[str, float]:
        """How well each language fits."""
        totals = dict.fromkeys(self.words, 0.0)
        for word in words:
            for code, score in self._of_word(word):
                totals[code] += score
        present = set(raw)
        for code, letters in self.letters.items():
            totals[code] += _SPECIAL_LETTER * len(letters & present)
        return totals

    def _of_word(self, word: str) -> list[tuple[str, float]]:
        owners = [code for code, known in self.words.items() if word in known]
        share = _KNOWN_WORD / len(owners) ** 0.7 * min(1.0, 0.4 + 0.2 * len(word)) if owners else 0.0
        groups = [f" {word} "[place : place + 3] for place in range(min(len(word), _LONGEST_WORD))]
        logs = {code: sum(table.get(group, table[""]) for group in groups) for code, table in self.groups.items()}
        mean = sum(logs.values()) / len(logs)
        return [
            (
                code,
                (share if code in owners else 0.0)
                + max(-_MOST_PER_WORD, min(_MOST_PER_WORD, _NGRAM_SHARE * (value - mean))),
            )
            for code, value in logs.items()
        ]


def language_of(raw: str, tokens: Sequence[Token]) -> str:
    """ISO 639-1 of the language that most of the text is in, or `unknown`."""
    words = [token.text for token in tokens if token.kind == "w"]
    letters = Counter(_script(word[0]) for word in words for _ in word)
    if not letters:
        return UNKNOWN
    script = max(letters, key=lambda name: letters[name] * _WEIGHT.get(name, 1.0))
    if script in _ALONE:
        return _ALONE[script] if letters[script] > 1 else UNKNOWN
    if script not in ("latin", "cyrillic") or letters[script] < _LEAST_LETTERS:
        return UNKNOWN
    ours = [word for word in words if _script(word[0]) == script]
    scores = models(script).scores(ours, raw.lower())
    return _winner(scores, alone=len(ours) == 1)


#: A Latin brand or loan word is often longer than the words around it.
_WEIGHT = {"latin": 0.6}
_ALONE = {"hebrew": "he", "arabic": "ar"}


def _winner(scores: Mapping[str, float], *, alone: bool) -> str:
    ranked = sorted(scores, key=lambda code: scores[code], reverse=True)
    first, second = ranked[0], ranked[1]
    lead = scores[first] - scores[second]
    if first not in LANGUAGES or lead < _LEAST_LEAD * (1.5 if alone else 1.0) or scores[first] <= 0:
        return UNKNOWN
    return first


def _script(letter: str) -> str:
    if letter < "ʰ" or "Ḁ" <= letter <= "ỿ":
        return "latin"
    if "Ѐ" <= letter <= "ӿ":
        return "cyrillic"
    if "א" <= letter <= "ת":
        return "hebrew"
    return "arabic" if "ء" <= letter <= "ۿ" else "other"


@cache
def models(script: str) -> Models:
    """The languages of a script, made from the word lists of the rules files."""
    rules = builtin().languages
    texts = {code: str(one.data["common"]) for code, one in rules.items() if one.script == script}
    letters = {code: frozenset(str(rules[code].data["letters"])) for code in texts}
    if script == "latin":
        texts |= {code: str(text) for code, text in read("foreign").items()}
        texts["ru"] = str(rules["ru"].data["latin"])
    words = {code: frozenset(token.text for token in tokens_of(fold(text).text)) for code, text in texts.items()}
    return Models(words=words, groups={code: _groups(known) for code, known in words.items()}, letters=letters)


def _groups(words: frozenset[str]) -> dict[str, float]:
    counts = Counter(f" {word} "[place : place + 3] for word in words for place in range(len(word)))
    table = {group: log((count + 0.2) / _GROUPS) for group, count in counts.items()}
    # The empty group stands for every other one.
    table[""] = log(0.2 / _GROUPS)
    return table
