"""Caps on new chats and the warm-up of a fresh number."""

import pytest

from greenbot.campaigns.newchats import (
    NewChatLimit,
    allowance,
    clear_limit,
    guest_wrote,
    is_known,
    limit_of,
    per_day,
    set_limit,
)
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import UsageError
from tests.campaigns.conftest import HOTEL, ZONE
from tests.campaigns.moments import NOON_MS, at, shown


@pytest.mark.parametrize(("text", "chats"), [("20/d", 20), ("20/day", 20), (" 5 / d ", 5), ("7", 7)])
def test_a_number_per_day_is_read(text: str, chats: int) -> None:
    assert per_day(text) == chats


@pytest.mark.parametrize("text", ["", "0", "0/d", "-1/d", "20/h", "many", "1.5/d", "20 per day", "9999999/d"])
def test_what_is_no_number_per_day_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="new chats per day"):
        per_day(text)


@pytest.mark.parametrize(
    ("limit", "caps"),
    [
        # day 1, day 2, day 10, day 11 of the warm-up, a year later
        (NewChatLimit(per_day=50), (50, 50, 50, 50, 50)),
        (NewChatLimit(warmup_days=10), (20, 20, 20, None, None)),
        (NewChatLimit(per_day=50, warmup_days=10), (20, 20, 20, 50, 50)),
        (NewChatLimit(per_day=5, warmup_days=10), (5, 5, 5, 5, 5)),
        (NewChatLimit(warmup_days=1), (20, None, None, None, None)),
    ],
)
def test_a_warm_up_is_twenty_a_day_and_then_ends(
    db: Db, clock: ManualClock, limit: NewChatLimit, caps: tuple[int | None, ...]
) -> None:
    from dataclasses import replace

    found = set_limit(db, HOTEL, replace(limit, timezone=ZONE), clock)
    days = [0, 1, 9, 10, 365]
    assert tuple(allowance(db, HOTEL, NOON_MS + day * 86_400_000).cap for day in days) == caps
    assert found.warmup_from_ms == NOON_MS


def test_the_days_of_a_warm_up_are_the_hotels_even_when_clocks_change(db: Db) -> None:
    begin = at("2026-10-20 23:30", ZONE)
    set_limit(db, HOTEL, NewChatLimit(warmup_days=10, timezone=ZONE), ManualClock(begin))
    assert allowance(db, HOTEL, at("2026-10-29 23:59", ZONE)).cap == 20
    assert allowance(db, HOTEL, at("2026-10-30 00:00", ZONE)).cap is None


def test_setting_it_again_does_not_begin_the_warm_up_anew(db: Db, clock: ManualClock) -> None:
    set_limit(db, HOTEL, NewChatLimit(warmup_days=10), clock)
    clock.advance(5 * 86_400)
    assert set_limit(db, HOTEL, NewChatLimit(per_day=40, warmup_days=12), clock).warmup_from_ms == NOON_MS


@pytest.mark.parametrize("limit", [NewChatLimit(), NewChatLimit(per_day=0), NewChatLimit(warmup_days=0)])
def test_a_limit_that_limits_nothing_or_everything_is_refused(db: Db, clock: ManualClock, limit: NewChatLimit) -> None:
    with pytest.raises(UsageError, match="at least one"):
        set_limit(db, HOTEL, limit, clock)


def test_a_limit_can_be_lifted(db: Db, clock: ManualClock) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=1), clock)
    assert clear_limit(db, HOTEL)
    assert not clear_limit(db, HOTEL)
    assert limit_of(db, HOTEL) is None
    assert allowance(db, HOTEL, NOON_MS).cap is None


def test_who_wrote_first_is_no_stranger(db: Db, clock: ManualClock) -> None:
    assert not is_known(db, HOTEL, "380440000001@c.us")
    with db.write() as tx:
        guest_wrote(tx, HOTEL, "380440000001@c.us", clock.now_ms())
    assert is_known(db, HOTEL, "380440000001@c.us")
    assert not is_known(db, "odesa", "380440000001@c.us")
    assert is_known(db, HOTEL, "120363043968066561@g.us"), "groups are no strangers"
    assert allowance(db, HOTEL, NOON_MS).used == 0


def test_an_answer_of_the_guest_gives_the_new_chat_back(db: Db, clock: ManualClock) -> None:
    from tests.campaigns.dispatcher import Dispatcher
    from tests.campaigns.test_dispatch import add

    add(db, clock, "380440000001")
    Dispatcher(db, clock).run()
    assert allowance(db, HOTEL, NOON_MS).used == 1
    with db.write() as tx:
        guest_wrote(tx, HOTEL, "380440000001@c.us", clock.now_ms())
    assert allowance(db, HOTEL, NOON_MS).used == 0


def test_the_day_of_an_allowance_ends_at_the_hotels_midnight(db: Db, clock: ManualClock) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=1, timezone=ZONE), clock)
    assert shown(allowance(db, HOTEL, NOON_MS).until_ms, ZONE)[:16] == "2026-05-12 00:00"
