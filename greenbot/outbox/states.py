"""The life of a message, as data.

    queued -> claimed -> sending -> accepted -> delivered
                                 -> uncertain -> accepted | queued | failed
    and the ends failed, expired, cancelled

* `queued`     accepted by greenbot, waits for its turn
* `claimed`    one process works on it; nothing has left yet
* `sending`    committed "about to POST": it may be on the wire
* `uncertain`  the POST may or may not have been carried out; never sent again without looking
* `accepted`   GREEN-API took it and gave it a remote id; `delivery` says how far it got since
* `delivered`  it reached the guest's phone (`delivery` is delivered or read)
* `stalled`    accepted, yet never sent on: a human decides
* `failed`, `expired`, `cancelled` are ends: a message never leaves them. Trying again is a new
  message that names the old one in `retry_of`.

The schema's trigger `messages_moves` enforces the same table; a test compares the two.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a message is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    STALLED = "stalled"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a message moved; `cause` and `detail` of the message say more."""

    ADDED = "added"
    HELD = "held"  # by an operator, quiet hours, the state of the instance
    RELEASED = "released"
    EDITED = "edited"  # schedule, priority or expiry changed
    CLAIM = "claim"
    EXPIRED = "expired"
    OPERATOR = "operator"
    ATTEMPTS = "attempts"  # every attempt allowed was made, none was sent
    NOT_SENT = "not_sent"  # known not sent
    BAD_DRAFT = "bad_draft"  # can no longer be read, or its file is gone
    OWNER_DEAD = "owner_dead"
    LEASE_OVER = "lease_over"
    SHUTDOWN = "shutdown"
    INTERRUPTED = "interrupted"
    POST = "post"
    RESPONSE = "response"
    REJECTED = "rejected"  # GREEN-API will never take it
    AMBIGUOUS = "ambiguous"
    LOOK = "look"  # one complete look did not find it
    QUEUE = "queue"  # found in GREEN-API's send queue
    JOURNAL = "journal"
    STATUS = "status"  # a status event
    LATE_RESPONSE = "late_response"  # the reply came after somebody had given up on it
    NOT_FOUND = "not_found"  # two looks did not find it
    RESEND = "resend"  # policy
    GIVEN_UP = "given_up"
    SILENCE = "silence"
    ID_CONFLICT = "id_conflict"  # its remote id turned out to be another message's


S, R = State, Reason

#: (from, to) -> the reasons for which a message may move so. The same state twice is a change worth a log line.
TRANSITIONS: dict[tuple[State, State], tuple[Reason, ...]] = {
    (S.QUEUED, S.QUEUED): (R.HELD, R.RELEASED, R.EDITED),
    (S.QUEUED, S.CLAIMED): (R.CLAIM,),
    (S.QUEUED, S.EXPIRED): (R.EXPIRED,),
    (S.QUEUED, S.CANCELLED): (R.OPERATOR,),
    (S.QUEUED, S.FAILED): (R.ATTEMPTS, R.NOT_SENT, R.BAD_DRAFT),
    (S.CLAIMED, S.QUEUED): (R.OWNER_DEAD, R.LEASE_OVER, R.SHUTDOWN),
    (S.CLAIMED, S.CANCELLED): (R.INTERRUPTED,),
    (S.CLAIMED, S.SENDING): (R.POST,),
    (S.SENDING, S.ACCEPTED): (R.RESPONSE,),
    (S.SENDING, S.QUEUED): (R.NOT_SENT,),
    (S.SENDING, S.FAILED): (R.REJECTED, R.NOT_SENT),
    (S.SENDING, S.CANCELLED): (R.INTERRUPTED,),
    (S.SENDING, S.UNCERTAIN): (R.AMBIGUOUS, R.INTERRUPTED, R.OWNER_DEAD, R.LEASE_OVER),
    (S.UNCERTAIN, S.UNCERTAIN): (R.LOOK,),
    (S.UNCERTAIN, S.ACCEPTED): (R.QUEUE, R.JOURNAL, R.STATUS, R.LATE_RESPONSE, R.OPERATOR),
    (S.UNCERTAIN, S.QUEUED): (R.NOT_FOUND, R.RESEND, R.OPERATOR),
    (S.UNCERTAIN, S.FAILED): (R.OPERATOR, R.GIVEN_UP),
    (S.ACCEPTED, S.ACCEPTED): (R.STATUS,),
    (S.ACCEPTED, S.DELIVERED): (R.STATUS,),
    (S.ACCEPTED, S.FAILED): (R.STATUS,),
    (S.ACCEPTED, S.STALLED): (R.SILENCE, R.ID_CONFLICT),
    (S.ACCEPTED, S.UNCERTAIN): (R.ID_CONFLICT,),
    (S.STALLED, S.ACCEPTED): (R.STATUS,),
    (S.STALLED, S.DELIVERED): (R.STATUS,),
    (S.STALLED, S.FAILED): (R.STATUS, R.OPERATOR),
    (S.STALLED, S.UNCERTAIN): (R.ID_CONFLICT,),
    (S.DELIVERED, S.DELIVERED): (R.STATUS,),
    (S.DELIVERED, S.UNCERTAIN): (R.ID_CONFLICT,),
    (S.DELIVERED, S.STALLED): (R.ID_CONFLICT,),
}

#: At most one message per chat is in one of these.
IN_FLIGHT = (S.CLAIMED, S.SENDING, S.UNCERTAIN)
#: A message in one of these still owes its sender an answer.
OPEN = (S.QUEUED, *IN_FLIGHT)
#: Ends that no message leaves.
ENDS = (S.FAILED, S.EXPIRED, S.CANCELLED)


def may_move(origin: State, target: State, reason: Reason) -> bool:
    """Whether the table knows this move."""
    return reason in TRANSITIONS.get((origin, target), ())
