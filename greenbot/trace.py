"""The whole life of one message or one event, from everything greenbot keeps, in the order of time.

The store knows every change, call, status, hook attempt and notice; the log adds what has no row: waits, refusals, what
other processes did. A call that stands in both is told once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from greenbot.errors import NotFound
from greenbot.logs.files import Snapshot
from greenbot.logs.line import at_ms_of, time_text
from greenbot.logs.wanted import Wanted, parsed

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

Kind = Literal["message", "event"]
Fact = str | int | float | None

#: The log is read from so long before the beginning: clocks of processes differ in when they look.
_BEFORE_MS = 60_000

MESSAGE = "select * from messages where id = :id"
MESSAGE_OF_REMOTE = "select id from messages where remote_id = :remote_id order by id desc limit 1"
EVENT = "select * from events where id = :id"
# The arrival of a guest's message has its own remote id; a status has the one of what it tells of.
EVENT_OF_REMOTE = "select id from events where remote_id = :remote_id order by id limit 1"
EVENTS_OF_REMOTE = "select * from events where remote_id = :remote_id and instance = :instance order by id limit 200"
TWINS = "select * from events where duplicate_of = :id and state = 'done' order by id limit 50"
MOVES = "select * from message_log where message_id = :id order by epoch"
CALLS = "select * from calls where message_id = :id order by id"
EVENT_MOVES = "select * from event_log where event_id = :id order by id"
RETRIES = "select id, created_at_ms, state from messages where retry_of = :id order by id"
HOOKS = """
select hooks.name, deliveries.id, deliveries.state, deliveries.created_at_ms, deliveries.webhook_id
  from hook_deliveries as deliveries join hooks on hooks.id = deliveries.hook_id
 where deliveries.event_id = :id order by deliveries.id
"""
ATTEMPTS = "select * from hook_attempts where delivery_id = :id order by id"
NOTICES = """
select * from notices where instance in (:instance, '*') and at_ms >= :since and at_ms <= :until order by id limit 200
"""
TOLD = """
select receiver, state, sent_at_ms, proof, problem, created_at_ms from notice_deliveries
 where exists (select 1 from json_each(notice_ids) where value = :id) order by id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened. `facts` hold no guest's text and no secret."""

    at_ms: int
    #: message, call, event, hook, notice: rows of the store; log: a line of the log.
    source: str
    words: str
    facts: dict[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything known of one message or event."""

    kind: Kind
    id: int
    instance: str
    chat_id: str
    remote_id: str | None
    state: str
    moments: tuple[Moment, ...]


def find(db: "Db", given: str, *, kind: Kind | None) -> tuple[Kind, int]:
    """What is meant: a number is a message, unless `kind` says event or only an event has it; else a remote id.

    Raises NotFound, Busy, StoreError.
    """
    if given.isdecimal() and given.isascii() and len(given) < 19:
        return _by_number(db, int(given), kind)
    for one, query in (("message", MESSAGE_OF_REMOTE), ("event", EVENT_OF_REMOTE)):
        if kind in (None, one) and (row := db.one(query, remote_id=given)) is not None:
            return ("message" if one == "message" else "event"), int(row["id"])
    raise NotFound(
        "Neither a message nor an event has that id.", hint="See: greenbot outbox list, greenbot events list"
    )


def _by_number(db: "Db", number: int, kind: Kind | None) -> tuple[Kind, int]:
    if kind != "event" and db.one(MESSAGE, id=number) is not None:
        return "message", number
    if kind != "message" and db.one(EVENT, id=number) is not None:
        return "event", number
    raise NotFound(
        f"There is no {kind or 'message or event'} {number}.", hint="See: greenbot outbox list, greenbot events list"
    )


def trace(db: "Db", kind: Kind, number: int, *, log_file: Path | None, now_ms: int) -> Trace:
    """The life of what `find` found. Raises NotFound, Busy, StoreError."""
    row = db.one(MESSAGE if kind == "message" else EVENT, id=number)
    if row is None:
        raise NotFound(f"There is no {kind} {number}.")
    moments = [*(_of_message(db, row) if kind == "message" else _of_event(db, row, depth=1))]
    begun_ms = min((moment.at_ms for moment in moments), default=now_ms)
    ended_ms = max((moment.at_ms for moment in moments), default=now_ms)
    moments += _notices(db, str(row["instance"]), begun_ms, ended_ms)
    if log_file is not None:
        moments += _of_log(log_file, kind, number, begun_ms, _told(moments))
    moments.sort(key=lambda moment: (moment.at_ms, _rank(moment)))
    return Trace(
        kind=kind,
        id=number,
        instance=str(row["instance"]),
        chat_id=str(row["chat_id"]),
        remote_id=row["remote_id"],
        state=str(row["delivery"] or row["state"]) if kind == "message" else str(row["state"]),
        moments=tuple(moments),
    )


def _rank(moment: Moment) -> int:
    """Within a millisecond: what leads to a call, the call, what follows from it."""
    if moment.source == "call":
        return 1
    return 0 if moment.source == "message" and moment.facts.get("reason") in ("added", "claim", "post") else 2


def _of_message(db: "Db", row: "Row") -> Iterator[Moment]:
    number = int(row["id"])
    moves = db.all(MOVES, id=number)
    for move in moves:
        why = ", ".join(str(move[name]).replace("_", " ") for name in ("reason", "cause") if move[name])
        detail = f": {move['detail']}" if move["detail"] else ""
        yield Moment(
            at_ms=move["at_ms"],
            source="message",
            words=f"{move['to_state']} ({why}{detail})",
            facts={
                "from": move["from_state"],
                "to": move["to_state"],
                "reason": move["reason"],
                "actor": move["actor"],
            },
        )
    yield from _calls(db.all(CALLS, id=number), [move["at_ms"] for move in moves if move["from_state"] == "sending"])
    for retry in db.all(RETRIES, id=number):
        words = f"tried again as message {retry['id']}, now {retry['state']}"
        yield Moment(at_ms=retry["created_at_ms"], source="message", words=words, facts={"message_id": retry["id"]})
    if row["remote_id"] is not None:
        for event in db.all(EVENTS_OF_REMOTE, remote_id=row["remote_id"], instance=row["instance"]):
            yield from _of_event(db, event, depth=0)


def _calls(rows: "Iterable[Row]", ends_ms: "Sequence[int]") -> Iterator[Moment]:
    """`ends_ms`: when messages left `sending`. A rounded duration must not put a call behind what followed from it."""
    for call in rows:
        begun = f"{call['method']}, attempt {call['attempt']}"
        facts: dict[str, Fact] = {
            name: call[name] for name in ("method", "attempt", "outcome", "status", "reason", "elapsed_ms", "remote_id")
        }
        if call["outcome"] is None:
            yield Moment(
                at_ms=call["started_at_ms"], source="call", words=f"{begun}: no answer was recorded", facts=facts
            )
            continue
        status = f" (HTTP {call['status']})" if call["status"] else ""
        words = f"{begun}: {call['outcome']}{status} after {call['elapsed_ms'] or 0} ms"
        if call["retry_after_ms"]:
            words += f", asked to wait {call['retry_after_ms'] / 1000:g} s"
        ended_ms = call["started_at_ms"] + (call["elapsed_ms"] or 0)
        followed_ms = min((end_ms for end_ms in ends_ms if end_ms >= call["started_at_ms"]), default=ended_ms)
        yield Moment(at_ms=min(ended_ms, followed_ms), source="call", words=words, facts=facts)


def _of_event(db: "Db", row: "Row", *, depth: int) -> Iterator[Moment]:
    """Its arrival, its moves, where it was passed on to, and with `depth` the events that told the same."""
    number, kind = int(row["id"]), row["type"] or "unreadable"
    facts: dict[str, Fact] = {"event_id": number, "type": kind, "by": row["source"], "state": row["state"]}
    words = f"{kind} arrived by {row['source']} as event {number}"
    words += f", {row['deliveries']} times" if row["deliveries"] > 1 else ""
    yield Moment(at_ms=row["received_at_ms"], source="event", words=words, facts=facts)
    moves = db.all(EVENT_MOVES, id=number)
    for move in moves:
        yield _event_move(number, move)
    if row["done_at_ms"] is not None and not any(move["to_state"] == row["state"] for move in moves):
        ended = f"event {number} {row['state']} ({str(row['reason']).replace('_', ' ')})"
        yield Moment(at_ms=row["done_at_ms"], source="event", words=ended, facts=facts | {"reason": row["reason"]})
    for delivery in db.all(HOOKS, id=number):
        yield from _hook(db, number, delivery)
    if depth:
        for twin in db.all(TWINS, id=number):
            yield from _of_event(db, twin, depth=0)


def _event_move(number: int, move: "Row") -> Moment:
    detail = f": {move['detail']}" if move["detail"] else ""
    return Moment(
        at_ms=move["at_ms"],
        source="event",
        words=f"event {number} {move['to_state']} ({str(move['reason']).replace('_', ' ')}{detail})",
        facts={"event_id": number, "from": move["from_state"], "to": move["to_state"], "reason": move["reason"]},
    )


def _hook(db: "Db", event_id: int, delivery: "Row") -> Iterator[Moment]:
    facts: dict[str, Fact] = {"event_id": event_id, "hook": delivery["name"], "webhook_id": delivery["webhook_id"]}
    yield Moment(
        at_ms=delivery["created_at_ms"],
        source="hook",
        words=f"hook {delivery['name']} is to get event {event_id}; now {delivery['state']}",
        facts=facts | {"state": delivery["state"]},
    )
    for attempt in db.all(ATTEMPTS, id=delivery["id"]):
        words = f"hook {delivery['name']}, attempt {attempt['attempt']}: "
        words += attempt["words"] or attempt["outcome"] or "no answer was recorded"
        more = {name: attempt[name] for name in ("attempt", "outcome", "status", "elapsed_ms")}
        ended_ms = attempt["started_at_ms"] + (attempt["elapsed_ms"] or 0)
        yield Moment(at_ms=ended_ms, source="hook", words=words, facts=facts | more)


def _notices(db: "Db", instance: str, begun_ms: int, ended_ms: int) -> Iterator[Moment]:
    """What people were told about its instance, or about all, meanwhile."""
    for notice in db.all(NOTICES, instance=instance, since=begun_ms, until=ended_ms):
        facts: dict[str, Fact] = {name: notice[name] for name in ("rule", "instance", "kind", "severity", "state")}
        words = f"alert {notice['rule']} of {notice['instance']} {notice['kind']}: {notice['state']}"
        yield Moment(at_ms=notice["at_ms"], source="notice", words=words, facts=facts)
        for told in db.all(TOLD, id=notice["id"]):
            yield Moment(
                at_ms=told["sent_at_ms"] or told["created_at_ms"],
                source="notice",
                words=f"{told['receiver']} told of {notice['rule']}: {told['state']}",
                facts={"rule": notice["rule"], "receiver": told["receiver"], "state": told["state"]},
            )


def _told(moments: Iterable[Moment]) -> set[tuple[object, ...]]:
    """What rows of the store say already, as a line of the log would."""
    told: set[tuple[object, ...]] = set()
    for moment in moments:
        facts = moment.facts
        if moment.source == "call":
            told.add(("call", facts["attempt"], facts["outcome"]))
        elif moment.source == "message":
            told.add(("message", facts.get("to"), facts.get("reason")))
        elif moment.source == "event":
            told.add(("event", facts.get("to") or facts.get("state"), None))
        elif moment.source == "hook":
            told.add(("hook", facts["hook"], facts.get("attempt")))
    return told


def _of_log(file: Path, kind: Kind, number: int, begun_ms: int, told: set[tuple[object, ...]]) -> Iterator[Moment]:
    since = time_text(max(0, begun_ms - _BEFORE_MS))
    wanted = Wanted(message_id=number, since=since) if kind == "message" else Wanted(event_id=number, since=since)
    with Snapshot(file) as snapshot:
        for line in snapshot.forwards(wanted):
            fields, at_ms = parsed(line), at_ms_of(line)
            if fields is not None and at_ms is not None and _as_told(fields) not in told:
                yield Moment(at_ms=at_ms, source="log", words=_words(fields), facts=_facts(fields))


def _as_told(fields: dict[str, object]) -> tuple[object, ...]:
    match fields.get("event"):
        case "call":
            return ("call", fields.get("attempt"), fields.get("outcome"))
        case "message":
            return ("message", fields.get("outcome"), fields.get("reason"))
        case "event":
            return ("event", fields.get("outcome"), None)
        case "hook":
            return ("hook", fields.get("hook"), fields.get("attempt"))
    return ()


def _words(fields: dict[str, object]) -> str:
    parts = [fields.get(name) for name in ("event", "method", "outcome", "words")]
    return " ".join(str(part) for part in parts if part)


def _facts(fields: dict[str, object]) -> dict[str, Fact]:
    return {
        name: value
        for name, value in fields.items()
        if name not in ("time", "request", "response") and (value is None or isinstance(value, str | int | float))
    }
