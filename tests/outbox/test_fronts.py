"""A long line of one chat costs nobody a look, and whoever could leave is never left out of the looks."""

import random
from dataclasses import replace
from typing import Any

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.outbox.claims import Claim, claim, mark_sending
from greenbot.outbox.table import enqueue_in
from greenbot.outbox.turn import CANDIDATES, candidates
from tests.outbox.conftest import GUEST, OTHER_GUEST, new_text
from tests.outbox.test_plans import steps

#: Messages that no query sees at the front although nothing makes them wait for certain.
LEFT_OUT = """
select id from messages as waiting
 where state = 'queued' and behind = 1 and not exists (
   select 1 from messages as older
    where older.instance = waiting.instance and older.chat_id = waiting.chat_id and older.id < waiting.id
      and older.state in ('queued', 'claimed', 'sending', 'uncertain')
      and older.held_reason is null and older.scheduled_at_ms = 0 and older.expires_at_ms is null)
"""
MOVE = "update messages set state = :state, reason = :reason, epoch = epoch + 1 where id = :id"
KINDS: tuple[dict[str, Any], ...] = (
    *({}, {}, {}),
    {"held_reason": "lunch"},
    {"scheduled_at_ms": 9000},
    {"expires_at_ms": 2**50},
)
#: From a state to the next ones, with the reason; legal moves only.
MOVES = {
    "queued": (("claimed", "claim"), ("cancelled", "operator"), ("expired", "expired"), ("failed", "not_sent")),
    "claimed": (("sending", "post"), ("queued", "shutdown")),
    "sending": (("accepted", "response"), ("uncertain", "ambiguous"), ("queued", "not_sent"), ("failed", "rejected")),
    "uncertain": (("accepted", "journal"), ("queued", "not_found"), ("failed", "operator")),
}
#: What an operator and the rules of a campaign change about one that waits.
CHANGES = (
    "update messages set held_reason = 'lunch', epoch = epoch + 1, reason = 'held' where id = :id",
    "update messages set held_reason = null, epoch = epoch + 1, reason = 'released' where id = :id",
    "update messages set scheduled_at_ms = 9000, epoch = epoch + 1, reason = 'edited' where id = :id",
    "update messages set scheduled_at_ms = 0, epoch = epoch + 1, reason = 'edited' where id = :id",
    "update messages set expires_at_ms = 9000, epoch = epoch + 1, reason = 'edited' where id = :id",
)


def accept(db: Db, clock: ManualClock, dice: random.Random) -> None:
    """One more message, of any kind, to one of two guests."""
    new = new_text(to=dice.choice([GUEST, OTHER_GUEST]))
    with db.write() as tx:
        enqueue_in(tx, replace(new, **dice.choice(KINDS)), clock)


def happen(db: Db, dice: random.Random) -> None:
    """Something legal to one message that is open."""
    rows = db.all(
        "select id, state, chat_id from messages where state in ('queued', 'claimed', 'sending', 'uncertain')"
    )
    if not rows:
        return
    row = dice.choice(rows)
    busy = {other["chat_id"] for other in rows if other["state"] != "queued"}
    with db.write() as tx:
        if row["state"] == "queued" and dice.random() < 0.4:
            tx.run(dice.choice(CHANGES), id=row["id"])
            return
        state, reason = dice.choice(MOVES[row["state"]])
        if state == "claimed" and row["chat_id"] in busy:
            return
        tx.run(MOVE, id=row["id"], state=state, reason=reason)


@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_left_out_whatever_happens_to_the_others(db: Db, clock: ManualClock, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(120):
        if dice.random() < 0.4:
            accept(db, clock, dice)
        else:
            happen(db, dice)
        assert db.all(LEFT_OUT) == []


def test_the_next_of_a_chat_comes_to_the_front_when_the_one_before_has_left(db: Db, clock: ManualClock) -> None:
    with db.write() as tx:
        for text in ("first", "second", "third"):
            enqueue_in(tx, new_text(text), clock)
    fronts = []
    for _ in range(3):
        (front,) = candidates(db, "kyiv", 1, now_ms=clock.now_ms(), most=9)
        fronts.append(front.id)
        with db.write() as tx:
            tx.run(MOVE, id=front.id, state="cancelled", reason="operator")
    assert fronts == [1, 2, 3]


@pytest.mark.parametrize("in_flight", [False, True], ids=["behind the first", "behind one in flight"])
def test_a_hundred_times_the_line_of_one_chat_is_not_more_work(db: Db, clock: ManualClock, in_flight: bool) -> None:
    asked = {"instance": "kyiv", "priority": 1, "now": clock.now_ms(), "most": 20}
    asked |= {"alive_until": clock.now_ms(), "may_retry": 1, "barred": "[]"}
    works = []
    for number in range(2):
        with db.write() as tx:
            for _ in range(20 if number == 0 else 1980):
                enqueue_in(tx, new_text(), clock)
        if in_flight and number == 0:
            held = claim(db, 1, owner="me", clock=clock)
            assert isinstance(held, Claim)
            mark_sending(db, held, clock=clock)
        works.append(steps(db, CANDIDATES, **asked))
    assert works[1] <= works[0] + 1
