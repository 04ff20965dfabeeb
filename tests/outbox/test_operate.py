"""What operators do to messages, alone, in bulk, and against each other and a worker."""

import threading
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db, connect
from greenbot.outbox.actions import CAMPAIGN_HOLD, Cancel, Edit, Hold, Release, Retry
from greenbot.outbox.claims import Claim, Fenced, claim, mark_sending, release
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message
from greenbot.outbox.operate import BATCH, Action, Result, Seen, carry_out
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import enqueue, get, log_of
from tests.outbox.conftest import ACCEPTED, Add, Line, Send, new_text

MINUTE = 60_000


@pytest.fixture
def anna(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


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
        from dataclasses import replace

        assert release(db, replace(held, epoch=epoch), Change(state=to, reason=reason), clock=clock)
        epoch += 1
    return get(db, message.id)


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


# --- who comes first ------------------------------------------------------------------------------------------------


def test_what_changed_since_it_was_seen_is_left_alone(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    seen = add()
    boris = Operator(name="boris", clock=clock)
    assert do(db, seen, Hold(why="price"), boris).verdict == "done"
    result = do(db, seen, Cancel(), anna)
    assert (result.verdict, "boris" in result.why) == ("changed", True)
    assert get(db, seen.id).state == "queued"
    assert [entry.actor for entry in entries(db, Wanted())] == ["boris"]


def test_an_unknown_message_is_named_and_the_others_are_done(db: Db, add: Add, anna: Operator) -> None:
    message = add()
    results = list(carry_out(db, [Seen(id=99, epoch=0), Seen.of(message)], Cancel(), anna))
    assert [(result.id, result.verdict) for result in results] == [(99, "unknown"), (1, "done")]


def test_many_are_done_in_bounded_transactions_each_visible_before_the_next(
    db: Db, add: Add, anna: Operator, tmp_path: Path
) -> None:
    messages = [add(to=f"3804400{n:05d}") for n in range(2 * BATCH + 1)]
    results = carry_out(db, [Seen.of(message) for message in messages], Cancel(), anna)
    assert next(results).verdict == "done"
    assert db.scalar("select count(*) from messages where state = 'cancelled'") == BATCH
    assert sum(result.verdict == "done" for result in results) == 2 * BATCH
    assert db.scalar("select count(*) from audit") == 2 * BATCH + 1


class Rivals:
    """Several connections to one store that all act at the same moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.verdicts: list[str] = []
        self._gate: threading.Barrier | None = None
        self._lock = threading.Lock()

    def act(self, *acts: object) -> list[str]:
        """Run each act in a thread of its own, with a store of its own; what they returned."""
        self._gate = threading.Barrier(len(acts))
        threads = [threading.Thread(target=self._one, args=(one,)) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.verdicts

    def _one(self, act: object) -> None:
        db = connect(self.path, clock=SystemClock())
        assert self._gate is not None
        self._gate.wait()
        verdict = act(db)  # type: ignore[operator]  # a function of the test
        with self._lock:
            self.verdicts.append(verdict)
        db.close()


@pytest.mark.integration
@pytest.mark.parametrize("turn", range(20))
def test_of_operators_at_the_same_moment_exactly_one_gets_the_message(db: Db, turn: int) -> None:
    clock = SystemClock()
    failed = bring(db, enqueue(db, new_text(), clock), State.FAILED, ManualClock(clock.now_ms()))

    def retry(name: str) -> object:
        return lambda store: do(store, failed, Retry(), Operator(name=name, clock=clock)).verdict

    verdicts = Rivals(db.path).act(retry("anna"), retry("boris"), retry("clara"))
    assert sorted(verdicts) == ["done", "refused", "refused"]
    assert db.scalar("select count(*) from messages where retry_of = :id", id=failed.id) == 1
    assert db.scalar("select count(*) from audit") == 1


@pytest.mark.integration
@pytest.mark.parametrize("turn", range(20))
def test_an_operator_who_cancels_and_a_worker_who_claims_never_both_win(db: Db, turn: int) -> None:
    clock = SystemClock()
    message = enqueue(db, new_text(), clock)

    def cancel(store: Db) -> str:
        return f"cancel {do(store, message, Cancel(), Operator(name='anna', clock=clock)).verdict}"

    def work(store: Db) -> str:
        held = claim(store, message.id, owner="worker", clock=clock)
        if not isinstance(held, Claim):
            return "work nothing"
        try:
            mark_sending(store, held, clock=clock)
        except Fenced:
            return "work fenced"
        return "work sends"

    verdicts = set(Rivals(db.path).act(cancel, work))
    assert verdicts in ({"cancel done", "work nothing"}, {"cancel refused", "work sends"})
    expected = "cancelled" if "cancel done" in verdicts else "sending"
    assert get(db, message.id).state == expected


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
