"""Keeping what arrives: once this has returned, nothing that happens to the machine takes an event away.

One transaction, one INSERT for everything that arrived together. The same bytes are kept once and counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.failpoints import hit
from greenbot.inbox.arrival import Arrival, Kept, digest_of, judge, storable
from greenbot.inbox.states import Reason, State
from greenbot.messages.incoming.envelope import peek

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value

#: Rows of one statement; each number of rows is a statement of its own that SQLite has to prepare once.
MOST_ROWS = 32

_COLUMNS = (
    "instance",
    "source",
    "received_at_ms",
    "digest",
    "type",
    "chat_id",
    "remote_id",
    "semantic_key",
    "at_ms",
    "deliveries",
    "state",
    "reason",
    "detail",
    "state_at_ms",
    "raw",
)
_INSERT = """
insert into events ({columns})
values {rows}
    on conflict (coalesce(at_ms, 0), digest, instance) do update set deliveries = deliveries + excluded.deliveries
returning id, instance, digest, deliveries, state
"""

_Identity = tuple[str, bytes]
_STATES = {state.value: state for state in State}


def keep(db: "Db", arrivals: Sequence[Arrival], *, clock: Clock, expected_ids: Mapping[str, str]) -> list[Kept]:
    """Store every arrival, byte for byte, in one durable transaction; where each is now, in their order.

    `expected_ids` says which number of GREEN-API each instance has (see `judge`). Raises Busy, StoreFull, StoreError:
    then nothing is kept and nothing may be acknowledged.
    """
    with db.write() as tx:
        kept = keep_in(tx, arrivals, clock=clock, expected_ids=expected_ids)
        hit("web.before_commit")
    hit("web.after_commit")
    return kept


def keep_in(tx: "Tx", arrivals: Sequence[Arrival], *, clock: Clock, expected_ids: Mapping[str, str]) -> list[Kept]:
    """The same inside the caller's transaction."""
    identities = [(arrival.instance, digest_of(arrival.raw)) for arrival in arrivals]
    copies: dict[_Identity, int] = {}
    firsts: dict[_Identity, Arrival] = {}
    for identity, arrival in zip(identities, arrivals, strict=True):
        copies[identity] = copies.get(identity, 0) + 1
        firsts.setdefault(identity, arrival)
    now_ms = clock.now_ms()
    rows = [_row(arrival, identity, copies[identity], expected_ids, now_ms) for identity, arrival in firsts.items()]
    found = {(row[1], row[2]): row for row in _inserted(tx, rows)}
    return list(_answers(identities, copies, found))


def _inserted(tx: "Tx", rows: "Sequence[Sequence[Value]]") -> "Iterator[Row]":
    for begin in range(0, len(rows), MOST_ROWS):
        part = rows[begin : begin + MOST_ROWS]
        yield from tx.rows(_statement(len(part)), [*chain.from_iterable(part)])


def _answers(
    identities: Sequence[_Identity], copies: Mapping[_Identity, int], found: "Mapping[_Identity, Row]"
) -> Iterator[Kept]:
    answered: set[_Identity] = set()
    for identity in identities:
        event_id, _, _, deliveries, state = found[identity]
        is_duplicate = identity in answered or deliveries > copies[identity]
        answered.add(identity)
        yield Kept(event_id=event_id, is_duplicate=is_duplicate, state=_STATES[state])


def _row(
    arrival: Arrival, identity: _Identity, copies: int, expected_ids: Mapping[str, str], now_ms: int
) -> "tuple[Value, ...]":
    envelope = peek(arrival.raw)
    reason = judge(envelope, arrival, expected_ids)
    return (
        arrival.instance,
        arrival.source,
        arrival.received_at_ms,
        identity[1],
        storable(envelope.type),
        storable(envelope.chat_id),
        storable(envelope.remote_id) or None,
        envelope.semantic_key,
        None if envelope.at_s is None else envelope.at_s * 1000,
        copies,
        State.STORED if reason is None else State.QUARANTINED,
        reason or Reason.RECEIVED,
        envelope.unreadable or None,
        now_ms,
        arrival.raw,
    )


@cache
def _statement(count: int) -> str:
    row = f"({', '.join('?' for _ in _COLUMNS)})"
    return _INSERT.format(columns=", ".join(_COLUMNS), rows=", ".join(row for _ in range(count)))
