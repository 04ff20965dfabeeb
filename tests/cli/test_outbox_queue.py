"""`greenbot outbox list|stats|pause|resume|purge` and `audit list`: looking at the queue, stopping it, cleaning up."""

import re
from dataclasses import replace

import pytest

from greenbot.outbox.presence import Presence
from greenbot.outbox.states import State
from greenbot.resilience.shared_health import change
from tests.cli.harness import Desk
from tests.cli.queue import CLOCK, lead, queue, state_of, store_of

USAGE, NOT_FOUND, PARTLY, REFUSED = 2, 3, 9, 10
TWO_HOTELS = """
[instances.kyiv]
id = "1101000001"
tags = ["city"]

[instances.odesa]
id = "1101000002"
tags = ["coast"]
"""
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def without_environment(desk: Desk) -> Desk:
    """A desk whose instances stand in its file alone."""
    for name in ("GREEN_API_INSTANCE_ID", "GREEN_API_TOKEN"):
        del desk.environ[name]
    desk.configure(TWO_HOTELS)
    return desk


@pytest.fixture
def hotels(desk: Desk) -> Desk:
    return without_environment(desk)


# --- why messages wait ----------------------------------------------------------------------------------------------


def why(desk: Desk, number: int) -> list[str]:
    return [wait["why"] for wait in desk.here("outbox", "show", str(number), "--json").ok().json["waits"]]


def test_without_a_worker_a_message_says_how_to_start_one(desk: Desk) -> None:
    queue(desk)
    listed = desk.here("outbox", "list", "--json").ok().json
    assert listed["why"].startswith("asking GREEN-API") or "greenbot outbox run" in listed["why"]
    assert why(desk, 1)[-1] == "no_worker"
    worker = Presence(desk.home / "run", "one")
    worker.serve(["default"])
    assert "no_worker" not in why(desk, 1)
    worker.close()


def test_each_thing_in_the_way_is_told_with_its_end(desk: Desk) -> None:
    queue(desk, count=2, scheduled_at_ms=CLOCK.now_ms() + 3_600_000)
    desk.here("outbox", "pause", "--why", "new phone").ok()
    with store_of(desk) as db:
        change(db, "default", lambda health: replace(health, state="auth_failed", refusals=2))
    desk.here("instances", "breaker", "default", "--open", "maintenance").ok()
    assert why(desk, 1) == ["scheduled", "paused", "auth_failed", "breaker", "no_worker"]
    listed = desk.here("outbox", "list", "--columns", "id,why,until").ok().stdout.splitlines()
    assert re.fullmatch(rf"2\tscheduled, until {ISO}\t{ISO}", listed[0])
    shown = desk.here("outbox", "show", "1").ok().stdout
    assert "paused by " in shown
    assert "new phone" in shown
    assert "GREEN-API refused the token twice" in shown


def test_who_is_first_in_the_chat_is_named(desk: Desk) -> None:
    queue(desk)
    queue(desk)
    lead(desk, 1, State.UNCERTAIN)
    assert why(desk, 2)[0] == "chat_order"
    assert "message 1 to the same chat, whose outcome is unknown" in desk.here("outbox", "show", "2").ok().stdout


def test_the_limit_of_the_instance_is_told_with_its_end(desk: Desk) -> None:
    from greenbot.resilience.limiter import reserve
    from greenbot.resilience.limits import message_scopes
    from greenbot.resilience.line_files import LineFiles

    queue(desk)
    scopes = message_scopes("default", "sendMessage", minute_count=60, second_rate=2.0, method_rate=50.0)
    lines = LineFiles(desk.home / "limits", CLOCK)
    for _ in range(61):
        reserve(lines, scopes, CLOCK)
    assert "limit" not in why(desk, 1), "nobody would send it anyway"
    worker = Presence(desk.home / "run", "one")
    worker.serve(["default"])
    waits = desk.here("outbox", "show", "1", "--json").ok().json["waits"]
    worker.close()
    [limit] = [wait for wait in waits if wait["why"] == "limit"]
    assert limit["words"] in ("the limit of 2 per second", "the limit of 60 per minute")
    assert re.fullmatch(ISO, limit["until"])


def test_a_campaign_says_why_its_message_waits(desk: Desk) -> None:
    queue(desk, campaign_id=3, campaign_row=1, scheduled_at_ms=CLOCK.now_ms() + 60_000)
    assert why(desk, 1)[0] == "campaign"
    with store_of(desk) as db, db.write() as tx:
        tx.run("update messages set cause = 'quiet_hours'")
    assert why(desk, 1)[0] == "quiet_hours"


def test_new_chats_above_the_limit_wait_for_tomorrow(desk: Desk) -> None:
    desk.here("instances", "limit", "default", "--new-chats", "1/d").ok()
    queue(desk, count=2)
    lead(desk, 1, State.ACCEPTED)
    assert "new_chats" in why(desk, 2)


# --- lists ----------------------------------------------------------------------------------------------------------


def test_a_page_is_newest_first_and_the_next_begins_where_it_ended(desk: Desk) -> None:
    queue(desk, count=5)
    first = desk.here("outbox", "list", "--limit", "2", "-q").ok().stdout.split()
    second = desk.here("outbox", "list", "--limit", "2", "-q", "--before", first[-1]).ok().stdout.split()
    assert (first, second) == (["5", "4"], ["3", "2"])


def test_instances_are_named_by_pattern_and_by_tag(hotels: Desk) -> None:
    queue(hotels, count=2, instance="kyiv")
    queue(hotels, instance="odesa")
    queue(hotels, instance="closed-since")
    for words, expected in (
        ((), "4 3 2 1"),
        (("-i", "kyiv"), "2 1"),
        (("-i", "*"), "3 2 1"),
        (("-i", "all"), "3 2 1"),
        (("--tag", "coast"), "3"),
    ):
        assert hotels.here("outbox", "list", "-q", *words).ok().stdout.split() == expected.split()
    assert hotels.here("outbox", "list", "-i", "lviv").exit_code == NOT_FOUND


# --- pause and resume -----------------------------------------------------------------------------------------------


def test_a_paused_queue_says_so_until_it_goes_on(hotels: Desk) -> None:
    queue(hotels, instance="kyiv")
    assert hotels.here("outbox", "pause", "-i", "kyiv", "--why", "new phone", "-q").ok().stdout == "kyiv\n"
    again = hotels.here("outbox", "pause", "-i", "kyiv", "--json")
    assert (again.exit_code, "new phone" in again.error["message"]) == (REFUSED, True)
    assert "paused by " in hotels.here("outbox", "stats", "-i", "kyiv", "--json").ok().json["why"]
    both = hotels.here("outbox", "pause", "-i", "all", "--json")
    assert (both.exit_code, both.json) == (PARTLY, {"v": 1, "instance": "odesa", "result": "paused"})
    assert hotels.here("outbox", "resume", "--tag", "city").ok().stdout == "kyiv\tresumed\n"
    assert hotels.here("outbox", "resume", "-i", "kyiv").exit_code == REFUSED
    actions = [line["action"] for line in hotels.here("audit", "list", "--json").ok().lines]
    assert actions == ["outbox.resume", "outbox.pause", "outbox.pause"]


def test_a_dry_run_pauses_nothing(hotels: Desk) -> None:
    assert "would pause" in hotels.here("outbox", "pause", "-i", "kyiv", "-n").ok().stdout
    assert hotels.here("outbox", "resume", "-i", "kyiv").exit_code == REFUSED
    assert hotels.here("outbox", "pause", "-i", "kyiv", "--read-only").exit_code == REFUSED


# --- numbers --------------------------------------------------------------------------------------------------------


def test_the_numbers_by_instance_by_state_and_by_reason(hotels: Desk) -> None:
    queue(hotels, count=4, instance="kyiv")
    queue(hotels, instance="odesa", held_reason="price")
    lead(hotels, 1, State.FAILED, cause="dns")
    lead(hotels, 2, State.UNCERTAIN)
    kyiv, odesa = hotels.here("outbox", "stats", "--json").ok().lines
    assert (kyiv["instance"], kyiv["queued"], kyiv["uncertain"], kyiv["failed"]) == ("kyiv", 2, 1, 1)
    assert (odesa["instance"], odesa["queued"], odesa["per_minute"]) == ("odesa", 1, 0.0)
    assert 0 <= kyiv["oldest_s"] < 60
    by_state = hotels.here("outbox", "stats", "--by", "state", "--columns", "instance,state,messages").ok().stdout
    assert by_state.splitlines() == [*("kyiv\tfailed\t1", "kyiv\tqueued\t2", "kyiv\tuncertain\t1", "odesa\tqueued\t1")]
    by_reason = hotels.here("outbox", "stats", "--by", "reason", "-i", "*").ok().stdout
    assert by_reason.splitlines() == [
        *("kyiv\tfailed\tdns\t1", "kyiv\tqueued\tadded\t2", "kyiv\tuncertain\tambiguous\t1", "odesa\tqueued\theld\t1")
    ]
    assert hotels.here("outbox", "stats", "--by", "moon").exit_code == USAGE


def test_the_rates_are_those_of_the_calls(desk: Desk) -> None:
    desk.here("send", "text", "380441234567", "Welcome").ok()
    stats = desk.here("outbox", "stats", "--json").ok().json
    assert (stats["per_minute"], stats["failed_percent"]) == (0.2, 0.0)
    assert stats["median_ms"] >= 0


def test_an_empty_outbox_has_no_numbers(desk: Desk) -> None:
    for words in ((), ("--by", "state"), ("--by", "reason")):
        assert desk.here("outbox", "stats", *words).ok().stdout == ""


# --- purge ----------------------------------------------------------------------------------------------------------


def grow_old(desk: Desk, days: int) -> None:
    with store_of(desk) as db, db.write() as tx:
        tx.run("update messages set state_at_ms = state_at_ms - :days * 86400000", days=days)


def test_old_messages_are_counted_and_removed_only_with_a_yes(desk: Desk) -> None:
    queue(desk, count=4)
    for number in (1, 2):
        lead(desk, number, State.FAILED)
    lead(desk, 3, State.UNCERTAIN)
    grow_old(desk, 100)
    counted = desk.here("outbox", "purge", "-n").ok()
    assert (counted.stdout, "2 messages would be removed. Nothing was changed." in counted.stderr) == (
        "all\tfailed\t2\n",
        True,
    )
    refused = desk.here("outbox", "purge", "--json")
    assert (refused.exit_code, refused.error["message"]) == (
        USAGE,
        "Remove 2 messages and their history? needs a confirmation.",
    )
    assert desk.here("outbox", "purge", "--yes", "--json").ok().json["removed"] == 2
    assert [state_of(desk, number) for number in (3, 4)] == ["uncertain", "queued"]
    assert desk.here("outbox", "show", "1").exit_code == NOT_FOUND
    assert desk.here("outbox", "purge").ok().stdout == ""
    [entry] = desk.here("audit", "list", "--action", "outbox.purge", "--json").ok().lines
    assert entry["before"] == {"state": "failed", "messages": 2, "first": 1, "last": 2}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--older-than", "1h"), "at least a day"),
        (("--older-than", "old"), "not a duration"),
        (("--state", "queued"), "queued are never removed"),
        (("--state", "uncertain"), "uncertain are never removed"),
        (("--state", "gone"), "no state 'gone'"),
    ],
)
def test_what_must_stay_cannot_be_asked_for(desk: Desk, words: tuple[str, ...], message: str) -> None:
    queue(desk)
    result = desk.here("outbox", "purge", *words, "--yes", "--json")
    assert (result.exit_code, message in result.error["message"]) == (USAGE, True)


def test_a_purge_stays_within_its_filters(hotels: Desk) -> None:
    queue(hotels, count=2, instance="kyiv")
    queue(hotels, instance="odesa")
    for number in (1, 2, 3):
        lead(hotels, number, State.FAILED)
    grow_old(hotels, 40)
    assert hotels.here("outbox", "purge", "--older-than", "30d", "--tag", "coast", "--yes", "-q").ok().stdout == "1\n"
    assert hotels.here("outbox", "list", "-q").ok().stdout.split() == ["2", "1"]


# --- audit ----------------------------------------------------------------------------------------------------------


def test_the_audit_is_searched_by_what_by_whom_and_since_when(desk: Desk) -> None:
    queue(desk)
    desk.here("outbox", "hold", "1").ok()
    desk.here("outbox", "pause").ok()
    actor = desk.here("audit", "list", "--json", "--limit", "1").ok().json["actor"]
    for words, count in (
        (("--action", "outbox"), 2),
        (("--action", "outbox.hold"), 1),
        (("--actor", actor), 2),
        (("--actor", "nobody-here"), 0),
        (("--since", "1h"), 2),
        (("--since", "now"), 0),
        (("--subject", "instance default"), 1),
        (("--before", "2"), 1),
    ):
        assert len(desk.here("audit", "list", *words).ok().stdout.splitlines()) == count, words
    assert desk.here("audit", "list", "--since", "tomorrow 10:00").exit_code == USAGE


def test_who_became_somebody_else_is_named_too(desk: Desk) -> None:
    queue(desk)
    desk.here("outbox", "hold", "1", env={"SUDO_USER": "anna"}).ok()
    assert desk.here("audit", "list", "--json").ok().json["actor"].startswith("anna as ")
