"""Messages of unknown fate in the store: which there are, and the few things that may be done with one.

Every change is fenced by the epoch that was read: whoever decides second has decided nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenbot.clock import Clock
from greenbot.errors import UsageError
from greenbot.outbox.appearance import Sighting, of_draft
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.evidence import Doubt
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Tx, Value

UNCERTAIN = """
select * from messages indexed by messages_uncertain
 where state = 'uncertain' and instance = :instance order by id
"""
# The last call of a message; without an outcome its process may still be at it, if it lives.
UNDER_WAY = """
select owner, started_at_ms from calls
 where message_id = :id and attempt = :attempt and outcome is null
 order by id desc limit 1
"""
WITH_REMOTE_ID = "select id from messages where instance = :instance and remote_id = :remote_id"
LOOKED = """
update messages
   set epoch = epoch + 1, state_at_ms = :now, reason = 'look', cause = :cause, detail = null, actor = :actor,
       looks = looks + 1, last_look_at_ms = :now
 where id = :id and epoch = :epoch and state = 'uncertain'
"""
FOUND = """
update messages set remote_id = :remote_id, evidence = :evidence, accepted_at_ms = :now, uncertain_since_ms = null
 where id = :id
"""
# A round of its own: what happened before does not count against the tries to come.
AGAIN = """
update messages
   set uncertain_since_ms = null, looks = 0, last_look_at_ms = null, round_attempts = 0, not_before_ms = :now
 where id = :id
"""
ENDED = "update messages set uncertain_since_ms = null where id = :id"


class OneReader(Protocol):
    """The open store, or a transaction of it, as far as single rows go."""

    def one(self, sql: str, /, **params: "Value") -> "Row | None": ...


class Reader(OneReader, Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A call whose end nobody has written down."""

    owner: str
    started_at_ms: int


def uncertain_of(reader: Reader, instance: str) -> list[Message]:
    """The messages of unknown fate of one instance, the oldest first."""
    return [Message.from_row(row) for row in reader.all(UNCERTAIN, instance=instance)]


def under_way(reader: OneReader, message: Message) -> UnderWay | None:
    """The last call of a message, if its outcome was never written down."""
    row = reader.one(UNDER_WAY, id=message.id, attempt=message.attempts)
    return None if row is None else UnderWay(owner=row["owner"] or "", started_at_ms=row["started_at_ms"])


def is_ours(reader: OneReader, instance: str, remote_id: str) -> bool:
    """Whether a message of this instance has that id already."""
    return reader.one(WITH_REMOTE_ID, instance=instance, remote_id=remote_id) is not None


def found_in(tx: "Tx", message: Message, sighting: Sighting, *, actor: str, clock: Clock) -> bool:
    """A sighting proves it: accepted. False when the message moved on meanwhile, or the id got an owner."""
    if is_ours(tx, message.instance, sighting.remote_id):
        return False
    change = Change(state=State.ACCEPTED, reason=Reason(sighting.source), cause=None, detail=None)
    if not move(tx, message, change, actor, clock):
        return False
    tx.run(FOUND, id=message.id, remote_id=sighting.remote_id, evidence=sighting.source, now=clock.now_ms())
    return True


def looked_in(tx: "Tx", message: Message, *, actor: str, clock: Clock) -> bool:
    """One more complete look did not find it. False when the message moved on meanwhile."""
    cause = f"look_{message.looks + 1}"
    return tx.run(LOOKED, id=message.id, epoch=message.epoch, now=clock.now_ms(), cause=cause, actor=actor) == 1


def again_in(tx: "Tx", message: Message, reason: Reason, *, actor: str, clock: Clock, cause: str | None = None) -> bool:
    """Back to the queue, to be sent once more. False when the message moved on meanwhile."""
    if not move(tx, message, Change(state=State.QUEUED, reason=reason, cause=cause), actor, clock):
        return False
    tx.run(AGAIN, id=message.id, now=clock.now_ms())
    return True


def ended_in(tx: "Tx", message: Message, reason: Reason, *, actor: str, clock: Clock, cause: str | None = None) -> bool:
    """Failed: nobody looks for it any more. False when the message moved on meanwhile."""
    if not move(tx, message, Change(state=State.FAILED, reason=reason, cause=cause), actor, clock):
        return False
    tx.run(ENDED, id=message.id)
    return True


def declared_in(tx: "Tx", message: Message, remote_id: str | None, *, actor: str, clock: Clock) -> bool:
    """A person says it was sent, and perhaps under which id. False when the message moved on meanwhile."""
    change = Change(state=State.ACCEPTED, reason=Reason.OPERATOR, cause=None, detail=None)
    if not move(tx, message, change, actor, clock):
        return False
    tx.run(FOUND, id=message.id, remote_id=remote_id, evidence="operator", now=clock.now_ms())
    return True


def doubt_of(message: Message) -> Doubt:
    """What to look for."""
    from greenbot.messages.outgoing import draft_from_json

    try:
        draft = draft_from_json(message.kind, message.draft)
    except UsageError:
        # It cannot be recognised, nor can it be sent again: the worker says so when its turn comes.
        seen = None
    else:
        seen = of_draft(draft.kind, draft.params(), draft.file.file_name if draft.file else "")
    return Doubt(
        message_id=message.id,
        chat_id=message.chat_id,
        first_post_at_ms=message.first_post_at_ms or message.created_at_ms,
        appearance=seen,
    )
