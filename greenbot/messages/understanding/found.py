"""What the finders of entities share: one text being read, and which of its places are taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from greenbot.messages.understanding.cleaning import Folded
from greenbot.messages.understanding.lexicon import Lexicon
from greenbot.messages.understanding.model import Entity, EntityKind
from greenbot.messages.understanding.tokens import Token


@dataclass(slots=True, kw_only=True)
class Reading:
    """A text while its entities are looked for. The first finder to claim a place keeps it."""

    folded: Folded
    tokens: Sequence[Token]
    lexicon: Lexicon
    today: date
    month_first: bool
    country_code: str
    entities: list[Entity] = field(default_factory=list)
    taken: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.taken = bytearray(len(self.folded.text))

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text

    def is_free(self, start: int, end: int) -> bool:
        """Whether no entity stands in this part of the folded text."""
        return not any(self.taken[start:end])

    def free_token(self, place: int) -> bool:
        """Whether there is a token at `place` that belongs to no entity."""
        return 0 <= place < len(self.tokens) and not self.taken[self.tokens[place].start]

    def claim(self, kind: EntityKind, start: int, end: int, value: str) -> bool:
        """Note an entity, unless another one stands there."""
        if not self.is_free(start, end):
            return False
        self.taken[start:end] = b"\1" * (end - start)
        self.entities.append(Entity(kind=kind, span=self.folded.span(start, end), value=value))
        return True

    def claim_tokens(self, kind: EntityKind, first: int, behind: int, value: str) -> bool:
        """The same for `tokens[first:behind]`."""
        return self.claim(kind, self.tokens[first].start, self.tokens[behind - 1].end, value)

    def word(self, place: int) -> str:
        """The text of a token; nothing outside."""
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def touches(self, place: int) -> bool:
        """Whether the token at `place` follows the one before it without a blank."""
        return 0 < place < len(self.tokens) and self.tokens[place - 1].end == self.tokens[place].start
