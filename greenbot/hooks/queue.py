"""Deliveries waiting for their turn: put in line together with the event, and put in line again."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.hooks.body import webhook_id
from greenbot.hooks.hook import Hook, wants
from greenbot.hooks.table import all_of
from greenbot.inbox.event import StoredEvent
from greenbot.messages.incoming.model import Incoming, Unreadable
from greenbot.messages.incoming.parse import parse

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

Tags = Callable[[str], Collection[str]]

# The first of its chat may go; the others wait behind it.
INSERT = """
insert into hook_deliveries (hook_id, event_id, instance, chat_id, webhook_id, created_at_ms, state_at_ms, is_head)
values (:hook, :event, :instance, :chat, :webhook_id, :now, :now,
        not exists (select 1 from hook_deliveries as earlier
                     where earlier.hook_id = :hook and earlier.instance = :instance and earlier.chat_id = :chat
                       and earlier.state in ('queued', 'sending')))
    on conflict (hook_id, event_id) do nothing
"""
AGAIN = """
update hook_deliveries
   set state = 'queued', reason = 'replayed', epoch = epoch + 1, attempts = 0, next_at_ms = 0, state_at_ms = :now,
       is_head = 0
 where hook_id = :hook and event_id = :event and (state = 'dead' or (state = 'done' and not :only_failed))
"""
# After a replay an older one may stand before the head of its chat: the oldest one is the head. One that is under way
# stays it.
NO_HEAD = """
update hook_deliveries set is_head = 0, epoch = epoch + 1
 where hook_id = :hook and instance = :instance and chat_id = :chat and state = 'queued' and is_head = 1
"""
NEW_HEAD = """
update hook_deliveries set is_head = 1, epoch = epoch + 1
 where id = (select min(id) from hook_deliveries
              where hook_id = :hook and instance = :instance and chat_id = :chat and state = 'queued')
   and not exists (select 1 from hook_deliveries
                    where hook_id = :hook and instance = :instance and chat_id = :chat and state = 'sending')
"""
DEAD_EVENTS = "select event_id from hook_deliveries where hook_id = :hook and state = 'dead' order by id limit :limit"
EVENT = "select * from events where id = :id"


def no_tags(instance: str) -> Collection[str]:
    """For stores without tagged instances."""
    return ()


def enqueue(tx: "Tx", event: StoredEvent, incoming: Incoming, *, tags: Tags = no_tags) -> int:
    """Put an event in line for every hook that wants it, inside the transaction that works it; for how many.

    An effect of the inbox: `tags` says which tags an instance has, so wiring binds it.
    """
    hooks = [hook for hook in all_of(tx) if hook.is_enabled]
    return sum(
        _insert(tx, hook, event, event.received_at_ms)
        for hook in hooks
        if wants(hook.rule.wanted, event.instance, tags(event.instance), incoming)
    )


def _insert(tx: "Tx", hook: Hook, event: StoredEvent, now_ms: int) -> int:
    return max(
        0,
        tx.run(
            INSERT,
            hook=hook.id,
            event=event.id,
            instance=event.instance,
            chat=event.chat_id,
            webhook_id=webhook_id(event.instance, event.digest),
            now=now_ms,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many deliveries stand in line again, or for the first time, and how many were left as they are."""

    again: int = 0
    new: int = 0
    left: int = 0


def replay(
    db: "Db", hook: Hook, event_ids: Iterable[int], *, clock: Clock, only_failed: bool = False, tags: Tags = no_tags
) -> Replayed:
    """Deliver these events to a hook (again), in their order; the receiver sees the same webhook-id as before.

    `only_failed`: those whose delivery was given up. Otherwise also those that were delivered, and events from before
    the hook existed, as far as it wants them. What is in line already stays as it is.
    """
    again = new = left = 0
    with db.write() as tx:
        for event_id in sorted(set(event_ids)):
            if tx.run(AGAIN, hook=hook.id, event=event_id, only_failed=only_failed, now=clock.now_ms()):
                again += 1
                put_in_order(tx, hook.id, event_id)
            elif not only_failed and _is_new(tx, hook, event_id, tags, clock):
                new += 1
                put_in_order(tx, hook.id, event_id)
            else:
                left += 1
    return Replayed(again=again, new=new, left=left)


def dead_events(db: "Db", hook: Hook, limit: int = 1_000_000) -> list[int]:
    """The events whose delivery to this hook was given up, oldest first."""
    return [row["event_id"] for row in db.all(DEAD_EVENTS, hook=hook.id, limit=limit)]


def put_in_order(tx: "Tx", hook_id: int, event_id: int) -> None:
    """Make the oldest waiting delivery of the chat of this event its head."""
    row = tx.one(
        "select instance, chat_id from hook_deliveries where hook_id = :hook and event_id = :event",
        hook=hook_id,
        event=event_id,
    )
    assert row is not None, "it was just put there"
    line = {"hook": hook_id, "instance": row["instance"], "chat": row["chat_id"]}
    tx.run(NO_HEAD, **line)
    tx.run(NEW_HEAD, **line)


def _is_new(tx: "Tx", hook: Hook, event_id: int, tags: Tags, clock: Clock) -> bool:
    row = tx.one(EVENT, id=event_id)
    if row is None:
        return False
    event = StoredEvent.from_row(row)
    try:
        incoming = parse(event.raw)
    except Unreadable:
        return False
    if not wants(hook.rule.wanted, event.instance, tags(event.instance), incoming):
        return False
    return bool(_insert(tx, hook, event, clock.now_ms()))
