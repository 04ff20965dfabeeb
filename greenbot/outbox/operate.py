"""Carrying out what an operator decided, on one message or on thousands. The actions are in `actions.py`.

An action is carried out on a message as the operator saw it. When it has moved on meanwhile (its epoch
is another one), nothing happens to it and the operator is told: of two operators, or an operator and a
worker, exactly one gets the message. Each change writes its line of the audit in the same transaction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from greenbot.clock import iso_utc
from greenbot.db.audit import Operator, note
from greenbot.errors import BadDraft, BadFile
from greenbot.outbox.message import Message
from greenbot.outbox.table import BY_ID

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value

#: So many messages change in one transaction: others who write wait for a few milliseconds, not longer.
BATCH = 100


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def one(self, sql: str, /, **params: "Value") -> "Row | None": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message as the operator saw it when deciding."""

    id: int
    epoch: int

    @classmethod
    def of(cls, message: Message) -> "Seen":
        """This message, as it is here."""
        return cls(id=message.id, epoch=message.epoch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one message of an action.

    `done`: `message` is the result (of a retry: the new message). `unknown`: there is no such message.
    `changed`: somebody else was faster. `refused`: not possible. `why` says so in words.
    """

    id: int
    verdict: Literal["done", "unknown", "changed", "refused"]
    message: Message | None = None
    why: str = ""


class Action(Protocol):
    """One thing to do to one message."""

    name: ClassVar[str]

    def obstacle(self, reader: Reader, message: Message, now_ms: int) -> str | None:
        """Why it cannot be done to this message, as it is now; None when it can."""
        ...

    def apply(self, tx: "Tx", message: Message, by: Operator) -> int:
        """Do it, there being no obstacle; the id of the message to show. Raises BadDraft, BadFile."""
        ...


def carry_out(db: "Db", seen: Iterable[Seen], action: Action, by: Operator) -> Iterator[Result]:
    """Do it to each message, in bounded transactions; results come batch by batch, once each is on the disk.

    Raises Busy, StoreFull, StoreError; batches that came before stay done.
    """
    for batch in _batches(seen):
        with db.write() as tx:
            results = [_one(tx, one, action, by) for one in batch]
        yield from results


def _batches(seen: Iterable[Seen]) -> Iterator[list[Seen]]:
    batch: list[Seen] = []
    for one in seen:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _one(tx: "Tx", seen: Seen, action: Action, by: Operator) -> Result:
    row = tx.one(BY_ID, id=seen.id)
    if row is None:
        return Result(id=seen.id, verdict="unknown", why=f"There is no message {seen.id}.")
    message = Message.from_row(row)
    why = action.obstacle(tx, message, by.clock.now_ms())
    if why is not None:
        return Result(id=seen.id, verdict="refused", message=message, why=f"Message {seen.id} {why}.")
    if message.epoch != seen.epoch:
        why = f"Message {seen.id} was changed by {message.actor} meanwhile ({message.reason}); look at it again."
        return Result(id=seen.id, verdict="changed", message=message, why=why)
    try:
        shown = action.apply(tx, message, by)
    except (BadDraft, BadFile) as error:
        return Result(id=seen.id, verdict="refused", message=message, why=f"Message {seen.id}: {error}")
    after = Message.from_row(_row(tx, shown))
    _note(tx, by, action.name, message, after)
    return Result(id=seen.id, verdict="done", message=after)


def _row(tx: "Tx", message_id: int) -> "Row":
    row = tx.one(BY_ID, id=message_id)
    assert row is not None, "read before, in this transaction"
    return row


def _note(tx: "Tx", by: Operator, name: str, before: Message, after: Message) -> None:
    was, became = _facts(before), _facts(after)
    for key in [key for key in was if was[key] == became[key]]:
        del was[key], became[key]
    if after.id != before.id:
        was, became = {"state": before.state}, {"retried_as": after.id}
    note(tx, by, action=f"outbox.{name}", subject=f"message {before.id}", before=was, after=became)


def _facts(message: Message) -> dict[str, object]:
    return {
        "state": message.state,
        "held": message.held_reason,
        "priority": message.priority,
        "at": iso_utc(message.scheduled_at_ms) if message.scheduled_at_ms else None,
        "expires": None if message.expires_at_ms is None else iso_utc(message.expires_at_ms),
    }
