"""Forty hotels and one reviewed file: only those that differ are changed, once, within limits, whoever is killed."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.account_settings.fleet import Hotels, hotels

pytestmark = pytest.mark.integration

FILE = """
[defaults]
incomingWebhook = true
outgoingWebhook = "yes"

[tags.coast]
delaySendMessagesMilliseconds = 15000

[instances.hotel-01]
keepOnlineStatus = "yes"
"""
#: Hotels 5 to 29 are as the file wishes from the start; 15 differ.
LEFT_ALONE = [f"hotel-{number:02}" for number in range(5, 30)]
DIFFERING = [f"hotel-{number:02}" for number in range(40) if not 5 <= number < 30]


def prepared(forty: Hotels) -> str:
    for name in LEFT_ALONE:
        delay = 15_000 if int(name[-2:]) % 3 == 0 else 500
        forty.set_up(name, incomingWebhook="yes", outgoingWebhook="yes", delaySendMessagesMilliseconds=delay)
    return forty.file(FILE)


def is_as_wished(forty: Hotels, name: str) -> bool:
    found = forty.settings(name)
    wished = {"incomingWebhook": "yes", "outgoingWebhook": "yes"}
    wished |= {"keepOnlineStatus": "yes"} if name == "hotel-01" else {}
    delay = 15_000 if int(name[-2:]) % 3 == 0 else 500
    return found.items() >= wished.items() and found["delaySendMessagesMilliseconds"] == delay


def test_only_the_hotels_that_differ_are_changed_and_each_is_reported(ground: Path) -> None:
    with hotels(ground, 40) as forty:
        file = prepared(forty)
        before = forty.desk.here("instances", "settings", "diff", file, "--json").ok().lines
        assert [line["name"] for line in before if line["differs"]] == DIFFERING
        report = forty.desk(
            "instances", "settings", "apply", file, "--yes", "--parallel", "20", "--timeout", "50s", "--json"
        ).ok()
        results = {line["name"]: line["result"] for line in report.lines}
        assert results == dict.fromkeys(DIFFERING, "changed") | dict.fromkeys(LEFT_ALONE, "same")
        assert sorted(forty.names_of(forty.changed())) == DIFFERING, "each once, nobody else"
        assert all(is_as_wished(forty, name) for name in forty.instances)
        assert {instance.state for instance in forty.instances.values()} == {"authorized"}, "each was seen to be back"
        assert forty.was_asked_slowly(), "one call a second for each number and method"
        of_one = next(line for line in report.lines if line["name"] == "hotel-00")
        assert of_one["fields"]["delaySendMessagesMilliseconds"] == {"before": 500, "after": 15000}
        again = forty.desk("instances", "settings", "apply", file, "--json").ok()
        assert {line["result"] for line in again.lines} == {"same"}
        assert len(forty.changed()) == len(DIFFERING)


@pytest.mark.parametrize("point", ["settings.after_mark@9", "settings.after_post@9"])
def test_a_killed_run_is_continued_and_no_hotel_restarts_twice(ground: Path, point: str) -> None:
    # Slow to come into force: the second run begins while the change of the first is under way.
    with hotels(ground, 40, reboot_seconds=3.0) as forty:
        file = prepared(forty)
        plan = {"GREENBOT_FAILPOINTS": f"{point.replace('@', '=kill@')}"}
        killed = forty.desk("instances", "settings", "apply", file, "--yes", "--parallel", "4", env=plan)
        assert killed.exit_code == -signal.SIGKILL
        done_by_then = Counter(forty.names_of(forty.changed()))
        assert 0 < done_by_then.total() < len(DIFFERING)
        report = forty.desk(
            "instances", "settings", "apply", file, "--yes", "--json", "--parallel", "20", "--timeout", "50s"
        ).ok()
        assert Counter(line["result"] for line in report.lines)["same"] >= len(LEFT_ALONE)
        assert {line["result"] for line in report.lines} == {"same", "changed"}
        assert all(is_as_wished(forty, name) for name in forty.instances)
        counts = Counter(forty.names_of(forty.changed()))
        assert counts == dict.fromkeys(DIFFERING, 1), "each hotel restarted once"
        assert forty.was_asked_slowly(), "one call a second for each number and method"
