"""Starting: each guest once, exactly the plan, however often and by however many it is started."""

import threading
from pathlib import Path

import pytest

from greenbot.campaigns import handover, operate, suppress, table, templates
from greenbot.campaigns.campaign import Standing
from greenbot.campaigns.suppress import By
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, Wanted, entries
from greenbot.db.connect import Db, connect
from greenbot.errors import Refused
from tests.campaigns.conftest import Started, listed, messages, phones
from tests.campaigns.dispatcher import Dispatcher
from tests.campaigns.moments import NOON_MS


def test_every_guest_becomes_one_message_of_the_plan(db: Db, started: Started) -> None:
    campaign = started(b"phone;name\n380440000001;A\nbad;B\n380440000002;C\n", "Dear {{name}}", expire_ms=1000)
    assert campaign.state is Standing.RUNNING
    found = messages(db)
    assert [(message.chat_id, message.campaign_row, message.draft) for message in found] == [
        ("380440000001@c.us", 1, '{"chat_id": "380440000001@c.us", "text": "Dear A"}'),
        ("380440000002@c.us", 3, '{"chat_id": "380440000002@c.us", "text": "Dear C"}'),
    ]
    for message in found:
        assert (message.campaign_id, message.priority, message.message_class) == (campaign.id, "bulk", "promo")
        assert (message.instance, message.actor, message.expires_at_ms) == ("kyiv", "campaign", NOON_MS + 1000)
    assert table.tally(db, campaign.id).by_status == {"queued": 2, "bad": 1}


def test_the_times_are_those_of_the_plan(db: Db, started: Started) -> None:
    started(listed(phones(500)), spacing_ms=(1_000, 1_000))
    assert [message.scheduled_at_ms for message in messages(db)] == [NOON_MS + 1000 * n for n in range(500)]


def test_starting_again_changes_nothing(db: Db, started: Started, by: Operator) -> None:
    campaign = started(listed(phones(450)))
    before = messages(db)
    again = handover.start(db, campaign, by)
    assert (again, messages(db)) == (campaign, before)


def test_what_happens_to_the_template_later_does_not_matter(
    db: Db, saved: Started, by: Operator, clock: ManualClock
) -> None:
    templates.add(db, "hello", "Hello", clock)
    campaign = saved(listed(phones(1)), templates.get(db, "hello").text)
    templates.edit(db, "hello", "Something else", clock)
    handover.start(db, campaign, by)
    assert '"text": "Hello"' in messages(db)[0].draft


def test_who_says_stop_between_plan_and_start_gets_nothing(
    db: Db, saved: Started, by: Operator, clock: ManualClock
) -> None:
    campaign = saved(listed(phones(3)))
    with db.write() as tx:
        assert suppress.obey(tx, "380440000002@c.us", "Stop!", clock) == "stop"
    handover.start(db, campaign, by)
    assert [message.chat_id for message in messages(db)] == ["380440000001@c.us", "380440000003@c.us"]
    assert table.tally(db, campaign.id).by_status == {"queued": 2, "suppressed": 1}


def test_it_can_begin_later(db: Db, saved: Started, by: Operator) -> None:
    handover.start(db, saved(listed(phones(2)), spacing_ms=(5, 5), expire_ms=100), by, begin_ms=NOON_MS + 60_000)
    assert [message.not_before_ms for message in messages(db)] == [NOON_MS + 60_000, NOON_MS + 60_005]
    assert messages(db)[0].expires_at_ms == NOON_MS + 60_100


class Stopped(Exception):
    """The process ends here."""


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_an_interrupted_start_goes_on_where_it_was(db: Db, saved: Started, by: Operator, batches: int) -> None:
    campaign = saved(listed(phones(1000)), spacing_ms=(1_000, 1_000))
    seen: list[int] = []

    def stop(done: int, all_: int) -> None:
        seen.append(done)
        if len(seen) == batches:
            raise Stopped

    with pytest.raises(Stopped):
        handover.start(db, campaign, by, on_progress=stop)
    assert len(messages(db)) == 200 * batches
    assert table.by_id(db, campaign.id).state is Standing.STARTING
    # What was handed over may leave meanwhile.
    assert Dispatcher(db, by.clock).run() == 1
    ended = handover.start(db, campaign, by)
    found = messages(db)
    assert ended.state is Standing.RUNNING
    assert [message.campaign_row for message in found] == list(range(1, 1001))
    waiting = sorted(message.not_before_ms for message in found if message.state == "queued")
    assert waiting == [NOON_MS + 1000 * n for n in range(1, 1000)], "the rest is spread as if nothing had happened"


def test_two_starts_at_once_share_the_work(tmp_path: Path, saved: Started, db: Db, clock: ManualClock) -> None:
    campaign = saved(listed(phones(2000)))
    errors: list[Exception] = []

    def start() -> None:
        mine = connect(db.path, clock=clock)
        try:
            handover.start(mine, campaign, Operator(name="x", clock=clock))
        except Exception as error:  # noqa: BLE001 - reported by the test
            errors.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(message.campaign_row or 0 for message in messages(db)) == list(range(1, 2001))


def test_one_that_is_over_or_paused_is_not_started(db: Db, saved: Started, started: Started, by: Operator) -> None:
    cancelled = operate.cancel(db, saved(listed(phones(1)), name="a"), by)
    with pytest.raises(Refused, match="is cancelled"):
        handover.start(db, cancelled, by)
    paused = operate.pause(db, started(listed(phones(1)), name="b"), by)
    with pytest.raises(Refused, match="is paused") as caught:
        handover.start(db, paused, by)
    assert caught.value.hint == "Let it go on with: greenbot campaign resume b"
    assert caught.value.exit_code == 10


def test_who_started_it_stands_in_the_audit(db: Db, started: Started, by: Operator) -> None:
    campaign = started(listed(phones(1)))
    operate.cancel(db, operate.pause(db, campaign, by), by)
    found = entries(db, Wanted(subject="campaign brunch"))
    assert [(entry.action, entry.actor) for entry in reversed(found)] == [
        ("campaign.start", "olena"),
        ("campaign.run", "olena"),
        ("campaign.pause", "olena"),
        ("campaign.cancel", "olena"),
    ]


def test_a_message_of_a_campaign_that_was_suppressed_by_hand_is_counted_so(
    db: Db, started: Started, clock: ManualClock
) -> None:
    campaign = started(listed(phones(2)))
    suppress.add(db, ["380440000001@c.us"], By(actor="x"), clock)
    assert table.tally(db, campaign.id).by_status == {"queued": 1, "suppressed": 1}
