"""`greenbot alerts status|history|ack|check|silence`: what fires, who has seen it, and who wants to hear nothing."""

import os
import pty
import subprocess
from typing import Any

import pytest

from greenbot.errors import ExitCode
from tests.cli.alerting import MINUTE_MS, alert, evaluator, store
from tests.cli.harness import Desk, program, running

NEGATIVE, NOT_FOUND, REFUSED, USAGE = ExitCode.CHECK_FAILED, ExitCode.NOT_FOUND, ExitCode.REFUSED, ExitCode.USAGE
ROUTER = ("silence", "add", "--instance", "kyiv", "--for", "2h", "--comment", "new router")


def status(desk: Desk) -> Any:
    return desk.here("alerts", "status", "--json").ok().json


def test_without_a_service_status_says_so_and_how_to_start_one(desk: Desk) -> None:
    said = desk.here("alerts", "status").ok()
    assert said.stdout == ""
    assert "No service has looked at the rules yet" in said.stderr
    assert "greenbot serve" in said.stderr
    evaluator(desk, seconds_ago=7200)
    assert "for 2h" in desk.here("alerts", "status").ok().stderr
    assert status(desk)["watched"] is False
    evaluator(desk)
    assert desk.here("alerts", "status").ok().stderr == ""
    assert status(desk)["watched"] is True


def test_status_shows_what_fires_and_may_fire_the_worst_first(desk: Desk) -> None:
    evaluator(desk)
    alert(desk, "slow_response", "kyiv", value=6200.0)
    alert(desk, "instance_not_sendable", "lviv", "pending", value=1.0)
    alert(desk, "critical_error_rate", "*", "recovering")
    alert(desk, "uncertain_messages", "kyiv", "resolved", value=0.0)
    found = status(desk)
    assert (found["firing"], found["pending"]) == (2, 1)
    assert [(one["rule"], one["instance"], one["state"]) for one in found["alerts"]] == [
        ("critical_error_rate", "*", "recovering"),
        ("slow_response", "kyiv", "firing"),
        ("instance_not_sendable", "lviv", "pending"),
    ]
    assert (found["alerts"][1]["value"], found["alerts"][1]["value_text"]) == (6200.0, "6.2 s")
    assert 290 <= found["alerts"][1]["since_s"] <= 360
    lines = desk.here("alerts", "status").ok().stdout.splitlines()
    assert lines[1].split("\t")[:4] == ["slow_response", "kyiv", "firing", "medium"]


def move(desk: Desk, instance: str, before: str, after: str) -> None:
    with store(desk) as db, db.write() as tx:
        tx.run(
            "insert into alert_log (at_ms, rule, instance, rule_version, from_state, to_state, reason, value, severity)"
            " values (1, 'slow_response', :instance, 1, :before, :after, 'threshold', 6200, 'medium')",
            instance=instance, before=before, after=after,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "now", "first", "second"),
    [
        pytest.param(
            ["-q"],
            "slow_response/kyiv firing",
            "slow_response/kyiv resolved",
            "slow_response/\\e[31mlviv firing",
            id="quiet",
        ),
        pytest.param([], "\t-\tfiring\t", "\tfiring\tresolved\t", "\\e[31mlviv\tpending\tfiring", id="a pipe"),
        pytest.param(["--json"], '"firing": 1,', '"from": "firing", "to": "resolved"', '"from": "pending"', id="JSON"),
    ],
)
def test_watching_tells_each_change_once(desk: Desk, words: list[str], now: str, first: str, second: str) -> None:
    evaluator(desk)
    alert(desk, "slow_response", "kyiv", value=6200.0)
    move(desk, "odesa", "firing", "resolved")
    with running(desk.start("alerts", "status", "--watch", "--every", "250ms", *words)) as process:
        assert process.stdout is not None
        assert now in process.stdout.readline().decode()
        move(desk, "kyiv", "firing", "resolved")
        assert first in process.stdout.readline().decode()
        move(desk, "\x1b[31mlviv", "pending", "firing")
        said = process.stdout.readline().decode()
        assert second in said
        assert "\x1b" not in said
        process.send_signal(2)
        rest = process.stdout.read()
        assert process.wait() == ExitCode.INTERRUPTED
        assert rest == b""


@pytest.mark.parametrize("words", [("--exit-code",), ("--csv",), ("--every", "1ms")])
def test_watching_has_no_end_and_so_no_result(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.here("alerts", "status", "--watch", *words).exit_code == USAGE


def test_status_fits_eighty_columns_of_a_terminal(desk: Desk) -> None:
    evaluator(desk)
    alert(desk, "message_send_failures", "grand-hotel-kyiv-old-town", value=100.0)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        program("alerts", "status", "--no-color"), stdout=terminal, stderr=terminal, cwd=desk.folder,
        env=desk.environ | {"COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    with running(process):
        while True:
            try:
                shown += os.read(controller, 65536)
            except OSError:
                break
    os.close(controller)
    lines = shown.decode().replace("\r", "").splitlines()
    assert all(len(line) <= 80 for line in lines), lines
    assert "message_send_failures" in lines[1], "the rule's name is not shortened"
    assert "firing" in lines[1]


def test_exit_code_is_negative_when_something_fires_or_nobody_looks(desk: Desk) -> None:
    assert desk.here("alerts", "status", "--exit-code").exit_code == NEGATIVE, "nobody looks"
    evaluator(desk)
    alert(desk, "slow_response", "lviv", "pending")
    desk.here("alerts", "status", "--exit-code").ok()
    alert(desk, "slow_response", "kyiv")
    assert desk.here("alerts", "status", "--exit-code").exit_code == NEGATIVE
    desk.here("alerts", "status").ok()


CHECKS = [
    # alerts as (rule, instance, state), acknowledged, word, exit code, exit code for Nagios
    ([], False, "OK", 0, 0),
    ([("high_error_rate", "kyiv", "pending")], False, "OK", 0, 0),
    ([("slow_response", "kyiv", "firing")], False, "WARNING", 11, 1),
    ([("webhook_silence", "kyiv", "nodata")], False, "WARNING", 11, 1),
    ([("high_error_rate", "kyiv", "firing")], False, "CRITICAL", 11, 2),
    ([("high_error_rate", "kyiv", "recovering")], False, "CRITICAL", 11, 2),
    ([("slow_response", "kyiv", "firing"), ("critical_error_rate", "*", "firing")], False, "CRITICAL", 11, 2),
    ([("high_error_rate", "kyiv", "firing")], True, "WARNING", 11, 1),
    ([("high_error_rate", "kyiv", "resolved")], False, "OK", 0, 0),
]


@pytest.mark.parametrize(("alerts", "acked", "word", "code", "nagios"), CHECKS)
def test_check_is_one_line_with_figures(
    desk: Desk, alerts: list[tuple[str, str, Any]], acked: bool, word: str, code: int, nagios: int
) -> None:
    evaluator(desk)
    for rule, instance, state in alerts:
        alert(desk, rule, instance, state)
    if acked:
        desk.here("alerts", "ack", alerts[0][0]).ok()
    checked = desk.here("alerts", "check")
    (line,) = checked.stdout.splitlines()
    assert (checked.exit_code, checked.stderr) == (code, "")
    assert desk.here("alerts", "check", "--exit-code").exit_code == code
    assert desk.here("alerts", "check", "--nagios").exit_code == nagios
    assert line.startswith(f"GREENBOT {word} - ")
    text, _, figures = line.partition(" | ")
    counted = dict(item.split("=") for item in figures.split())
    assert int(counted["firing"]) == sum(state in ("firing", "recovering", "nodata") for *_, state in alerts)
    assert int(counted["pending"]) == sum(state == "pending" for *_, state in alerts)
    assert int(counted["acked"]) == int(acked)
    assert "|" not in text


def test_check_knows_nothing_when_nobody_looks(desk: Desk) -> None:
    evaluator(desk, seconds_ago=120)
    assert desk.here("alerts", "check").exit_code == NEGATIVE
    checked = desk.here("alerts", "check", "--nagios")
    assert checked.exit_code == 3
    assert "UNKNOWN" in checked.stdout


def test_nagios_is_told_unknown_when_there_is_nothing_to_look_at(desk: Desk) -> None:
    for words, code in (((), 13), (("--nagios",), 3)):
        checked = desk.here("alerts", "check", "--read-only", *words)
        assert checked.exit_code == code, "there is no store yet"
    assert checked.stdout.startswith("GREENBOT UNKNOWN - There is no store at")
    assert desk.here("alerts", "check", "--nagios", "--rule", "nobody").exit_code == 3


def test_check_looks_at_what_it_is_asked_for(desk: Desk) -> None:
    evaluator(desk)
    alert(desk, "high_error_rate", "kyiv")
    desk.here("alerts", "check", "--instance", "grand-*").ok()
    desk.here("alerts", "check", "--rule", "slow_response").ok()
    assert desk.here("alerts", "check", "--instance", "ky*", "--rule", "high_error_rate").exit_code == NEGATIVE
    assert desk.here("alerts", "check", "--rule", "nobody").exit_code == NOT_FOUND
    assert desk.here("alerts", "check", "--nagios", "--exit-code").exit_code == USAGE


def test_history_is_newest_first_and_filtered(desk: Desk) -> None:
    alert(desk, "slow_response", "kyiv", "pending", value=6200.0)
    alert(desk, "slow_response", "lviv", value=7100.0)
    alert(desk, "high_error_rate", "kyiv")
    lines = desk.here("alerts", "history", "--json").ok().lines
    assert [(line["rule"], line["instance"], line["to"]) for line in lines] == [
        ("high_error_rate", "kyiv", "firing"),
        ("slow_response", "lviv", "firing"),
        ("slow_response", "kyiv", "pending"),
    ]
    assert lines[1]["value"] == 7100.0

    def ids(*words: str) -> list[int]:
        return [line["id"] for line in desk.here("alerts", "history", "--json", *words).ok().lines]

    assert ids("--rule", "slow_response", "-i", "l*") == [lines[1]["id"]]
    assert ids("--since", "1m") == []
    assert ids("--limit", "1") == [lines[0]["id"]]
    assert ids("--before", str(lines[1]["id"])) == [lines[2]["id"]]
    assert "7.1 s" in desk.here("alerts", "history").ok().stdout
    notices = desk.here("alerts", "history", "--notices", "--json").ok().lines
    assert [(one["rule"], one["kind"], one["state"]) for one in notices] == [
        ("high_error_rate", "firing", "waiting"), ("slow_response", "firing", "waiting"),
    ]  # fmt: skip


def test_an_alert_is_acknowledged_and_taken_back(desk: Desk) -> None:
    alert(desk, "high_error_rate", "kyiv")
    alert(desk, "high_error_rate", "lviv")
    alert(desk, "high_error_rate", "odesa", "pending")
    desk.here("alerts", "ack", "high_error_rate/kyiv", "--comment", "the provider is on it", "-n").ok()
    assert [one["acked_by"] for one in status(desk)["alerts"]] == [None, None, None]
    acked = desk.here("alerts", "ack", "high_error_rate/kyiv", "--comment", "the provider is on it", "--json").ok().json
    found = {one["instance"]: one for one in status(desk)["alerts"]}
    assert found["kyiv"]["acked_by"] == acked["acked_by"]
    assert found["kyiv"]["ack_comment"] == "the provider is on it"
    assert found["lviv"]["acked_by"] is None
    assert desk.here("alerts", "ack", "high_error_rate", "-q").ok().stdout.split() == ["kyiv", "lviv"]
    desk.here("alerts", "ack", "high_error_rate/kyiv", "--withdraw").ok()
    found = {one["instance"]: one["acked_by"] for one in status(desk)["alerts"]}
    assert (found["kyiv"], found["lviv"] is None) == (None, False)
    actions = [line["action"] for line in desk.here("audit", "list", "--action", "alerts", "--json").ok().lines]
    assert actions[:4] == ["alerts.unack", "alerts.ack", "alerts.ack", "alerts.ack"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["ack", "nobody"], NOT_FOUND, "nobody"),
        (["ack", "high_error_rate"], NOT_FOUND, "fires now"),
        (["ack", "high_error_rate/lviv"], NOT_FOUND, "lviv"),
        (["ack", "slow_response/kyiv", "--comment", "a\nb"], USAGE, "one line"),
        (["ack", "slow_response/kyiv", "--comment", "x" * 501], USAGE, "one line"),
        (["ack", "slow_response/"], USAGE, "behind /"),
        (["ack", "/kyiv"], NOT_FOUND, "no alert rule"),
        (["ack", "slow_response/kyiv", "--read-only"], REFUSED, "read-only"),
        (["history", "--since", "tomorrow"], USAGE, "tomorrow"),
        (["history", "--since", "2h from now"], USAGE, "2h from now"),
        (["history", "--limit", "0"], USAGE, "--limit"),
        (["history", "--before", "-1"], USAGE, "--before"),
        ([*ROUTER, "--read-only"], REFUSED, "read-only"),
        (["silence", "add", "--for", "2h", "--comment", "x"], USAGE, "--instance"),
        (["silence", "add", "--rule", "*", "--for", "2h"], USAGE, "--comment is missing"),
        (["silence", "add", "--rule", "*", "--for", "2h", "--comment", " "], USAGE, "needs a comment"),
        (["silence", "add", "--rule", "*", "--comment", "x"], USAGE, "--until"),
        (["silence", "add", "--rule", "*", "--for", "2h", "--until", "3h", "--comment", "x"], USAGE, "either"),
        (["silence", "add", "--rule", "*", "--for", "0s", "--comment", "x"], USAGE, "after it begins"),
        (["silence", "add", "--rule", "*", "--for", "400d", "--comment", "x"], USAGE, "a year"),
        (["silence", "add", "--rule", "*", "--for", "long", "--comment", "x"], USAGE, "'long' is not a duration"),
        (["silence", "add", "--rule", "*", "--until", "yesterday 07:00", "--comment", "x"], USAGE, "is over"),
        (["silence", "add", "-i", "*", "--from", "3h", "--until", "2h", "--comment", "x"], USAGE, "after it begins"),
        (["silence", "add", "--rule", "Big Rule", "--for", "2h", "--comment", "x"], USAGE, "pattern"),
        (["silence", "add", "--instance", "", "--for", "2h", "--comment", "x"], USAGE, "pattern"),
        (["silence", "expire", "7"], NOT_FOUND, "no silence 7"),
        (["silence", "expire", "x"], USAGE, "not a whole number"),
        (["silence", "expire"], USAGE, "is missing"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_refused_with_a_reason(desk: Desk, words: list[str], code: int, says: str) -> None:
    alert(desk, "slow_response", "kyiv")
    refused = desk.here("alerts", *words)
    assert (refused.exit_code, refused.stdout) == (code, ""), refused.stderr
    assert says in refused.stderr
    assert desk.here("alerts", "silence", "list", "--json").ok().lines == []
    assert status(desk)["alerts"][0]["acked_by"] is None


def test_a_silence_is_added_listed_and_ended(desk: Desk) -> None:
    desk.here("alerts", *ROUTER, "-n").ok()
    assert desk.here("alerts", "silence", "list", "--json").ok().lines == []
    made = desk.here("alerts", *ROUTER, "--json").ok().json
    assert (made["state"], made["instance"], made["rule"], made["comment"]) == ("lasts", "kyiv", "*", "new router")
    later = desk.here(
        "alerts", "silence", "add", "--rule", "slow_*", "--severity", "medium", "--from", "1h", "--for", "1h",
        "--comment", "backup", "--json",
    ).ok().json  # fmt: skip
    assert later["state"] == "to come"
    ids = desk.here("alerts", "silence", "list", "-q").ok().stdout.split()
    assert ids == [str(later["id"]), str(made["id"])]
    desk.here("alerts", "silence", "expire", *ids, "-n").ok()
    assert desk.here("alerts", "silence", "list", "-q").ok().stdout.split() == ids
    desk.here("alerts", "silence", "expire", *ids).ok()
    assert desk.here("alerts", "silence", "list", "--json").ok().lines == []
    ended = desk.here("alerts", "silence", "list", "--ended", "--json").ok().lines
    assert [one["state"] for one in ended] == ["over", "over"]
    with store(desk) as db:
        (row,) = db.all("select * from silences where id = :id", id=made["id"])
    assert row["until_at_ms"] - row["begins_at_ms"] == 120 * MINUTE_MS
    actions = [line["action"] for line in desk.here("audit", "list", "--action", "alerts", "--json").ok().lines][:4]
    assert actions == ["alerts.unsilence", "alerts.unsilence", "alerts.silence", "alerts.silence"]


def test_a_silence_that_matches_nothing_is_doubted(desk: Desk) -> None:
    said = desk.here(
        "alerts", "silence", "add", "--rule", "slw_*", "-i", "nowhere", "--severity", "bad", "--for", "1h",
        "--comment", "x",
    ).ok()  # fmt: skip
    for word in ("slw_*", "nowhere", "bad"):
        assert word in said.stderr
    sure = desk.here("alerts", "silence", "add", "-i", "*", "--for", "1h", "--comment", "x").ok()
    assert sure.stderr == ""
