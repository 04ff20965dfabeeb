"""The life of an event, as data.

    stored -> processing -> done
                         -> stored        tried again later, or its owner died
                         -> dead          8 attempts were made, or 8 processes died over it
                         -> quarantined   its bytes are no event
    quarantined may also be where an event begins: kept and answered, but not acted upon

* `stored`       on the disk, waits for its turn in its chat
* `processing`   one process works on it
* `done`         everything that follows from it was committed together with this word
* `dead`         given up; the chat goes on, a person decides
* `quarantined`  for another instance, too old, or unreadable; a person may let it in

A quarantined, dead or done event goes back to `stored` only by a person's word. The schema's trigger
`events_moves` enforces the same table; a test compares the two.
"""

from enum import StrEnum


class State(StrEnum):
    """Where an event is."""

    STORED = "stored"
    PROCESSING = "processing"
    DONE = "done"
    DEAD = "dead"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why an event moved, or was quarantined on arrival; `detail` says more."""

    RECEIVED = "received"
    FOREIGN = "foreign"  # it names another instance than the one it was delivered to
    STALE = "stale"  # older than we remember digests: it may be a replay
    UNREADABLE = "unreadable"
    CLAIM = "claim"
    PROCESSED = "processed"
    DUPLICATE = "duplicate"  # the same thing was told before, in other bytes
    FAILED = "failed"
    OWNER_DEAD = "owner_dead"
    LEASE_OVER = "lease_over"
    RELEASED = "released"  # given back untouched
    RETRY = "retry"  # a person: now, not later
    REPLAY = "replay"  # a person: once more


S, R = State, Reason

#: (from, to) -> the reasons for which an event may move so.
TRANSITIONS: dict[tuple[State, State], tuple[Reason, ...]] = {
    (S.STORED, S.PROCESSING): (R.CLAIM,),
    (S.STORED, S.STORED): (R.RETRY,),
    (S.PROCESSING, S.DONE): (R.PROCESSED, R.DUPLICATE),
    (S.PROCESSING, S.STORED): (R.FAILED, R.OWNER_DEAD, R.LEASE_OVER, R.RELEASED),
    (S.PROCESSING, S.DEAD): (R.FAILED, R.OWNER_DEAD, R.LEASE_OVER),
    (S.PROCESSING, S.QUARANTINED): (R.UNREADABLE,),
    (S.DEAD, S.STORED): (R.RETRY, R.REPLAY),
    (S.QUARANTINED, S.STORED): (R.REPLAY,),
    (S.DONE, S.STORED): (R.REPLAY,),
}

#: The next event of a chat waits while an earlier one is in one of these.
OPEN = (S.STORED, S.PROCESSING)
#: Nothing happens to these any more without a person.
OVER = (S.DONE, S.DEAD, S.QUARANTINED)


def may_move(origin: State, target: State, reason: Reason) -> bool:
    """Whether the table knows this move."""
    return reason in TRANSITIONS.get((origin, target), ())
