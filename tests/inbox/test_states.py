"""The table of states: in Python, in the schema, and in what the schema really lets through."""

import re
from collections import deque

import pytest

from greenbot.db.connect import Db
from greenbot.db.translate import Conflict
from greenbot.inbox.states import OPEN, OVER, TRANSITIONS, Reason, State, may_move
from tests.inbox.conftest import Take, text

MOVE = "update events set state = :state, reason = :reason, epoch = epoch + 1 where id = :id"


def legal() -> set[tuple[str, str, str]]:
    return {(origin, target, reason) for (origin, target), reasons in TRANSITIONS.items() for reason in reasons}


def test_the_trigger_lists_exactly_the_moves_of_the_table(db: Db) -> None:
    sql = str(db.scalar("select sql from sqlite_master where name = 'events_moves'"))
    assert set(re.findall(r"'(\w+) (\w+) (\w+)'", sql)) == legal()


def path_to(target: State) -> list[tuple[State, Reason]]:
    waiting: deque[tuple[State, list[tuple[State, Reason]]]] = deque([(State.STORED, [])])
    seen = {State.STORED}
    while waiting:
        state, path = waiting.popleft()
        if state is target:
            return path
        for (origin, following), reasons in TRANSITIONS.items():
            if origin is state and following not in seen:
                seen.add(following)
                waiting.append((following, [*path, (following, reasons[0])]))
    raise AssertionError(f"{target} cannot be reached")


@pytest.mark.parametrize("origin", State)
def test_the_store_lets_an_event_move_as_the_table_says_and_in_no_other_way(db: Db, take: Take, origin: State) -> None:
    [kept] = take(text())
    moved = set()
    with db.write() as tx:
        for state, reason in path_to(origin):
            tx.run(MOVE, id=kept.event_id, state=state, reason=reason)
        for target in State:
            for reason in Reason:
                tx.run("savepoint try_it")
                try:
                    tx.run(MOVE, id=kept.event_id, state=target, reason=reason)
                    moved.add((target, reason))
                except Exception as error:  # noqa: BLE001 - of whichever driver
                    assert "cannot move like that" in str(error)
                tx.run("rollback to try_it")
                tx.run("release try_it")
    assert moved == {(target, reason) for target in State for reason in Reason if may_move(origin, target, reason)}


@pytest.mark.parametrize(
    "change",
    [
        "update events set epoch = epoch + 2, state = 'processing', reason = 'claim'",
        "update events set epoch = epoch - 1",
        "update events set state = 'processing'",
    ],
)
def test_a_move_is_one_epoch(db: Db, take: Take, change: str) -> None:
    take(text())
    with pytest.raises(Conflict), db.write() as tx:
        tx.run(change)


def test_every_move_is_written_down(db: Db, take: Take) -> None:
    [kept] = take(text())
    with db.write() as tx:
        for state, reason in path_to(State.DEAD):
            tx.run(MOVE, id=kept.event_id, state=state, reason=reason)
    rows = db.all("select from_state, to_state, reason, epoch from event_log order by id")
    assert [tuple(row) for row in rows] == [
        ("stored", "processing", "claim", 1),
        ("processing", "dead", "failed", 2),
    ]


def test_open_and_over_are_all_states() -> None:
    assert {*OPEN, *OVER} == set(State)
    assert not {*OPEN} & {*OVER}
