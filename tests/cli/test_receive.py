"""`greenbot receive`: each notification is on the disk before it is deleted, and one consumer takes them."""

import signal
from pathlib import Path

import pytest

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.errors import ExitCode
from greenbot.inbox.consumer import turn_of
from greenbot.simulator.incoming import guest_writes
from tests.cli.harness import GUEST, Desk, running, until
from tests.cli.receiver import receiving

OTHER = "380447654321@c.us"


@pytest.fixture
def polled(desk: Desk) -> Desk:
    """A hotel without a webhook, whose switches are on."""
    wanted = {"webhookUrl": "", "incomingWebhook": "yes", "stateWebhook": "yes"}
    desk.simulator.call(lambda: desk.instance.settings.update(wanted))
    return desk


def writes(desk: Desk, *texts: str, chat: str = GUEST) -> None:
    desk.simulator.call(lambda: [guest_writes(desk.instance, chat, text) for text in texts])


def waiting(desk: Desk) -> int:
    return desk.simulator.call(lambda: len(desk.instance.notifications))


def stored(desk: Desk) -> list[str]:
    return [event["summary"] for event in desk.here("events", "list", "--sort", "id", "--json").ok().lines]


def test_drain_takes_everything_in_its_order_and_works_it(polled: Desk) -> None:
    writes(polled, "one", "two")
    writes(polled, "three", chat=OTHER)
    writes(polled, "STOP")
    done = polled("receive", "--drain").ok()
    assert [line.split("\t")[4] for line in done.stdout.splitlines()] == ["one", "two", "three", "STOP"]
    assert "4 received" in done.stderr
    assert waiting(polled) == 0
    assert {event["state"] for event in polled.here("events", "list", "--json").ok().lines} == {"done"}
    assert GUEST in polled.here("suppress", "list").ok().stdout


def test_without_more_it_takes_one(polled: Desk) -> None:
    writes(polled, "one", "two")
    assert polled("receive", "--json", "--store-only").ok().json["summary"] == "one"
    assert waiting(polled) == 1
    assert polled.here("events", "list", "--json").json["state"] == "stored"


def test_max_ends_it(polled: Desk) -> None:
    writes(polled, "one", "two", "three")
    polled("receive", "--drain", "--max", "2").ok()
    assert waiting(polled) == 1


@pytest.mark.parametrize("point", ["recv.after_receive", "recv.before_delete", "web.before_commit", "web.after_commit"])
def test_killed_anywhere_nothing_is_lost_and_nothing_is_kept_twice(polled: Desk, point: str) -> None:
    writes(polled, "one", "two")
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill"}
    assert polled("receive", "--drain", env=plan).exit_code == -signal.SIGKILL
    polled("receive", "--drain").ok()
    assert stored(polled) == ["one", "two"]
    assert waiting(polled) == 0


def test_it_refuses_while_events_go_to_a_webhook_and_says_how_to_change_that(polled: Desk) -> None:
    writes(polled, "one")
    polled.simulator.call(lambda: polled.instance.settings.update({"webhookUrl": "http://127.0.0.1:9/x"}))
    refused = polled("receive", "--drain", "--json")
    assert refused.exit_code == ExitCode.REFUSED
    hint = refused.error["hint"]
    assert "webhookUrl" in hint
    assert "receiveNotification" not in {entry.method for entry in polled.ledger()}
    words = hint.partition(": ")[2].split()
    assert words[0] == "greenbot"
    # A person is asked, since the number restarts.
    polled.here(*words[1:], "--yes").ok()


def test_a_second_consumer_is_refused(polled: Desk, tmp_path: Path) -> None:
    name = polled.here("instances", "list", "-q").ok().stdout.strip()
    db = connect(polled.store, clock=SystemClock())
    # The same folder: the lock file says so. Another folder: the row in the store does.
    for folder in (polled.home / "run", tmp_path / "elsewhere"):
        with turn_of(db, name, owner="somebody", run_dir=folder, clock=SystemClock()):
            second = polled("receive", "--json")
            assert (second.exit_code, second.error["code"]) == (ExitCode.BUSY, "busy"), second
    db.close()
    polled("receive").ok()


def test_follow_goes_on_over_failures_until_it_is_stopped(polled: Desk) -> None:
    writes(polled, "one")
    polled.fault("5xx@502 method=receiveNotification count=2")
    with running(polled.start("receive", "--follow")) as process:
        until(lambda: waiting(polled) == 0)
        writes(polled, "two")
        until(lambda: waiting(polled) == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert stored(polled) == ["one", "two"]


def test_drain_says_what_keeps_failing(polled: Desk) -> None:
    polled.fault("401 method=receiveNotification")
    assert polled("receive", "--drain").exit_code == ExitCode.NOT_READY


def test_a_delete_that_fails_is_made_up_for(polled: Desk) -> None:
    writes(polled, "one", "two")
    polled.fault("5xx@500 method=deleteNotification count=1")
    polled("receive", "--drain").ok()
    assert stored(polled) == ["one", "two"]
    assert polled.here("events", "show", "1", "--json").json["deliveries"] == 2
    assert waiting(polled) == 0


def test_hooks_get_what_was_received_although_no_service_runs(polled: Desk) -> None:
    with receiving() as program:
        config = f'[outbound]\nallow = ["127.0.0.1:{program.port}"]\n'
        polled.configure(config)
        polled.here("hooks", "add", "crm", "--url", program.url).ok()
        writes(polled, "one", "two")
        polled("receive", "--drain", "--store-only").ok()
        assert program.taken == []
        writes(polled, "three")
        polled("receive", "--drain").ok()
        assert [body["event"]["content"]["text"] for body in program.bodies] == ["one", "two", "three"]
    writes(polled, "four")
    polled("receive").ok()
    assert polled.here("hooks", "list", "--json").ok().json["waiting"] == 1
