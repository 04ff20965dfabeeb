"""The audit can be written and read, and not altered."""

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries, note
from greenbot.db.connect import Db
from greenbot.db.translate import Conflict

CLOCK = ManualClock()
ANNA, BORIS = Operator(name="anna", clock=CLOCK), Operator(name="boris", clock=CLOCK)


@pytest.fixture
def filled(db: Db) -> Db:
    with db.write() as tx:
        note(tx, ANNA, action="outbox.hold", subject="message 1", before={"held": None}, after={"held": "price"})
        note(tx, BORIS, action="outbox.cancel", subject="message 1")
        note(tx, ANNA, action="instances.resume", subject="instance kyiv")
    return db


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), [3, 2, 1]),
        (Wanted(limit=1), [3]),
        (Wanted(before_id=3), [2, 1]),
        (Wanted(subject="message 1"), [2, 1]),
        (Wanted(subject="message 1", actor="anna"), [1]),
        (Wanted(actor="anna"), [3, 1]),
        (Wanted(action="outbox"), [2, 1]),
        (Wanted(action="outbox.cancel"), [2]),
        (Wanted(action="out"), []),
        (Wanted(since_ms=CLOCK.now_ms()), [3, 2, 1]),
        (Wanted(since_ms=CLOCK.now_ms() + 1), []),
        (Wanted(subject="message 2"), []),
    ],
)
def test_entries_are_found(filled: Db, wanted: Wanted, ids: list[int]) -> None:
    assert [entry.id for entry in entries(filled, wanted)] == ids


def test_an_entry_says_how_it_was_and_how_it_became(filled: Db) -> None:
    entry = entries(filled, Wanted())[-1]
    assert (entry.at_ms, entry.actor, entry.before, entry.after) == (
        CLOCK.now_ms(),
        "anna",
        {"held": None},
        {"held": "price"},
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'nobody'",
        "update audit set after = null where id = 2",
        "delete from audit",
        "insert or replace into audit (id, at_ms, actor, action, subject) values (1, 0, 'x', 'y', 'z')",
    ],
)
def test_nothing_in_it_can_be_altered_or_removed(filled: Db, statement: str) -> None:
    before = entries(filled, Wanted())
    with pytest.raises(Conflict), filled.write() as tx:
        tx.run(statement)
    assert entries(filled, Wanted()) == before


def test_a_change_that_fails_leaves_no_entry(filled: Db) -> None:
    with pytest.raises(ZeroDivisionError), filled.write() as tx:
        note(tx, ANNA, action="outbox.hold", subject="message 9")
        raise ZeroDivisionError
    assert entries(filled, Wanted(subject="message 9")) == []
