"""Stopping the whole queue of an instance, for every process."""

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db, connect
from greenbot.errors import Refused
from greenbot.outbox.pauses import Pause, pause, pause_of, pauses, resume
from greenbot.outbox.turn import gate_of


@pytest.fixture
def anna(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


def test_a_pause_shuts_the_gate_of_every_process_until_it_is_lifted(db: Db, anna: Operator, clock: ManualClock) -> None:
    other = connect(db.path, clock=clock)
    pause(db, "kyiv", reason="new phone", by=anna)
    assert gate_of(other, "kyiv", clock.now_ms(), most_unconfirmed=None).why == "paused: new phone"
    assert not gate_of(other, "odesa", clock.now_ms(), most_unconfirmed=None).why.startswith("paused")
    resume(other, "kyiv", by=anna)
    assert not gate_of(db, "kyiv", clock.now_ms(), most_unconfirmed=None).why.startswith("paused")
    other.close()


def test_who_paused_first_has_said_why(db: Db, anna: Operator, clock: ManualClock) -> None:
    first = pause(db, "kyiv", reason="new phone", by=anna)
    with pytest.raises(Refused, match="paused already by anna: new phone") as caught:
        pause(db, "kyiv", reason="lunch", by=Operator(name="boris", clock=clock))
    assert caught.value.exit_code == 10
    assert (
        pause_of(db, "kyiv")
        == first
        == Pause(instance="kyiv", since_at_ms=clock.now_ms(), reason="new phone", actor="anna")
    )
    assert pauses(db) == {"kyiv": first}


def test_only_what_is_paused_can_go_on(db: Db, anna: Operator) -> None:
    with pytest.raises(Refused, match="kyiv is not paused"):
        resume(db, "kyiv", by=anna)


def test_both_stand_in_the_audit(db: Db, anna: Operator, clock: ManualClock) -> None:
    pause(db, "kyiv", reason="new phone", by=anna)
    resume(db, "kyiv", by=Operator(name="boris", clock=clock))
    lifted, stopped = entries(db, Wanted(subject="instance kyiv"))
    assert (stopped.actor, stopped.action, stopped.after) == ("anna", "outbox.pause", {"reason": "new phone"})
    assert (lifted.actor, lifted.action, lifted.before["actor"]) == ("boris", "outbox.resume", "anna")
