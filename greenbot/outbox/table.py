"""Accepting messages and finding one again. Many are in `listing.py`; moving them on is `claims.py` and `sweep.py`."""

import json
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.clock import Clock
from greenbot.digests import blake2b
from greenbot.errors import KeyReused, UnknownMessage
from greenbot.outbox.message import PRIORITIES, Draft, Message, NewMessage

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

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


def enqueue(db: "Db", new: NewMessage, clock: Clock) -> Message:
    """Accept a message: when this returns it is on the disk, whatever dies next.

    The same key with the same payload returns the first message with `replayed` set; raises
    KeyReused when the key stands for another payload. A message that ended known-not-sent gives
    its key away, so the same command run again sends. Raises Busy, StoreFull, StoreError.
    """
    with db.write() as tx:
        message = enqueue_in(tx, new, clock)
    failpoints.hit("out.after_enqueue")
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
