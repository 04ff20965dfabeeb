"""`greenbot instances state|history|health`: how the numbers are, by GREEN-API's word and by what is known here."""

from dataclasses import replace

import pytest

from greenbot.clock import SystemClock
from greenbot.errors import ExitCode
from greenbot.resilience.health import Health, missed, out_of_quota, told
from greenbot.resilience.shared_health import Change, change, health_of
from tests.cli.harness import Desk
from tests.cli.queue import queue, store_of

USAGE, NOT_FOUND, NEGATIVE = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.CHECK_FAILED
NOW_MS = SystemClock().now_ms


def hear(desk: Desk, rule: Change, name: str = "default") -> Health:
    with store_of(desk) as db:
        return change(db, name, rule)


def known(desk: Desk) -> Health:
    with store_of(desk) as db:
        return health_of(db, "default")


def earlier(desk: Desk, seconds: int) -> None:
    """As if everything known had happened so much earlier."""
    ms = 1000 * seconds
    hear(desk, lambda health: replace(health, heard_at_ms=health.heard_at_ms - ms, asked_at_ms=health.asked_at_ms - ms))


# GREEN-API's word, what it means, what to type
STATES = [
    ("authorized", "linked and working", None),
    ("notAuthorized", "no phone is linked", "greenbot instances login default"),
    ("blocked", "banned", "Appeal"),
    ("suspended", "restricts", "greenbot instances reboot default"),
    ("yellowCard", "restricts", "greenbot instances reboot default"),
    ("starting", "less than 5 minutes", "greenbot instances reboot default"),
    ("sleepMode", "the phone is off", "Switch the phone on"),
]


@pytest.mark.parametrize(("state", "meaning", "do"), STATES)
def test_each_state_is_told_with_its_meaning_and_what_helps(
    desk: Desk, state: str, meaning: str, do: str | None
) -> None:
    desk.state(state)
    row = desk.here("instances", "state", "default", "--json").ok().json
    assert (row["name"], row["state"], meaning in row["meaning"]) == ("default", state, True)
    assert (row["do"] is None) if do is None else (do in row["do"])
    assert (row["until"] is not None) is (state in ("suspended", "yellowCard"))
    assert desk.here("instances", "state", "default", "--exit-code").exit_code == (NEGATIVE if do else 0)


def test_a_look_from_the_shell_counts_for_all_who_send(desk: Desk) -> None:
    desk.here("instances", "state").ok()
    assert known(desk).state == "authorized"
    desk.state("notAuthorized")
    desk.here("instances", "state").ok()
    assert (known(desk).state, known(desk).heard) == ("authorized", "notAuthorized")
    cached = desk.here("instances", "state", "--cached", "--json").ok().json
    assert (cached["state"], "notAuthorized was heard" in cached["detail"]) == ("authorized", True)
    health = desk.here("instances", "health", "--json").ok().json
    assert (health["sends"], health["heard"], "asking once more" in health["why"]) == (False, "notAuthorized", True)
    earlier(desk, 10)
    desk.here("instances", "state").ok()
    assert known(desk).state == "not_sendable"
    shown = desk.here("instances", "history", "--json").ok().lines
    assert [(row["state"], row["account"], row["source"], row["from"]) for row in shown] == [
        ("not_sendable", "notAuthorized", "look", "authorized"),
        ("authorized", "authorized", "look", "unknown"),
    ]


def test_what_is_known_already_costs_no_call_and_no_token(desk: Desk) -> None:
    env = {"GREEN_API_TOKEN": ""}
    assert desk.here("instances", "state", "--cached", "--json", env=env).ok().json["state"] == "unknown"
    assert desk.here("instances", "health", "--json", env=env).ok().json["state"] == "unknown"
    assert desk.here("instances", "state", "--cached", "--exit-code", env=env).exit_code == NEGATIVE
    assert desk.ledger() == []


def test_under_read_only_a_look_is_allowed_and_nothing_is_written(desk: Desk) -> None:
    desk.here("instances", "state").ok()
    before = known(desk)
    desk.state("blocked")
    assert desk.here("instances", "state", "--read-only", "--json").ok().json["state"] == "blocked"
    assert known(desk) == before


def two_hotels(desk: Desk) -> None:
    url = desk.simulator.api_url
    desk.configure(f"""
default_instance = "kyiv"
[instances.kyiv]
id = "{desk.instance.id}"
token_env = "KYIV_TOKEN"
api_url = "{url}"
tags = ["city"]
[instances.odesa]
id = "999"
token_env = "ODESA_TOKEN"
api_url = "{url}"
tags = ["coast"]
""")
    for name in ("GREEN_API_INSTANCE_ID", "GREEN_API_TOKEN", "GREEN_API_BASE_URL", "GREEN_API_MEDIA_URL"):
        desk.environ.pop(name)
    desk.environ["KYIV_TOKEN"] = desk.token


def test_one_number_that_cannot_be_asked_hides_no_other(desk: Desk) -> None:
    two_hotels(desk)
    rows = desk.here("instances", "state", "--json").ok().lines
    assert [(row["name"], row["state"]) for row in rows] == [("kyiv", "authorized"), ("odesa", "unknown")]
    assert "token" in rows[1]["detail"]
    alone = desk.here("instances", "state", "odesa", "--json")
    assert (alone.exit_code, alone.error["code"]) == (ExitCode.NOT_READY, "token_missing")


# words, the names that are shown
CHOICES = [
    ("", ["kyiv", "odesa"]),
    ("odesa", ["odesa"]),
    ("-i o*", ["odesa"]),
    ("-i all", ["kyiv", "odesa"]),
    ("--tag city", ["kyiv"]),
    ("-i o* --tag coast", ["odesa"]),
]


@pytest.mark.parametrize("command", ["state --cached", "health"])
@pytest.mark.parametrize(("words", "names"), CHOICES)
def test_numbers_are_chosen_as_everywhere(desk: Desk, command: str, words: str, names: list[str]) -> None:
    two_hotels(desk)
    shown = desk.here("instances", *command.split(), *words.split(), "-q").ok()
    assert shown.stdout.split() == names


# what happened, whether it sends, what is said
HEALTH: list[tuple[str, Change, bool, str]] = [
    ("well", lambda health: told(health, "authorized", event_at_ms=NOW_MS(), now_ms=NOW_MS()), True, ""),
    ("unlinked", lambda health: told(health, "blocked", event_at_ms=NOW_MS(), now_ms=NOW_MS()), False, "blocked"),
    ("quota", lambda health: out_of_quota(health, "quota", NOW_MS()), False, "the quota of this month is used up"),
    ("refused", lambda health: replace(health, state="auth_failed", refusals=2), False, "refused the token twice"),
    ("silent", lambda health: missed(missed(missed(health, NOW_MS()), NOW_MS()), NOW_MS()), True, ""),
]


@pytest.mark.parametrize(("what", "rule", "sends", "why"), HEALTH)
def test_health_says_whether_a_number_sends_and_why_not(
    desk: Desk, what: str, rule: Change, sends: bool, why: str
) -> None:
    queue(desk, count=3)
    hear(desk, rule)
    row = desk.here("instances", "health", "--json").ok().json
    assert (row["sends"], row["queued"]) == (sends, 3), what
    assert why in (row["why"] or "")


def test_health_names_what_a_person_stopped_first(desk: Desk) -> None:
    hear(desk, HEALTH[0][1])
    desk.here("instances", "breaker", "default", "--open", "maintenance", "--host", "api").ok()
    row = desk.here("instances", "health", "--json").ok().json
    assert (row["sends"], row["why"]) == (False, "breaker forced_open: api")
    desk.here("outbox", "pause", "--why", "night").ok()
    row = desk.here("instances", "health", "--json").ok().json
    assert (row["sends"], row["why"], row["breakers"]) == (False, "paused: night", {"api": "forced_open"})


def test_history_is_filtered_by_time_and_number(desk: Desk) -> None:
    empty = desk.here("instances", "history").ok()
    assert empty.stdout == ""
    now_ms = NOW_MS()
    for hours, state in ((50, "authorized"), (30, "blocked"), (3, "notAuthorized"), (1, "yellowCard")):
        at_ms = now_ms - hours * 3_600_000
        hear(desk, lambda health, state=state, at_ms=at_ms: told(health, state, event_at_ms=at_ms, now_ms=at_ms))  # type: ignore[misc]  # mypy cannot type a default
    rows = desk.here("instances", "history", "default", "--json").ok().lines
    assert [row["account"] for row in rows] == ["yellowCard", "notAuthorized", "blocked", "authorized"]
    assert [row["lasted_s"] for row in rows[1:]] == [2 * 3600, 27 * 3600, 20 * 3600]
    assert rows[0]["at"].endswith("Z")
    lately = desk.here("instances", "history", "--since", "4h", "--columns", "account,source").ok().stdout
    assert lately == "yellowCard\tevent\nnotAuthorized\tevent\n"
    assert desk.here("instances", "history", "--limit", "1", "--columns", "account").ok().stdout == "yellowCard\n"


def test_green_apis_own_history_has_what_was_never_seen_here(desk: Desk) -> None:
    for state in ("starting", "authorized", "blocked"):
        desk.state(state)
    rows = desk.here("instances", "history", "--remote", "--json").ok().lines
    assert [row["state"] for row in rows] == ["blocked", "authorized", "starting", "authorized"]
    assert {row["phone"] for row in rows} == {"***4567"}
    assert desk.here("instances", "history", "--remote", "--since", "2026-01-01", "--limit", "2", "-q").ok().stdout


WRONG = [
    ("state nowhere", NOT_FOUND, "nowhere"),
    ("health -i nowhere", NOT_FOUND, "nowhere"),
    ("history --tag moon", NOT_FOUND, "moon"),
    ("history --since whenever", USAGE, "whenever"),
    ("history --limit 0", USAGE, "0"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said(desk: Desk, words: str, code: int, message: str) -> None:
    result = desk.here("instances", *words.split(), "--json")
    assert (result.exit_code, message in result.stderr) == (code, True), result
