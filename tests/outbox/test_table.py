"""Accepting messages, and looking at them."""

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import KeyReused, UnknownMessage
from greenbot.outbox.claims import Claim, claim, release
from greenbot.outbox.decide import Change
from greenbot.outbox.history import log_of
from greenbot.outbox.listing import Filters, list_messages, stats
from greenbot.outbox.message import Message
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import enqueue, get, payload_digest
from tests.outbox.conftest import GUEST, OTHER_GUEST, Add, new_text


def end(db: Db, message: Message, clock: ManualClock, change: Change) -> None:
    held = claim(db, message.id, owner="me", clock=clock)
    assert isinstance(held, Claim)
    assert release(db, held, change, clock=clock)


CANCELLED = Change(state=State.CANCELLED, reason=Reason.INTERRUPTED)


def test_an_accepted_message_is_what_was_given(db: Db, clock: ManualClock) -> None:
    new = new_text(
        "Willkommen ☀",
        priority="high",
        message_class="promo",
        policy="hold",
        scheduled_at_ms=5,
        expires_at_ms=9,
        campaign_id=3,
        campaign_row=17,
        actor="campaign",
    )
    message = enqueue(db, new, clock)
    assert message == get(db, message.id)
    assert (message.state, message.epoch, message.priority, message.message_class) == ("queued", 0, "high", "promo")
    assert (message.chat_id, message.kind, message.method) == (f"{GUEST}@c.us", "text", "sendMessage")
    assert (message.scheduled_at_ms, message.not_before_ms, message.expires_at_ms) == (5, 5, 9)
    assert (message.campaign_id, message.campaign_row, message.policy, message.actor) == (3, 17, "hold", "campaign")
    assert message.created_at_ms == clock.now_ms()
    assert [(line.from_state, line.to_state, line.actor) for line in log_of(db, message.id)] == [
        (None, "queued", "campaign")
    ]


def test_an_unknown_message_is_named(db: Db) -> None:
    with pytest.raises(UnknownMessage, match="no message 7"):
        get(db, 7)


def test_the_same_key_and_payload_give_the_same_message(db: Db, add: Add) -> None:
    first, again = add(key="booking-1"), add(key="booking-1")
    assert (again.id, again.replayed, first.replayed) == (first.id, True, False)
    assert db.scalar("select count(*) from messages") == 1


@pytest.mark.parametrize("other", [{"text": "Goodbye"}, {"to": OTHER_GUEST}], ids=["other text", "other guest"])
def test_a_key_that_stands_for_another_payload_is_refused(db: Db, add: Add, other: dict[str, str]) -> None:
    first = add(key="booking-1")
    with pytest.raises(KeyReused, match=f"message {first.id}") as caught:
        add(**other, key="booking-1")
    assert caught.value.exit_code == 10
    assert db.scalar("select count(*) from messages") == 1


def test_keys_of_two_instances_have_nothing_to_do_with_each_other(add: Add) -> None:
    assert add(key="k").id != add(key="k", instance="odesa").id


def test_without_a_key_the_same_text_is_two_messages(add: Add) -> None:
    assert add().id != add().id


def test_a_message_known_not_sent_gives_its_key_to_the_next_try(db: Db, add: Add, clock: ManualClock) -> None:
    first = add(key="booking-1")
    end(db, first, clock, CANCELLED)
    again = add(key="booking-1")
    assert (again.replayed, again.state, again.retry_of) == (False, "queued", first.id)
    assert add(key="booking-1").id == again.id


def test_a_message_that_was_ever_in_doubt_keeps_its_key(db: Db, add: Add, clock: ManualClock) -> None:
    first = add(key="booking-1")
    with db.write() as tx:
        for state, reason in (("claimed", "claim"), ("sending", "post"), ("uncertain", "ambiguous")):
            tx.run("update messages set state = :s, reason = :r, epoch = epoch + 1", s=state, r=reason)
        tx.run("update messages set ambiguous_attempts = 1")
        tx.run("update messages set state = 'failed', reason = 'operator', epoch = epoch + 1")
    assert add(key="booking-1").id == first.id


def test_the_digest_does_not_depend_on_where_a_file_lies(tmp_path: object) -> None:
    from pathlib import Path

    from greenbot.chat_id import parse_chat_id
    from greenbot.messages.outgoing import FileByUpload

    here, there = Path(str(tmp_path)) / "a.pdf", Path(str(tmp_path)) / "sub" / "a.pdf"
    there.parent.mkdir()
    for path in (here, there):
        path.write_bytes(b"%PDF-1.4 menu")
    drafts = [FileByUpload(chat_id=parse_chat_id(GUEST), path=path) for path in (here, there)]
    assert payload_digest(drafts[0]) == payload_digest(drafts[1])
    there.write_bytes(b"%PDF-1.4 bill")
    assert payload_digest(FileByUpload(chat_id=parse_chat_id(GUEST), path=there)) != payload_digest(drafts[0])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), [6, 5, 4, 3, 2, 1]),
        (Filters(limit=2), [6, 5]),
        (Filters(limit=2, before_id=5), [4, 3]),
        (Filters(instance="kyiv"), [6, 5, 3, 2, 1]),
        (Filters(instance="kyiv", states=(State.QUEUED,)), [5, 3]),
        (Filters(states=(State.QUEUED, State.CANCELLED), limit=4), [6, 5, 4, 3]),
        (Filters(states=(State.CANCELLED,)), [6, 2, 1]),
        (Filters(chat_id=f"{OTHER_GUEST}@c.us"), [6, 5]),
        (Filters(chat_id=f"{OTHER_GUEST}@c.us", states=(State.CANCELLED,)), [6]),
        (Filters(chat_id=f"{GUEST}@c.us", instance="odesa"), [4]),
        (Filters(campaign_id=8), [5, 2]),
        (Filters(campaign_id=8, states=(State.QUEUED,)), [5]),
        (Filters(campaign_id=8, chat_id=f"{GUEST}@c.us"), [2]),
        (Filters(instance="lviv"), []),
        (Filters(states=(State.FAILED,)), []),
    ],
)
def test_lists_are_filtered_and_newest_first(
    db: Db, add: Add, clock: ManualClock, filters: Filters, found: list[int]
) -> None:
    gone = [add(), add(campaign_id=8)]
    add()
    add(instance="odesa")
    add(to=OTHER_GUEST, campaign_id=8)
    gone.append(add(to=OTHER_GUEST))
    for message in gone:
        held = claim(db, message.id, owner="me", clock=clock, may_overtake=True)
        assert isinstance(held, Claim)
        release(db, held, CANCELLED, clock=clock)
    assert [message.id for message in list_messages(db, filters)] == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(message_class="promo"), [2]),
        (Filters(message_class="service", states=(State.QUEUED,)), [4, 3]),
        (Filters(held=True), [3]),
        (Filters(held=False, instance="kyiv"), [4, 2, 1]),
        (Filters(held=False, chat_id=f"{GUEST}@c.us"), [4, 2, 1]),
        (Filters(why="price"), [3]),
        (Filters(why="added"), [4, 3, 2]),
        (Filters(why="interrupted", states=(State.CANCELLED,)), [1]),
        (Filters(why="connect"), []),
        (Filters(created_before_ms=ManualClock().now_ms() + 2000), [2, 1]),
        (Filters(created_before_ms=ManualClock().now_ms()), []),
        (Filters(message_class="promo", campaign_id=8), [2]),
        (Filters(message_class="service", campaign_id=8), []),
    ],
)
def test_lists_can_be_narrowed_by_what_the_messages_are(
    db: Db, add: Add, clock: ManualClock, filters: Filters, found: list[int]
) -> None:
    end(db, add(), clock, CANCELLED)
    clock.advance(1)
    add(message_class="promo", campaign_id=8)
    clock.advance(1)
    add(held_reason="price")
    clock.advance(1)
    add()
    assert [message.id for message in list_messages(db, filters)] == found


def test_the_outbox_in_numbers(db: Db, add: Add, clock: ManualClock) -> None:
    first = add()
    clock.advance(60)
    add(to=OTHER_GUEST)
    add(instance="odesa")
    end(db, first, clock, CANCELLED)
    counted = {(row.instance, row.state): (row.messages, row.oldest_at_ms) for row in stats(db)}
    assert counted == {
        ("kyiv", "cancelled"): (1, first.created_at_ms),
        ("kyiv", "queued"): (1, first.created_at_ms + 60_000),
        ("odesa", "queued"): (1, first.created_at_ms + 60_000),
    }
    assert [row.instance for row in stats(db, "odesa")] == ["odesa"]
