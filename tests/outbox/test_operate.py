"""What operators do to messages, alone, in bulk, and against each other and a worker."""

from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db
from greenbot.outbox.actions import CAMPAIGN_HOLD, Cancel, Edit, Hold, Release, Retry
from greenbot.outbox.claims import Claim, claim
from greenbot.outbox.history import log_of
from greenbot.outbox.message import Message
from greenbot.outbox.operate import Action
from greenbot.outbox.states import State
from greenbot.outbox.table import enqueue, get
from tests.outbox.acting import bring, do
from tests.outbox.conftest import ACCEPTED, Add, Line, Send

MINUTE = 60_000


@pytest.fixture
def anna(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


# --- one message ----------------------------------------------------------------------------------------------------


def test_a_held_message_stays_until_it_is_released(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    message = add()
    held = do(db, message, Hold(why="the price is wrong"), anna).message
    assert held is not None
    assert (held.state, held.held_reason, held.epoch) == ("queued", "the price is wrong", 1)
    assert not isinstance(claim(db, message.id, owner="worker", clock=clock), Claim)
    assert do(db, held, Release(), anna).verdict == "done"
    assert isinstance(claim(db, message.id, owner="worker", clock=clock), Claim)
    moves = [(line.to_state, line.reason, line.actor) for line in log_of(db, message.id)]
    assert moves == [
        ("queued", "added", "shell"),
        ("queued", "held", "anna"),
        ("queued", "released", "anna"),
        ("claimed", "claim", "worker"),
    ]


def test_a_cancelled_message_never_leaves(db: Db, add: Add, anna: Operator, send: Send) -> None:
    message, line = add(), Line()
    cancelled = do(db, message, Cancel(why="guest left"), anna).message
    assert cancelled is not None
    assert (cancelled.state, cancelled.reason, cancelled.detail) == ("cancelled", "operator", "guest left")
    delivery = send(message, line)
    assert line.asked == []
    assert delivery.message.state == "cancelled"


def test_an_edit_moves_the_time_the_end_and_the_rank(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    message, now = add(), clock.now_ms()
    change = Edit(scheduled_at_ms=now + 60 * MINUTE, expires_at_ms=now + 90 * MINUTE, priority="high")
    edited = do(db, message, change, anna).message
    assert edited is not None
    assert (edited.scheduled_at_ms, edited.not_before_ms) == (now + 60 * MINUTE, now + 60 * MINUTE)
    assert (edited.expires_at_ms, edited.priority, edited.reason) == (now + 90 * MINUTE, "high", "edited")
    lasting = do(db, edited, Edit(never_expires=True), anna).message
    assert lasting is not None
    assert (lasting.expires_at_ms, lasting.priority, lasting.scheduled_at_ms) == (None, "high", now + 60 * MINUTE)


def test_an_edit_without_a_time_leaves_the_rest_after_a_failure(db: Db, add: Add, anna: Operator) -> None:
    message = add(scheduled_at_ms=5)
    with db.write() as tx:
        tx.run("update messages set not_before_ms = 99 where id = :id", id=message.id)
    edited = do(db, message, Edit(priority="bulk"), anna).message
    assert edited is not None
    assert (edited.scheduled_at_ms, edited.not_before_ms) == (5, 99)


NOT_POSSIBLE = [
    # state, action, what the words say
    (State.CLAIMED, Cancel(), "being sent at this moment"),
    (State.SENDING, Cancel(), "being sent at this moment"),
    (State.SENDING, Hold(), "being sent at this moment"),
    (State.UNCERTAIN, Cancel(), "may have been sent; look with: greenbot outbox reconcile 1"),
    (State.UNCERTAIN, Release(), "may have been sent"),
    (State.UNCERTAIN, Retry(), "may have been sent; look with: greenbot outbox reconcile 1"),
    (State.ACCEPTED, Cancel(), "with GREEN-API already"),
    (State.ACCEPTED, Retry(), "is accepted; it needs no retry"),
    (State.DELIVERED, Cancel(), "is delivered already"),
    (State.DELIVERED, Retry(even_if_sent=True), "needs no retry"),
    (State.STALLED, Retry(), "settle it with: greenbot outbox resolve 1"),
    (State.FAILED, Cancel(), "is failed already"),
    (State.CANCELLED, Hold(), "is cancelled already"),
    (State.CANCELLED, Edit(priority="high"), "is cancelled already"),
]


@pytest.mark.parametrize(("state", "action", "words"), NOT_POSSIBLE)
def test_what_is_too_late_is_refused_with_the_next_step(
    db: Db, add: Add, anna: Operator, clock: ManualClock, state: State, action: Action, words: str
) -> None:
    message = bring(db, add(), state, clock)
    result = do(db, message, action, anna)
    assert result.verdict == "refused"
    assert words in result.why
    assert get(db, message.id) == message
    assert entries(db, Wanted()) == []


def test_waiting_messages_need_no_retry(db: Db, add: Add, anna: Operator) -> None:
    assert "still waits" in do(db, add(), Retry(), anna).why


def test_only_a_held_message_can_be_released(db: Db, add: Add, anna: Operator) -> None:
    assert do(db, add(), Release(), anna).why == "Message 1 is not held."


def test_holding_twice_for_the_same_reason_is_refused_for_another_it_is_renamed(
    db: Db, add: Add, anna: Operator
) -> None:
    held = do(db, add(), Hold(why="price"), anna).message
    assert held is not None
    assert "held already" in do(db, held, Hold(why="price"), anna).why
    renamed = do(db, held, Hold(why="wrong hotel"), anna).message
    assert renamed is not None
    assert renamed.held_reason == "wrong hotel"


def test_what_a_paused_campaign_holds_only_the_campaign_lets_go(db: Db, add: Add, anna: Operator) -> None:
    message = add(held_reason=CAMPAIGN_HOLD)
    result = do(db, message, Release(), anna)
    assert (result.verdict, "campaign resume" in result.why) == ("refused", True)


def test_the_time_of_a_campaigns_message_is_the_campaigns(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    message = add(campaign_id=3, campaign_row=1)
    later = clock.now_ms() + MINUTE
    assert "campaign" in do(db, message, Edit(scheduled_at_ms=later), anna).why
    assert do(db, message, Edit(priority="high"), anna).verdict == "done"


@pytest.mark.parametrize(
    ("at", "expires", "verdict"),
    [(None, 1, "done"), (None, 0, "refused"), (10, 10, "refused"), (10, 11, "done"), (None, -5, "refused")],
)
def test_an_edit_never_makes_a_message_that_cannot_leave(
    db: Db, add: Add, anna: Operator, clock: ManualClock, at: int | None, expires: int, verdict: str
) -> None:
    now = clock.now_ms()
    edit = Edit(scheduled_at_ms=None if at is None else now + at * MINUTE, expires_at_ms=now + expires * MINUTE)
    assert do(db, add(), edit, anna).verdict == verdict


# --- retry ----------------------------------------------------------------------------------------------------------


def test_a_retry_is_a_new_message_that_names_the_old_one(
    db: Db, add: Add, anna: Operator, clock: ManualClock, send: Send
) -> None:
    first = add(key="booking-1", priority="bulk", message_class="promo", policy="hold", campaign_id=3, campaign_row=17)
    failed = bring(db, first, State.FAILED, clock)
    again = do(db, failed, Retry(), anna).message
    assert again is not None
    assert (again.retry_of, again.state, again.epoch, again.attempts) == (first.id, "queued", 0, 0)
    assert (again.priority, again.message_class, again.policy) == ("bulk", "promo", "hold")
    assert (again.campaign_id, again.campaign_row, again.actor) == (3, 17, "anna")
    assert (again.draft, again.payload_digest) == (first.draft, first.payload_digest)
    assert get(db, first.id).state == "failed"
    line = Line()
    assert send(again, line).sent
    assert len(line.asked) == 1


def test_the_key_follows_the_retry(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    first = bring(db, add(key="booking-1"), State.FAILED, clock)
    again = do(db, first, Retry(), anna).message
    assert again is not None
    assert (again.dedupe_key, get(db, first.id).dedupe_key) == ("booking-1", None)
    repeated = add(key="booking-1")
    assert (repeated.id, repeated.replayed) == (again.id, True)


def test_what_was_retried_is_not_retried_twice_but_its_retry_can_be(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    first = bring(db, add(), State.FAILED, clock)
    second = do(db, first, Retry(), anna).message
    assert second is not None
    result = do(db, first, Retry(), anna)
    assert (result.verdict, result.why) == ("refused", "Message 1 was retried already, as message 2.")
    failed = bring(db, second, State.FAILED, clock)
    third = do(db, failed, Retry(), anna).message
    assert third is not None
    assert third.retry_of == second.id


def test_what_lived_for_an_hour_lives_for_an_hour_again(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    start = clock.now_ms()
    late = add(scheduled_at_ms=start + 30 * MINUTE, expires_at_ms=start + 90 * MINUTE)
    do(db, late, Cancel(), anna)
    clock.advance(5 * 3600)
    again = do(db, get(db, late.id), Retry(), anna).message
    assert again is not None
    assert (again.scheduled_at_ms, again.expires_at_ms) == (0, clock.now_ms() + 60 * MINUTE)


def test_what_may_have_reached_the_guest_needs_a_special_word(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    message = bring(db, add(), State.UNCERTAIN, clock)
    with db.write() as tx:
        tx.run(
            "update messages set state = 'failed', reason = 'given_up', epoch = epoch + 1 where id = :id", id=message.id
        )
    given_up = get(db, message.id)
    result = do(db, given_up, Retry(), anna)
    assert (result.verdict, "--even-if-sent" in result.why) == ("refused", True)
    assert do(db, given_up, Retry(even_if_sent=True), anna).verdict == "done"


def test_the_key_also_follows_a_retry_of_what_may_have_been_sent(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    message = bring(db, add(key="booking-1"), State.UNCERTAIN, clock)
    with db.write() as tx:
        tx.run("update messages set state = 'failed', reason = 'operator', epoch = epoch + 1")
    again = do(db, get(db, message.id), Retry(even_if_sent=True), anna).message
    assert again is not None
    assert (again.id, again.retry_of, again.dedupe_key) == (2, 1, "booking-1")


def test_what_green_api_itself_reported_as_failed_can_be_retried(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    message = bring(db, add(), State.ACCEPTED, clock)
    with db.write() as tx:
        tx.run(
            "update messages set state = 'failed', reason = 'status', cause = 'noAccount', remote_id = 'BAE5',"
            " epoch = epoch + 1 where id = :id",
            id=message.id,
        )
    assert do(db, get(db, message.id), Retry(), anna).verdict == "done"


def test_a_retry_whose_file_is_gone_is_refused(db: Db, anna: Operator, clock: ManualClock, tmp_path: Path) -> None:
    from greenbot.chat_id import parse_chat_id
    from greenbot.messages.outgoing import FileByUpload
    from greenbot.outbox.message import NewMessage

    menu = tmp_path / "menu.pdf"
    menu.write_bytes(b"%PDF-1.7")
    draft = FileByUpload(chat_id=parse_chat_id("380441234567"), path=menu)
    message = enqueue(db, NewMessage(instance="kyiv", draft=draft), clock)
    do(db, message, Cancel(), anna)
    menu.unlink()
    result = do(db, get(db, message.id), Retry(), anna)
    assert result.verdict == "refused"
    assert "menu.pdf is gone" in result.why
    assert db.scalar("select count(*) from messages") == 1


# --- the audit ------------------------------------------------------------------------------------------------------


def test_every_change_writes_who_did_what_and_how_it_was(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    message = add()
    held = do(db, message, Hold(why="price"), anna).message
    assert held is not None
    clock.advance(5)
    do(db, held, Cancel(), Operator(name="boris", clock=clock))
    cancelled, hold = entries(db, Wanted(subject="message 1"))
    assert (hold.actor, hold.action, hold.before, hold.after) == (
        "anna",
        "outbox.hold",
        {"held": None},
        {"held": "price"},
    )
    assert (cancelled.actor, cancelled.action, cancelled.at_ms - hold.at_ms) == ("boris", "outbox.cancel", 5000)
    assert (cancelled.before, cancelled.after) == ({"state": "queued"}, {"state": "cancelled"})


def test_the_audit_tells_which_message_a_retry_made_and_nothing_a_guest_was_told(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    first = bring(db, add("Room 1203, code 4711"), State.FAILED, clock)
    do(db, first, Retry(), anna)
    [entry] = entries(db, Wanted())
    assert (entry.action, entry.before, entry.after) == ("outbox.retry", {"state": "failed"}, {"retried_as": 2})
    everything = " ".join(str(tuple(row)) for row in db.all("select * from audit"))
    assert "4711" not in everything
    assert "380441234567" not in everything


def test_nothing_is_kept_of_a_batch_that_fails(db: Db, add: Add, anna: Operator) -> None:
    message = add()

    class Broken(Cancel):
        def apply(self, tx: object, message: Message, by: Operator) -> int:
            Cancel.apply(self, tx, message, by)  # type: ignore[arg-type]  # passed on as it came
            raise OSError("the disk")

    with pytest.raises(Exception, match="disk"):
        do(db, message, Broken(), anna)
    assert get(db, message.id) == message
    assert entries(db, Wanted()) == []


def test_a_released_message_goes_the_ordinary_way(db: Db, add: Add, anna: Operator, send: Send) -> None:
    held = do(db, add(), Hold(), anna).message
    assert held is not None
    do(db, held, Release(), anna)
    assert send(held, Line(ACCEPTED)).message.state == "accepted"
