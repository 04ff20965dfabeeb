"""A message of unknown fate is found, or after two complete looks sent again; and nothing else happens to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.messages.outgoing import TextStatus, Typing
from greenbot.outbox.claims import Claim, claim, finish, mark_sending
from greenbot.outbox.history import log_of
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.reconcile import Passes, Reconciler
from greenbot.outbox.states import State
from greenbot.outbox.table import enqueue, get
from tests.outbox.conftest import ACCEPTED, GUEST, OTHER_GUEST, Add
from tests.outbox.shelf import GUEST_CHAT, Shelf

AMBIGUOUS = Outcome(cls=OutcomeClass.AMBIGUOUS, reason="read_timeout")
Lose = Callable[..., Message]


@pytest.fixture
def shelf(clock: ManualClock) -> Shelf:
    return Shelf(clock=clock)


@pytest.fixture
def desk(db: Db, clock: ManualClock, run_dir: Path, shelf: Shelf) -> Reconciler:
    return Reconciler(db, {"kyiv": shelf}, clock=clock, run_dir=run_dir)


def post(db: Db, clock: ManualClock, message: Message, outcome: Outcome, *, owner: str = "me") -> Message:
    held = claim(db, message.id, owner=owner, clock=clock)
    assert isinstance(held, Claim), held
    return finish(db, mark_sending(db, held, clock=clock), outcome, clock=clock)


@pytest.fixture
def lose(db: Db, clock: ManualClock, add: Add) -> Lose:
    """Accept a text, post it, and lose the answer."""

    def lose_one(text: str = "Welcome", to: str = GUEST, **fields: object) -> Message:
        return post(db, clock, add(text, to, **fields), AMBIGUOUS)

    return lose_one


def look(desk: Reconciler, *, now: bool = False) -> Passes:
    return run_inline(desk.pass_of("kyiv", now=now))


def passes(desk: Reconciler, clock: ManualClock, seconds: int, *, step: int = 5) -> list[Passes]:
    """Pass after pass, as a worker makes them."""
    found = []
    for _ in range(0, seconds, step):
        clock.advance(step)
        found.append(look(desk))
    return found


# --- found -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["queue", "journal"])
def test_what_is_seen_in_the_queue_or_the_journal_is_accepted(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose, place: str
) -> None:
    message = lose()
    if place == "queue":
        shelf.queue = [shelf.waiting("BAE5", "Welcome")]
    else:
        shelf.journal = [shelf.item("BAE5", "Welcome", status="delivered")]
    clock.advance(6)
    assert look(desk).found == [message.id]
    found = get(db, message.id)
    assert (found.state, found.remote_id, found.evidence) == (
        State.ACCEPTED if place == "queue" else State.DELIVERED,
        "BAE5",
        place,
    )


def test_it_is_read_in_this_order_state_queue_journal(shelf: Shelf, desk: Reconciler, lose: Lose) -> None:
    calls: list[str] = []
    shelf.on_call = calls.append
    lose()
    look(desk, now=True)
    assert calls == ["getStateInstance", "showMessagesQueue", "getMessagesCount", "lastOutgoingMessages"]


def test_one_reading_serves_all_messages_in_doubt(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    first, second = lose("Welcome", GUEST), lose("Welcome", OTHER_GUEST)
    shelf.journal = [
        shelf.item("A", "Welcome", chat_id=first.chat_id),
        shelf.item("B", "Welcome", chat_id=second.chat_id),
    ]
    clock.advance(6)
    assert look(desk).found == [first.id, second.id]
    assert shelf.asked.total() == 4
    assert [get(db, one.id).remote_id for one in (first, second)] == ["A", "B"]


def test_an_identical_text_of_another_message_is_not_taken(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, add: Add, lose: Lose
) -> None:
    post(db, clock, add(), ACCEPTED)
    shelf.journal = [shelf.item("BAE5", "Welcome")]
    message = lose()
    clock.advance(6)
    assert look(desk).found == []
    assert get(db, message.id).state is State.UNCERTAIN


def test_looks_before_the_settle_time_only_find(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    message = lose()
    passes(desk, clock, 115)
    assert shelf.asked["lastOutgoingMessages"] == 3
    assert get(db, message.id).looks == 0


# --- not found ---------------------------------------------------------------------------------------------------


def test_two_complete_looks_a_minute_apart_after_two_minutes_send_it_again(
    db: Db, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    look(desk, now=True)  # it is known to be authorized
    message = lose()
    begun = clock.now_ms()
    passes(desk, clock, 200)
    again = get(db, message.id)
    assert (again.state, again.reason, again.looks, again.uncertain_since_ms) == (State.QUEUED, "not_found", 0, None)
    looks = [(line.reason, (line.at_ms - begun) // 1000) for line in log_of(db, message.id)[-3:]]
    assert looks == [("look", 120), ("look", 180), ("not_found", 180)]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"fails": {"getStateInstance"}}, "getStateInstance"),
        ({"fails": {"showMessagesQueue"}}, "showMessagesQueue"),
        ({"fails": {"getMessagesCount"}}, "getMessagesCount"),
        ({"fails": {"lastOutgoingMessages"}}, "lastOutgoingMessages"),
        ({"state": "notAuthorized"}, "the instance is notAuthorized"),
        ({"state": "yellowCard"}, "the instance is yellowCard"),
        ({"hidden": 1}, "hides its next message"),
        ({"hidden": 500}, "too long to be shown"),
    ],
)
def test_a_look_that_does_not_show_everything_does_not_count(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose, trouble: dict[str, object], words: str
) -> None:
    for name, value in trouble.items():
        setattr(shelf, name, value)
    message = lose()
    told = passes(desk, clock, 600)
    assert (get(db, message.id).state, get(db, message.id).looks) == (State.UNCERTAIN, 0)
    assert any(words in text for one in told for text in (*one.problems.values(), *one.unclear.values()))


def test_a_long_queue_does_not_count_either(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    shelf.queue = [shelf.waiting(f"X{number}", "Other", chat_id="380447654321@c.us") for number in range(500)]
    message = lose()
    passes(desk, clock, 600)
    assert get(db, message.id).looks == 0


def test_a_hidden_head_does_not_matter_once_a_later_message_has_left(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, add: Add, lose: Lose
) -> None:
    shelf.hidden = 1
    message = lose()
    passes(desk, clock, 130)
    assert get(db, message.id).looks == 0
    post(db, clock, add("Later", OTHER_GUEST), ACCEPTED)
    shelf.journal = [shelf.item("BAE5", "Later", chat_id="380447654321@c.us")]
    passes(desk, clock, 80)
    assert get(db, message.id).state is State.QUEUED


def test_an_instance_that_came_back_gets_the_settle_time_anew(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    shelf.state = "notAuthorized"
    message = lose()
    passes(desk, clock, 300)
    shelf.state = "authorized"
    passes(desk, clock, 120)
    assert get(db, message.id).looks == 0
    passes(desk, clock, 120)
    assert get(db, message.id).state is State.QUEUED


def test_a_process_that_may_still_be_sending_is_waited_for(
    db: Db, desk: Reconciler, clock: ManualClock, add: Add, run_dir: Path
) -> None:
    from greenbot.outbox.sweep import sweep

    with Owner(run_dir, owner_id="stopped"):
        held = claim(db, add().id, owner="stopped", clock=clock, lease_ms=1_000)
        assert isinstance(held, Claim)
        mark_sending(db, held, clock=clock)
        clock.advance(2)
        sweep(db, run_dir=run_dir, clock=clock)
        told = passes(desk, clock, 600)
        message = get(db, held.message_id)
        assert (message.state, message.looks) == (State.UNCERTAIN, 0)
        assert any("still lives" in one.unclear.get(message.id, "") for one in told)
    passes(desk, clock, 300)
    assert get(db, held.message_id).state is State.QUEUED


def test_a_suspicion_keeps_it_in_doubt(db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose) -> None:
    message = lose()
    shelf.journal = [shelf.item("BAE5", "Welcome", sendByApi=None)]
    told = passes(desk, clock, 600)
    assert get(db, message.id).state is State.UNCERTAIN
    assert any("not by whom" in one.unclear.get(message.id, "") for one in told)


def test_a_clock_set_forward_does_not_shorten_the_wait(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    message = lose()
    clock.advance(1)
    look(desk)
    clock._start_ms += 3_600_000  # somebody sets the clock
    passes(desk, clock, 115)
    assert get(db, message.id).looks == 0
    passes(desk, clock, 120)
    assert get(db, message.id).state is State.QUEUED


# --- policies ----------------------------------------------------------------------------------------------------


def test_hold_looks_but_never_sends_again(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    message = lose(policy="hold")
    told = passes(desk, clock, 1200)
    held = get(db, message.id)
    assert (held.state, held.looks) == (State.UNCERTAIN, 2)
    assert message.id in [spent for one in told for spent in one.spent]
    shelf.journal = [shelf.item("BAE5", "Welcome", age=1100)]
    passes(desk, clock, 700)
    assert get(db, message.id).state is State.ACCEPTED


def test_resend_does_not_look_at_all(db: Db, shelf: Shelf, desk: Reconciler, lose: Lose) -> None:
    message = lose(policy="resend")
    assert look(desk).requeued == [message.id]
    assert (get(db, message.id).state, shelf.asked.total()) == (State.QUEUED, 0)


@pytest.mark.parametrize("policy", ["reconcile", "resend"])
def test_after_three_unknown_outcomes_a_person_decides(
    db: Db, desk: Reconciler, clock: ManualClock, lose: Lose, policy: str
) -> None:
    message = lose(policy=policy)
    for _ in range(2):
        passes(desk, clock, 250)
        assert get(db, message.id).state is State.QUEUED
        post(db, clock, get(db, message.id), AMBIGUOUS)
    passes(desk, clock, 1000)
    assert (get(db, message.id).state, get(db, message.id).ambiguous_attempts) == (State.UNCERTAIN, 3)


def test_nobody_looks_for_it_a_day_after_it_expired(db: Db, desk: Reconciler, clock: ManualClock, lose: Lose) -> None:
    message = lose(policy="hold", expires_at_ms=clock.now_ms() + 60_000)
    clock.advance(86_459)
    look(desk)
    assert get(db, message.id).state is State.UNCERTAIN
    clock.advance(1)
    assert look(desk).failed == [message.id]
    assert get(db, message.id).reason == "given_up"


def test_a_typing_notice_is_not_worth_a_search(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, add: Add
) -> None:
    draft = Typing(chat_id=add().chat_id)  # type: ignore[arg-type]  # a chat id all the same
    message = enqueue(db, NewMessage(instance="kyiv", draft=draft), clock)
    db_claim = claim(db, message.id, owner="me", clock=clock, may_overtake=True)
    assert isinstance(db_claim, Claim)
    finish(db, mark_sending(db, db_claim, clock=clock), AMBIGUOUS, clock=clock)
    assert look(desk).failed == [message.id]
    assert shelf.asked.total() == 0


def test_a_story_is_looked_for_among_the_stories(db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock) -> None:
    message = enqueue(db, NewMessage(instance="kyiv", draft=TextStatus(text="Open")), clock)
    post(db, clock, message, AMBIGUOUS)
    item = shelf.item("STORY", "Open", chat_id="status@broadcast")
    del item["sendByApi"]
    shelf.stories = [item]
    assert look(desk, now=True).found == [message.id]


# --- chats by another name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_same", [True, False])
def test_a_hidden_chat_id_is_asked_about(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose, is_same: bool
) -> None:
    message = lose()
    item = shelf.item("BAE5", "Welcome", chat_id="155508384256027@lid")
    shelf.journal = [item]
    if is_same:
        shelf.known = {(GUEST_CHAT, "BAE5"): item}
    told = passes(desk, clock, 300)
    assert get(db, message.id).state is (State.ACCEPTED if is_same else State.UNCERTAIN)
    assert is_same or any(message.id in one.unclear for one in told)


# --- races -------------------------------------------------------------------------------------------------------


def test_a_look_that_was_overtaken_changes_nothing(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    """While this process reads, another one settles the message."""
    from greenbot.db.audit import Operator
    from greenbot.outbox.operate import Seen, carry_out
    from greenbot.outbox.resolve import DeclareSent

    message = lose()

    def meanwhile(method: str) -> None:
        if method == "lastOutgoingMessages":
            by = Operator(name="anna", clock=clock)
            list(carry_out(db, [Seen.of(get(db, message.id))], DeclareSent(), by))

    clock.advance(200)
    shelf.on_call = meanwhile
    shelf.journal = [shelf.item("BAE5", "Welcome")]
    assert look(desk).found == []
    assert (get(db, message.id).state, get(db, message.id).evidence) == (State.ACCEPTED, "operator")


def test_an_id_that_was_answered_to_another_message_meanwhile_is_not_taken(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, add: Add, lose: Lose
) -> None:
    message = lose()
    other = add("Other", OTHER_GUEST)

    def meanwhile(method: str) -> None:
        if method == "lastOutgoingMessages":
            post(db, clock, other, ACCEPTED)

    shelf.on_call = meanwhile
    shelf.journal = [shelf.item("BAE5", "Welcome")]
    clock.advance(6)
    assert look(desk).found == []
    assert get(db, message.id).state is State.UNCERTAIN


def test_a_late_answer_outranks_what_was_found_out(
    db: Db, shelf: Shelf, desk: Reconciler, clock: ManualClock, add: Add
) -> None:
    held = claim(db, add().id, owner="gone", clock=clock)
    assert isinstance(held, Claim)
    posting = mark_sending(db, held, clock=clock)
    from greenbot.outbox.sweep import sweep

    sweep(db, run_dir=desk._run_dir, clock=clock)
    passes(desk, clock, 130)
    finished = finish(db, posting, ACCEPTED, clock=clock)
    assert (finished.state, finished.reason, finished.remote_id) == (State.ACCEPTED, "late_response", "BAE5")


def test_an_instance_that_cannot_be_read_is_left_alone_for_a_while(
    shelf: Shelf, desk: Reconciler, clock: ManualClock, lose: Lose
) -> None:
    lose()
    shelf.fails = {"getStateInstance"}
    clock.advance(120)
    for _ in range(60):
        clock.advance(1)
        look(desk)
    assert shelf.asked["getStateInstance"] <= 3
