"""The evaluator: one for all, fenced, at fixed instants, writing only what changes, and surviving its own death."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.alerts import states, table
from greenbot.alerts.defaults import ALL
from greenbot.alerts.evaluator import LEASE_MS, Evaluator
from greenbot.alerts.fields import rule_from
from greenbot.alerts.look import Look
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from greenbot.metrics.names import Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series

LOOK_SECONDS = 15
ERRORS = rule_from({"name": "errors", "metric": "errors", "op": ">=", "threshold": 1, "window": "1m"})


@pytest.fixture
def other(db: Db, clock: ManualClock) -> Iterator[Db]:
    """The same store, opened by another process."""
    store = connect(db.path, clock=clock)
    yield store
    store.close()


def fail(db: Db, clock: ManualClock, instance: str = "kyiv") -> None:
    """One failed call now."""
    recorder = Recorder(clock)
    recorder.count(instance, Series.SEND, ok=False, value_ms=5, label="503 http_503")
    recorder.flush(db, Names())


def duty(db: Db) -> tuple[str, int, int]:
    row = db.one("select owner, epoch, done_at_ms from duties where name = 'evaluator'")
    assert row is not None
    return row["owner"], row["epoch"], row["done_at_ms"]


def notices(db: Db) -> list[str]:
    return [row["kind"] for row in db.all("select kind from notices order by id")]


def test_an_instant_is_looked_at_once_and_a_late_look_is_not_repeated(db: Db, clock: ManualClock) -> None:
    evaluator = Evaluator(db, clock=clock, owner="a")
    first = evaluator.turn()
    clock.advance(14)
    again = evaluator.turn()
    clock.advance(47)
    late = evaluator.turn()

    assert (first.on_duty, again.on_duty, late.on_duty) == (True, False, True)
    assert late.at_ms == first.at_ms + 60_000
    assert duty(db)[2] == late.at_ms


def test_while_one_has_the_duty_the_other_waits(db: Db, other: Db, clock: ManualClock) -> None:
    one, two = Evaluator(db, clock=clock, owner="one"), Evaluator(other, clock=clock, owner="two")
    looked = []
    for _ in range(6):
        clock.advance(LOOK_SECONDS)
        looked.append((one.turn().on_duty, two.turn().on_duty))

    assert looked == [(True, False)] * 6
    assert duty(db)[:2] == ("one", 1)


def test_a_dead_one_is_followed_after_its_lease(db: Db, other: Db, clock: ManualClock) -> None:
    Evaluator(db, clock=clock, owner="one").turn()
    two = Evaluator(other, clock=clock, owner="two")
    looked = []
    for _ in range(4):
        clock.advance(LOOK_SECONDS)
        looked.append(two.turn().on_duty)

    assert looked == [False, False, False, True]
    assert duty(db)[:2] == ("two", 2)
    assert LEASE_MS == 45_000


def test_one_whose_process_is_gone_is_followed_at_once(db: Db, other: Db, clock: ManualClock) -> None:
    Evaluator(db, clock=clock, owner="one").turn()
    living = {"one"}
    two = Evaluator(other, clock=clock, owner="two", is_alive=living.__contains__)
    clock.advance(LOOK_SECONDS)
    assert not two.turn().on_duty

    living.clear()
    clock.advance(LOOK_SECONDS)
    assert two.turn().on_duty
    assert duty(db)[:2] == ("two", 2)


def test_after_another_boot_nobody_waits_for_a_lease(db: Db, clock: ManualClock) -> None:
    Evaluator(db, clock=clock, owner="one").turn()
    with db.write() as tx:
        tx.run("update duties set boot_id = 'the boot before'")

    assert Evaluator(db, clock=clock, owner="two").turn().on_duty


async def test_one_that_ends_in_order_leaves_the_duty_at_once(db: Db, other: Db, clock: ManualClock) -> None:
    one = Evaluator(db, clock=clock, owner="one")
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0.05)
    one.stop()
    await running
    clock.advance(1)

    assert {rule.name for rule in table.all_of(db)} == {rule.name for rule in ALL}
    assert Evaluator(other, clock=clock, owner="two").turn().on_duty


def test_one_that_was_paused_in_the_middle_of_a_look_writes_nothing(
    db: Db, other: Db, clock: ManualClock, by: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(db, ERRORS, by)
    fail(db, clock)
    clock.advance(LOOK_SECONDS)
    changes = Look.changes

    def paused(look: Look, *args: object) -> object:
        found = changes(look, *args)  # type: ignore[arg-type] # as they came
        monkeypatch.undo()
        clock.advance(60)
        fail(other, clock)
        clock.advance(LOOK_SECONDS)
        assert Evaluator(other, clock=clock, owner="two").turn().on_duty
        return found

    one = Evaluator(db, clock=clock, owner="one")
    one.turn()
    fail(db, clock)
    clock.advance(LOOK_SECONDS)
    before = db.all("select * from alert_log")
    monkeypatch.setattr(Look, "changes", paused)
    slow = one.turn()

    assert not slow.on_duty
    assert duty(db)[:2] == ("two", 2)
    assert {row["epoch"] for row in db.all("select epoch from alerts where state = 'firing'")} <= {1, 2}
    assert len(db.all("select * from alert_log")) >= len(before)
    assert not one.turn().on_duty


def test_a_row_of_a_later_evaluator_is_not_overwritten(db: Db, clock: ManualClock, by: Operator) -> None:
    rule = table.add(db, ERRORS, by)
    fail(db, clock)
    clock.advance(LOOK_SECONDS)
    Evaluator(db, clock=clock, owner="one").turn()
    kept = states.load(db)["errors", "kyiv"]
    with db.write() as tx:
        tx.run("update alerts set epoch = 9, value = 77")
        states.save(tx, rule, "kyiv", states.with_epoch(kept, 8))

    assert states.load(db)["errors", "kyiv"].alert.value == 77


def test_a_look_that_finds_nothing_new_writes_a_sign_of_life_alone(
    db: Db, other: Db, clock: ManualClock, by: Operator
) -> None:
    table.add(db, ERRORS, by)
    evaluator = Evaluator(db, clock=clock, owner="one")
    evaluator.turn()
    tables = [row[0] for row in other.all("select name from sqlite_master where type = 'table' and name <> 'duties'")]

    def everything() -> list[list[tuple[object, ...]]]:
        return [[tuple(row) for row in other.all(f"select * from {name}")] for name in tables]

    before = everything()
    for _ in range(5):
        clock.advance(LOOK_SECONDS)
        assert evaluator.turn().on_duty

    assert everything() == before


def test_only_a_look_that_has_something_to_tell_waits_for_the_disk(
    db: Db, clock: ManualClock, by: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(db, ERRORS, by)
    evaluator = Evaluator(db, clock=clock, owner="one")
    evaluator.turn()
    durable: list[bool] = []
    write = db.write

    def watched(*, durable: bool = True, seen: list[bool] = durable) -> object:
        seen.append(durable)
        return write(durable=durable)

    monkeypatch.setattr(db, "write", watched)
    clock.advance(LOOK_SECONDS)
    evaluator.turn()
    quiet = list(durable)
    recorder = Recorder(clock)
    recorder.count("kyiv", Series.SEND, ok=False)
    recorder.flush(db, Names())
    durable.clear()
    clock.advance(LOOK_SECONDS)
    evaluator.turn()

    assert (quiet, durable) == ([False], [True])


def test_an_instance_in_good_health_has_no_row(db: Db, clock: ManualClock, by: Operator) -> None:
    table.add(db, ERRORS, by)
    evaluator = Evaluator(db, clock=clock, owner="one")
    for _ in range(8):
        recorder = Recorder(clock)
        for number in range(30):
            recorder.count(f"hotel-{number}", Series.SEND, value_ms=5)
        recorder.count("kyiv", Series.SEND, ok=False, value_ms=5)
        recorder.flush(db, Names())
        clock.advance(LOOK_SECONDS)
        evaluator.turn()

    assert set(states.load(db)) == {("errors", "kyiv")}


def test_a_rule_that_is_changed_in_the_middle_of_a_look_is_judged_as_it_is_now(
    db: Db, other: Db, clock: ManualClock, by: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = table.add(db, ERRORS, by)
    evaluator = Evaluator(db, clock=clock, owner="one")
    evaluator.turn()
    fail(db, clock)
    clock.advance(LOOK_SECONDS)
    changes = Look.changes

    def edited(look: Look, *args: object) -> object:
        found = changes(look, *args)  # type: ignore[arg-type] # as they came
        monkeypatch.undo()
        table.change(other, rule_from({"threshold": 5}, rule), by)
        return found

    monkeypatch.setattr(Look, "changes", edited)

    assert evaluator.turn().changes == ()
    assert notices(db) == []


def test_people_are_told_after_the_commit(db: Db, clock: ManualClock, by: Operator) -> None:
    table.add(db, ERRORS, by)
    told: list[list[str]] = []
    evaluator = Evaluator(db, clock=clock, owner="one", on_notices=lambda: told.append(notices(db)))
    for failing in (False, True, True, False):
        if failing:
            fail(db, clock)
        clock.advance(LOOK_SECONDS)
        evaluator.turn()
    clock.advance(60)
    evaluator.turn()

    assert told == [["firing"], ["firing", "resolved"]]


def test_nobody_who_took_note_is_told_again_until_the_next_alert(db: Db, clock: ManualClock, by: Operator) -> None:
    table.add(db, rule_from({"repeat": "1m"}, ERRORS), by)
    evaluator = Evaluator(db, clock=clock, owner="one")

    def minutes(count: int, *, failing: bool) -> None:
        for _ in range(count * 4):
            if failing:
                fail(db, clock)
            clock.advance(LOOK_SECONDS)
            evaluator.turn()

    minutes(3, failing=True)
    before = notices(db)
    with db.write() as tx:
        tx.run("update alerts set acked_by = 'olena', acked_at_ms = 1, ack_comment = 'I look'")
    minutes(5, failing=True)
    acked = notices(db)
    minutes(2, failing=False)
    ended = states.load(db)["errors", "kyiv"]
    minutes(3, failing=True)

    assert before == ["firing", "repeat", "repeat"]
    assert acked == before
    assert (ended.alert.state, ended.acked_by) == ("resolved", None)
    assert notices(db) == [*before, "resolved", "firing", "repeat", "repeat"]


def test_an_instance_that_is_gone_has_no_alert_of_the_store(db: Db, clock: ManualClock, by: Operator) -> None:
    stuck = {"name": "doubts", "metric": "uncertain_messages", "op": ">=", "threshold": 1, "window": "1m"}
    table.add(db, rule_from(stuck), by)
    with db.write() as tx:
        tx.run("insert into message_counts (instance, state, messages) values ('kyiv', 'uncertain', 3)")
    names = ["kyiv"]
    evaluator = Evaluator(db, clock=clock, owner="one", instances=lambda: names)
    evaluator.turn()
    assert states.load(db)["doubts", "kyiv"].alert.state == "firing"

    names.clear()
    clock.advance(LOOK_SECONDS)
    evaluator.turn()
    assert states.load(db)["doubts", "kyiv"].alert.state == "resolved"


def test_a_long_window_is_read_from_the_store(db: Db, clock: ManualClock, by: Operator) -> None:
    table.add(db, rule_from({"window": "2h", "threshold": 3}, ERRORS), by)
    evaluator = Evaluator(db, clock=clock, owner="one", instances=lambda: ["kyiv"])
    states_then = []
    for _ in range(4):
        fail(db, clock)
        clock.advance(1800)
        evaluator.turn()
        states_then.append({kept.alert.state for kept in states.load(db).values()})
    clock.advance(5400)
    evaluator.turn()

    assert states_then == [set(), set(), {"firing"}, {"firing"}]
    assert {kept.alert.state for kept in states.load(db).values()} == {"resolved"}


KILLED = """
import sys
from pathlib import Path
from greenbot.alerts.evaluator import Evaluator
from greenbot.clock import ManualClock
from greenbot.db.connect import connect
clock = ManualClock(int(sys.argv[2]))
evaluator = Evaluator(connect(Path(sys.argv[1]), clock=clock), clock=clock, owner="mortal")
evaluator.turn()
"""


@pytest.mark.integration
def test_killed_after_the_commit_it_neither_loses_nor_repeats(tmp_path: Path, clock: ManualClock, by: Operator) -> None:
    path = tmp_path / "greenbot.db"
    db = connect(path, clock=clock)
    table.add(db, ERRORS, by)
    fail(db, clock)
    clock.advance(LOOK_SECONDS)
    command = [sys.executable, "-c", KILLED, str(path), str(clock.now_ms())]
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": "alert.after_commit=kill"}

    assert subprocess.run(command, env={**os.environ, **plan}, timeout=60).returncode == -signal.SIGKILL
    assert notices(db) == ["firing"]
    assert subprocess.run(command, env={**os.environ}, timeout=60).returncode == 0
    assert notices(db) == ["firing"]
    db.close()
