"""What rules can say about a guest's text: one frozen answer with the places that led to it."""

from dataclasses import dataclass
from typing import Literal

EntityKind = Literal["date", "time", "email", "phone", "url", "room", "amount", "booking", "guests"]

#: What is said when no intent was found.
OTHER = "other"

#: What is said when a text is too short, or in a language without rules.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in the text as the guest sent it: `text[start:end]`, counted in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One thing of a known kind, where it stands, and its normal form.

    `value` by kind: date `2026-05-12` or `2026-05-12/2026-05-15`; time `15:30`; email in lower case;
    phone `+380501234567`, or the digits as written where the country is unknown; url with its scheme;
    room `305`; amount `1200.50 EUR`; booking `BK-4829`; guests `2`, or `2+1` with children.
    """

    kind: EntityKind
    span: Span
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the guest is after, how sure the rules are (above 0, at most 1), and the words that decided."""

    name: str
    score: float
    words: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What the rules make of one text. It is a hint for people and programs, never a certainty."""

    #: The text without invisible characters, repeated punctuation and repeated emoji, in one line.
    text: str
    #: ISO 639-1, or `unknown`.
    language: str
    #: In the order of the text; they do not overlap.
    entities: tuple[Entity, ...]
    #: The likeliest first; never empty: `other` stands alone when nothing else was found.
    intents: tuple[Intent, ...]
    #: 1 nothing to do, 2 when there is time, 3 today, 4 at once, 5 danger.
    urgency: int
    #: Why the urgency is what it is, as short English phrases.
    reasons: tuple[str, ...]

    @property
    def intent(self) -> str:
        """The likeliest intent."""
        return self.intents[0].name

    @property
    def words(self) -> tuple[Span, ...]:
        """The places that decided the likeliest intent."""
        return self.intents[0].words
