"""Operators and workers in tests: doing one thing to one message, and bringing a message to a state."""

from dataclasses import replace

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.outbox.claims import Claim, claim, mark_sending, release
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.operate import Action, Result, Seen, carry_out
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import get


def do(db: Db, message: Message, action: Action, by: Operator) -> Result:
    [result] = carry_out(db, [Seen.of(message)], action, by)
    return result


def bring(db: Db, message: Message, state: State, clock: ManualClock) -> Message:
    """Lead a queued message to a state, by moves that exist."""
    held = claim(db, message.id, owner="worker", clock=clock)
    assert isinstance(held, Claim)
    if state is State.CLAIMED:
        return get(db, message.id)
    if state is State.CANCELLED:
        release(db, held, Change(state=state, reason=Reason.INTERRUPTED), clock=clock)
        return get(db, message.id)
    held = mark_sending(db, held, clock=clock)
    steps = {
        State.SENDING: (),
        State.UNCERTAIN: ((State.UNCERTAIN, Reason.AMBIGUOUS),),
        State.ACCEPTED: ((State.ACCEPTED, Reason.RESPONSE),),
        State.DELIVERED: ((State.ACCEPTED, Reason.RESPONSE), (State.DELIVERED, Reason.STATUS)),
        State.STALLED: ((State.ACCEPTED, Reason.RESPONSE), (State.STALLED, Reason.SILENCE)),
        State.FAILED: ((State.FAILED, Reason.NOT_SENT),),
    }[state]
    epoch = held.epoch
    for to, reason in steps:
        assert release(db, replace(held, epoch=epoch), Change(state=to, reason=reason), clock=clock)
        epoch += 1
    return get(db, message.id)
