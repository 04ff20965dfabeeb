"""What a person decides about events: try again now, or work once more what is over."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.db.audit import Operator, note
from greenbot.inbox.claims import Move, move
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.states import Reason, State, may_move

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: Events of one transaction.
AT_ONCE = 200
ALL_OF = "select * from events where id in (select value from json_each(:ids)) order by id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of the wish for one event; `from_state` is where it was, None for one that does not exist."""

    event_id: int
    verdict: Literal["done", "refused", "unknown"]
    from_state: State | None = None


def retry(db: "Db", event_ids: Sequence[int], by: Operator) -> list[Decided]:
    """Try again now what waits for its next try or was given up, with eight new attempts. Raises Busy, StoreError."""
    return _decide(db, event_ids, Reason.RETRY, by)


def replay(db: "Db", event_ids: Sequence[int], by: Operator) -> list[Decided]:
    """Work events once more that are over: quarantined ones as if they had been let in, done ones a second time.

    Effects that know the event already change nothing. Raises Busy, StoreError.
    """
    return _decide(db, event_ids, Reason.REPLAY, by)


def can(state: State, reason: Reason) -> bool:
    """Whether an event in that state can be retried or replayed."""
    return may_move(state, State.STORED, reason)


def _decide(db: "Db", event_ids: Sequence[int], reason: Reason, by: Operator) -> list[Decided]:
    decided: list[Decided] = []
    for begin in range(0, len(event_ids), AT_ONCE):
        with db.write() as tx:
            decided += _decide_in(tx, event_ids[begin : begin + AT_ONCE], reason, by)
    return decided


def _decide_in(tx: "Tx", event_ids: Sequence[int], reason: Reason, by: Operator) -> Iterable[Decided]:
    found = {row["id"]: StoredEvent.from_row(row) for row in tx.all(ALL_OF, ids=json.dumps([*event_ids]))}
    for event_id in event_ids:
        event = found.pop(event_id, None)
        if event is None:
            yield Decided(event_id=event_id, verdict="unknown")
        elif not can(event.state, reason):
            yield Decided(event_id=event_id, verdict="refused", from_state=event.state)
        else:
            move(tx, event, Move(state=State.STORED, reason=reason), actor=by.name, clock=by.clock)
            facts = {"state": event.state, "reason": event.reason}
            note(tx, by, action=f"events.{reason}", subject=f"event {event_id}", before=facts)
            yield Decided(event_id=event_id, verdict="done", from_state=event.state)
