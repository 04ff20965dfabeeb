"""Guests who want no promotion, who said so, and when.

A guest's STOP counts for every number of ours; START takes back what the guest's own STOP did, not
what an operator decided. Adding a guest ends the promotions already queued for them in the same
transaction. Checked when a campaign is planned, when it is handed over, and before each message leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.campaigns.optout import Wish, wish_of
from greenbot.campaigns.reader import Reader
from greenbot.clock import Clock
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

Source = Literal["guest", "operator"]

#: The `instance` that stands for all our numbers.
EVERYWHERE = ""
#: The cause of a message that was ended because its guest is suppressed.
SUPPRESSED = "suppressed"

ADD = """
insert into suppressed (chat_id, instance, source, reason, actor, at_ms)
values (:chat_id, :instance, :source, :reason, :actor, :now) on conflict do nothing
"""
LOG = """
insert into suppression_log (at_ms, chat_id, instance, change, source, reason, actor)
values (:now, :chat_id, :instance, :change, :source, :reason, :actor)
"""
REMOVE = "delete from suppressed where chat_id = :chat_id and instance = :instance"
COVERING = "select * from suppressed where chat_id = :chat_id and instance in ('', :instance) order by instance limit 1"
OF_GUEST = "select * from suppressed where chat_id = :chat_id order by instance"
LISTED = """
select * from suppressed
 where (:instance is null or instance in ('', :instance)) order by at_ms desc, chat_id limit :most
"""
QUEUED_PROMOTIONS = """
select * from messages where chat_id = :chat_id and state = 'queued' and class = 'promo'
   and (:instance = '' or instance = :instance)
"""
AUDIT = """
select * from suppression_log where (:chat_id is null or chat_id = :chat_id) order by id desc limit :most
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One guest who wants no promotion; `instance` '' means from none of our numbers."""

    chat_id: str
    instance: str
    source: Source
    reason: str | None
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One change of the list. `kept`: a guest said START, but an operator's entry stays."""

    at_ms: int
    chat_id: str
    instance: str
    change: Literal["added", "removed", "kept"]
    source: Source
    reason: str | None
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who changes the list, on whose wish and why."""

    actor: str
    source: Source = "operator"
    reason: str | None = None


def add(db: "Db", chat_ids: Sequence[str], by: By, clock: Clock, *, instance: str = EVERYWHERE) -> int:
    """Suppress guests; how many were new. Their queued promotions are ended. Raises Busy, StoreError."""
    now_ms = clock.now_ms()
    with db.write() as tx:
        return sum(add_in(tx, chat_id, by, clock, instance=instance, at_ms=now_ms) for chat_id in chat_ids)


def add_in(
    tx: "Tx", chat_id: str, by: By, clock: Clock, *, instance: str = EVERYWHERE, at_ms: int | None = None
) -> bool:
    """The same for one guest inside the caller's transaction; False when already suppressed so."""
    now_ms = clock.now_ms() if at_ms is None else at_ms
    entry = {"chat_id": chat_id, "instance": instance, "source": by.source, "reason": by.reason, "actor": by.actor}
    if not tx.run(ADD, **entry, now=now_ms):
        return False
    tx.run(LOG, **entry, now=now_ms, change="added")
    ended = Change(state=State.CANCELLED, reason=Reason.OPERATOR, cause=SUPPRESSED)
    for row in tx.all(QUEUED_PROMOTIONS, chat_id=chat_id, instance=instance):
        move(tx, Message.from_row(row), ended, by.actor, clock)
    return True


def remove(db: "Db", chat_ids: Sequence[str], by: By, clock: Clock, *, instance: str = EVERYWHERE) -> int:
    """Allow promotions to guests again; how many had been suppressed so. Ended messages stay ended."""
    with db.write() as tx:
        return sum(_remove_in(tx, chat_id, instance, by, clock) for chat_id in chat_ids)


def _remove_in(tx: "Tx", chat_id: str, instance: str, by: By, clock: Clock) -> bool:
    if not tx.run(REMOVE, chat_id=chat_id, instance=instance):
        return False
    _note(tx, chat_id, instance, "removed", by, clock)
    return True


def _note(tx: "Tx", chat_id: str, instance: str, change: str, by: By, clock: Clock) -> None:
    tx.run(
        LOG,
        now=clock.now_ms(),
        chat_id=chat_id,
        instance=instance,
        change=change,
        source=by.source,
        reason=by.reason,
        actor=by.actor,
    )


def obey(tx: "Tx", chat_id: str, text: str, clock: Clock) -> Wish | None:
    """For the inbox: do what a guest's message asks for, in the transaction that stores it.

    STOP suppresses the guest everywhere; START lifts what guests' own STOPs did. None: it asks for neither.
    """
    wish = wish_of(text)
    by = By(actor="guest", source="guest", reason=wish)
    if wish == "stop":
        add_in(tx, chat_id, by, clock)
    elif wish == "start":
        for entry in entries_of(tx, chat_id):
            if entry.source == "guest":
                _remove_in(tx, chat_id, entry.instance, by, clock)
            else:
                _note(tx, chat_id, entry.instance, "kept", by, clock)
    return wish


def is_suppressed(reader: Reader, chat_id: str, instance: str) -> bool:
    """Whether this number may send no promotion to this guest."""
    return reader.one(COVERING, chat_id=chat_id, instance=instance) is not None


def entries_of(reader: Reader, chat_id: str) -> list[Suppression]:
    """Every entry of one guest."""
    return [_suppression(row) for row in reader.all(OF_GUEST, chat_id=chat_id)]


def listed(db: "Db", *, instance: str | None = None, most: int = 1000) -> list[Suppression]:
    """Suppressed guests, the newest first; with `instance`, those that this number may not promote to."""
    return [_suppression(row) for row in db.all(LISTED, instance=instance, most=most)]


def audit(db: "Db", *, chat_id: str | None = None, most: int = 1000) -> list[AuditLine]:
    """Every change of the list, the newest first."""
    return [
        AuditLine(
            at_ms=row["at_ms"],
            chat_id=row["chat_id"],
            instance=row["instance"],
            change=row["change"],
            source=row["source"],
            reason=row["reason"],
            actor=row["actor"],
        )
        for row in db.all(AUDIT, chat_id=chat_id, most=most)
    ]


def _suppression(row: "Row") -> Suppression:
    return Suppression(
        chat_id=row["chat_id"],
        instance=row["instance"],
        source=row["source"],
        reason=row["reason"],
        actor=row["actor"],
        at_ms=row["at_ms"],
    )
