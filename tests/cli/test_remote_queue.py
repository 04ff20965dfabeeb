"""`greenbot remote-queue show|count|clear`: what GREEN-API took and has not sent."""

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import NUMBER, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def stuck(desk: Desk) -> Desk:
    """Three messages of ours wait at GREEN-API, which sends nothing."""
    desk.simulator.call(lambda: setattr(desk.instance.knobs, "stuck_queue", True))
    for number in range(3):
        desk.here("send", "text", f"38044123456{number}", f"Room {number} is ready.").ok()
    return desk


def waiting(desk: Desk) -> int:
    return desk.simulator.call(lambda: desk.instance.send_queue.count_shown(0.0))


def test_the_queue_is_shown_with_our_numbers_and_counted(stuck: Desk) -> None:
    shown = stuck.here("remote-queue", "show", "--json").ok().lines
    # GREEN-API hides the next one to leave.
    assert [(line["id"], line["kind"], line["text"]) for line in shown] == [
        (2, "sendMessage", "Room 1 is ready."),
        (3, "sendMessage", "Room 2 is ready."),
    ]
    counted = stuck.here("remote-queue", "count", "--json").ok().json
    assert (counted["messages"], counted["notifications"], counted["instance"]) == (3, 0, "default")


def test_the_cyrillic_spelling_of_a_count_is_read_too(stuck: Desk) -> None:
    stuck.simulator.call(lambda: setattr(stuck.instance.knobs, "cyrillic_count", True))
    assert stuck.here("remote-queue", "count", "--json").ok().json["messages"] == 3


def test_clearing_needs_the_name_says_what_is_lost_and_is_audited(stuck: Desk) -> None:
    refused = stuck.here("remote-queue", "clear", "--json")
    assert (refused.exit_code, "--confirm default" in refused.error["hint"]) == (ExitCode.USAGE, True)
    wrong = stuck.here("remote-queue", "clear", "--confirm", "other", "--json")
    assert wrong.exit_code == ExitCode.USAGE
    preview = stuck.here("remote-queue", "clear", "-n").ok()
    assert ("/clearMessagesQueue/***" in preview.stdout, stuck.token in preview.stdout) == (True, False)
    forbidden = stuck.here("remote-queue", "clear", "--confirm", "default", "--read-only")
    assert (forbidden.exit_code, waiting(stuck)) == (ExitCode.REFUSED, 3)
    done = stuck.here("remote-queue", "clear", "--confirm", "default", "--json").ok()
    assert (done.json["waiting"], done.json["ours"], waiting(stuck)) == (3, [2, 3], 0)
    assert "greenbot outbox show 2" in done.stderr
    [entry] = stuck.here("audit", "list", "--action", "remote_queue.clear", "--json").ok().lines
    assert entry["after"] == {"what": "messages", "waiting": 3, "ours": [2, 3]}


def test_notifications_are_cleared_apart(desk: Desk) -> None:
    desk.simulator.call(lambda: desk.instance.settings.update(stateWebhook="yes"))
    desk.state("notAuthorized")
    assert desk.here("remote-queue", "count", "--json").ok().json["notifications"] == 1
    desk.here("remote-queue", "clear", "--notifications", "--confirm", "default").ok()
    assert desk.here("remote-queue", "count", "--json").ok().json["notifications"] == 0
    assert desk.ledger("clearMessagesQueue") == []


def test_an_instance_that_cannot_be_asked_is_said(desk: Desk) -> None:
    desk.fault("401")
    assert desk.here("remote-queue", "show").exit_code == ExitCode.NOT_READY
    assert desk.here("send", "text", NUMBER, "Hello").exit_code == ExitCode.NOT_READY
