"""`greenbot status`: the fleet on one screen, for people, pipes and programs."""

import csv
import io
from contextlib import closing

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.errors import ExitCode
from tests.cli.harness import NUMBER, Desk, running, until

pytestmark = pytest.mark.integration

RULE = """
insert into alert_rules (name, metric, op, threshold, window_s, severity, created_at_ms, changed_at_ms, changed_by)
values ('errors', 'error_rate', '>=', 10, 300, '{severity}', 0, 0, 'test')
"""
ALERT = (
    "insert into alerts (rule, instance, rule_version, state, since_at_ms) values ('errors', '{name}', 1, '{state}', 1)"
)
BEAT = "insert into metric_beats (part, owner, at_ms) values ('worker', 'gone', 1000)"


def store(desk: Desk, *statements: str) -> None:
    with closing(connect(desk.store, clock=SystemClock())) as db, db.write() as tx:
        for statement in statements:
            tx.run(statement)


def name_of(desk: Desk) -> str:
    return desk.here("instances", "list", "-q").ok().stdout.strip()


def test_what_waits_is_seen_without_a_service(desk: Desk) -> None:
    desk.here("send", "text", NUMBER, "Your room is ready.", "--queue").ok()
    found = desk.here("status", "--json").ok().json
    assert found["instances"][0]["name"] == name_of(desk)
    assert found["instances"][0]["standing"] == "waiting"
    assert found["queue"]["queued"] == 1
    row = desk.here("status").ok().stdout.rstrip("\n").split("\t")
    assert row[:2] == [name_of(desk), "waiting"]
    table = list(csv.DictReader(io.StringIO(desk.here("status", "--csv", "-v").ok().stdout)))
    assert (table[0]["queued"], table[0]["requests"]) == ("1", "0")


@pytest.mark.parametrize(
    ("severity", "state", "standing", "bad"),
    [
        ("critical", "firing", "down", True),
        ("low", "firing", "trouble", True),
        ("critical", "recovering", "down", True),
        ("critical", "pending", "silent", False),
    ],
)
def test_exit_code_tells_that_something_fires(desk: Desk, severity: str, state: str, standing: str, bad: bool) -> None:
    desk.here("status").ok()
    store(desk, RULE.format(severity=severity), ALERT.format(name=name_of(desk), state=state))
    found = desk.here("status", "--exit-code", "--json")
    assert found.json["instances"][0]["standing"] == standing
    assert found.json["bad"] is bad
    assert found.exit_code == (ExitCode.CHECK_FAILED if bad else ExitCode.DONE)
    assert desk.here("status").exit_code == ExitCode.DONE, "only when asked"


def test_exit_code_tells_that_the_service_is_gone(desk: Desk) -> None:
    assert desk.here("status", "--exit-code").exit_code == ExitCode.DONE, "nobody ever started one"
    store(desk, BEAT)
    assert desk.here("status", "--exit-code").exit_code == ExitCode.CHECK_FAILED


def test_watching_prints_again_and_again(desk: Desk) -> None:
    with running(desk.start("status", "--watch", "--every", "250ms", "--json")) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert all(line.startswith(b'{"v": 1, "bad": false') for line in lines)
        process.send_signal(2)
        until(lambda: process.poll() is not None)
        assert process.returncode == ExitCode.INTERRUPTED


def test_bad_input_says_what_to_type(desk: Desk) -> None:
    result = desk.here("status", "--watch", "--every", "1ms")
    assert result.exit_code == ExitCode.USAGE
    assert "--every 2s" in result.stderr
