"""`greenbot alerts add|list|show|edit|enable|disable|remove`: rules made, looked at and changed at the shell."""

import shlex
from collections.abc import Callable

import pytest

from greenbot.errors import ExitCode
from tests.cli.alerting import alert
from tests.cli.harness import Desk
from tests.cli.hostile import TEXTS, steering

ERRORS = "alerts add errors --metric error_rate --above 10% --window 5m --min-samples 20"
SEVEN = {
    "high_error_rate", "critical_error_rate", "slow_response", "very_slow_response", "rate_limit_hits",
    "webhook_failures", "message_send_failures",
}  # fmt: skip
USAGE, NOT_FOUND, REFUSED = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.REFUSED


def rules(desk: Desk) -> dict[str, dict[str, object]]:
    return {line["name"]: line for line in desk.here("alerts", "list", "--json").ok().lines}


def test_the_seven_rules_of_the_beginning_are_there(desk: Desk) -> None:
    found = rules(desk)
    assert found.keys() >= SEVEN
    assert found["high_error_rate"]["asks_for"] == "error_rate >= 10% over 5m for 5m"
    assert found["outbox_oldest_age"]["asks_for"] == "outbox_oldest_age > 15m", "what is now has no window"
    assert {rule["state"] for rule in found.values()} == {"inactive"}


def test_a_rule_that_was_removed_does_not_come_back(desk: Desk) -> None:
    desk.here("alerts", "remove", "slow_response", "--yes").ok()
    assert "slow_response" not in rules(desk)


def test_the_rule_of_the_manual_is_accepted_as_it_is_written(desk: Desk) -> None:
    added = desk.here(
        *shlex.split(
            "alerts add errors --metric error_rate --above 10% --window 5m --for 5m --min-samples 20"
            " --instance 'grand-*' --severity high --notify ops"
        )
    ).ok()
    assert "no instance is called grand-*" in added.stderr
    assert "no receiver ops" in added.stderr
    shown = desk.here("alerts", "show", "errors", "--json").ok().json
    wanted = {"op": ">", "threshold": 10.0, "window": "5m", "for": "5m", "min_samples": 20, "instances": "grand-*",
              "severity": "high", "receivers": ["ops"], "edition": 1, "alerts": []}  # fmt: skip
    assert {name: shown[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("options", "asks_for", "watches"),
    [
        ("--metric error_rate --at-least 5% --window 1h", "error_rate >= 5% over 1h", "*"),
        ("--metric success_rate --below 99% --window 10m --scope both", "success_rate < 99% over 10m", "* and fleet"),
        ("--metric success_rate --at-most 90 --window 10m", "success_rate <= 90% over 10m", "*"),
        ("--metric response_time_p95 --above 800ms --window 90s", "response_time_p95 > 800ms over 90s", "*"),
        ("--metric outbox_oldest_age --above 30m --for 2m", "outbox_oldest_age > 30m for 2m", "*"),
        ("--metric disk_reserve --below 150", "disk_reserve < 150%", "fleet"),
        ("--metric rate_limit_hits --at-least 5 --window 5m --instance all", "rate_limit_hits >= 5 over 5m", "*"),
    ],
)
def test_a_rule_says_what_was_typed(desk: Desk, options: str, asks_for: str, watches: str) -> None:
    desk.here("alerts", "add", "mine", *shlex.split(options)).ok()
    mine = rules(desk)["mine"]
    assert (mine["asks_for"], mine["watches"]) == (asks_for, watches)


def test_a_share_without_a_least_number_is_doubted(desk: Desk) -> None:
    doubted = desk.here("alerts", "add", "one", *shlex.split("--metric error_rate --above 10% --window 5m")).ok()
    assert "--min-samples" in doubted.stderr
    sure = desk.here(*shlex.split(ERRORS)).ok()
    assert "--min-samples" not in sure.stderr


def test_an_edit_changes_what_is_named_and_nothing_else(desk: Desk) -> None:
    desk.here(*shlex.split(ERRORS + " --for 5m --severity high --description 'Look at it.'")).ok()
    before = desk.here("alerts", "show", "errors", "--json").ok().json
    desk.here("alerts", "edit", "errors", "--at-least", "12.5%").ok()
    after = desk.here("alerts", "show", "errors", "--json").ok().json
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"op", "threshold", "asks_for", "edition", "version", "changed_at"}
    assert (after["op"], after["threshold"], after["edition"]) == (">=", 12.5, 2)
    desk.here("alerts", "edit", "errors", "--description", "").ok()
    assert desk.here("alerts", "show", "errors", "--json").ok().json["description"] == ""


def test_an_edit_of_another_edition_is_refused(desk: Desk) -> None:
    desk.here(*shlex.split(ERRORS)).ok()
    for words in (("edit", "errors", "--for", "1m"), ("disable", "errors"), ("remove", "errors", "--yes")):
        refused = desk.here("alerts", *words, "--edition", "7")
        assert (refused.exit_code, "edition 1, not 7" in refused.stderr) == (REFUSED, True)
    desk.here("alerts", "edit", "errors", "--for", "1m", "--edition", "1").ok()
    assert rules(desk)["errors"]["edition"] == 2


def test_a_dry_run_shows_each_field_that_would_change_and_changes_nothing(desk: Desk) -> None:
    desk.here(*shlex.split(ERRORS), "-n").ok()
    assert "errors" not in rules(desk)
    desk.here(*shlex.split(ERRORS)).ok()
    tried = desk.here("alerts", "edit", "errors", "--above", "20%", "-n").ok()
    assert tried.stdout == "  threshold: 10% -> 20%\n"
    assert "begin anew" in tried.stderr
    quietly = desk.here("alerts", "edit", "errors", "--severity", "low", "-n", "--json").ok().json
    assert (quietly["after"]["severity"], quietly["begins_anew"]) == ("low", False)
    for words in (("disable", "errors"), ("enable", "errors"), ("remove", "errors")):
        desk.here("alerts", *words, "-n").ok()
    assert rules(desk)["errors"]["edition"] == 1


@pytest.mark.parametrize(
    "words", ["add e --metric errors --above 1 --window 1m", "edit slow_response --for 1m", "disable slow_response",
              "enable slow_response", "remove slow_response --yes"],
)  # fmt: skip
def test_read_only_changes_nothing(desk: Desk, words: str) -> None:
    before = rules(desk)
    assert desk.here("alerts", *shlex.split(words), "--read-only").exit_code == REFUSED
    assert rules(desk) == before


def test_a_rule_is_switched_and_removed_and_all_of_it_is_in_the_audit(desk: Desk) -> None:
    desk.here(*shlex.split(ERRORS)).ok()
    desk.here("alerts", "disable", "errors").ok()
    assert rules(desk)["errors"]["state"] == "disabled"
    desk.here("alerts", "enable", "errors").ok()
    desk.here("alerts", "edit", "errors", "--cooldown", "10m").ok()
    assert desk.here("alerts", "remove", "errors").exit_code == USAGE, "it asks first"
    desk.here("alerts", "remove", "errors", "--yes").ok()
    assert "errors" not in rules(desk)
    found = desk.here("audit", "list", "--subject", "rule errors", "--json").ok().lines
    assert [line["action"].removeprefix("alerts.") for line in found] == ["remove", "edit", "enable", "disable", "add"]


def test_the_worst_rule_is_first(desk: Desk) -> None:
    alert(desk, "webhook_silence", "kyiv")
    alert(desk, "slow_response", "kyiv")
    alert(desk, "critical_error_rate", "kyiv", "pending")
    alert(desk, "message_send_failures", "kyiv", "resolved")
    desk.here("alerts", "disable", "instance_not_sendable").ok()
    lines = desk.here("alerts", "list", "--json").ok().lines
    assert [(line["name"], line["state"]) for line in lines[:3]] == [
        ("slow_response", "firing"), ("webhook_silence", "firing"), ("critical_error_rate", "pending"),
    ]  # fmt: skip
    assert (lines[-1]["name"], lines[-1]["state"]) == ("instance_not_sendable", "disabled")
    firing = desk.here("alerts", "list", "--firing", "-q").ok().stdout.split()
    assert firing == ["slow_response", "webhook_silence"]


def test_show_lists_the_alerts_of_a_rule_the_worst_first(desk: Desk) -> None:
    alert(desk, "high_error_rate", "lviv", "pending")
    alert(desk, "high_error_rate", "kyiv")
    shown = desk.here("alerts", "show", "high_error_rate", "--json").ok().json
    assert [(one["instance"], one["state"]) for one in shown["alerts"]] == [("kyiv", "firing"), ("lviv", "pending")]
    assert "34.0 %" in desk.here("alerts", "show", "high_error_rate").ok().stdout
    assert (shown["firing"], shown["pending"], shown["state"]) == (1, 1, "firing")


ADD = "add x --metric error_rate --above 10% --window 5m"
# what was typed, exit code, what is said of it
WRONG = [
    ("add", USAGE, "NAME is missing"),
    ("add x", USAGE, "--metric is missing; --window is missing"),
    ("add x", USAGE, "--above is missing (or --at-least, --below, --at-most)"),
    ("add 'Big Errors' --metric error_rate --above 1 --window 1m", USAGE, "NAME should be a name of small letters"),
    ("add '' --metric error_rate --above 1 --window 1m", USAGE, 'not ""'),
    ("add -- -x --metric", USAGE, "too much"),
    (f"add {'a' * 64} --metric error_rate --above 1 --window 1m", USAGE, "at most 63"),
    ("add x --metric eror_rate --above 1 --window 1m", USAGE, "did you mean error_rate?"),
    ("add x --metric '' --above 1 --window 1m", USAGE, '--metric should name a metric (greenbot metrics list), not ""'),
    ("add x --metric error_rate --window 5m", USAGE, "--above is missing"),
    ("add x --metric error_rate --above 10%", USAGE, "--window is missing"),
    ("add x --metric error_rate --above 110% --window 5m", USAGE, '--above should be from 0% to 100%, not "110%"'),
    ("add x --metric error_rate --below 110% --window 5m", USAGE, "--below should be from 0% to 100%"),
    ("add x --metric error_rate --above -1 --window 5m", USAGE, "--above should be from 0%"),
    ("add x --metric error_rate --above ten --window 5m", USAGE, '--above should be a number, not "ten"'),
    ("add x --metric error_rate --above nan --window 5m", USAGE, "--above should be a number"),
    ("add x --metric error_rate --above inf --window 5m", USAGE, "--above should be a number"),
    ("add x --metric error_rate --above 1e999 --window 5m", USAGE, "--above should be a number"),
    ("add x --metric error_rate --above '' --window 5m", USAGE, "--above should be a number"),
    ("add x --metric error_rate --above 5s --window 5m", USAGE, "--above should be a number"),
    ("add x --metric response_time --above 10% --window 5m", USAGE, "--above should be a duration"),
    ("add x --metric response_time --at-least soon --window 5m", USAGE, "--at-least should be a duration"),
    ("add x --metric requests --at-most 5% --window 5m", USAGE, "--at-most should be a number"),
    (f"{ADD} --below 5%", USAGE, "--above and --below exclude each other"),
    (f"{ADD} --at-least 5% --at-most 9%", USAGE, "exclude each other"),
    ("add x --metric error_rate --above 10% --window 5", USAGE, "--window should be from 10s to 1d"),
    ("add x --metric error_rate --above 10% --window 0s", USAGE, "--window should be from 10s to 1d"),
    ("add x --metric error_rate --above 10% --window 2d", USAGE, "--window should be from 10s to 1d"),
    ("add x --metric error_rate --above 10% --window 5.5s", USAGE, "--window should be whole seconds"),
    ("add x --metric error_rate --above 10% --window ages", USAGE, "--window should be a duration such as 30s"),
    ("add x --metric error_rate --above 10% --window -5m", USAGE, "--window should be a duration"),
    (f"{ADD} --for never", USAGE, "--for should be a duration"),
    (f"{ADD} --for 25h", USAGE, "--for should be from 0s to 1d"),
    (f"{ADD} --keep-firing 25h", USAGE, "--keep-firing should be from 0s to 1d"),
    (f"{ADD} --cooldown 2d", USAGE, "--cooldown should be from 0s to 1d"),
    (f"{ADD} --repeat 1s", USAGE, "--repeat should be from 1m to 30d"),
    (f"{ADD} --repeat 31d", USAGE, "--repeat should be from 1m to 30d"),
    (f"{ADD} --min-samples many", USAGE, '--min-samples should be a whole number from 0 to 1000000, not "many"'),
    (f"{ADD} --min-samples -1", USAGE, "--min-samples should be a whole number"),
    (f"{ADD} --min-samples 1.5", USAGE, "--min-samples should be a whole number"),
    (f"{ADD} --min-bad 99999999", USAGE, "--min-bad should be a whole number"),
    (f"{ADD} --min-bad {'9' * 5000}", USAGE, "--min-bad should be a whole number"),
    (f"{ADD} --min-bad ٣", USAGE, "--min-bad should be a whole number"),
    (f"{ADD} --scope world", USAGE, "--scope should be one of instance, fleet, both"),
    (f"{ADD} --severity bad", USAGE, "--severity should be one of low, medium, high, critical"),
    (f"{ADD} --instance 'Grand Hotel'", USAGE, "--instance should be a name of an instance or a pattern"),
    (f"{ADD} --instance ''", USAGE, "--instance should be a name"),
    (f"{ADD} --notify 'a b'", USAGE, "--notify[0] should be the name of a receiver"),
    (f"{ADD} --notify ops --notify Ops", USAGE, '--notify[1] should be the name of a receiver, not "Ops"'),
    (f"{ADD} --notify {','.join(f'r{n}' for n in range(21))}", USAGE, "--notify should be a list of at most 20"),
    (f"{ADD} --description '{'x' * 501}'", USAGE, "--description should be a text of at most 500"),
    ("add x --metric disk_reserve --below 100 --scope instance", USAGE, "--scope should be fleet"),
    ("add slow_response --metric error_rate --above 1 --window 1m", USAGE, "called slow_response already"),
    ("show nobody", NOT_FOUND, "no alert rule called nobody"),
    ("edit nobody --for 1m", NOT_FOUND, "no alert rule called nobody"),
    ("edit slow_response", USAGE, "Nothing to change"),
    ("edit slow_response --edition 1", USAGE, "Nothing to change"),
    ("edit slow_response --edition 0 --for 1m", USAGE, "--edition"),
    ("edit slow_response --edition x --for 1m", USAGE, "--edition"),
    ("edit slow_response --metric error_rate", USAGE, "--above is missing: error_rate has another unit"),
    ("edit slow_response --above 10%", USAGE, "--above should be a duration"),
    ("edit disk_reserve --scope both", USAGE, "--scope should be fleet"),
    ("enable nobody", NOT_FOUND, "nobody"),
    ("disable nobody", NOT_FOUND, "nobody"),
    ("remove nobody --yes", NOT_FOUND, "nobody"),
    ("remove slow_response", USAGE, "--yes"),
    ("list --columns colour", USAGE, "no column 'colour'"),
    ("list --sort colour", USAGE, "no column 'colour'"),
]


@pytest.fixture(scope="module")
def counter(make_desk: Callable[[], Desk]) -> Desk:
    """One desk for the whole table."""
    return make_desk()


@pytest.mark.parametrize("typed, code, says", WRONG, ids=[f"{row[0][:60]}: {row[2][:40]}" for row in WRONG])
def test_what_is_typed_wrong_is_told_by_its_option(counter: Desk, typed: str, code: ExitCode, says: str) -> None:
    words = ("alerts", *shlex.split(typed))
    said = counter.here(*words)
    assert (said.exit_code, said.stdout) == (code, ""), said.stderr
    assert says in said.stderr
    assert "\nhint:  " in said.stderr
    told = counter.here(*words, "--json") if " -- " not in typed else None
    assert told is None or (says in told.error["message"] + told.error.get("hint", ""), told.stdout) == (True, "")


def test_nothing_of_the_table_was_kept(counter: Desk) -> None:
    for typed, *_ in WRONG:
        counter.here("alerts", *shlex.split(typed))
    found = rules(counter)
    assert "x" not in found
    assert {rule["edition"] for rule in found.values()} == {1}
    assert len(WRONG) >= 60


def test_every_problem_is_told_at_once(desk: Desk) -> None:
    said = desk.here(
        *shlex.split("alerts add X --metric nope --window 1s --for q --min-bad z --severity s --notify 'a b' --json")
    )
    for option in ("NAME", "--metric", "--above", "--window", "--for", "--min-bad", "--severity", "--notify[0]"):
        assert f"{option} " in said.error["message"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_words_reach_no_terminal(counter: Desk, text: str) -> None:
    hostile = text.replace("\x00", "")
    for words in (
        ("add", hostile, "--metric", "error_rate", "--above", "1", "--window", "1m"),
        ("add", "h", "--metric", hostile, "--above", hostile, "--window", hostile, "--for", hostile),
        ("add", "h", *shlex.split("--metric errors --above 1 --window 1m"), "--notify", hostile, "-i", hostile),
        ("add", "h", *shlex.split("--metric errors --above 1 --window 1m -n"), "--description", hostile),
        ("show", hostile),
        ("edit", "slow_response", "--description", hostile, "-n"),
        ("remove", hostile, "--yes"),
        ("ack", hostile),
        ("history", "--rule", hostile, "-i", hostile),
        ("check", "-i", hostile),
        ("backtest", hostile),
        ("silence", "add", "--rule", hostile, "--for", "1h", "--comment", "x", "-n"),
        ("silence", "add", "--rule", "x", "--for", "1h", "--comment", hostile),
        ("receivers", "add", hostile, "--kind", hostile),
        ("receivers", "show", hostile),
        ("apply", hostile),
        ("test", hostile),
    ):
        for shape in ((), ("--json",)):
            said = counter.here("alerts", *words, *shape)
            assert said.exit_code != 1, (words, said.stderr)
            assert steering((said.stdout + said.stderr).encode("utf-8", "surrogateescape")) == [], words
