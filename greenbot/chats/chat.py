"""A conversation and what stands in it, as frozen values."""

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Value

#: `us` is greenbot; `phone` the hotel's own phone; `api` another program at the same instance.
Direction = Literal["in", "phone", "api", "us"]
Kind = Literal["person", "lid", "group", "other"]

#: From here on a guest should not wait for the next free moment.
URGENT = 4
_KINDS: dict[str, Kind] = {"c.us": "person", "lid": "lid", "g.us": "group"}


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]":
        """Every row of the answer."""
        ...

    def one(self, sql: str, /, **params: "Value") -> "Row | None":
        """The first row of the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One conversation of one instance. Moments are UTC milliseconds.

    `unanswered_since_ms` is when the first message came that nobody answered yet, `waiting` how many there are.
    `language`, `intent` are of the guest's last text that said so, `urgency` is the highest of what waits.
    """

    id: int
    instance: str
    chat_id: str
    kind: Kind
    name: str | None
    is_contact: bool
    assignee: str | None
    closed_at_ms: int | None
    last_at_ms: int
    last_direction: Direction
    settled_at_ms: int
    unanswered_since_ms: int | None
    waiting: int
    language: str | None
    intent: str | None
    urgency: int | None

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """The chat a row of `chats` holds."""
        values: dict[str, object] = dict(zip(row.keys(), row, strict=True))
        del values["name_key"]
        values["is_contact"] = bool(row["is_contact"])
        return cls(**values)  # type: ignore[arg-type]  # the schema is STRICT: columns have these types

    @property
    def state(self) -> str:
        """`closed` or `open`."""
        return "open" if self.closed_at_ms is None else "closed"

    @property
    def shown_name(self) -> str:
        """What a person calls it: the name, else the number."""
        return self.name or self.chat_id.partition("@")[0]


def kind_of(chat_id: str) -> Kind:
    """What kind of chat an id of the wire names."""
    return _KINDS.get(chat_id.rpartition("@")[2], "other")


def folded(name: str) -> str:
    """A name for comparing: without regard to capitals, accents and doubled spaces."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(sign for sign in bare if unicodedata.category(sign) != "Mn").split())
