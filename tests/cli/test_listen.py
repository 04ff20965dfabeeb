"""`greenbot listen`: events as they come, passed on to a program under development."""

import json
import signal

import pytest

from greenbot.errors import ExitCode
from greenbot.simulator.incoming import guest_writes
from tests.cli.harness import GUEST, Desk, running, until
from tests.cli.receiver import receiving
from tests.hooks.test_signature import verified


@pytest.fixture
def polled(desk: Desk) -> Desk:
    """A hotel without a webhook, whose switches are on."""
    wanted = {"webhookUrl": "", "incomingWebhook": "yes", "stateWebhook": "yes"}
    desk.simulator.call(lambda: desk.instance.settings.update(wanted))
    return desk


def writes(desk: Desk, *texts: str) -> None:
    desk.simulator.call(lambda: [guest_writes(desk.instance, GUEST, text) for text in texts])


def test_events_are_fetched_kept_shown_and_passed_on(polled: Desk) -> None:
    with receiving() as there:
        writes(polled, "one", "two")
        done = polled("listen", "--forward-to", there.url, "--max", "2", "--json").ok()
    assert [line["summary"] for line in done.lines] == ["one", "two"]
    assert [line["answer"] for line in done.lines] == ["status 200", "status 200"]
    assert [body["event"]["content"]["text"] for body in there.bodies] == ["one", "two"]
    secret = polled.home.rglob("hook-_listen.secret")
    headers, body = there.taken[0]
    assert verified(next(secret).read_text().strip(), headers, body)
    stored = polled.here("events", "list", "--json").ok().lines
    assert [event["summary"] for event in stored] == ["two", "one"]


def test_only_what_was_asked_for_is_shown(polled: Desk) -> None:
    polled.simulator.call(lambda: polled.simulator.world.set_state(polled.instance, "authorized"))
    with receiving() as there:
        writes(polled, "hello")
        done = polled("listen", "--forward-to", there.url, "--events", "text", "--max", "1", "--print-json").ok()
    row, body = done.stdout.splitlines()
    assert row.split("\t")[5:7] == ["hello", "status 200"]
    assert json.loads(body) == there.bodies[0]


def test_a_program_that_is_not_there_is_said_and_the_event_is_kept(polled: Desk) -> None:
    with receiving() as there:
        url = there.url
    writes(polled, "hello")
    done = polled("listen", "--forward-to", url, "--max", "1", "--json").ok()
    assert done.json["answer"] == "no connection"
    assert polled.here("events", "list", "--json").ok().json["summary"] == "hello"


def test_where_a_webhook_is_set_it_shows_what_others_store(polled: Desk) -> None:
    polled.simulator.call(lambda: polled.instance.settings.update({"webhookUrl": "http://127.0.0.1:9/x"}))
    with running(polled.start("listen", "--json", "--max", "1")) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert b"Listening" in process.stderr.readline()
        assert b"webhook URL" in process.stderr.readline()
        polled.simulator.call(lambda: polled.instance.settings.update({"webhookUrl": ""}))
        writes(polled, "stored by another")
        polled("receive", "--drain").ok()
        assert json.loads(process.stdout.readline())["summary"] == "stored by another"
        process.wait(60)
        assert process.returncode == 0


def test_it_ends_when_told_to(polled: Desk) -> None:
    with running(polled.start("listen")) as process:
        assert process.stderr is not None
        assert b"Listening" in process.stderr.readline()
        until(lambda: polled.ledger("receiveNotification"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--forward-to", "http://169.254.169.254/"], ExitCode.REFUSED),
        (["--forward-to", "http://user@127.0.0.1/"], ExitCode.REFUSED),
        (["--forward-to", "ftp://127.0.0.1/"], ExitCode.REFUSED),
        (["--events", "mesage"], ExitCode.USAGE),
        (["--read-only"], ExitCode.REFUSED),
    ],
)
def test_what_cannot_be_listened_for_is_refused(polled: Desk, words: list[str], code: int) -> None:
    assert polled.here("listen", *words).exit_code == code
