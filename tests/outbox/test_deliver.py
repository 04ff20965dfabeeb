"""One message, one POST: whatever happens around it, the row tells the truth."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import (
    BadFile,
    ConfigError,
    CredentialsRefused,
    GreenbotError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    StillPending,
    Stopped,
    StoreError,
    StoreFull,
)
from greenbot.outbox import deliver as deliver_module
from greenbot.outbox.claims import Claim, claim, finish, mark_sending, release
from greenbot.outbox.decide import Change, OnNotSent
from greenbot.outbox.deliver import deliver
from greenbot.outbox.delivery import Delivery
from greenbot.outbox.history import calls_of
from greenbot.outbox.message import Message
from greenbot.outbox.owner import Owner
from greenbot.outbox.states import Reason, State
from greenbot.outbox.sweep import sweep
from greenbot.outbox.table import enqueue, get
from tests.outbox.conftest import ACCEPTED, GUEST, OTHER_GUEST, Add, Line, Send, new_text

C = OutcomeClass
LOST = Outcome(cls=C.AMBIGUOUS, reason="connection_lost", detail="the peer hung up")
REFUSED = Outcome(cls=C.NOT_SENT, reason="connect_failed", detail="connection refused")
LIMITED = Outcome(cls=C.LIMITED, reason="rate_limited", status=429, retry_after_seconds=7.0)


def test_a_message_is_posted_once_and_the_outcome_is_kept(db: Db, add: Add, send: Send) -> None:
    message, line = add("Hello"), Line()
    delivery = send(message, line)
    assert line.asked == [("sendMessage", {"chatId": f"{GUEST}@c.us", "message": "Hello"}, None)]
    assert delivery.message == get(db, message.id)
    assert (delivery.message.state, delivery.message.remote_id) == ("accepted", "BAE5")
    assert (delivery.outcome, delivery.sent, delivery.error(), delivery.store_warning) == (ACCEPTED, True, None, None)


async def test_it_works_the_same_in_an_event_loop(db: Db, add: Add, owner: Owner, clock: ManualClock) -> None:
    messages = [add(to=f"38044000000{n}") for n in range(5)]
    line = Line(Outcome(cls=C.ACCEPTED, reason="accepted"), suspends=True)
    done = await asyncio.gather(
        *(deliver(db, message.id, client=line, owner=owner, clock=clock) for message in messages)
    )
    assert [delivery.message.state for delivery in done] == ["accepted"] * 5
    assert len(line.asked) == 5


def test_the_row_says_sending_before_the_first_byte_leaves(db: Db, add: Add, send: Send) -> None:
    message = add()
    seen: list[Message] = []

    def look() -> Outcome:
        seen.append(get(db, message.id))
        return ACCEPTED

    send(message, Line(look))
    assert (seen[0].state, seen[0].attempts) == ("sending", 1)


@pytest.mark.parametrize(
    ("outcome", "on_not_sent", "state", "error", "words"),
    [
        (LOST, "fail", "uncertain", OutcomeUnknown, "the peer hung up"),
        (LOST, "requeue", "uncertain", OutcomeUnknown, "the peer hung up"),
        (REFUSED, "fail", "failed", NotSent, "connection refused"),
        (REFUSED, "requeue", "queued", StillPending, "connection refused"),  # it leaves later: not to be run again
        (LIMITED, "fail", "failed", RateLimited, ""),
        (LIMITED, "requeue", "queued", StillPending, "rate_limited"),
        (Outcome(cls=C.AUTH, reason="credentials_refused", status=401), "fail", "failed", CredentialsRefused, ""),
        (Outcome(cls=C.PERMANENT, reason="bad_request", detail="no such chat"), "fail", "failed", NotSent, "no such"),
        (Outcome(cls=C.NOT_SENT, reason="cancelled"), "fail", "cancelled", Stopped, ""),
    ],
)
def test_the_caller_learns_what_to_say(
    add: Add, send: Send, outcome: Outcome, on_not_sent: OnNotSent, state: str, error: type[GreenbotError], words: str
) -> None:
    delivery = send(add(), Line(outcome), on_not_sent=on_not_sent)
    assert (delivery.message.state, delivery.outcome) == (state, outcome)
    said = delivery.error()
    assert isinstance(said, error)
    assert words in str(said)
    assert said.message_id == delivery.message.id


def test_the_same_command_run_again_after_a_failure_sends_once(db: Db, clock: ManualClock, send: Send) -> None:
    line = Line(REFUSED)
    first = enqueue(db, new_text(key="booking-1"), clock)
    assert isinstance(send(first, line, on_not_sent="fail").error(), NotSent)
    line.happening = ACCEPTED
    again = enqueue(db, new_text(key="booking-1"), clock)
    assert send(again, line, on_not_sent="fail").error() is None
    once_more = enqueue(db, new_text(key="booking-1"), clock)
    assert (once_more.replayed, once_more.id) == (True, again.id)
    assert Delivery(message=once_more).error() is None
    assert len(line.asked) == 2
    assert get(db, first.id).state == "failed", "and nothing leaves later by itself"


@pytest.mark.parametrize(
    ("error", "on_not_sent", "state", "reason", "cause"),
    [
        (KeyboardInterrupt(), "fail", "uncertain", "interrupted", "KeyboardInterrupt"),
        (KeyboardInterrupt(), "requeue", "uncertain", "interrupted", "KeyboardInterrupt"),
        (Stopped(), "fail", "uncertain", "interrupted", "stopped"),  # a signal handler of ours
        (asyncio.CancelledError(), "requeue", "uncertain", "interrupted", "CancelledError"),
        (ZeroDivisionError(), "fail", "uncertain", "interrupted", "ZeroDivisionError"),  # a bug
        (BadFile("It shrank."), "requeue", "failed", "not_sent", "bad_file"),  # the request cannot be built
        (ConfigError("no media url"), "requeue", "queued", "not_sent", "config_error"),
        (ConfigError("no media url"), "fail", "failed", "not_sent", "config_error"),
    ],
)
def test_an_exchange_that_ends_in_an_exception_leaves_the_truth_and_goes_on(
    db: Db, add: Add, send: Send, error: BaseException, on_not_sent: OnNotSent, state: str, reason: str, cause: str
) -> None:
    message = add()
    with pytest.raises(type(error)):
        send(message, Line(error), on_not_sent=on_not_sent)
    row = get(db, message.id)
    assert (row.state, row.reason, row.cause) == (state, reason, cause)


@pytest.mark.parametrize(("on_not_sent", "state"), [("fail", "cancelled"), ("requeue", "queued")])
def test_an_interrupt_before_the_post_leaves_nothing_half_done(
    db: Db, add: Add, send: Send, monkeypatch: pytest.MonkeyPatch, on_not_sent: OnNotSent, state: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    message, line = add(), Line()
    monkeypatch.setattr(deliver_module, "mark_sending", interrupted)
    with pytest.raises(KeyboardInterrupt):
        send(message, line, on_not_sent=on_not_sent)
    assert (get(db, message.id).state, line.asked) == (state, [])


def test_a_disk_that_fills_before_the_post_stops_it(
    db: Db, add: Add, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull

    message, line = add(), Line()
    monkeypatch.setattr(deliver_module, "mark_sending", full)
    with pytest.raises(StoreFull):
        send(message, line)
    assert (get(db, message.id).state, line.asked) == ("queued", [])


def test_sent_but_not_recorded_is_a_warning_and_becomes_uncertain(
    db: Db, add: Add, run_dir: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull

    message = add()
    monkeypatch.setattr(deliver_module, "finish", full)
    with Owner(run_dir) as owner:
        delivery = run_inline(deliver(db, message.id, client=Line(), owner=owner, clock=clock))
    assert (delivery.sent, delivery.error(), delivery.message.remote_id) == (True, None, "BAE5")
    assert "disk is full" in str(delivery.store_warning)
    assert get(db, message.id).state == "sending"
    swept = sweep(db, run_dir=run_dir, clock=clock)
    assert swept.uncertain == (message.id,)


def test_a_message_taken_away_before_the_post_is_not_posted(
    db: Db, add: Add, send: Send, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, line = add(), Line()

    def slow(db: Db, held: Claim, *, clock: ManualClock) -> Claim:
        release(db, held, Change(state=State.QUEUED, reason=Reason.LEASE_OVER), clock=clock)
        return mark_sending(db, held, clock=clock)

    monkeypatch.setattr(deliver_module, "mark_sending", slow)
    delivery = send(message, line)
    assert (line.asked, delivery.outcome, delivery.message.state) == ([], None, "queued")


def test_a_message_taken_away_during_the_post_keeps_what_the_other_recorded(
    db: Db, add: Add, send: Send, clock: ManualClock
) -> None:
    message = add()

    def meanwhile() -> Outcome:
        row = get(db, message.id)
        held = Claim(message_id=row.id, epoch=row.epoch, owner="sweep", lease_ms=1)
        release(db, held, Change(state=State.UNCERTAIN, reason=Reason.LEASE_OVER), clock=clock)
        return REFUSED

    delivery = send(message, Line(meanwhile))
    assert (delivery.message.state, delivery.message.reason) == ("uncertain", "lease_over")
    assert "given this message up" in str(delivery.store_warning)


def test_a_message_that_was_delivered_before_is_not_posted_again(add: Add, send: Send) -> None:
    message, line = add(), Line()
    send(message, line)
    delivery = send(message, line)
    assert (len(line.asked), delivery.outcome, delivery.error()) == (1, None, None)
    assert delivery.message.state == "accepted"


def uncertain(db: Db, message: Message, clock: ManualClock) -> None:
    held = claim(db, message.id, owner="other", clock=clock)
    assert isinstance(held, Claim)
    finish(db, mark_sending(db, held, clock=clock), LOST, clock=clock)


@pytest.mark.parametrize(
    ("on_not_sent", "state", "error"), [("fail", "failed", NotSent), ("requeue", "queued", StillPending)]
)
def test_a_chat_in_doubt_is_not_waited_for(
    db: Db, add: Add, send: Send, clock: ManualClock, on_not_sent: OnNotSent, state: str, error: type[GreenbotError]
) -> None:
    first = add()
    uncertain(db, first, clock)
    line = Line()
    delivery = send(add("Second"), line, on_not_sent=on_not_sent, patience_seconds=60.0)
    assert (line.asked, delivery.message.state) == ([], state)
    assert clock.monotonic() == 0
    said = delivery.error()
    assert isinstance(said, error)
    assert f"message {first.id} to the same chat" in str(said)


def test_a_message_in_doubt_found_under_its_key_is_said_so(db: Db, add: Add, clock: ManualClock) -> None:
    uncertain(db, add(key="k"), clock)
    assert isinstance(Delivery(message=add(key="k")).error(), OutcomeUnknown)


class ClockThatFrees(ManualClock):
    """While somebody waits, the message ahead is finished."""

    def __init__(self, free: Callable[[], object]) -> None:
        super().__init__()
        self._free = free

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.monotonic() > 0.2:
            self._free()
            self._free = lambda: None


def test_a_chat_that_is_just_being_written_to_is_waited_for(db: Db, add: Add, owner: Owner, clock: ManualClock) -> None:
    held = claim(db, add().id, owner=owner.id, clock=clock)
    assert isinstance(held, Claim)
    ahead = mark_sending(db, held, clock=clock)
    waiting = ClockThatFrees(lambda: finish(db, ahead, ACCEPTED, clock=clock))
    line = Line(Outcome(cls=C.ACCEPTED, reason="accepted", remote_id="BAE6"))
    delivery = run_inline(
        deliver(db, add().id, client=line, owner=owner, clock=waiting, on_not_sent="fail", patience_seconds=10.0)
    )
    assert delivery.sent
    assert 0.2 < waiting.monotonic() < 1


def test_patience_ends(db: Db, add: Add, send: Send, owner: Owner, clock: ManualClock) -> None:
    claim(db, add().id, owner=owner.id, clock=clock)
    delivery = send(add(), Line(), on_not_sent="fail", patience_seconds=3.0)
    assert delivery.message.state == "failed"
    assert "which is on its way" in str(delivery.error())
    assert 3 <= clock.monotonic() < 3.1


def test_an_older_message_waiting_in_the_chat_is_not_overtaken_unless_allowed(add: Add, send: Send) -> None:
    add()
    assert send(add(), Line()).error().__class__ is StillPending
    assert "which still waits" in str(send(add(), Line(), on_not_sent="fail").error())
    assert send(add(), Line(), may_overtake=True).sent


def test_a_message_for_later_stays_even_for_a_command_that_fails_what_it_cannot_send(
    add: Add, send: Send, clock: ManualClock
) -> None:
    delivery = send(add(scheduled_at_ms=clock.now_ms() + 1), Line(), on_not_sent="fail")
    assert (delivery.message.state, delivery.error().__class__) == ("queued", StillPending)


def test_a_message_too_late_is_not_sent(add: Add, send: Send, clock: ManualClock) -> None:
    message = add(expires_at_ms=clock.now_ms())
    delivery = send(message, Line())
    assert (delivery.message.state, delivery.error().__class__) == ("expired", NotSent)


def test_deliver_recovers_what_others_left_behind(
    db: Db, add: Add, run_dir: Path, clock: ManualClock, send: Send
) -> None:
    left, mine = add(to=OTHER_GUEST), add()
    with Owner(run_dir) as dead:
        claim(db, left.id, owner=dead.id, clock=clock)
    send(mine, Line())
    assert get(db, left.id).state == "queued"


def test_every_post_is_a_call_on_record(db: Db, add: Add, send: Send, clock: ManualClock) -> None:
    message = add()
    for outcome in (LIMITED, REFUSED, ACCEPTED):
        send(message, Line(outcome))
        clock.advance(60)
    calls = calls_of(db, message.id)
    assert [(call.attempt, call.outcome, call.retry_after_ms) for call in calls] == [
        (1, "limited", 7000),
        (2, "not_sent", None),
        (3, "accepted", None),
    ]


def test_a_store_that_cannot_be_read_stops_before_anything_is_sent(db: Db, add: Add, send: Send) -> None:
    message, line = add(), Line()
    db.path.unlink()
    with pytest.raises(StoreError):
        send(message, line)
    assert line.asked == []
