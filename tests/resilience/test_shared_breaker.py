"""Several processes and one breaker: what one of them sees, the others know."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.db.connect import Db, Tx
from greenbot.db.translate import Conflict
from greenbot.errors import Busy, StoreError
from greenbot.resilience.breaker import MOVES, Result, State
from greenbot.resilience.shared_breaker import MERGE_MS, Breaker
from tests.resilience.stores import Half, open_store

ROOT = Path(__file__).resolve().parents[2]

Open = Callable[[str], Breaker]


@pytest.fixture
def process(tmp_path: Path, clock: ManualClock) -> Iterator[Open]:
    """Opens the breaker of hotel/api as another process would: with a store handle of its own."""
    stores = []

    def opened(owner: str, *, host: str = "api") -> Breaker:
        store = open_store(tmp_path / "greenbot.db", clock)
        stores.append(store)
        return Breaker(store, instance="hotel", host=host, owner=owner, clock=clock, rng=Half())

    yield opened
    for store in stores:
        store.close()


def call(breaker: Breaker, *results: Result) -> None:
    for result in results:
        admission = breaker.admit()
        assert admission.answer == "go"
        breaker.report(admission, result)


FIVE: tuple[Result, ...] = ("unreachable",) * 5


def test_what_one_process_opens_is_open_for_all_at_once(process: Open) -> None:
    one, other = process("one"), process("other")
    call(one, *FIVE)
    assert one.admit().answer == other.admit().answer == "wait"
    assert other.circuit().reason == "5 calls in a row did not get through"


def test_failures_of_different_processes_add_up(process: Open) -> None:
    breakers = [process(str(number)) for number in range(5)]
    for breaker in breakers:
        call(breaker, "unreachable")
    assert breakers[0].circuit().state == "open"


def test_successes_are_told_within_a_second_and_failures_at_once(process: Open, clock: ManualClock) -> None:
    one, other = process("one"), process("other")
    call(one, "ok", "ok")
    assert other.circuit().buckets == ()
    clock.advance(MERGE_MS / 1000)
    one.admit()
    assert sum(bucket.calls for bucket in other.circuit().buckets) == 2
    call(one, "ok", "failed")
    assert sum(bucket.calls for bucket in other.circuit().buckets) == 4


def test_a_process_that_ends_tells_what_it_has_seen(process: Open) -> None:
    one, other = process("one"), process("other")
    call(one, "ok")
    one.flush()
    call(other, "ok")
    other.flush()
    assert sum(bucket.calls for bucket in one.circuit().buckets) == 2


def test_many_short_lived_processes_do_not_make_one_failure_in_three_look_like_an_outage(process: Open) -> None:
    results: tuple[Result, ...] = ("ok", "ok", "failed")
    for number in range(30):
        breaker = process(str(number))
        call(breaker, results[number % 3])
        breaker.flush()
    assert breaker.circuit().state == "closed"


def test_only_one_process_probes_and_the_way_back_is_logged(process: Open, db: Db, clock: ManualClock) -> None:
    one, other = process("one"), process("other")
    call(one, *FIVE)
    clock.advance(30)
    probe = other.admit()
    assert (probe.answer, one.admit().answer) == ("probe", "wait")
    other.report(probe, "ok")
    for breaker in (one, other):
        trial = breaker.admit()
        assert trial.answer == "go"
        breaker.report(trial, "ok")
    assert one.circuit().state == "closed"
    moves = [(row["from_state"], row["to_state"]) for row in db.all("select * from breaker_log order by id")]
    assert moves == [("closed", "open"), ("open", "half_open"), ("half_open", "closed")]
    # Each of these changed the row once: five failures, the lease, the probe, two leases, two calls.
    assert db.scalar("select epoch from breakers") == 11


def test_when_the_prober_dies_the_log_says_so(process: Open, db: Db, clock: ManualClock) -> None:
    one, other = process("one"), process("other")
    call(one, *FIVE)
    clock.advance(30)
    assert one.admit().answer == "probe"
    clock.advance(30)
    assert other.admit().answer == "probe"
    reasons = [row["reason"] for row in db.all("select reason from breaker_log order by id")]
    assert reasons[1:] == ["time to probe", "the probe did not come back", "time to probe"]


def test_hosts_break_one_by_one(process: Open, tmp_path: Path, clock: ManualClock) -> None:
    call(process("one"), *FIVE)
    media = Breaker(
        open_store(tmp_path / "greenbot.db", clock),
        instance="hotel",
        host="media",
        owner="one",
        clock=clock,
        rng=Half(),
    )
    assert media.admit().answer == "go"


def test_an_operator_opens_and_resumes_it_for_all(process: Open) -> None:
    one, other = process("one"), process("other")
    assert one.force_open("credentials refused twice").state == "forced_open"
    assert other.admit().answer == "wait"
    assert other.admit().until_ms is None
    assert other.circuit().reason == "credentials refused twice"
    assert other.resume().state == "half_open"
    assert one.admit().answer == "probe"


def test_a_closed_breaker_that_never_saw_a_call_is_not_in_the_store(process: Open, db: Db) -> None:
    assert process("one").admit().answer == "go"
    assert process("one").circuit().state == "closed"
    assert db.scalar("select count(*) from breakers") == 0


def test_after_a_reboot_what_was_forced_stays_and_what_was_open_probes(
    process: Open, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process("one")
    call(one, *FIVE)
    monkeypatch.setattr(clock, "boot_id", lambda: "the next boot")
    assert one.admit().answer == "probe"
    one.force_open("")
    monkeypatch.setattr(clock, "boot_id", lambda: "the boot after that")
    assert one.admit().answer == "wait"


class Unwell(Db):
    """A store that can be made unusable."""

    trouble: Busy | StoreError | None = None

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        if self.trouble is not None:
            raise self.trouble
        with super().write(durable=durable) as tx:
            yield tx


@pytest.mark.parametrize("trouble", [Busy(), StoreError()])
def test_without_the_store_a_process_opens_and_probes_by_itself(
    db: Db, process: Open, clock: ManualClock, trouble: Busy | StoreError
) -> None:
    sick = Unwell(db.path, db._connection, db._lock)
    one = Breaker(sick, instance="hotel", host="api", owner="one", clock=clock, rng=Half())
    call(one, "unreachable", "unreachable")
    sick.trouble = trouble
    call(one, "unreachable", "unreachable")
    assert one.alone
    call(one, "unreachable")
    assert one.admit().answer == "wait"
    clock.advance(30)
    probe = one.admit()
    assert (probe.answer, one.admit().answer) == ("probe", "wait")
    one.report(probe, "unreachable")
    assert one.admit().answer == "wait"


def test_when_the_store_is_back_the_others_learn_what_was_seen(db: Db, process: Open, clock: ManualClock) -> None:
    sick = Unwell(db.path, db._connection, db._lock)
    one, other = Breaker(sick, instance="hotel", host="api", owner="one", clock=clock, rng=Half()), process("other")
    sick.trouble = Busy()
    call(one, *FIVE)
    assert (one.admit().answer, other.admit().answer) == ("wait", "go")
    sick.trouble = None
    clock.advance(MERGE_MS / 1000)
    assert one.admit().answer == "wait"
    assert not one.alone
    assert other.admit().answer == "wait"


@pytest.mark.parametrize(("before", "to"), list(product(get_args(State), get_args(State))))
def test_the_store_knows_the_same_moves(db: Db, before: str, to: str) -> None:
    """Reaches `before` by allowed moves, then tries the one in question."""
    ways = {"closed": (), "open": ("open",), "half_open": ("open", "half_open"), "forced_open": ("forced_open",)}
    with db.write() as tx:
        tx.run(
            "insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms) values ('h', 'api', '', 0, 0)"
        )
        for state in ways[before]:
            _move(tx, state)
    if before == to or (before, to) in MOVES:
        with db.write() as tx:
            _move(tx, to)
    else:
        with pytest.raises(Conflict, match="cannot move like that"), db.write() as tx:
            _move(tx, to)


def _move(tx: Tx, state: str) -> None:
    tx.run("update breakers set state = :state, epoch = epoch + 1", state=state)


@pytest.mark.integration
def test_of_eight_real_processes_exactly_one_probes(tmp_path: Path) -> None:
    clock, path = SystemClock(), tmp_path / "greenbot.db"
    db = open_store(path, clock)
    breaker = Breaker(db, instance="hotel", host="api", owner="first", clock=clock, rng=Random(1))
    call(breaker, *FIVE)
    breaker.resume()
    program = "from tests.resilience.test_shared_breaker import ask_once; ask_once()"
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), str(number)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    answers = sorted(process.communicate(timeout=60)[0] for process in begun)
    assert answers == ["probe"] + ["wait"] * 7
    db.close()


def ask_once() -> None:
    """What one of the eight does."""
    clock = SystemClock()
    db = open_store(Path(sys.argv[1]), clock)
    breaker = Breaker(db, instance="hotel", host="api", owner=sys.argv[2], clock=clock, rng=Random(1))
    sys.stdout.write(breaker.admit().answer)
    db.close()
