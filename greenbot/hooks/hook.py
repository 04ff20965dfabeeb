"""A hook: which events it wants, and where they go. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, Self

from greenbot.hooks.words import words_of
from greenbot.messages.incoming.model import Incoming, MessageEvent

if TYPE_CHECKING:
    from greenbot.db.connect import Row

Kind = Literal["url", "command", "handlers"]
Direction = Literal["in", "out", "any"]
MatchKind = Literal["literal", "glob"]
DIRECTIONS: tuple[Direction, ...] = ("in", "out", "any")

DEFAULT_TIMEOUT_MS = 15_000
DEFAULT_CONCURRENCY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events a hook wants; everything that is said has to fit."""

    instances: str = "all"
    tag: str | None = None
    events: tuple[str, ...] = ("message",)
    direction: Direction = "in"
    chat: str | None = None
    match_kind: MatchKind | None = None
    match_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a person says about a hook."""

    name: str
    kind: Kind
    #: The URL, the words of a command, or the module of handlers.
    target: tuple[str, ...]
    wanted: Wanted = Wanted()
    #: Variables of greenbot's own environment that a command may see.
    environment: tuple[str, ...] = ()
    concurrency: int = DEFAULT_CONCURRENCY
    timeout_ms: int = DEFAULT_TIMEOUT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A stored rule with its state. Moments are UTC milliseconds."""

    id: int
    rule: Rule
    is_enabled: bool
    disabled_reason: str | None
    created_at_ms: int
    changed_at_ms: int
    streak: int
    openings: int
    open_until_ms: int

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """A row of `hooks`."""
        wanted = Wanted(
            instances=row["instances"],
            tag=row["tag"],
            events=tuple(json.loads(row["events"])),
            direction=row["direction"],
            chat=row["chat"],
            match_kind=row["match_kind"],
            match_text=row["match_text"],
        )
        rule = Rule(
            name=row["name"],
            kind=row["kind"],
            target=tuple(json.loads(row["target"])),
            wanted=wanted,
            environment=tuple(json.loads(row["environment"])),
            concurrency=row["concurrency"],
            timeout_ms=row["timeout_ms"],
        )
        return cls(
            id=row["id"],
            rule=rule,
            is_enabled=bool(row["enabled"]),
            disabled_reason=row["disabled_reason"],
            created_at_ms=row["created_at_ms"],
            changed_at_ms=row["changed_at_ms"],
            streak=row["streak"],
            openings=row["openings"],
            open_until_ms=row["open_until_ms"],
        )


def wants(wanted: Wanted, instance: str, tags: Collection[str], incoming: Incoming) -> bool:
    """Whether a hook wants this event of this instance, which has these tags."""
    return (
        (wanted.instances == "all" or fnmatchcase(instance, wanted.instances))
        and (wanted.tag is None or wanted.tag in tags)
        and not words_of(incoming).isdisjoint(wanted.events)
        and _direction_fits(wanted.direction, incoming)
        and _chat_fits(wanted.chat, incoming)
        and _text_fits(wanted, incoming)
    )


def _direction_fits(direction: Direction, incoming: Incoming) -> bool:
    """Only of messages: a status or a call has no side that could answer itself."""
    if direction == "any" or not isinstance(incoming, MessageEvent):
        return True
    return (incoming.direction == "in") == (direction == "in")


def _chat_fits(chat: str | None, incoming: Incoming) -> bool:
    return chat is None or fnmatchcase(str(getattr(incoming, "chat_id", "")), chat)


def _text_fits(wanted: Wanted, incoming: Incoming) -> bool:
    if wanted.match_text is None:
        return True
    if not isinstance(incoming, MessageEvent):
        return False
    from greenbot.messages.incoming.text import text_of

    text, pattern = text_of(incoming.content).casefold(), wanted.match_text.casefold()
    return fnmatchcase(text, pattern) if wanted.match_kind == "glob" else pattern in text


def shown_target(rule: Rule) -> str:
    """The target as it may be shown: without the query of a URL, where keys tend to be."""
    if rule.kind == "url":
        address, mark, query = rule.target[0].partition("?")
        return address + (mark + "***" if query else "")
    import shlex

    return shlex.join(rule.target)
