"""What hotel guests write, labelled by hand, and the parts of it that rules were never tuned on.

Three sittings were written before the rules and are split by a hash. Their author wrote the rules
too and knew the messages, so a fourth one was written when the rules were finished, in words that
they do not have on purpose: it shows how the rules do on what nobody thought of.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from greenbot.messages.understanding.model import EntityKind

Half = Literal["tuning", "held-out", "fresh"]

ENTITY_KINDS: tuple[EntityKind, ...] = get_args(EntityKind)
#: The intents that greenbot brings; a configuration may add others.
INTENTS = (
    "booking",
    "cancellation",
    "complaint",
    "compliment",
    "question",
    "request",
    "check-in",
    "check-out",
    "emergency",
)

#: A Wednesday: the day on which every labelled message is read.
TODAY = date(2026, 5, 6)
SITTINGS = ("first_sitting.jsonl", "second_sitting.jsonl", "third_sitting.jsonl")
#: Written after the rules.
FRESH = ("fresh.jsonl", "fresh_second.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One message and what a clerk at the desk makes of it."""

    text: str
    language: str
    intents: frozenset[str]
    urgency: int
    #: Kind, start, end, normal form.
    entities: tuple[tuple[str, int, int, str], ...]
    is_fresh: bool

    @property
    def half(self) -> Half:
        """Decided by the text alone, so that nobody can choose it; what was written last is neither."""
        if self.is_fresh:
            return "fresh"
        return "tuning" if hashlib.sha256(self.text.encode()).digest()[0] % 2 else "held-out"

    @property
    def letters(self) -> int:
        """How many letters there are to tell a language by."""
        return sum(map(str.isalpha, self.text))


@cache
def labelled(half: Half) -> tuple[Labelled, ...]:
    """The messages of one half, in the order of the files."""
    return tuple(message for message in everything() if message.half == half)


@cache
def everything() -> tuple[Labelled, ...]:
    """All labelled messages."""
    sittings = [_message(json.loads(line), is_fresh=False) for name in SITTINGS for line in _lines(name)]
    fresh = [_message(json.loads(line), is_fresh=True) for name in FRESH for line in _lines(name)]
    return (*sittings, *fresh)


def _lines(name: str) -> list[str]:
    return Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()


def _message(row: dict[str, object], *, is_fresh: bool) -> Labelled:
    text, entities = row["text"], row["entities"]
    assert isinstance(text, str) and isinstance(entities, list) and isinstance(row["intents"], list)
    return Labelled(
        text=text,
        language=str(row["language"]),
        intents=frozenset(row["intents"]),
        urgency=int(str(row["urgency"])),
        entities=tuple(_places(text, entities)),
        is_fresh=is_fresh,
    )


def _places(text: str, entities: list[list[str]]) -> Iterator[tuple[str, int, int, str]]:
    """Entities stand in the order of the text, so each is looked for behind the one before it."""
    end = 0
    for kind, words, value in entities:
        start = text.index(words, end)
        end = start + len(words)
        yield kind, start, end, value
