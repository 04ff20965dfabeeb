"""What a store that comes back from a backup must not do again.

Between the backup and its return the world went on: what was queued then may have been sent since. So nothing that had
not left by then leaves by itself: a person who can ask the hotel, or look into the phone, lets it go or cancels it.

* messages in the queue are held, with the reason `restored`
* messages that were on their way are uncertain, and stay held if they turn out not to be found
* campaigns that ran are paused
* handlers, whose replies promise never to come twice, are not called again for what they may have answered

Numbers given since are not given again, and guests who asked for no promotion since stay on that list, as far as the
store that is replaced can still be read.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import StoreError

if TYPE_CHECKING:
    from greenbot.db.connect import Tx
    from greenbot.db.peek import Peek

HELD = "restored"
_ACTOR = "restore"

# Nothing had left of what was only claimed.
UNCLAIM = """
update messages set state = 'queued', epoch = epoch + 1, state_at_ms = :now, reason = 'owner_dead', cause = 'restored',
                    detail = null, actor = :actor, owner = null, boot_id = null, lease_until_boot_ms = null
 where state = 'claimed'
"""
DOUBT = """
update messages set state = 'uncertain', epoch = epoch + 1, state_at_ms = :now, reason = 'owner_dead',
                    cause = 'restored', detail = null, actor = :actor, owner = null, boot_id = null,
                    lease_until_boot_ms = null, uncertain_since_ms = :now, ambiguous_attempts = ambiguous_attempts + 1
 where state = 'sending'
"""
HOLD = """
update messages set held_reason = :held, epoch = epoch + 1, state_at_ms = :now, reason = 'held', cause = null,
                    detail = :was, actor = :actor
 where state = 'queued' and held_reason is not :held
"""
# Not found by the reconciler, it would go back to the queue and leave; held, it waits there for a person.
HOLD_DOUBTS = "update messages set held_reason = :held where state = 'uncertain' and held_reason is not :held"
PAUSE = """
update campaigns set state = 'paused', why = :held, state_at_ms = :now where state in ('starting', 'running')
"""
BURY = """
update hook_deliveries
   set state = 'dead', reason = :held, epoch = epoch + 1, state_at_ms = :now, is_head = 0,
       owner = null, boot_id = null, lease_until_boot_ms = null
 where state in ('queued', 'sending') and hook_id in (select id from hooks where kind = 'handlers')
"""
# An event that was not worked yet finds its delivery there already, given up, and makes none.
FORESTALL = """
insert into hook_deliveries
  (hook_id, event_id, instance, chat_id, webhook_id, state, reason, created_at_ms, state_at_ms)
select hooks.id, events.id, events.instance, events.chat_id, 'restored-' || events.id, 'dead', :held, :now, :now
  from hooks join events indexed by events_open on events.state <> 'done' and events.state in ('stored', 'processing')
 where hooks.kind = 'handlers'
    on conflict do nothing
"""
SEQUENCES = "select name, seq from sqlite_sequence"
ADVANCE = "update sqlite_sequence set seq = max(seq, :seq) where name = :name"
BEGIN = "insert into sqlite_sequence (name, seq) select :name, :seq where not exists"
BEGIN += " (select 1 from sqlite_sequence where name = :name)"
SUPPRESSED = "select chat_id, instance, source, reason, actor, at_ms from suppressed"
SUPPRESS = """
insert into suppressed (chat_id, instance, source, reason, actor, at_ms)
values (:chat, :instance, :source, :reason, :actor, :at) on conflict do nothing
"""


def settle(tx: "Tx", old: "Peek | None", clock: Clock) -> Mapping[str, object]:
    """Make the store of this transaction safe to work with; what was done, in numbers.

    `old` is the store it replaces, where that can still be read.
    """
    now_ms = clock.now_ms()
    tx.run(UNCLAIM, now=now_ms, actor=_ACTOR)
    tx.run(DOUBT, now=now_ms, actor=_ACTOR)
    held = tx.run(HOLD, now=now_ms, actor=_ACTOR, held=HELD, was="queued when the backup was made")
    doubts = tx.run(HOLD_DOUBTS, held=HELD)
    paused = tx.run(PAUSE, now=now_ms, held=HELD)
    buried = tx.run(BURY, now=now_ms, held=HELD) + max(0, tx.run(FORESTALL, now=now_ms, held=HELD))
    return {
        "held": held,
        "uncertain": doubts,
        "campaigns_paused": paused,
        "handler_calls_given_up": buried,
        "suppressed_kept": 0 if old is None else _carry_over(tx, old),
    }


def _carry_over(tx: "Tx", old: "Peek") -> int:
    """What must not be forgotten of the time since the backup; how many guests stay suppressed by it."""
    try:
        sequences, suppressed = old.all(SEQUENCES), old.all(SUPPRESSED)
    except StoreError:
        return 0  # an older or a half-made store has not all of these tables
    for row in sequences:
        tx.run(ADVANCE, name=row["name"], seq=row["seq"])
        tx.run(BEGIN, name=row["name"], seq=row["seq"])
    return sum(
        max(
            0,
            tx.run(
                SUPPRESS,
                chat=row["chat_id"],
                instance=row["instance"],
                source=row["source"],
                reason=row["reason"],
                actor=row["actor"],
                at=row["at_ms"],
            ),
        )
        for row in suppressed
    )
