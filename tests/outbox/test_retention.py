"""Removing what is old: bounded, complete, and never what somebody still needs."""

from collections.abc import Iterator

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db
from greenbot.db.translate import Conflict
from greenbot.errors import UsageError
from greenbot.outbox import retention
from greenbot.outbox.actions import Cancel, Retry
from greenbot.outbox.claims import Claim, claim, mark_sending
from greenbot.outbox.figures import reasons
from greenbot.outbox.operate import Seen, carry_out
from greenbot.outbox.retention import DAY_MS, OVER, Retention, count_old, purge
from greenbot.outbox.states import OPEN, State
from greenbot.outbox.table import get
from tests.outbox.acting import bring
from tests.outbox.conftest import GUEST, OTHER_GUEST, Add

MONTH = Retention(older_than_ms=30 * DAY_MS)


@pytest.fixture
def anna(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


def left(db: Db) -> list[int]:
    return [row["id"] for row in db.all("select id from messages order by id")]


def guest(number: int) -> str:
    return f"3804400{number:05d}"


def test_what_is_over_and_old_goes_with_its_history_and_nothing_else(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    for number, state in enumerate([State.FAILED, State.CANCELLED, State.ACCEPTED, State.DELIVERED, State.STALLED]):
        bring(db, add(to=guest(number)), state, clock)
    clock.advance(31 * 86_400)
    young = bring(db, add(to=guest(9)), State.FAILED, clock)
    assert count_old(db, MONTH, clock.now_ms()) == dict.fromkeys(
        (State.ACCEPTED, State.DELIVERED, State.STALLED, State.FAILED, State.CANCELLED), 1
    )
    assert sum(purge(db, MONTH, anna)) == 5
    assert left(db) == [young.id]
    assert db.scalar("select count(*) from message_log where message_id <> :id", id=young.id) == 0
    assert db.scalar("select count(*) from calls where message_id <> :id", id=young.id) == 0
    assert db.scalar("select sum(messages) from message_counts") == 1
    assert [why.messages for why in reasons(db)] == [1]


@pytest.mark.parametrize("state", OPEN)
def test_open_messages_are_never_touched_however_old(
    db: Db, add: Add, anna: Operator, clock: ManualClock, state: State
) -> None:
    message = add()
    if state is not State.QUEUED:
        bring(db, message, state, clock)
    clock.advance(1000 * 86_400)
    assert list(purge(db, MONTH, anna)) == []
    assert left(db) == [message.id]
    with pytest.raises(UsageError, match="never removed"):
        Retention(older_than_ms=DAY_MS, states=(state,))
    with pytest.raises(Conflict, match="not removed"), db.write() as tx:
        tx.run("delete from messages")


def test_the_age_counts_from_the_last_change(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    message = add()
    clock.advance(60 * 86_400)
    bring(db, message, State.FAILED, clock)
    assert list(purge(db, MONTH, anna)) == []


def test_a_day_is_the_least(db: Db) -> None:
    with pytest.raises(UsageError, match="at least a day"):
        Retention(older_than_ms=DAY_MS - 1)


def test_a_key_is_remembered_for_a_week(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    keyed, plain = add(key="booking-1", to=guest(1)), add(to=guest(2))
    for message in (keyed, plain):
        bring(db, message, State.DELIVERED, clock)
    clock.advance(2 * 86_400)
    day = Retention(older_than_ms=DAY_MS)
    assert sum(purge(db, day, anna)) == 1
    assert left(db) == [keyed.id]
    assert add(key="booking-1", to=guest(1)).replayed
    clock.advance(6 * 86_400)
    assert sum(purge(db, day, anna)) == 1


def test_what_a_chat_in_doubt_was_sent_stays_until_the_doubt_is_over(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    known = [bring(db, add(to=to), State.ACCEPTED, clock) for to in (GUEST, OTHER_GUEST)]
    doubt = bring(db, add(to=GUEST), State.UNCERTAIN, clock)
    clock.advance(31 * 86_400)
    assert sum(purge(db, MONTH, anna)) == 1
    assert left(db) == [known[0].id, doubt.id]


def test_the_filters_narrow_it(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    kept = bring(db, add(to=guest(1)), State.FAILED, clock)
    other = bring(db, add(to=guest(2), instance="odesa"), State.FAILED, clock)
    cancelled = bring(db, add(to=guest(3)), State.CANCELLED, clock)
    clock.advance(31 * 86_400)
    odesa = Retention(older_than_ms=30 * DAY_MS, instance="odesa")
    assert sum(purge(db, odesa, anna)) == 1
    assert left(db) == [kept.id, cancelled.id]
    assert sum(purge(db, Retention(older_than_ms=30 * DAY_MS, states=(State.CANCELLED,)), anna)) == 1
    assert left(db) == [kept.id]
    assert other.id not in left(db)


def test_it_works_in_batches_each_with_its_line_in_the_audit(
    db: Db, add: Add, anna: Operator, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    seen = [Seen.of(add(to=guest(number))) for number in range(10)]
    assert all(result.verdict == "done" for result in carry_out(db, seen, Cancel(), anna))
    clock.advance(31 * 86_400)
    assert list(purge(db, MONTH, anna)) == [4, 4, 2]
    lines = entries(db, Wanted(action="outbox.purge"))
    assert [line.before["messages"] for line in lines] == [2, 4, 4]
    assert (lines[-1].before["first"], lines[0].before["last"]) == (1, 10)


def test_a_batch_is_five_hundred() -> None:
    assert retention.BATCH == 500


def test_a_status_that_comes_between_the_look_and_the_removal_keeps_its_message(
    db: Db, add: Add, anna: Operator, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = [bring(db, add(to=guest(number)), State.ACCEPTED, clock) for number in (1, 2)]
    clock.advance(31 * 86_400)
    looked = retention._pages

    def with_a_status_behind_the_look(*what: object) -> Iterator[list[int]]:
        for page in looked(*what):  # type: ignore[arg-type]  # passed on as it came
            with db.write() as tx:
                tx.run(STATUS, id=accepted[0].id, now=clock.now_ms())
            yield page

    monkeypatch.setattr(retention, "_pages", with_a_status_behind_the_look)
    assert sum(purge(db, Retention(older_than_ms=30 * DAY_MS, states=(State.ACCEPTED,)), anna)) == 1
    assert left(db) == [accepted[0].id]
    assert get(db, accepted[0].id).delivery == "sent"


STATUS = """
update messages set state = 'accepted', reason = 'status', delivery = 'sent', epoch = epoch + 1, state_at_ms = :now
 where id = :id
"""


def test_removing_a_message_does_not_read_the_others(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    """Each message may be what another one retries; an index must answer that, not a walk."""
    old = bring(db, add(to=guest(0)), State.FAILED, clock)
    retried = next(iter(carry_out(db, [Seen.of(old)], Retry(), anna))).message
    assert retried is not None
    for number in range(1, 400):
        add(to=guest(number))
    steps = 0

    def tick() -> int:
        nonlocal steps
        steps += 1
        return 0

    clock.advance(31 * 86_400)
    db._connection.set_progress_handler(tick, 10)
    assert sum(purge(db, MONTH, anna)) == 1
    db._connection.set_progress_handler(None, 0)
    assert steps < 150
    assert get(db, retried.id).retry_of is None


def test_calls_of_no_message_go_too(db: Db, anna: Operator, clock: ManualClock) -> None:
    with db.write() as tx:
        tx.run(
            "insert into calls (instance, method, started_at_ms) values ('kyiv', 'getStateInstance', :now)",
            now=clock.now_ms(),
        )
    clock.advance(31 * 86_400)
    assert list(purge(db, MONTH, anna)) == []
    assert db.scalar("select count(*) from calls") == 0


def test_the_file_becomes_smaller(db: Db, add: Add, anna: Operator, clock: ManualClock) -> None:
    seen = [Seen.of(add("x" * 4000, to=guest(number))) for number in range(200)]
    assert all(result.verdict == "done" for result in carry_out(db, seen, Cancel(), anna))
    clock.advance(31 * 86_400)
    before = db.scalar("pragma page_count")
    assert sum(purge(db, MONTH, anna)) == 200
    after = db.scalar("pragma page_count")
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after < before / 2


def test_a_claimed_message_of_the_worker_survives_a_purge_beside_it(
    db: Db, add: Add, anna: Operator, clock: ManualClock
) -> None:
    over = bring(db, add(to=guest(1)), State.CANCELLED, clock)
    waiting = add(to=guest(2))
    clock.advance(31 * 86_400)
    held = claim(db, waiting.id, owner="worker", clock=clock)
    assert isinstance(held, Claim)
    assert sum(purge(db, MONTH, anna)) == 1
    mark_sending(db, held, clock=clock)
    assert left(db) == [waiting.id]
    assert over.id not in left(db)


def test_everything_that_is_not_open_can_be_over() -> None:
    assert set(OVER) | set(OPEN) == set(State)
    assert set(OVER) & set(OPEN) == set()
