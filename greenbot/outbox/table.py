"""Accepting messages and looking at them. Moving them on is `claims.py` and `sweep.py`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.clock import Clock
from greenbot.digests import blake2b
from greenbot.errors import KeyReused, UnknownMessage
from greenbot.outbox.message import PRIORITIES, Call, Draft, LogLine, Message, MessageClass, NewMessage
from greenbot.outbox.noting import note_state
from greenbot.outbox.states import Reason, State

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx, Value

INSERT = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, dedupe_key, retry_of,
                      priority, class, policy, campaign_id, campaign_row, file_sha256,
                      created_at_ms, state_at_ms, scheduled_at_ms, not_before_ms, expires_at_ms, held_reason, actor,
                      behind)
values (:instance, :chat_id, :kind, :method, :draft, :fingerprint, :payload_digest, :key, :retry_of,
        :priority, :message_class, :policy, :campaign_id, :campaign_row, :file_sha256,
        :now, :now, :scheduled_at, :scheduled_at, :expires_at, :held_reason, :actor,
        exists (
          select 1 from messages indexed by messages_line
           where instance = :instance and chat_id = :chat_id
             and state in ('queued', 'claimed', 'sending', 'uncertain')
             and held_reason is null and scheduled_at_ms = 0 and expires_at_ms is null))
"""
BY_KEY = "select * from messages where instance = :instance and dedupe_key = :key"
BY_ID = "select * from messages where id = :id"
LOG = "select * from message_log where message_id = :id order by epoch"
CALLS = """
select id, message_id, instance, method, attempt, owner, started_at_ms, elapsed_ms, outcome, reason, detail, status,
       remote_id, retry_after_ms
  from calls where message_id = :id order by id
"""


def enqueue(db: "Db", new: NewMessage, clock: Clock) -> Message:
    """Accept a message: when this returns it is on the disk, whatever dies next.

    The same key with the same payload returns the first message with `replayed` set; raises
    KeyReused when the key stands for another payload. A message that ended known-not-sent gives
    its key away, so the same command run again sends. Raises Busy, StoreFull, StoreError.
    """
    with db.write() as tx:
        message = enqueue_in(tx, new, clock)
    failpoints.hit("out.after_enqueue")
    note_state(message)
    return message


def enqueue_in(tx: "Tx", new: NewMessage, clock: Clock) -> Message:
    """The same inside the caller's transaction: a reply and the event it answers are one commit."""
    digest = payload_digest(new.draft)
    earlier = _under_key(tx, new)
    if earlier is not None:
        if (earlier.payload_digest, earlier.chat_id) != (digest, new.draft.chat_id):
            raise KeyReused(f"The key '{new.key}' already stands for message {earlier.id}.", message_id=earlier.id)
        if not earlier.known_not_sent:
            return _message(tx.one(BY_ID, id=earlier.id), replayed=True)
        tx.run("update messages set dedupe_key = null where id = :id", id=earlier.id)
    message_id = tx.insert(
        INSERT,
        instance=new.instance,
        chat_id=str(new.draft.chat_id),
        kind=new.draft.kind,
        method=new.draft.method,
        draft=new.draft.to_json(),
        fingerprint=new.draft.fingerprint(),
        payload_digest=digest,
        key=new.key,
        retry_of=earlier.id if earlier is not None else new.retry_of,
        priority=PRIORITIES.index(new.priority),
        message_class=new.message_class,
        policy=new.policy,
        campaign_id=new.campaign_id,
        campaign_row=new.campaign_row,
        file_sha256=new.file_sha256,
        now=clock.now_ms(),
        scheduled_at=new.scheduled_at_ms,
        expires_at=new.expires_at_ms,
        held_reason=new.held_reason,
        actor=new.actor,
    )
    return _message(tx.one(BY_ID, id=message_id))


def payload_digest(draft: Draft) -> str:
    """Tells whether two drafts would send the same: content and recipient, not where a file lies."""
    content = json.dumps([draft.kind, draft.fingerprint(), draft.params()], sort_keys=True, default=str)
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _under_key(tx: "Tx", new: NewMessage) -> Message | None:
    if new.key is None:
        return None
    row = tx.one(BY_KEY, instance=new.instance, key=new.key)
    return None if row is None else Message.from_row(row)


def _message(row: "Row | None", *, replayed: bool = False) -> Message:
    if row is None:
        raise UnknownMessage
    return Message.from_row(row, replayed=replayed)


def get(db: "Db", message_id: int) -> Message:
    """The message with that id. Raises UnknownMessage."""
    row = db.one(BY_ID, id=message_id)
    if row is None:
        raise UnknownMessage(f"There is no message {message_id}.", message_id=message_id)
    return Message.from_row(row)


def log_of(db: "Db", message_id: int) -> list[LogLine]:
    """Everything that happened to a message, oldest first."""
    return [_log_line(row) for row in db.all(LOG, id=message_id)]


def calls_of(db: "Db", message_id: int) -> list[Call]:
    """Every HTTP attempt for a message, oldest first."""
    return [Call(**dict(zip(row.keys(), row, strict=True))) for row in db.all(CALLS, id=message_id)]


def _log_line(row: "Row") -> LogLine:
    return LogLine(
        message_id=row["message_id"],
        epoch=row["epoch"],
        at_ms=row["at_ms"],
        from_state=None if row["from_state"] is None else State(row["from_state"]),
        to_state=State(row["to_state"]),
        reason=Reason(row["reason"]),
        cause=row["cause"],
        detail=row["detail"],
        actor=row["actor"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which messages to list; what is None does not matter. Newest first, `before_id` continues a page.

    `why` is a word of what brought them where they are: the reason, its cause, or what holds them.
    """

    instance: str | None = None
    states: tuple[State, ...] = ()
    chat_id: str | None = None
    campaign_id: int | None = None
    message_class: MessageClass | None = None
    created_before_ms: int | None = None
    held: bool | None = None
    why: str | None = None
    before_id: int | None = None
    limit: int = 50


# One index order each, so that a page costs the same at 100,000 messages as at 100. They are named, because with
# statistics SQLite would rather sort a small state than walk a long one.
_THE_REST = """
   and (:class is null or class = :class)
   and (:created_before is null or created_at_ms < :created_before)
   and (:held is null or (held_reason is not null) = :held)
   and (:why is null or :why in (reason, cause, held_reason))
   and id < :before
 order by id desc limit :limit
"""
_WHICH = {
    # that is: by id
    "all": "select * from messages not indexed where true",
    "state": "select * from messages indexed by messages_by_state where state = :state",
    "instance": """
select * from messages indexed by messages_by_instance where instance = :instance and state = :state""",
    "campaign": """
select * from messages indexed by messages_by_campaign
 where campaign_id = :campaign and state = :state and (:instance is null or instance = :instance)""",
    "chat": """
select * from messages indexed by messages_by_chat
 where chat_id = :chat and (:instance is null or instance = :instance)
   and (:campaign is null or campaign_id = :campaign)
   and (:states is null or instr(:states, ' ' || state || ' '))""",
}
PAGE_OF_ALL = _WHICH["all"] + _THE_REST
PAGE_OF_STATE = _WHICH["state"] + _THE_REST
PAGE_OF_INSTANCE = _WHICH["instance"] + _THE_REST
PAGE_OF_CAMPAIGN = _WHICH["campaign"] + _THE_REST
PAGE_OF_CHAT = _WHICH["chat"] + _THE_REST
_LAST_ID = 2**63 - 1


def list_messages(db: "Db", filters: Filters) -> list[Message]:
    """One page of messages, newest first."""
    if filters.chat_id is not None:
        states = f" {' '.join(filters.states)} " if filters.states else None
        rows = _page(db, PAGE_OF_CHAT, filters, chat=filters.chat_id, states=states, **_whose(filters))
    elif filters.states or filters.instance is not None or filters.campaign_id is not None:
        rows = _merged(_pages(db, filters), filters.limit)
    else:
        rows = _page(db, PAGE_OF_ALL, filters)
    return [Message.from_row(row) for row in rows]


def _pages(db: "Db", filters: Filters) -> "Iterable[Row]":
    for state in filters.states or tuple(State):
        if filters.campaign_id is not None:
            yield from _page(db, PAGE_OF_CAMPAIGN, filters, state=state, **_whose(filters))
        elif filters.instance is not None:
            yield from _page(db, PAGE_OF_INSTANCE, filters, state=state, instance=filters.instance)
        else:
            yield from _page(db, PAGE_OF_STATE, filters, state=state)


def _whose(filters: Filters) -> "dict[str, Value]":
    return {"instance": filters.instance, "campaign": filters.campaign_id}


def _page(db: "Db", query: str, filters: Filters, **chosen: "Value") -> "list[Row]":
    return db.all(
        query,
        **chosen,
        **{"class": filters.message_class},
        created_before=filters.created_before_ms,
        held=filters.held,
        why=filters.why,
        before=_LAST_ID if filters.before_id is None else filters.before_id,
        limit=filters.limit,
    )


def _merged(rows: "Iterable[Row]", limit: int) -> "list[Row]":
    return sorted(rows, key=lambda row: -row["id"])[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many messages of one instance are in one state, and since when the oldest was accepted."""

    instance: str
    state: State
    messages: int
    oldest_at_ms: int


STATS = """
select counts.instance, counts.state, counts.messages,
       (select oldest.created_at_ms from messages as oldest
         where oldest.instance = counts.instance and oldest.state = counts.state
         order by oldest.id limit 1) as oldest_at_ms
  from message_counts as counts
 where counts.messages > 0 and (:instance is null or counts.instance = :instance)
 order by counts.instance, counts.state
"""


def stats(db: "Db", instance: str | None = None) -> list[Count]:
    """The outbox in numbers; the cost does not depend on how many messages there are."""
    return [
        Count(
            instance=row["instance"],
            state=State(row["state"]),
            messages=row["messages"],
            oldest_at_ms=row["oldest_at_ms"],
        )
        for row in db.all(STATS, instance=instance)
    ]
