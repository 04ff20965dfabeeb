"""Several operators, or an operator and a worker, want the same message: exactly one gets it."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db, connect
from greenbot.outbox.actions import Cancel, Hold, Retry
from greenbot.outbox.claims import Claim, Fenced, claim, mark_sending
from greenbot.outbox.operate import BATCH, Seen, carry_out
from greenbot.outbox.states import State
from greenbot.outbox.table import enqueue, get
from tests.outbox.acting import bring, do
from tests.outbox.conftest import Add, new_text


@pytest.fixture
def anna(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


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


Act = Callable[[Db], str]


class Rivals:
    """Several connections to one store that all act at the same moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.verdicts: list[str] = []
        self._gate: threading.Barrier | None = None
        self._lock = threading.Lock()

    def act(self, *acts: "Act") -> list[str]:
        """Run each act in a thread of its own, with a store of its own; what they returned."""
        self._gate = threading.Barrier(len(acts))
        threads = [threading.Thread(target=self._one, args=(one,)) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.verdicts

    def _one(self, act: "Act") -> None:
        db = connect(self.path, clock=SystemClock())
        assert self._gate is not None
        self._gate.wait()
        verdict = act(db)
        with self._lock:
            self.verdicts.append(verdict)
        db.close()


@pytest.mark.integration
@pytest.mark.parametrize("turn", range(20))
def test_of_operators_at_the_same_moment_exactly_one_gets_the_message(db: Db, turn: int) -> None:
    clock = SystemClock()
    failed = bring(db, enqueue(db, new_text(), clock), State.FAILED, ManualClock(clock.now_ms()))

    def retry(name: str) -> Act:
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
