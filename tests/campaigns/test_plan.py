"""A plan checks every line, sends nothing, and says how long it takes."""

import pytest

from greenbot.campaigns import suppress, table
from greenbot.campaigns.campaign import Rules
from greenbot.campaigns.localtime import read_quiet
from greenbot.campaigns.newchats import NewChatLimit, guest_wrote, set_limit
from greenbot.campaigns.suppress import By
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import NotFound, UsageError
from tests.campaigns.conftest import HOTEL, Planned, Started, listed, messages, phones
from tests.campaigns.moments import NOON_MS, shown

LIST = b"""phone;name;timezone
+380 44 000 00 01;Olena;
380440000002;;Asia/Tokyo
044 000 00 01;Olena again;
not a number;Petro;
380440000003;Said stop;
380440000004;Odd;Mars
380440000005;Maria;America/New_York
"""


def test_every_line_is_checked_and_none_stops_the_others(db: Db, planned: Planned, clock: ManualClock) -> None:
    suppress.add(db, ["380440000003@c.us"], By(actor="x"), clock)
    plan = planned(LIST, "Dear {{name|guest}}")
    assert [(row.line, row.status, row.text) for row in plan.rows] == [
        (2, "ready", "Dear Olena"),
        (3, "ready", "Dear guest"),
        (4, "duplicate", None),
        (5, "bad", None),
        (6, "suppressed", None),
        (7, "bad", None),
        (8, "ready", "Dear Maria"),
    ]
    assert [row.problem for row in plan.problems] == [
        "line 4: the same number as on line 2",
        "line 5, column A (phone): 'not a number' is not a phone number: it contains more than digits. Give a number "
        "with its country code, such as +380 44 123 4567, or an id ending in @c.us, @g.us or @lid.",
        "line 6: this guest wants no promotion",
        "line 7, column C (timezone): 'Mars' is not a time zone. Write it like Europe/Kyiv, or leave it empty.",
    ]
    assert messages(db) == []


def test_service_messages_reach_suppressed_guests_too(db: Db, planned: Planned, clock: ManualClock) -> None:
    suppress.add(db, ["380440000003@c.us"], By(actor="x"), clock)
    assert planned(LIST, message_class="service").count("suppressed") == 0


def test_suppression_for_another_number_does_not_count(db: Db, planned: Planned, clock: ManualClock) -> None:
    suppress.add(db, ["380440000003@c.us"], By(actor="x"), clock, instance="odesa")
    assert planned(LIST).count("suppressed") == 0


@pytest.mark.parametrize(
    ("content", "text", "status", "said"),
    [
        (b"phone;text\n380440000001;" + b"x" * 20_001, "{{text}}", "bad", "line 2: The message has 20,001 characters"),
        (b"phone;text\n380440000001;x", "{{text}}", "ready", None),
    ],
)
def test_a_text_that_cannot_be_sent_is_the_problem_of_its_line(
    planned: Planned, content: bytes, text: str, status: str, said: str | None
) -> None:
    (row,) = planned(content, text).rows
    assert row.status == status
    assert said is None or said in (row.problem or "")


def test_a_list_without_guests_is_refused(planned: Planned) -> None:
    with pytest.raises(UsageError, match="headings but no guests"):
        planned(b"phone;name\n")


def test_a_missing_column_is_named_before_any_line_is_looked_at(planned: Planned) -> None:
    with pytest.raises(UsageError, match=r"\{\{room\}\}, and no column is called so"):
        planned(LIST, "Room {{room}}")


def test_the_estimate_knows_the_rules(db: Db, planned: Planned, clock: ManualClock) -> None:
    estimate = planned(listed(phones(10)), spacing_ms=(60_000, 60_000)).estimate
    assert (estimate.first_ms, estimate.last_ms) == (NOON_MS, NOON_MS + 9 * 60_000)
    assert estimate.new_chats == 10
    night = planned(listed(phones(10)), spacing_ms=(3_600_000, 3_600_000), quiet=read_quiet("21:00-09:00"))
    assert shown(night.estimate.last_ms or 0, "Europe/Kyiv")[:16] == "2026-05-12 09:00"
    few = planned(listed(phones(10)), max_per_day=3, expire_ms=2 * 86_400_000)
    assert shown(few.estimate.last_ms or 0, "Europe/Kyiv")[:16] == "2026-05-14 00:00"
    assert few.estimate.too_late == 1


def test_the_estimate_counts_only_strangers_as_new_chats(db: Db, planned: Planned, clock: ManualClock) -> None:
    set_limit(db, HOTEL, NewChatLimit(per_day=2, timezone="Europe/Kyiv"), clock)
    with db.write() as tx:
        for number in phones(6)[:2]:
            guest_wrote(tx, HOTEL, f"{number}@c.us", clock.now_ms())
    estimate = planned(listed(phones(6))).estimate
    assert estimate.new_chats == 4
    assert shown(estimate.last_ms or 0, "Europe/Kyiv")[:16] == "2026-05-12 00:00"


def test_a_plan_is_kept_exactly_as_it_was_made(db: Db, saved: Started, planned: Planned) -> None:
    rules = {
        "quiet": read_quiet("22:00-08:30"),
        "spacing_ms": (1, 2),
        "max_per_day": 7,
        "abort_above": 0.05,
        "expire_ms": 5,
        "seed": 2**60,
        "policy": "hold",
        "message_class": "service",
    }
    campaign = saved(LIST, "Dear {{name|guest}}", **rules)
    assert campaign.rules == Rules(instance=HOTEL, timezone="Europe/Kyiv", **rules)  # type: ignore[arg-type]  # rows of tests
    assert list(table.rows_of(db, campaign.id)) == list(planned(LIST, "Dear {{name|guest}}", **rules).rows)
    assert table.by_name(db, "brunch") == table.by_name(db, str(campaign.id)) == campaign
    assert table.tally(db, campaign.id).by_status == {"ready": 4, "duplicate": 1, "bad": 2}


def test_names_are_taken_once(db: Db, saved: Started) -> None:
    saved(LIST, name="brunch")
    with pytest.raises(UsageError, match="already"):
        saved(LIST, name="brunch")
    assert table.free_name(db, "brunch") == "brunch-2"
    assert table.free_name(db, "other") == "other"
    with pytest.raises(NotFound, match="no campaign dinner"):
        table.by_name(db, "dinner")
