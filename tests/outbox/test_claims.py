"""Claim, begin to post, finish: order, fencing, and what each outcome leads to."""

import pytest

from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import UnknownMessage
from greenbot.outbox.claims import Blocked, Claim, Fenced, claim, finish, mark_sending, release
from greenbot.outbox.decide import Change, OnNotSent, after_outcome, wait_ms
from greenbot.outbox.history import calls_of, log_of
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import get
from greenbot.outbox.turn import next_in_line
from tests.outbox.conftest import OTHER_GUEST, Add

C = OutcomeClass
ACCEPTED = Outcome(cls=C.ACCEPTED, reason="accepted", remote_id="BAE5", status=200, elapsed_ms=12)
LOST = Outcome(cls=C.AMBIGUOUS, reason="connection_lost", detail="the peer hung up")
REFUSED = Outcome(cls=C.NOT_SENT, reason="connect_failed", detail="connection refused")


def taken(db: Db, message: Message, clock: ManualClock, owner: str = "me") -> Claim:
    held = claim(db, message.id, owner=owner, clock=clock)
    assert isinstance(held, Claim), held
    return held


def posting(db: Db, message: Message, clock: ManualClock) -> Claim:
    return mark_sending(db, taken(db, message, clock), clock=clock)


def sent(db: Db, message: Message, clock: ManualClock, outcome: Outcome = ACCEPTED) -> Message:
    return finish(db, posting(db, message, clock), outcome, clock=clock)


def test_the_way_of_a_message_that_is_sent(db: Db, add: Add, clock: ManualClock) -> None:
    message = add()
    held = taken(db, message, clock)
    claimed = get(db, message.id)
    assert (claimed.state, claimed.owner, claimed.epoch) == ("claimed", "me", 1)
    assert (claimed.boot_id, claimed.lease_until_boot_ms) == (clock.boot_id(), clock.boot_ms() + 90_000)
    clock.advance(80)
    held = mark_sending(db, held, clock=clock)
    sending = get(db, message.id)
    assert (sending.state, sending.attempts, sending.first_post_at_ms) == ("sending", 1, clock.now_ms())
    assert sending.lease_until_boot_ms == clock.boot_ms() + 90_000, "the lease begins anew"
    accepted = finish(db, held, ACCEPTED, clock=clock)
    assert (accepted.state, accepted.remote_id, accepted.evidence) == ("accepted", "BAE5", "response")
    assert (accepted.owner, accepted.epoch, accepted.accepted_at_ms) == (None, 3, clock.now_ms())
    assert [line.reason for line in log_of(db, message.id)] == ["added", "claim", "post", "response"]
    [call] = calls_of(db, message.id)
    assert (call.attempt, call.outcome, call.status, call.remote_id, call.elapsed_ms) == (
        1,
        "accepted",
        200,
        "BAE5",
        12,
    )


@pytest.mark.parametrize(
    ("cls", "on_not_sent", "state", "reason"),
    [
        (C.ACCEPTED, "fail", "accepted", "response"),
        (C.OK, "fail", "accepted", "response"),  # a method that gives no id, such as sendTyping
        (C.AMBIGUOUS, "fail", "uncertain", "ambiguous"),
        (C.AMBIGUOUS, "requeue", "uncertain", "ambiguous"),
        (C.PERMANENT, "requeue", "failed", "rejected"),
        (C.PERMANENT, "fail", "failed", "rejected"),
        (C.NOT_SENT, "requeue", "queued", "not_sent"),
        (C.LIMITED, "requeue", "queued", "not_sent"),
        (C.AUTH, "requeue", "queued", "not_sent"),
        (C.CONFIG, "requeue", "queued", "not_sent"),
        (C.QUOTA, "requeue", "queued", "not_sent"),
        (C.NOT_SENT, "fail", "failed", "not_sent"),  # the user runs the command again: it must not leave by itself
        (C.LIMITED, "fail", "failed", "not_sent"),
        (C.AUTH, "fail", "failed", "not_sent"),
        (C.CONFIG, "fail", "failed", "not_sent"),
        (C.QUOTA, "fail", "failed", "not_sent"),
    ],
)
def test_each_outcome_has_its_state(
    db: Db, add: Add, clock: ManualClock, cls: OutcomeClass, on_not_sent: OnNotSent, state: str, reason: str
) -> None:
    outcome = Outcome(cls=cls, reason="the_cause", detail="the detail")
    message = finish(db, posting(db, add(), clock), outcome, clock=clock, on_not_sent=on_not_sent)
    assert (message.state, message.reason, message.cause, message.detail) == (state, reason, "the_cause", "the detail")
    assert message.known_not_sent is (state == "failed")


def test_every_class_of_outcome_is_in_that_table() -> None:
    for cls in OutcomeClass:
        assert after_outcome(Outcome(cls=cls, reason="x"), "fail").state in State


def test_an_interrupt_before_the_first_byte_cancels_a_message_of_the_shell() -> None:
    outcome = Outcome(cls=C.NOT_SENT, reason="cancelled")
    assert after_outcome(outcome, "fail").state == "cancelled"
    assert after_outcome(outcome, "requeue").state == "queued"


@pytest.mark.parametrize(
    ("retry_after", "attempt", "rest_ms"),
    [(7.0, 1, 7000), (None, 1, 1000), (None, 2, 2000), (None, 4, 8000), (None, 7, 60_000), (None, 99, 60_000)],
)
def test_how_long_a_requeued_message_rests(retry_after: float | None, attempt: int, rest_ms: int) -> None:
    assert wait_ms(Outcome(cls=C.LIMITED, reason="x", retry_after_seconds=retry_after), attempt) == rest_ms


def test_a_requeued_message_is_not_claimed_before_its_rest_is_over(db: Db, add: Add, clock: ManualClock) -> None:
    message = finish(db, posting(db, add(), clock), REFUSED, clock=clock, rest_ms=5000)
    assert message.not_before_ms == clock.now_ms() + 5000
    assert next_in_line(db, "kyiv", clock.now_ms()) is None
    assert claim(db, message.id, owner="me", clock=clock) == Blocked(why="too_early", until_ms=message.not_before_ms)
    clock.advance(5)
    assert next_in_line(db, "kyiv", clock.now_ms()) is not None


def test_an_uncertain_message_remembers_since_when(db: Db, add: Add, clock: ManualClock) -> None:
    message = sent(db, add(), clock, LOST)
    assert (message.uncertain_since_ms, message.looks, message.ambiguous_attempts) == (clock.now_ms(), 0, 1)


def test_only_one_of_two_gets_a_message(db: Db, add: Add, clock: ManualClock) -> None:
    message = add()
    taken(db, message, clock, "first")
    assert claim(db, message.id, owner="second", clock=clock) == Blocked(why="not_queued")
    assert next_in_line(db, "kyiv", clock.now_ms()) is None


def test_an_unknown_message_cannot_be_claimed(db: Db, clock: ManualClock) -> None:
    with pytest.raises(UnknownMessage, match="no message 5"):
        claim(db, 5, owner="me", clock=clock)


def test_a_message_whose_time_is_over_expires_when_somebody_wants_it(db: Db, add: Add, clock: ManualClock) -> None:
    message = add(expires_at_ms=clock.now_ms() + 1000)
    clock.advance(1)
    assert claim(db, message.id, owner="me", clock=clock) == Blocked(why="expired")
    assert get(db, message.id).state == "expired"


def test_a_held_message_stays(db: Db, add: Add, clock: ManualClock) -> None:
    message = add(held_reason="quiet hours")
    assert claim(db, message.id, owner="me", clock=clock) == Blocked(why="held")
    assert next_in_line(db, "kyiv", clock.now_ms()) is None


@pytest.mark.parametrize("state", ["claimed", "sending", "uncertain"])
def test_one_message_in_flight_or_in_doubt_blocks_its_chat_and_no_other(
    db: Db, add: Add, clock: ManualClock, state: str
) -> None:
    first, second, elsewhere = add(), add(), add(to=OTHER_GUEST)
    held = taken(db, first, clock)
    if state != "claimed":
        held = mark_sending(db, held, clock=clock)
    if state == "uncertain":
        finish(db, held, LOST, clock=clock)
    blocked = Blocked(why="chat_busy", behind=first.id, behind_state=State(state))
    assert claim(db, second.id, owner="me", clock=clock) == blocked
    assert claim(db, second.id, owner="me", clock=clock, may_overtake=True) == blocked
    following = next_in_line(db, "kyiv", clock.now_ms())
    assert following is not None
    assert following.id == elsewhere.id


def test_the_schema_itself_refuses_two_in_flight_in_one_chat(db: Db, add: Add, clock: ManualClock) -> None:
    from greenbot.db.translate import Conflict

    taken(db, add(), clock)
    second = add()
    with pytest.raises(Conflict, match=r"messages\.chat_id"), db.write() as tx:
        tx.run(
            "update messages set state = 'claimed', reason = 'claim', epoch = epoch + 1 where id = :id", id=second.id
        )


def test_a_chat_leaves_in_the_order_of_acceptance_even_when_a_younger_message_is_more_urgent(
    db: Db, add: Add, clock: ManualClock
) -> None:
    first, second = add(priority="bulk"), add(priority="high")
    behind = Blocked(why="chat_order", behind=first.id, behind_state=State.QUEUED)
    assert claim(db, second.id, owner="me", clock=clock) == behind
    following = next_in_line(db, "kyiv", clock.now_ms())
    assert following is not None
    assert following.id == first.id


@pytest.mark.parametrize("rest", [True, False], ids=["resting after a failure", "due"])
def test_an_older_message_that_owes_its_turn_is_not_overtaken(db: Db, add: Add, clock: ManualClock, rest: bool) -> None:
    first, second = add(), add()
    if rest:
        finish(db, posting(db, first, clock), REFUSED, clock=clock)
    assert isinstance(claim(db, second.id, owner="me", clock=clock), Blocked)
    assert isinstance(claim(db, second.id, owner="me", clock=clock, may_overtake=True), Claim)


@pytest.mark.parametrize(
    "older",
    [{"scheduled_at_ms": 2**52}, {"held_reason": "quiet hours"}, {"expires_at_ms": 1}],
    ids=["for tomorrow", "held", "too late anyway"],
)
def test_an_older_message_that_does_not_want_to_leave_now_blocks_nobody(
    db: Db, add: Add, clock: ManualClock, older: dict[str, object]
) -> None:
    add(**older)
    second = add()
    following = next_in_line(db, "kyiv", clock.now_ms())
    assert following is not None
    assert following.id == second.id


def test_urgent_messages_first_then_by_age(db: Db, add: Add, clock: ManualClock) -> None:
    wanted = ("bulk", "normal", "high", "normal", "high")
    ids = [add(to=f"38044000000{n}", priority=priority).id for n, priority in enumerate(wanted)]
    got: list[int] = []
    while (message := next_in_line(db, "kyiv", clock.now_ms())) is not None:
        got.append(taken(db, message, clock).message_id)
    assert got == [ids[2], ids[4], ids[1], ids[3], ids[0]]
    add()
    assert next_in_line(db, "odesa", clock.now_ms()) is None, "that is another hotel's"


def test_a_released_message_is_queued_again_and_costs_no_attempt(db: Db, add: Add, clock: ManualClock) -> None:
    message = add()
    back = Change(state=State.QUEUED, reason=Reason.SHUTDOWN)
    assert release(db, taken(db, message, clock), back, clock=clock)
    assert (get(db, message.id).state, get(db, message.id).attempts) == ("queued", 0)


def test_whoever_lost_a_message_cannot_post_release_or_finish_it(db: Db, add: Add, clock: ManualClock) -> None:
    message = add()
    lost = taken(db, message, clock)
    back = Change(state=State.QUEUED, reason=Reason.LEASE_OVER)
    release(db, lost, back, clock=clock)
    current = mark_sending(db, taken(db, message, clock, "other"), clock=clock)
    with pytest.raises(Fenced):
        mark_sending(db, lost, clock=clock)
    assert not release(db, lost, back, clock=clock)
    with pytest.raises(Fenced):
        finish(db, lost, REFUSED, clock=clock)
    assert finish(db, current, ACCEPTED, clock=clock).state == "accepted"


def given_up(db: Db, held: Claim, clock: ManualClock) -> None:
    release(db, held, Change(state=State.UNCERTAIN, reason=Reason.LEASE_OVER), clock=clock)


def test_a_real_answer_that_comes_late_still_counts(db: Db, add: Add, clock: ManualClock) -> None:
    message = add()
    held = posting(db, message, clock)
    given_up(db, held, clock)
    late = finish(db, held, ACCEPTED, clock=clock)
    assert (late.state, late.reason, late.remote_id) == ("accepted", "late_response", "BAE5")


@pytest.mark.parametrize("outcome", [REFUSED, LOST])
def test_anything_less_than_an_answer_does_not(db: Db, add: Add, clock: ManualClock, outcome: Outcome) -> None:
    message = add()
    held = posting(db, message, clock)
    given_up(db, held, clock)
    with pytest.raises(Fenced):
        finish(db, held, outcome, clock=clock)
    assert get(db, message.id).state == "uncertain"
    assert calls_of(db, message.id)[0].outcome == outcome.cls, "what was seen is kept all the same"


def reconciled(db: Db, message: Message) -> None:
    """What the reconciler does when it takes an id it found for this message's."""
    with db.write() as tx:
        tx.run(
            "update messages set state = 'accepted', reason = 'journal', epoch = epoch + 1, remote_id = 'BAE5',"
            " evidence = 'journal' where id = :id",
            id=message.id,
        )


@pytest.mark.parametrize(("third_in_flight", "state"), [(False, "uncertain"), (True, "stalled")])
def test_an_answer_outranks_reconciliation_the_other_message_is_in_doubt_again(
    db: Db, add: Add, clock: ManualClock, third_in_flight: bool, state: str
) -> None:
    guessed = add()
    sent(db, guessed, clock, LOST)
    reconciled(db, guessed)
    answered = add(to=OTHER_GUEST)
    held = posting(db, answered, clock)
    if third_in_flight:
        taken(db, add(), clock)
    assert finish(db, held, ACCEPTED, clock=clock).remote_id == "BAE5"
    other = get(db, guessed.id)
    assert (other.state, other.reason, other.cause) == (state, "id_conflict", f"message_{answered.id}")
    assert (other.remote_id, other.delivery) == (None, None)


def test_two_answers_with_one_id_are_both_believed(db: Db, add: Add, clock: ManualClock) -> None:
    first, second = sent(db, add(), clock), sent(db, add(to=OTHER_GUEST), clock)
    assert (first.state, first.remote_id) == ("accepted", "BAE5")
    assert (second.state, second.remote_id) == ("accepted", None)
    assert calls_of(db, second.id)[0].remote_id == "BAE5"
