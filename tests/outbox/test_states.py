"""The table of states: in Python, in the schema, and in what the schema really lets through."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from greenbot.db.connect import Db, Tx
from greenbot.db.translate import Conflict
from greenbot.outbox.states import ENDS, IN_FLIGHT, OPEN, TRANSITIONS, Reason, State, may_move
from tests.outbox.conftest import Add

MOVE = "update messages set state = :state, reason = :reason, epoch = epoch + 1 where id = :id"


def legal() -> set[tuple[str, str, str]]:
    return {(origin, target, reason) for (origin, target), reasons in TRANSITIONS.items() for reason in reasons}


def test_the_trigger_lists_exactly_the_moves_of_the_table(db: Db) -> None:
    sql = str(db.scalar("select sql from sqlite_master where name = 'messages_moves'"))
    assert set(re.findall(r"'(\w+) (\w+) (\w+)'", sql)) == legal()


@contextmanager
def taken_back(tx: Tx) -> Iterator[None]:
    tx.run("savepoint try_it")
    try:
        yield
    finally:
        tx.run("rollback to try_it")
        tx.run("release try_it")


def path_to(target: State) -> list[tuple[State, Reason]]:
    waiting: deque[tuple[State, list[tuple[State, Reason]]]] = deque([(State.QUEUED, [])])
    seen = {State.QUEUED}
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
def test_the_store_lets_a_message_move_as_the_table_says_and_in_no_other_way(db: Db, add: Add, origin: State) -> None:
    message = add()
    moved = set()
    with db.write() as tx:
        for state, reason in path_to(origin):
            tx.run(MOVE, id=message.id, state=state, reason=reason)
        for target in State:
            for reason in Reason:
                with taken_back(tx):
                    try:
                        tx.run(MOVE, id=message.id, state=target, reason=reason)
                        moved.add((origin, target, reason))
                    except Exception as error:  # noqa: BLE001 - whatever refuses it
                        assert "cannot move like that" in str(error)
    assert moved == {move for move in legal() if move[0] == origin}


def test_ends_are_never_left_and_open_messages_are_the_ones_that_owe_an_answer() -> None:
    assert not [move for move in legal() if move[0] in ENDS]
    assert set(IN_FLIGHT) < set(OPEN)
    assert may_move(State.SENDING, State.FAILED, Reason.NOT_SENT)
    assert not may_move(State.SENDING, State.QUEUED, Reason.OWNER_DEAD), (
        "it may be on the wire: never back to the queue"
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update messages set epoch = epoch + 2, reason = 'edited'", "is one epoch"),
        ("update messages set epoch = epoch - 1", "is one epoch|cannot move"),
        ("update messages set state = 'claimed', reason = 'claim'", "is one epoch"),
        ("update messages set draft = '{}'", "is not changed"),
        ("update messages set chat_id = '1@c.us'", "is not changed"),
        ("update messages set instance = 'odesa'", "is not changed"),
        ("delete from messages", "is not removed"),
        ("update messages set state = 'lost', epoch = epoch + 1", "cannot move"),
        (
            "insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms,"
            " state_at_ms, state) values ('i', 'c', 'k', 'm', 'd', 'f', 'p', 1, 1, 'accepted')",
            "begins queued",
        ),
    ],
)
def test_the_schema_refuses_what_no_code_should_do(db: Db, add: Add, statement: str, words: str) -> None:
    add()
    with pytest.raises(Conflict, match=words), db.write() as tx:
        tx.run(statement)


STEPS = ("sent", "delivered", "read")


@pytest.mark.parametrize("known", [None, *STEPS])
@pytest.mark.parametrize("arriving", STEPS)
def test_a_delivery_status_only_climbs(db: Db, add: Add, known: str | None, arriving: str) -> None:
    message = add()
    with db.write() as tx:
        tx.run("update messages set remote_id = 'A', delivery = :known where id = :id", known=known, id=message.id)
    climbs = known is None or STEPS.index(arriving) >= STEPS.index(known)
    try:
        with db.write() as tx:
            tx.run("update messages set delivery = :new where id = :id", new=arriving, id=message.id)
    except Conflict:
        assert not climbs
    else:
        assert climbs


def test_every_change_is_in_the_log_and_the_counts_agree_with_the_rows(db: Db, add: Add) -> None:
    message, _ = add(), add(to="380447654321")
    with db.write() as tx:
        for state, reason in path_to(State.DELIVERED):
            tx.run(MOVE, id=message.id, state=state, reason=reason)
    log = db.all("select from_state, to_state from message_log where message_id = :id order by epoch", id=message.id)
    assert [row["to_state"] for row in log] == ["queued", "claimed", "sending", "accepted", "delivered"]
    assert [row["from_state"] for row in log] == [None, "queued", "claimed", "sending", "accepted"]
    with db.write() as tx:
        tx.run("delete from messages where id = :id", id=message.id)
    counts = {row["state"]: row["messages"] for row in db.all("select * from message_counts where messages > 0")}
    assert counts == {"queued": 1}
    assert db.scalar("select count(*) from message_log where message_id = :id", id=message.id) == 0
