"""Instances an operator has stopped: nothing of them is claimed until somebody lets them go on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenbot.db.audit import Operator, note
from greenbot.errors import Refused

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Value


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]": ...
    def one(self, sql: str, /, **params: "Value") -> "Row | None": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An instance whose queue stands still: since when, by whom, why."""

    instance: str
    since_at_ms: int
    reason: str
    actor: str


ALL = "select instance, since_at_ms, reason, actor from pauses order by instance"
ONE = "select instance, since_at_ms, reason, actor from pauses where instance = :instance"
STOP = """
insert into pauses (instance, since_at_ms, reason, actor) values (:instance, :now, :reason, :actor)
    on conflict do nothing
"""
GO_ON = "delete from pauses where instance = :instance and since_at_ms = :since"


def pauses(reader: Reader) -> dict[str, Pause]:
    """Every paused instance by its name. Raises Busy, StoreError."""
    return {row["instance"]: _pause(row) for row in reader.all(ALL)}


def pause_of(reader: Reader, instance: str) -> Pause | None:
    """The pause of an instance; None while its messages may leave. Raises Busy, StoreError."""
    row = reader.one(ONE, instance=instance)
    return None if row is None else _pause(row)


def pause(db: "Db", instance: str, *, reason: str, by: Operator) -> Pause:
    """Let nothing of the instance leave; what is on its way arrives. All processes see it at their next claim.

    Raises Refused when it is paused already (whoever came first has said why), Busy, StoreError.
    """
    with db.write() as tx:
        done = tx.run(STOP, instance=instance, now=by.clock.now_ms(), reason=reason, actor=by.name)
        found = pause_of(tx, instance)
        assert found is not None, "just written, or there before"
        if not done:
            raise Refused(f"{instance} is paused already{_words(found)}.", instance=instance)
        note(tx, by, action="outbox.pause", subject=f"instance {instance}", after={"reason": reason})
    return found


def resume(db: "Db", instance: str, *, by: Operator) -> Pause:
    """Let the queue of the instance go on; the pause that ended. Raises Refused when it was not paused."""
    with db.write() as tx:
        found = pause_of(tx, instance)
        if found is None or not tx.run(GO_ON, instance=instance, since=found.since_at_ms):
            raise Refused(f"{instance} is not paused.", instance=instance)
        before = {"reason": found.reason, "actor": found.actor, "since_at_ms": found.since_at_ms}
        note(tx, by, action="outbox.resume", subject=f"instance {instance}", before=before)
    return found


def _words(found: Pause) -> str:
    return f" by {found.actor}" + (f": {found.reason}" if found.reason else "")


def _pause(row: "Row") -> Pause:
    return Pause(instance=row["instance"], since_at_ms=row["since_at_ms"], reason=row["reason"], actor=row["actor"])
