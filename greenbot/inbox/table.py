"""Looking at stored events: one, a page of them, their moves, how many there are in which state."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.errors import UnknownEvent
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

LAST_ID = 2**63 - 1
_PAGE = 200

BY_ID = "select * from events where id = :id"
# Each has the index that its first condition needs; what is done is most of the table.
_OPEN = """
select * from events indexed by events_open where state = :state and state <> 'done'
"""
_ANY = """
select * from events where (:state is null or state = :state)
"""
_OF_CHAT = """
select * from (
  select * from events indexed by events_by_chat
   where chat_id = :chat_id and state not in ('stored', 'processing')
  union all
  select * from events indexed by events_open
   where state in ('stored', 'processing') and state <> 'done' and chat_id = :chat_id)
 where (:state is null or state = :state)
"""
_FILTERS = """
   and (:instance is null or instance = :instance) and (:type is null or type = :type)
   and (:since is null or received_at_ms >= :since) and (:until is null or received_at_ms < :until)
   and id > :after and id < :before
"""
_NEWEST = " order by id desc limit :limit"
_OLDEST = " order by id limit :limit"
PAGES = {(rows, order): f"{rows}{_FILTERS}{order}" for rows in (_ANY, _OPEN, _OF_CHAT) for order in (_NEWEST, _OLDEST)}
HISTORY = "select * from event_log where event_id = :id order by id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events to show, the newest first; what is None does not matter. `before` continues a page."""

    instance: str | None = None
    type: str | None = None
    state: State | None = None
    chat_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One move of an event."""

    at_ms: int
    from_state: State
    to_state: State
    reason: Reason
    detail: str | None
    actor: str


def get(reader: "Db | Tx", event_id: int) -> StoredEvent:
    """One event. Raises UnknownEvent, Busy, StoreError."""
    row = reader.one(BY_ID, id=event_id)
    if row is None:
        raise UnknownEvent(f"There is no event {event_id}.")
    return StoredEvent.from_row(row)


def page(db: "Db", wanted: Wanted, *, limit: int = 50) -> list[StoredEvent]:
    """The newest events of those wanted. Raises Busy, StoreError."""
    return _page(db, wanted, _NEWEST, after=0, limit=limit)


def in_order(db: "Db", wanted: Wanted) -> Iterator[StoredEvent]:
    """All events wanted, the oldest first, read page by page. Raises Busy, StoreError."""
    after = 0
    while found := _page(db, wanted, _OLDEST, after=after, limit=_PAGE):
        yield from found
        after = found[-1].id


def _page(db: "Db", wanted: Wanted, order: str, *, after: int, limit: int) -> list[StoredEvent]:
    rows = _ANY if wanted.state in (None, State.DONE) else _OPEN
    chat = {} if wanted.chat_id is None else {"chat_id": wanted.chat_id}
    found = db.all(
        PAGES[_OF_CHAT if chat else rows, order],
        **chat,
        state=wanted.state,
        instance=wanted.instance,
        type=wanted.type,
        since=wanted.since_ms,
        until=wanted.until_ms,
        after=after,
        before=LAST_ID if wanted.before is None else wanted.before,
        limit=limit,
    )
    return [StoredEvent.from_row(row) for row in found]


def history(db: "Db", event_id: int) -> list[LogLine]:
    """Every move of an event, the first one first."""
    return [_line(row) for row in db.all(HISTORY, id=event_id)]


def _line(row: "Row") -> LogLine:
    return LogLine(
        at_ms=row["at_ms"],
        from_state=State(row["from_state"]),
        to_state=State(row["to_state"]),
        reason=Reason(row["reason"]),
        detail=row["detail"],
        actor=row["actor"],
    )
