"""Before a message leaves: consent, pace, quiet hours, the day's limit, failures, the number's health, new chats."""

import random
from itertools import pairwise

import pytest

from greenbot.campaigns import operate, suppress, table
from greenbot.campaigns.campaign import Standing
from greenbot.campaigns.dispatch import DispatchRules, may_leave
from greenbot.campaigns.localtime import day_around, read_quiet, zone_of
from greenbot.campaigns.newchats import NewChatLimit, set_limit
from greenbot.campaigns.suppress import By
from greenbot.chat_id import parse_chat_id
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.db.translate import Conflict
from greenbot.messages.outgoing import Text
from greenbot.outbox.claims import claim
from greenbot.outbox.gate import Rules
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.table import enqueue, get
from greenbot.resilience import shared_health
from greenbot.resilience.health import Health
from tests.campaigns.conftest import HOTEL, ZONE, Started, listed, messages, phones
from tests.campaigns.dispatcher import Dispatcher, accepted, refused, rejected
from tests.campaigns.moments import NOON_MS, at, shown

GUEST = "380440000001"


@pytest.fixture
def desk(db: Db, clock: ManualClock) -> Dispatcher:
    return Dispatcher(db, clock)


def add(db: Db, clock: ManualClock, to: str = GUEST, **fields: object) -> Message:
    draft = Text(chat_id=parse_chat_id(to), text="Hello")
    return enqueue(db, NewMessage(**{"instance": HOTEL, "draft": draft, **fields}), clock)  # type: ignore[arg-type]  # rows of tests


def work(desk: Dispatcher, clock: ManualClock, *, until_ms: int) -> None:
    """Dispatch and let time pass, from one due moment to the next."""
    while clock.now_ms() < until_ms:
        desk.run()
        due = desk.next_ms()
        if due is None:
            return
        clock.advance((due - clock.now_ms()) / 1000)


def times(desk: Dispatcher) -> list[int]:
    return [moment for _, moment in desk.posted]


def test_the_rules_fit_into_the_worker(clock: ManualClock) -> None:
    rules: Rules = DispatchRules(clock=clock)
    assert rules is not None


# --- consent --------------------------------------------------------------------------------------------------------


def test_a_promotion_that_was_queued_before_the_stop_is_ended_with_it(db: Db, clock: ManualClock) -> None:
    promo = add(db, clock, message_class="promo")
    service = add(db, clock)
    other = add(db, clock, "380440000009", message_class="promo")
    with db.write() as tx:
        suppress.obey(tx, f"{GUEST}@c.us", "STOP", clock)
    ended = get(db, promo.id)
    assert (ended.state, ended.cause, ended.actor) == ("cancelled", "suppressed", "guest")
    assert [get(db, message.id).state for message in (service, other)] == ["queued", "queued"]


def test_a_promotion_that_was_queued_after_the_stop_is_ended_at_dispatch(
    db: Db, clock: ManualClock, desk: Dispatcher
) -> None:
    suppress.add(db, [f"{GUEST}@c.us"], By(actor="x"), clock)
    promo, service = add(db, clock, message_class="promo"), add(db, clock)
    assert desk.run() == 1
    assert (get(db, promo.id).state, get(db, promo.id).cause) == ("cancelled", "suppressed")
    assert get(db, service.id).state == "accepted"


def test_a_path_that_forgets_to_ask_is_stopped_by_the_store(db: Db, clock: ManualClock) -> None:
    suppress.add(db, [f"{GUEST}@c.us"], By(actor="x"), clock, instance=HOTEL)
    promo = add(db, clock, message_class="promo")
    with pytest.raises(Conflict, match="wants no promotion"):
        claim(db, promo.id, owner="me", clock=clock)
    assert get(db, promo.id).state == "queued"


# --- pace -----------------------------------------------------------------------------------------------------------


def test_messages_leave_at_the_planned_moments(db: Db, started: Started, desk: Dispatcher, clock: ManualClock) -> None:
    started(listed(phones(50)), spacing_ms=(8_000, 25_000), seed=3)
    planned = [message.scheduled_at_ms for message in messages(db)]
    work(desk, clock, until_ms=NOON_MS + 3_600_000)
    assert times(desk) == planned
    assert desk.refusals == []


def test_a_campaign_that_fell_behind_is_spread_anew_and_not_poured_out(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock
) -> None:
    campaign = started(listed(phones(1000)), spacing_ms=(8_000, 25_000), seed=3)
    clock.advance(5 * 3600)  # nobody worked: all are due
    work(desk, clock, until_ms=NOON_MS + 86_400_000)
    gaps = [later - earlier for earlier, later in pairwise(times(desk))]
    assert len(desk.posted) == 1000
    assert min(gaps) >= 8_000
    assert max(gaps) <= 100_000
    assert len(desk.refusals) < 10, "one message asks for all"
    assert table.by_id(db, campaign.id).laid_out_at_ms is not None


def test_a_slow_worker_still_keeps_the_distance(db: Db, started: Started, desk: Dispatcher, clock: ManualClock) -> None:
    started(listed(phones(200)), spacing_ms=(8_000, 25_000), seed=3)
    rng = random.Random(1)
    for _ in range(3000):
        desk.run()
        clock.advance(rng.uniform(0, 20))
    gaps = [later - earlier for earlier, later in pairwise(times(desk))]
    assert (len(desk.posted), min(gaps) >= 8_000) == (200, True)


def test_a_clock_that_is_put_back_does_not_stop_it(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock
) -> None:
    started(listed(phones(3)), spacing_ms=(8_000, 8_000))
    clock.advance(86_400)
    assert desk.run() == 1
    earlier = ManualClock(NOON_MS + 10_000)
    again = Dispatcher(db, earlier)
    with db.write() as tx:
        tx.run("update messages set not_before_ms = 0, scheduled_at_ms = 0")
    assert again.run() == 1


def test_a_call_that_was_not_sent_costs_no_turn(db: Db, started: Started, clock: ManualClock) -> None:
    started(listed(phones(1)), max_per_day=1, spacing_ms=(60_000, 60_000))
    desk = Dispatcher(db, clock, answer=lambda number: refused(number) if number == 1 else accepted(number))
    work(desk, clock, until_ms=NOON_MS + 50_000)
    assert [message.state for message in messages(db)] == ["accepted"]
    assert len(desk.posted) == 2


# --- quiet hours and the day ----------------------------------------------------------------------------------------


def test_no_message_leaves_in_the_guests_night(db: Db, started: Started, desk: Dispatcher, clock: ManualClock) -> None:
    zones = ["", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"]
    rows = [f"{number};{zones[n % 4]}" for n, number in enumerate(phones(400))]
    started(listed(rows, heading="phone;timezone"), spacing_ms=(60_000, 240_000), quiet=read_quiet("21-9"), seed=5)
    rng = random.Random(2)
    while desk.run() or desk.next_ms() is not None:
        # A worker that is sometimes away for hours.
        away = 4 * 3600 if rng.random() < 0.03 else rng.uniform(0, 5)
        clock.advance(max(0, (desk.next_ms() or 0) - clock.now_ms()) / 1000 + away)
    assert len(desk.posted) == 400
    for message, moment in desk.posted:
        zone = zones[((message.campaign_row or 1) - 1) % 4] or ZONE
        assert 9 <= int(shown(moment, zone)[11:13]) < 21, (zone, shown(moment, zone))


def test_a_day_takes_no_more_than_it_may(db: Db, started: Started, desk: Dispatcher, clock: ManualClock) -> None:
    started(listed(phones(50)), max_per_day=12, quiet=read_quiet("21-9"), spacing_ms=(1000, 9000))
    work(desk, clock, until_ms=NOON_MS + 30 * 86_400_000)
    kyiv = zone_of(ZONE)
    assert kyiv is not None
    days = [day_around(moment, kyiv)[0] for moment in times(desk)]
    assert [days.count(day) for day in sorted(set(days))] == [12, 12, 12, 12, 2]


def test_a_day_that_is_full_stays_full_after_a_pause(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock, by: Operator
) -> None:
    campaign = started(listed(phones(20)), max_per_day=5)
    assert desk.run() == 5
    operate.resume(db, operate.pause(db, campaign, by), by)
    assert desk.run() == 0
    assert shown(desk.next_ms() or 0, ZONE)[:16] == "2026-05-12 00:00"


def test_a_message_that_waits_lets_younger_ones_of_its_chat_pass(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock
) -> None:
    started(listed([GUEST]), quiet=read_quiet("13-14"))
    clock.advance(90 * 60)  # its time came and went; now it is quiet
    confirmation = add(db, clock)
    assert desk.run() == 1
    assert get(db, confirmation.id).state == "accepted"
    assert [message.cause for message in messages(db) if message.campaign_id] == ["quiet_hours"]


# --- failures and the health of the number --------------------------------------------------------------------------


def test_it_stops_by_itself_when_too_many_fail(db: Db, started: Started, clock: ManualClock, by: Operator) -> None:
    campaign = started(listed(phones(300)), abort_above=0.05)
    desk = Dispatcher(db, clock, answer=lambda n: rejected(n) if n % 10 == 0 else accepted(n))
    assert desk.run() == 20, "not before twenty ends"
    stopped = table.by_id(db, campaign.id)
    assert (stopped.state, stopped.why) == (Standing.PAUSED, "failing")
    assert desk.run() == 0
    # A person looked and lets it go on: what failed so far is forgiven, what fails next is not.
    operate.resume(db, stopped, by)
    assert 18 <= desk.run() <= 25
    assert table.by_id(db, campaign.id).why == "failing"


def test_few_failures_do_not_stop_it(db: Db, started: Started, clock: ManualClock) -> None:
    campaign = started(listed(phones(300)), abort_above=0.05)
    desk = Dispatcher(db, clock, answer=lambda n: rejected(n) if n % 25 == 0 else accepted(n))
    assert desk.run() == 300
    assert table.tally(db, campaign.id).by_status == {"accepted": 288, "failed": 12}


@pytest.mark.parametrize("account", ["yellowCard", "suspended"])
def test_a_restricted_number_stops_its_campaigns_until_a_person_resumes_them(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock, by: Operator, account: str
) -> None:
    campaign = started(listed(phones(50)), spacing_ms=(1000, 1000))
    bulk, single = add(db, clock, "380449999901", priority="bulk"), add(db, clock, "380449999902")
    desk.run()
    _account(db, account)
    clock.advance(3600)
    before = len(desk.posted)
    desk.run()
    assert len(desk.posted) == before
    stopped = table.by_id(db, campaign.id)
    assert (stopped.state, stopped.why) == (Standing.PAUSED, "number_restricted")
    _account(db, "authorized")
    clock.advance(3600)
    assert desk.run() == 0, "it does not go on by itself"
    operate.resume(db, table.by_id(db, campaign.id), by)
    assert desk.run() == 1
    assert {get(db, message.id).state for message in (bulk, single)} == {"accepted"}


def test_a_restriction_stops_campaigns_before_any_message_is_asked_about(db: Db, started: Started) -> None:
    campaign = started(listed(phones(3)))
    _account(db, "suspended")
    assert table.by_id(db, campaign.id).why == "number_restricted"


def test_a_bulk_message_that_waits_for_the_number_lets_others_to_the_guest_pass(
    db: Db, desk: Dispatcher, clock: ManualClock
) -> None:
    _account(db, "yellowCard")
    bulk = add(db, clock, priority="bulk")
    assert desk.run() == 0
    confirmation = add(db, clock)
    assert desk.run() == 1
    assert [get(db, message.id).state for message in (bulk, confirmation)] == ["queued", "accepted"]


def test_bulk_waits_while_the_number_is_restricted_and_the_rest_does_not(
    db: Db, desk: Dispatcher, clock: ManualClock
) -> None:
    _account(db, "yellowCard")
    bulk, single = add(db, clock, priority="bulk"), add(db, clock, "380440000002")
    assert desk.run() == 1
    assert get(db, single.id).state == "accepted"
    assert (get(db, bulk.id).state, get(db, bulk.id).cause) == ("queued", "number_restricted")
    _account(db, "authorized")
    clock.advance(901)
    assert desk.run() == 1


def _account(db: Db, account: str) -> None:
    shared_health.change(db, HOTEL, lambda health: Health(account=account))


# --- new chats ------------------------------------------------------------------------------------------------------


def test_a_number_begins_no_more_new_chats_than_it_may(
    db: Db, started: Started, desk: Dispatcher, clock: ManualClock
) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=20, timezone=ZONE), clock)
    first = started(listed(phones(30)), name="a", spacing_ms=(1000, 3000))
    second = started(listed(phones(30, first=380_450_000_001)), name="b", spacing_ms=(1000, 3000))
    work(desk, clock, until_ms=NOON_MS + 10 * 86_400_000)
    kyiv = zone_of(ZONE)
    assert kyiv is not None
    days = [day_around(moment, kyiv)[0] for moment in times(desk)]
    assert [days.count(day) for day in sorted(set(days))] == [20, 20, 20]
    assert [table.tally(db, campaign.id).sent for campaign in (first, second)] == [30, 30]


def test_who_is_known_gets_the_message_although_the_day_is_used_up(
    db: Db, desk: Dispatcher, clock: ManualClock
) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=1, timezone=ZONE), clock)
    add(db, clock, "380440000001")
    assert desk.run() == 1
    known, new = add(db, clock, "380440000001"), add(db, clock, "380440000002")
    urgent, group = add(db, clock, "380440000003", priority="high"), add(db, clock, "120363043968066561@g.us")
    assert desk.run() == 3
    assert {get(db, message.id).state for message in (known, urgent, group)} == {"accepted"}
    waiting = get(db, new.id)
    assert (waiting.cause, shown(waiting.not_before_ms, ZONE)[:16]) == ("new_chats", "2026-05-12 00:00")
    clock.advance((waiting.not_before_ms - clock.now_ms()) / 1000)
    assert desk.run() == 1


def test_a_message_that_never_left_did_not_begin_a_chat(db: Db, clock: ManualClock) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=1, timezone=ZONE), clock)
    add(db, clock, "380440000001")
    desk = Dispatcher(db, clock, answer=lambda number: rejected(number) if number == 1 else accepted(number))
    assert desk.run() == 1
    add(db, clock, "380440000002")
    assert desk.run() == 1, "the first one was refused and used nothing up"


def test_asking_writes_nothing(db: Db, started: Started, clock: ManualClock) -> None:
    started(listed(phones(2)), spacing_ms=(8_000, 25_000), quiet=read_quiet("21-9"), abort_above=0.1, max_per_day=5)
    before = messages(db)
    for moment in (NOON_MS, at("2026-05-11 23:00", ZONE)):
        may_leave(db, before[0], moment)
    assert messages(db) == before
