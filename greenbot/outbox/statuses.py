"""How far GREEN-API and WhatsApp got with what they accepted.

    accepted -> sent -> delivered -> read        each only upwards
                     -> failed                   refused by WhatsApp; nothing follows
    accepted -> stalled                          not even sent after a quarter of an hour

The same words come as notifications, in the journal and from getMessage: late, twice, and in any
order. A lower one than what is known changes nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from greenbot.clock import Clock
from greenbot.outbox.appearance import Sighting
from greenbot.outbox.claims import move
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Delivery, Message
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value

#: Upwards.
LADDER: tuple[Delivery, ...] = ("sent", "delivered", "read")
#: GREEN-API docs: OutgoingMessageStatus. The message reaches nobody; yellowCard is the older suspended.
REFUSALS = ("failed", "noAccount", "notInGroup", "yellowCard", "suspended")
#: A failed edit is told as a failed message.
_OF_AN_EDIT = "editing time"

BY_REMOTE_ID = "select * from messages where instance = :instance and remote_id = :remote_id"
DELIVERED = "update messages set delivery = :delivery, delivery_at_ms = :at where id = :id"
SILENT = """
select * from messages indexed by messages_unconfirmed
 where instance = :instance and state = 'accepted' and delivery is null and accepted_at_ms <= :until
   and remote_id is not null
 order by accepted_at_ms limit :most
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNews:
    """GREEN-API's word about one message. `at_ms` is when it happened, None when nobody says."""

    remote_id: str
    status: str
    at_ms: int | None = None
    description: str = ""


#: `moved`; `known` when it says nothing new; `unknown` when no message has that id (yet).
Applied = Literal["moved", "known", "unknown"]


class Reader(Protocol):
    """The open store, or a transaction of it."""

    def all(self, sql: str, /, **params: "Value") -> "list[Row]": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a status takes a message; `delivery` is what it then shows, None where it is refused."""

    change: Change
    delivery: Delivery | None


def step(state: State, delivery: Delivery | None, news: StatusNews) -> Step | None:
    """What the news changes in a message that stands there; None when nothing. Pure."""
    if news.status in REFUSALS:
        if state not in (State.ACCEPTED, State.STALLED) or _OF_AN_EDIT in news.description:
            return None
        return Step(change=_change(State.FAILED, news), delivery=delivery)
    reached = next((one for one in LADDER if one == news.status), None)
    if reached is None or state not in (State.ACCEPTED, State.STALLED, State.DELIVERED):
        return None
    is_higher = delivery is None or LADDER.index(reached) > LADDER.index(delivery)
    if reached == "sent":
        moves = state is State.STALLED or (state is State.ACCEPTED and is_higher)
        return Step(change=_change(State.ACCEPTED, news), delivery=delivery or "sent") if moves else None
    return Step(change=_change(State.DELIVERED, news), delivery=reached) if is_higher else None


def _change(state: State, news: StatusNews) -> Change:
    return Change(state=state, reason=Reason.STATUS, cause=news.status, detail=news.description or None)


def apply(db: "Db", instance: str, news: StatusNews, *, clock: Clock, actor: str = "status") -> Applied:
    """Write down what GREEN-API told about a message. Raises Busy, StoreError."""
    with db.write() as tx:
        return apply_in(tx, instance, news, clock=clock, actor=actor)


def apply_in(tx: "Tx", instance: str, news: StatusNews, *, clock: Clock, actor: str = "status") -> Applied:
    """The same inside the caller's transaction."""
    row = tx.one(BY_REMOTE_ID, instance=instance, remote_id=news.remote_id)
    if row is None:
        return "unknown"
    message = Message.from_row(row)
    found = step(message.state, message.delivery, news)
    if found is None:
        return "known"
    move(tx, message, found.change, actor, clock)
    if found.delivery != message.delivery:
        at_ms = clock.now_ms() if news.at_ms is None else news.at_ms
        tx.run(DELIVERED, id=message.id, delivery=found.delivery, at=at_ms)
    return "moved"


def news_of(sighting: Sighting) -> StatusNews | None:
    """What a journal's entry says about the fate of its message; None when nothing.

    The journal's time is that of the message, not that of its status.
    """
    if not sighting.status or not sighting.remote_id:
        return None
    return StatusNews(remote_id=sighting.remote_id, status=sighting.status, description=sighting.description)


def silent_of(reader: Reader, instance: str, *, until_ms: int, most: int = 50) -> list[Message]:
    """Messages accepted before `until_ms` of which nothing was heard since, the oldest first."""
    return [Message.from_row(row) for row in reader.all(SILENT, instance=instance, until=until_ms, most=most)]


def stalled_in(tx: "Tx", message: Message, *, clock: Clock, actor: str) -> bool:
    """Accepted and never sent on: from here a person decides. False when the message moved on meanwhile."""
    change = Change(state=State.STALLED, reason=Reason.SILENCE, detail="GREEN-API accepted it and never sent it on")
    return move(tx, message, change, actor, clock)
