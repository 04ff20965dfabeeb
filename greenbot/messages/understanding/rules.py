"""The rules as data: one TOML file per language, read when the first text is understood."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal

from greenbot.messages.understanding.cleaning import fold
from greenbot.messages.understanding.phrases import PhraseTable, pieces

LANGUAGES = ("en", "ru", "es", "de", "fr", "he", "ar", "tr", "uk")
STRONG, WEAK = 1.0, 0.5

Role = Literal["intent", "block", "neutral", "negator", "exempt", "behind", "urgent", "severe", "calm"]

#: How Russian is typed on a Latin keyboard.
_LATIN = dict(
    zip(
        map(ord, "абвгдезийклмнопрстуфхцчшщъыьэюя"),
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "ts",
            "ch",
            "sh",
            "sch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
        ],
        strict=False,
    )
) | {ord("ж"): "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a phrase of the intent tables does."""

    role: Role
    intent: str = ""
    weight: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LanguageRules:
    """The rules of one language; tables are made when they are first used."""

    code: str
    data: Mapping[str, object]
    #: Phrases of the configuration by intent, `urgent` or `calm`.
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def phrases(self, key: str) -> tuple[str, ...]:
        """A comma-separated list of the file."""
        return _split(self.data.get(key, ""))

    def lists(self, key: str) -> tuple[tuple[str, ...], ...]:
        """An array of such lists, as months are."""
        rows = self.data[key]
        assert isinstance(rows, list)
        return tuple(_split(row) for row in rows)

    def table(self, key: str) -> Mapping[str, int | str]:
        """A table of phrases and what they stand for."""
        rows = self.data.get(key, {})
        assert isinstance(rows, dict)
        return rows

    @property
    def intents(self) -> Mapping[str, Mapping[str, str]]:
        """Per intent its lists `strong`, `weak` and `block`."""
        groups = self.data["intents"]
        assert isinstance(groups, dict)
        return groups

    @property
    def script(self) -> str:
        """`latin`, `cyrillic`, `hebrew` or `arabic`."""
        return str(self.data["script"])

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Number words, folded."""
        return {_one(word): int(value) for word, value in self.table("numbers").items()}

    @cached_property
    def signs(self) -> PhraseTable[Sign]:
        """Everything that intents and urgency are read from."""
        signs: PhraseTable[Sign] = PhraseTable(forgiving=True)
        for key, role in _ROLES.items():
            signs.add(self.phrases(key), Sign(role=role))
        for name, groups in self.intents.items():
            self._add_intent(signs, name, groups)
        for name, phrases in self.extra.items():
            signs.add(phrases, _extra_sign(name))
        return signs

    def _add_intent(self, signs: PhraseTable[Sign], name: str, groups: Mapping[str, str]) -> None:
        for group, role, weight in (("strong", "intent", STRONG), ("weak", "intent", WEAK), ("block", "block", 0.0)):
            phrases = _split(groups.get(group, ""))
            sign = Sign(role=role, intent=name, weight=weight)  # type: ignore[arg-type]  # one of the roles above
            signs.add(phrases, sign)
            if "latin" in self.data:
                signs.add(_latin(phrases), sign)


_ROLES: Mapping[str, Role] = {
    "neutral": "neutral",
    "negators": "negator",
    "negators_behind": "behind",
    "negation_exempt": "exempt",
    "urgent": "urgent",
    "severe": "severe",
    "calm": "calm",
}


def _extra_sign(name: str) -> Sign:
    if name == "urgent":
        return Sign(role="urgent")
    return Sign(role="calm") if name == "calm" else Sign(role="intent", intent=name, weight=STRONG)


def _split(text: object) -> tuple[str, ...]:
    assert isinstance(text, str)
    return tuple(phrase for part in text.split(",") if (phrase := " ".join(part.split())))


def _one(phrase: str) -> str:
    return " ".join(piece.text for piece in pieces(phrase, marks=True))


def _latin(phrases: Sequence[str]) -> list[str]:
    written = [phrase.lower().replace("ё", "е").translate(_LATIN) for phrase in phrases]
    return [latin for latin, phrase in zip(written, phrases, strict=True) if latin != phrase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of all languages, by their code."""

    languages: Mapping[str, LanguageRules]


@cache
def builtin() -> Rules:
    """The rules that come with greenbot; read once."""
    return Rules(languages={code: LanguageRules(code=code, data=read(code)) for code in LANGUAGES})


@cache
def extended(lines: tuple[str, ...]) -> Rules:
    """The built-in rules and the phrases of the setting `understand.words`, in every language.

    Raises `ValueError` for a line that is not `INTENT: phrase, phrase`.
    """
    if not lines:
        return builtin()
    extra: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, phrases = parse_line(line)
        extra[name] = (*extra.get(name, ()), *phrases)
    return Rules(languages={code: replace(one, extra=extra) for code, one in builtin().languages.items()})


def parse_line(line: str) -> tuple[str, tuple[str, ...]]:
    """The intent and the phrases of `INTENT: phrase, phrase`. Raises `ValueError` for anything else."""
    name, colon, rest = line.partition(":")
    phrases = tuple(phrase for phrase in _split(rest) if any(map(str.isalnum, fold(phrase).text)))
    name = name.strip()
    if not colon or not phrases or not name or not name.replace("-", "").isalnum() or name != name.lower():
        raise ValueError(f"not INTENT: phrase, phrase: {line!r}")
    return name, phrases


@cache
def read(name: str) -> Mapping[str, object]:
    """One file of rules."""
    text = files("greenbot.messages.understanding").joinpath("languages", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
