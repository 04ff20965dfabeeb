"""What is told to a receiver, what a kind of receiver needs, and what came of it: the words all kinds share."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from greenbot.alerts.notify.sources import Sources
from greenbot.clock import Clock
from greenbot.hooks.verdict import Outcome
from greenbot.outbound.guard import Policy
from greenbot.outbound.resolver import Resolve, system_resolve

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: What a text says of what it is about.
Word = Literal["firing", "resolved", "acked", "drill", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert of a text. Moments are UTC milliseconds; `instance` is `*` for the fleet."""

    rule: str
    instance: str
    word: Word
    severity: str
    #: As a person reads it, such as `12.5 %`.
    value: str
    threshold: str
    since_ms: int | None
    ended_ms: int | None
    reason: str
    acked_by: str = ""

    @property
    def whom(self) -> str:
        """The instance in words."""
        return "the fleet" if self.instance == "*" else self.instance

    @property
    def key(self) -> str:
        """The same for everything that is ever told of this alert."""
        return f"greenbot {self.rule} {self.instance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One text. `id` stays the same however often it is sent, so that a receiver can forget what it had before."""

    id: str
    word: Word
    rule: str
    severity: str
    title: str
    text: str
    items: tuple[Item, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How an attempt ended. `words` can be shown. `proof` shows that it arrived, or will: a number, a status."""

    outcome: Outcome
    words: str
    proof: str | None = None
    #: It certainly arrived; otherwise it was handed over, and `proof` leads to what became of it.
    is_proved: bool = False
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What receivers need of the process that tells them. `policy` says where calls may go now."""

    clock: Clock
    sources: Sources
    policy: Callable[[], Policy]
    environ: Mapping[str, str]
    db: "Db"
    instances: Callable[[], Collection[str]]
    resolve: Resolve = system_resolve
    timeout_seconds: float = 15.0


Settings = Mapping[str, object]


class Deliver(Protocol):
    """Tells one text once, within the time limit. Errors of the world become a `Told`."""

    def __call__(self, telling: Telling, settings: Settings, reach: Reach, /) -> Awaitable[Told]: ...


Type = Literal["word", "words", "count", "choice", "url", "argv", "chats", "name", "secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting of a kind. A `secret` is given as NAME_file, NAME_env or NAME_command, never itself."""

    name: str
    type: Type
    doc: str
    needed: bool = False
    default: object = None
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOf:
    """A kind of receiver: its settings, and how it is told."""

    name: str
    doc: str
    fields: tuple[Field, ...] = field(default=())
    deliver: Deliver
    #: It keeps a state of its own, so it is told when somebody has taken note of an alert.
    hears_acks: bool = False
    #: The setting that names the instance its texts travel over.
    carrier: str | None = None
