"""`greenbot instances resume|breaker|limit`: a person's word about a number that stopped, or might."""

import re
from dataclasses import replace

import pytest

from greenbot.resilience.shared_health import change, health_of
from tests.cli.harness import Desk
from tests.cli.queue import store_of

USAGE, NOT_FOUND, REFUSED = 2, 3, 10


def stop(desk: Desk, state: str = "auth_failed") -> None:
    with store_of(desk) as db:
        change(db, "default", lambda health: replace(health, state=state, refusals=2, reason="401"))  # type: ignore[arg-type]  # a state of the table


def health(desk: Desk) -> str:
    with store_of(desk) as db:
        return health_of(db, "default").state


@pytest.mark.parametrize("state", ["auth_failed", "not_sendable", "quota", "unreachable"])
def test_a_number_that_stopped_may_try_again_once_a_person_says_so(desk: Desk, state: str) -> None:
    stop(desk, state)
    desk.here("instances", "resume", "default", "-n").ok()
    assert health(desk) == state
    desk.here("instances", "resume", "default").ok()
    assert health(desk) == "unknown"
    [entry] = desk.here("audit", "list", "--subject", "instance default", "--json").ok().lines
    assert (entry["action"], entry["before"]["state"], entry["before"]["reason"]) == ("instances.resume", state, "401")
    again = desk.here("instances", "resume", "default", "--json")
    assert (again.exit_code, "not stopped" in again.error["message"]) == (REFUSED, True)


def test_resuming_a_number_opens_its_breaker_and_reminds_of_its_pause(desk: Desk) -> None:
    stop(desk)
    desk.here("outbox", "pause").ok()
    desk.here("instances", "breaker", "default", "--open", "maintenance").ok()
    resumed = desk.here("instances", "resume", "default").ok()
    assert "greenbot outbox resume -i default" in resumed.stderr
    states = {line["host"]: line["state"] for line in desk.here("instances", "breaker", "default", "--json").ok().lines}
    assert states == {"api": "half_open", "media": "half_open"}


def test_a_number_that_is_only_paused_is_sent_to_the_right_command(desk: Desk) -> None:
    desk.here("outbox", "pause").ok()
    refused = desk.here("instances", "resume", "default", "--json")
    assert (refused.exit_code, refused.error["hint"]) == (
        REFUSED,
        "Its queue is paused; let it go on with: greenbot outbox resume -i default",
    )


def test_a_breaker_is_shown_opened_and_resumed(desk: Desk) -> None:
    rows = desk.here("instances", "breaker", "default", "--columns", "host,state,calls").ok().stdout
    assert rows == "api\tclosed\t0\nmedia\tclosed\t0\n"
    opened = desk.here("instances", "breaker", "default", "--open", "maintenance", "--host", "api", "--json").ok().json
    assert (opened["state"], opened["reason"], opened["until"]) == ("forced_open", "maintenance", None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", opened["since"])
    assert desk.here("instances", "breaker", "default", "--columns", "host,state").ok().stdout == (
        "api\tforced_open\nmedia\tclosed\n"
    )
    resumed = desk.here("instances", "breaker", "default", "--resume", "--json").ok().lines
    assert [line["state"] for line in resumed] == ["half_open", "closed"]
    lines = desk.here("audit", "list", "--action", "instances.breaker", "--json").ok().lines
    assert [line["after"]["api"] for line in lines] == ["may try", "forced_open"]
    assert lines[0]["before"] == {"api": "forced_open", "media": "closed"}


def test_a_limit_of_new_chats_is_set_shown_kept_and_lifted(desk: Desk) -> None:
    desk.configure("[api]\nrate_limit_per_minute = 40\n")
    shown = desk.here("instances", "limit", "default", "--json").ok().json
    assert (shown["per_minute"], shown["new_chats_per_day"], shown["allowed_today"]) == (40, None, None)
    limited = desk.here("instances", "limit", "default", "--new-chats", "30/d", "--warmup", "10d", "--json").ok().json
    assert (limited["new_chats_per_day"], limited["warmup_days"]) == (30, 10)
    assert (limited["allowed_today"], limited["new_chats_today"]) == (20, 0)
    kept = desk.here("instances", "limit", "default", "--new-chats", "5", "--json").ok().json
    assert (kept["new_chats_per_day"], kept["warmup_days"], kept["allowed_today"]) == (5, 10, 5)
    assert "5 new chats a day" not in desk.here("instances", "limit", "default", "--clear", "-n").ok().stderr
    assert desk.here("instances", "limit", "default", "--json").ok().json["allowed_today"] == 5
    desk.here("instances", "limit", "default", "--clear").ok()
    assert desk.here("instances", "limit", "default", "-q").ok().stdout == "-\n"
    words = [line["after"]["limit"] for line in desk.here("audit", "list", "--json").ok().lines]
    assert words == [
        "no limit of new chats",
        "5 new chats a day, a warm-up of 10 days",
        "30 new chats a day, a warm-up of 10 days",
    ]


WRONG = [
    ("resume nowhere", NOT_FOUND, "nowhere"),
    ("breaker nowhere", NOT_FOUND, "nowhere"),
    ("limit nowhere", NOT_FOUND, "nowhere"),
    ("breaker default --open ''", USAGE, "--open needs a reason."),
    ("breaker default --open why --resume", USAGE, "exclude each other"),
    ("breaker default --host moon", USAGE, "There is no host 'moon'."),
    ("breaker default --open why --read-only", REFUSED, "read-only"),
    ("limit default --new-chats many", USAGE, "'many' is not a number of new chats per day."),
    ("limit default --new-chats 0/d", USAGE, "is not a number of new chats per day."),
    ("limit default --warmup long", USAGE, "'long' is no number of days."),
    ("limit default --warmup 0d", USAGE, "is no number of days."),
    ("limit default --clear --new-chats 5", USAGE, "--clear excludes"),
    ("limit default --new-chats 5 --read-only", REFUSED, "read-only"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said_and_nothing_changes(desk: Desk, words: str, code: int, message: str) -> None:
    import shlex

    stop(desk)
    result = desk.here("instances", *shlex.split(words), "--json")
    assert (result.exit_code, message in result.error["message"]) == (code, True), result
    assert health(desk) == "auth_failed"
    assert desk.here("audit", "list").ok().stdout == ""
