"""Pause, resume, cancel: the state first, then the messages; and nothing is lost on the way."""

import pytest

from greenbot.campaigns import handover, operate, table
from greenbot.campaigns.campaign import HELD, Campaign, Standing, standing
from greenbot.campaigns.localtime import read_quiet
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.errors import Refused
from tests.campaigns.conftest import Started, listed, messages, phones
from tests.campaigns.dispatcher import Dispatcher
from tests.campaigns.moments import at


@pytest.fixture
def desk(db: Db, clock: ManualClock) -> Dispatcher:
    return Dispatcher(db, clock)


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(
    db: Db, started: Started, by: Operator, clock: ManualClock, desk: Dispatcher
) -> None:
    campaign = started(listed(phones(450)), spacing_ms=(1_000, 1_000))
    assert desk.run() == 1
    paused = operate.pause(db, campaign, by)
    assert (paused.state, paused.why) == (Standing.PAUSED, "operator")
    clock.advance(3600)
    assert desk.run() == 0
    assert {message.held_reason for message in messages(db) if message.state == "queued"} == {HELD}
    now = clock.now_ms()
    resumed = operate.resume(db, paused, by)
    assert resumed.state is Standing.RUNNING
    waiting = [message for message in messages(db) if message.state == "queued"]
    assert {message.held_reason for message in waiting} == {None}
    assert [message.not_before_ms for message in waiting] == [now + 1000 * n for n in range(449)], (
        "at its pace, from now"
    )
    assert desk.run() == 1


def test_resuming_in_the_night_waits_for_the_morning(
    db: Db, started: Started, by: Operator, clock: ManualClock
) -> None:
    paused = operate.pause(db, started(listed(phones(2)), quiet=read_quiet("21-9")), by)
    clock.advance(12 * 3600)
    operate.resume(db, paused, by)
    assert {message.not_before_ms for message in messages(db)} == {at("2026-05-12 09:00", "Europe/Kyiv")}


def test_a_pause_in_the_middle_of_the_start_keeps_the_rest_back(db: Db, saved: Started, by: Operator) -> None:
    campaign = saved(listed(phones(1000)))

    def pause(done: int, all_: int) -> None:
        if done == 400:
            operate.pause(db, table.by_id(db, campaign.id), by)

    with pytest.raises(Refused, match="is paused"):
        handover.start(db, campaign, by, on_progress=pause)
    assert len(messages(db)) == 400
    assert all(message.held_reason == HELD for message in messages(db))
    done = operate.resume(db, table.by_id(db, campaign.id), by)
    assert done.state is Standing.RUNNING
    assert [message.campaign_row for message in messages(db)] == list(range(1, 1001))
    assert {message.held_reason for message in messages(db)} == {None}


def test_cancelling_ends_what_has_not_left(db: Db, started: Started, by: Operator, desk: Dispatcher) -> None:
    campaign = started(listed(phones(700)), spacing_ms=(1_000, 1_000))
    desk.run()
    cancelled = operate.cancel(db, campaign, by)
    assert cancelled.state is Standing.CANCELLED
    assert table.tally(db, campaign.id).by_status == {"accepted": 1, "cancelled": 699}
    assert {message.cause for message in messages(db) if message.state == "cancelled"} == {"campaign_cancelled"}
    assert operate.cancel(db, cancelled, by) == cancelled
    for act in (operate.pause, operate.resume):
        with pytest.raises(Refused, match="is cancelled"):
            act(db, cancelled, by)


def test_cancelling_in_the_middle_of_the_start_leaves_nothing_behind(db: Db, saved: Started, by: Operator) -> None:
    campaign = saved(listed(phones(1000)))

    def cancel(done: int, all_: int) -> None:
        if done == 400:
            operate.cancel(db, table.by_id(db, campaign.id), by)

    with pytest.raises(Refused, match="is cancelled"):
        handover.start(db, campaign, by, on_progress=cancel)
    assert table.tally(db, campaign.id).by_status == {"cancelled": 1000}
    assert {message.state for message in messages(db)} == {"cancelled"}


@pytest.mark.parametrize("act", [operate.pause, operate.cancel])
def test_a_planned_one_can_be_cancelled_but_not_paused(db: Db, saved: Started, by: Operator, act: object) -> None:
    campaign = saved(listed(phones(3)))
    if act is operate.pause:
        with pytest.raises(Refused, match="is planned"):
            operate.pause(db, campaign, by)
    else:
        operate.cancel(db, campaign, by)
        assert table.tally(db, campaign.id).by_status == {"cancelled": 3}


def test_it_is_finished_when_nothing_is_open(db: Db, started: Started, desk: Dispatcher) -> None:
    campaign = started(listed(phones(3)))

    def now() -> Standing:
        return standing(table.by_id(db, campaign.id), table.tally(db, campaign.id))

    assert now() is Standing.RUNNING
    assert desk.run() == 3
    assert now() is Standing.FINISHED


@pytest.mark.parametrize("left_in", ["pause", "resume"])
def test_what_a_dead_process_left_half_done_is_finished_by_the_next_one(
    db: Db, started: Started, by: Operator, desk: Dispatcher, left_in: str
) -> None:
    """The state was committed, the messages were not touched any more."""
    campaign = started(listed(phones(300)))
    if left_in == "pause":
        _only_the_state(db, campaign, Standing.PAUSED, by)
        assert desk.run() == 0, "the hook knows the state"
        assert {message.held_reason for message in messages(db)} == {HELD}
    else:
        paused = operate.pause(db, campaign, by)
        _only_the_state(db, paused, Standing.RUNNING, by)
        assert desk.run() == 0, "all are held"
        operate.resume(db, table.by_id(db, campaign.id), by)
        assert desk.run() == 300


def _only_the_state(db: Db, campaign: Campaign, state: Standing, by: Operator) -> None:
    with db.write() as tx:
        assert table.move(tx, campaign, state, by, verb="test")
