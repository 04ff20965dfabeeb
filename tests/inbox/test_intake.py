"""What arrives is kept byte for byte, once, and judged."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.db.translate import Conflict
from greenbot.inbox.arrival import STALE_MS, digest_of
from greenbot.inbox.intake import MOST_ROWS, keep
from greenbot.inbox.states import State
from tests.inbox.conftest import EXPECTED, GUEST, NOW_MS, OTHER_GUEST, Take, arrival, body, state, status, text

DAY_S = 86_400


def test_an_event_is_kept_as_it_came_with_what_can_be_read_off_it(db: Db, take: Take) -> None:
    raw = text(7, words="Привіт ☀")
    [kept] = take(raw)
    row = db.one("select * from events where id = :id", id=kept.event_id)
    assert row is not None
    assert row["raw"] == raw
    assert row["digest"] == digest_of(raw)
    assert (row["type"], row["chat_id"], row["remote_id"]) == ("incomingMessageReceived", GUEST, "3EB07")
    assert (row["state"], row["deliveries"], row["at_ms"]) == ("stored", 1, NOW_MS)
    assert not kept.is_duplicate


def test_the_same_bytes_are_kept_once_and_counted(db: Db, take: Take) -> None:
    first, again, other = take(text(1), text(1), text(2))
    [later] = take(text(1))
    assert (first.is_duplicate, again.is_duplicate, other.is_duplicate, later.is_duplicate) == (
        False,
        True,
        False,
        True,
    )
    assert first.event_id == again.event_id == later.event_id != other.event_id
    assert db.scalar("select deliveries from events where id = :id", id=first.event_id) == 3
    assert db.scalar("select count(*) from events") == 2


def test_the_same_bytes_for_two_instances_are_two_events(db: Db, take: Take) -> None:
    raw = body(typeWebhook="x", instanceData={})
    assert take(raw)[0].event_id != take(raw, instance="odesa")[0].event_id


def test_a_chat_keeps_its_order_even_when_an_event_came_twice_in_one_batch(take: Take) -> None:
    first, second, _ = take(text(1), text(2), text(1))
    assert first.event_id < second.event_id


def test_more_than_one_statement_holds_is_kept_in_one_transaction(db: Db, take: Take) -> None:
    bodies = [text(number) for number in range(3 * MOST_ROWS + 5)]
    kept = take(*bodies)
    assert [row["raw"] for row in db.all("select raw from events order by id")] == bodies
    assert [one.event_id for one in kept] == sorted({one.event_id for one in kept})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (text(), ("stored", "received")),
        (status(), ("stored", "received")),
        (state(), ("stored", "received")),
        (body(typeWebhook="somethingNew", chatId=GUEST), ("stored", "received")),
        (body(typeWebhook="somethingNew", instanceData=None), ("stored", "received")),
        (text(instanceData={"idInstance": 1101000002}), ("quarantined", "foreign")),
        (text(instanceData={"idInstance": "1101000002"}), ("quarantined", "foreign")),
        (text(timestamp=NOW_MS // 1000 - 6 * 60), ("stored", "received")),
        (text(timestamp=NOW_MS // 1000 - 23 * 3600), ("stored", "received")),
        (text(timestamp=NOW_MS // 1000 - 7 * DAY_S - 1), ("quarantined", "stale")),
        (text(timestamp=0), ("stored", "received")),
        (text(timestamp=None), ("stored", "received")),
        (body(idMessage="1"), ("quarantined", "unreadable")),
        (b"", ("quarantined", "unreadable")),
        (b"[]", ("quarantined", "unreadable")),
        (b"null", ("quarantined", "unreadable")),
        (b"\xff\xfe{\x00}\x00", ("quarantined", "unreadable")),
        (b'{"typeWebhook": NaN}', ("quarantined", "unreadable")),
        (b"[" * 100_000, ("quarantined", "unreadable")),
        (b'{"typeWebhook": "x", "n": ' + b"9" * 5_000 + b"}", ("stored", "received")),
        (b'{"typeWebhook": "x\\ud800", "idMessage": "\\ud800"}', ("stored", "received")),
        (b'{"typeWebhook": "x\\u0000y"}', ("stored", "received")),
        (body(typeWebhook="t" * 5_000, chatId="c" * 5_000), ("stored", "received")),
    ],
)
def test_whatever_is_authenticated_is_kept_and_judged(
    db: Db, take: Take, raw: bytes, expected: tuple[str, str]
) -> None:
    [kept] = take(raw)
    row = db.one("select state, reason, raw from events where id = :id", id=kept.event_id)
    assert row is not None
    assert (row["state"], row["reason"]) == expected
    assert row["raw"] == raw
    assert kept.state == expected[0]


def test_what_a_journal_tells_is_never_too_old(take: Take) -> None:
    [kept] = take(text(timestamp=NOW_MS // 1000 - 30 * DAY_S), source="backfill")
    assert kept.state is State.STORED
    assert STALE_MS == 7 * DAY_S * 1000


def test_an_instance_whose_number_is_not_known_believes_every_body(db: Db, clock: ManualClock) -> None:
    [kept] = keep(db, [arrival(text(), "lviv")], clock=clock, expected_ids=EXPECTED)
    assert kept.state is State.STORED


def test_nothing_is_kept_when_the_commit_fails(db: Db, clock: ManualClock) -> None:
    with pytest.raises(Conflict), db.write() as tx:
        tx.run("create trigger no before insert on events begin select raise(abort, 'no'); end")
        keep_again = [arrival(text())]
        from greenbot.inbox.intake import keep_in

        keep_in(tx, keep_again, clock=clock, expected_ids=EXPECTED)
    assert db.scalar("select count(*) from events") == 0


@pytest.mark.parametrize("column", ["instance", "source", "received_at_ms", "digest", "raw"])
def test_what_was_received_cannot_be_changed(db: Db, take: Take, column: str) -> None:
    take(text())
    change = {
        "instance": "update events set instance = 'x'",
        "source": "update events set source = 'x'",
        "received_at_ms": "update events set received_at_ms = 0",
        "digest": "update events set digest = x'00'",
        "raw": "update events set raw = x'00'",
    }[column]
    with pytest.raises(Conflict), db.write() as tx:
        tx.run(change)


@pytest.fixture(scope="module")
def shared_db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Db]:
    store = connect(tmp_path_factory.mktemp("any") / "greenbot.db", clock=ManualClock(NOW_MS))
    yield store
    store.close()


@settings(deadline=None)
@given(raw=st.binary(max_size=300) | st.text(max_size=100).map(lambda words: text(words=words, chat_id=words)))
def test_any_bytes_are_kept_as_they_came(shared_db: Db, raw: bytes) -> None:
    [kept] = keep(shared_db, [arrival(raw)], clock=ManualClock(NOW_MS), expected_ids=EXPECTED)
    assert shared_db.scalar("select raw from events where id = :id", id=kept.event_id) == raw


def test_two_guests_are_two_lines(db: Db, take: Take) -> None:
    take(text(1), text(2, OTHER_GUEST), state())
    assert {row["chat_id"] for row in db.all("select chat_id from events")} == {GUEST, OTHER_GUEST, ""}
