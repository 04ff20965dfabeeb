"""Who changed what: an append-only table, written in the transaction that makes the change.

It holds states, reasons and settings; never the text of a message, a token or a list of guests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenbot.clock import Clock

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Tx, Value

Facts = Mapping[str, object]

NOTE = """
insert into audit (at_ms, actor, action, subject, before, after)
values (:at, :actor, :action, :subject, :before, :after)
"""
PAGE = """
select * from audit
 where id < :before_id
   and (:actor is null or actor = :actor)
   and (:action is null or :action in (action, substr(action, 1, instr(action, '.') - 1)))
   and (:since is null or at_ms >= :since)
 order by id desc limit :limit
"""
PAGE_OF_SUBJECT = """
select * from audit
 where subject = :subject and id < :before_id
   and (:actor is null or actor = :actor)
   and (:action is null or :action in (action, substr(action, 1, instr(action, '.') - 1)))
   and (:since is null or at_ms >= :since)
 order by id desc limit :limit
"""
_LAST_ID = 2**63 - 1


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]":
        """Every row of the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who changes something, and by which clock."""

    name: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change: who did what to which thing, and what it was before and after."""

    id: int
    at_ms: int
    actor: str
    action: str
    subject: str
    before: Facts
    after: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries to show; what is None does not matter. `action` may be a noun alone, such as `outbox`."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    since_ms: int | None = None
    before_id: int | None = None
    limit: int = 50


def note(
    tx: "Tx",
    by: Operator,
    *,
    action: str,
    subject: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Write down a change, as one with it: without its commit nothing of this is kept either.

    `action` is noun.verb (`outbox.cancel`), `subject` a word and a name or number (`message 12`).
    """
    tx.run(
        NOTE,
        at=by.clock.now_ms(),
        actor=by.name,
        action=action,
        subject=subject,
        before=None if before is None else json.dumps(before, default=str),
        after=None if after is None else json.dumps(after, default=str),
    )


def entries(reader: Reader, wanted: Wanted) -> list[Entry]:
    """One page, the newest first; `before_id` continues it. Raises Busy, StoreError."""
    rows = reader.all(
        PAGE if wanted.subject is None else PAGE_OF_SUBJECT,
        **({} if wanted.subject is None else {"subject": wanted.subject}),
        actor=wanted.actor,
        action=wanted.action,
        since=wanted.since_ms,
        before_id=_LAST_ID if wanted.before_id is None else wanted.before_id,
        limit=wanted.limit,
    )
    return [_entry(row) for row in rows]


def _entry(row: "Row") -> Entry:
    return Entry(
        id=row["id"],
        at_ms=row["at_ms"],
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        before=_facts(row["before"]),
        after=_facts(row["after"]),
    )


def _facts(text: str | None) -> Facts:
    found: object = {} if text is None else json.loads(text)
    return found if isinstance(found, dict) else {}
