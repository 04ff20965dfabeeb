"""A person decides what became of a message in doubt; of two people, the first one has decided."""

from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db
from greenbot.outbox.message import Message
from greenbot.outbox.operate import Action, Result, Seen, carry_out
from greenbot.outbox.resolve import DeclareSent, Drop, SendAgain
from greenbot.outbox.states import State
from greenbot.outbox.statuses import StatusNews, apply
from greenbot.outbox.table import get
from greenbot.outbox.turn import next_in_line
from tests.outbox.conftest import ACCEPTED, OTHER_GUEST, Add
from tests.outbox.test_reconcile import AMBIGUOUS, post


@pytest.fixture
def doubt(db: Db, clock: ManualClock, add: Add) -> Message:
    return post(db, clock, add(), AMBIGUOUS)


def decide(db: Db, clock: ManualClock, seen: Message, action: Action, who: str = "anna") -> Result:
    [result] = carry_out(db, [Seen.of(seen)], action, Operator(name=who, clock=clock))
    return result


@pytest.mark.parametrize(
    ("action", "state"),
    [(DeclareSent(), State.ACCEPTED), (SendAgain(), State.QUEUED), (Drop(), State.FAILED)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_person_settles_a_message_in_doubt(
    db: Db, clock: ManualClock, doubt: Message, action: Action, state: State
) -> None:
    assert decide(db, clock, doubt, action).verdict == "done"
    message = get(db, doubt.id)
    assert (message.state, message.reason, message.actor, message.uncertain_since_ms) == (
        state,
        "operator",
        "anna",
        None,
    )
    [entry] = entries(db, Wanted(subject=f"message {doubt.id}"))
    assert (entry.actor, entry.action, entry.after["state"]) == ("anna", f"outbox.{action.name}", state)


def test_a_remote_id_lets_statuses_find_their_message(db: Db, clock: ManualClock, doubt: Message) -> None:
    decide(db, clock, doubt, DeclareSent(remote_id="BAE5"))
    assert apply(db, "kyiv", StatusNews(remote_id="BAE5", status="read"), clock=clock) == "moved"
    assert get(db, doubt.id).status == "read"


def test_an_id_of_another_message_is_refused(db: Db, clock: ManualClock, add: Add, doubt: Message) -> None:
    post(db, clock, add("Other", OTHER_GUEST), ACCEPTED)
    result = decide(db, clock, doubt, DeclareSent(remote_id="BAE5"))
    assert (result.verdict, get(db, doubt.id).state) == ("refused", State.UNCERTAIN)
    assert "belongs to another message" in result.why


def test_who_decides_second_is_told_who_was_first(db: Db, clock: ManualClock, doubt: Message) -> None:
    assert decide(db, clock, doubt, DeclareSent(), "anna").verdict == "done"
    second = decide(db, clock, doubt, SendAgain(), "boris")
    assert second.verdict == "refused"
    assert "is accepted (by anna)" in second.why
    assert get(db, doubt.id).state is State.ACCEPTED


def test_who_looked_at_an_earlier_doubt_decides_nothing_about_a_later_one(
    db: Db, clock: ManualClock, doubt: Message
) -> None:
    decide(db, clock, doubt, SendAgain(), "anna")
    post(db, clock, get(db, doubt.id), AMBIGUOUS)
    second = decide(db, clock, doubt, SendAgain(), "boris")
    assert second.verdict == "changed"
    assert get(db, doubt.id).state is State.UNCERTAIN


def test_what_is_sent_again_goes_first_in_its_chat(db: Db, clock: ManualClock, add: Add, doubt: Message) -> None:
    add("Younger")
    decide(db, clock, doubt, SendAgain())
    following = next_in_line(db, "kyiv", clock.now_ms())
    assert following is not None
    assert following.id == doubt.id


@pytest.mark.parametrize("action", [DeclareSent(), SendAgain(), Drop()], ids=lambda action: action.name)
def test_only_a_message_in_doubt_can_be_settled(
    db: Db, clock: ManualClock, add: Add, action: Action, tmp_path: Path
) -> None:
    waiting = add()
    assert decide(db, clock, waiting, action).verdict == "refused"
    assert get(db, waiting.id).state is State.QUEUED


def test_a_stalled_message_can_be_dropped_but_not_sent_again(db: Db, clock: ManualClock, add: Add) -> None:
    from greenbot.outbox.statuses import stalled_in

    message = post(db, clock, add(), ACCEPTED)
    with db.write() as tx:
        assert stalled_in(tx, message, clock=clock, actor="reconcile")
    refused = decide(db, clock, get(db, message.id), SendAgain())
    assert (refused.verdict, "drop it first" in refused.why) == ("refused", True)
    assert decide(db, clock, get(db, message.id), Drop()).verdict == "done"
    assert get(db, message.id).state is State.FAILED
