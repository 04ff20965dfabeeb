"""`greenbot trigger`: made-up events from the simulator, or straight to a webhook server."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from greenbot.errors import ExitCode
from greenbot.messages.incoming.model import CallEvent, MessageEvent, Text
from greenbot.messages.incoming.parse import parse
from tests.cli.harness import Desk

pytestmark = [pytest.mark.integration, pytest.mark.webhook]

TOKEN = "a-webhook-token-of-this-very-test-0123456789"


@dataclass
class Receiver:
    """A webhook server that keeps everything and answers with the statuses it is told to, then with 200."""

    url: str
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.requests]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append((self.path, dict(self.headers), body))
            self.send_response(made.statuses.pop(0) if made.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hotel(desk: Desk) -> Desk:
    """A desk that knows its webhook token."""
    desk.environ["GREEN_API_WEBHOOK_TOKEN"] = TOKEN
    return desk


def test_an_event_reaches_a_server_as_green_api_sends_it(hotel: Desk, receiver: Receiver) -> None:
    said = hotel.here("trigger", "incomingMessageReceived", "--to", receiver.url, "--json").ok()
    assert (said.json["emitted"], said.json["to"]) == (1, receiver.url)
    ((path, headers, body),) = receiver.requests
    assert path == "/api/v1/webhooks/green-api/default"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    event = parse(body)
    assert isinstance(event, MessageEvent)
    assert event.instance_id == str(hotel.instance.id)
    assert event.problems == ()


def test_the_token_is_never_shown(hotel: Desk, receiver: Receiver) -> None:
    receiver.statuses = [401]
    for words in (("-n",), (), ("--json",), ("--debug",)):
        said = hotel.here("trigger", "incomingCall", "--to", receiver.url, *words)
        assert TOKEN not in said.stdout + said.stderr


def test_fields_can_be_changed(hotel: Desk, receiver: Receiver) -> None:
    text = 'messageData.textMessageData.textMessage=Чи працює басейн? "так"'
    hotel.here("trigger", "textMessage", "--set", text, "--set", "timestamp=0", "--to", receiver.url).ok()
    event = parse(receiver.requests[0][2])
    assert isinstance(event, MessageEvent)
    assert event.content == Text(type="textMessage", text='Чи працює басейн? "так"')
    assert event.at_ms is None


def test_many_events_have_ids_of_their_own(hotel: Desk, receiver: Receiver) -> None:
    said = hotel.here("trigger", "textMessage", "--count", "20", "--rate", "2000", "--to", receiver.url, "-q").ok()
    assert said.stdout == "20\n"
    assert len({body["idMessage"] for body in receiver.bodies}) == 20


def test_a_path_of_ones_own_is_kept(hotel: Desk, receiver: Receiver) -> None:
    hotel.here("trigger", "incomingCall", "--to", f"{receiver.url}/hook?x=1").ok()
    assert receiver.requests[0][0] == "/hook?x=1"
    assert isinstance(parse(receiver.requests[0][2]), CallEvent)


def test_localhost_is_this_machine_too(hotel: Desk, receiver: Receiver) -> None:
    hotel.here("trigger", "incomingCall", "--to", receiver.url.replace("127.0.0.1", "localhost")).ok()
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("to", [True, False])
def test_a_dry_run_shows_the_body_and_sends_nothing(hotel: Desk, receiver: Receiver, to: bool) -> None:
    words = ("--to", receiver.url) if to else ()
    said = hotel.here("trigger", "stateInstanceChanged.blocked", "-n", "--json", *words).ok()
    assert said.json["body"]["stateInstance"] == "blocked"
    assert said.json["to"] == (receiver.url if to else "the simulator")
    assert receiver.requests == []


REFUSALS = [
    ([401], ExitCode.NOT_READY, "does not take the webhook token", "webhook_token"),
    ([503], ExitCode.NOT_SENT, "answered 503 instead of 200", "again"),
    ([302], ExitCode.NOT_SENT, "answered 302 instead of 200", "again"),
    ([200, 200, 503], ExitCode.PARTLY_DONE, "2 of 5 were taken", "again"),
]


@pytest.mark.parametrize(("statuses", "code", "words", "hint"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_a_server_that_does_not_take_it_is_told(
    hotel: Desk, receiver: Receiver, statuses: list[int], code: ExitCode, words: str, hint: str
) -> None:
    receiver.statuses = statuses
    said = hotel.here("trigger", "incomingCall", "--count", "5", "--to", receiver.url)
    assert said.exit_code == code
    assert words in said.stderr
    assert hint in said.stderr


ELSEWHERE = [
    ("http://192.0.2.1:8080", ExitCode.REFUSED, "anybody could read the webhook token"),
    ("http://hotel.example", ExitCode.REFUSED, "anybody could read the webhook token"),
    ("https://192.0.2.1", ExitCode.USAGE, "needs a confirmation"),
    ("https://hotel.example", ExitCode.USAGE, "needs a confirmation"),
    ("http://127.0.0.1:1", ExitCode.NOT_SENT, "No server takes webhooks at http://127.0.0.1:1"),
    ("ftp://127.0.0.1", ExitCode.USAGE, "--to is not an address"),
    ("127.0.0.1:8080", ExitCode.USAGE, "--to is not an address"),
    ("http://", ExitCode.USAGE, "not a host"),
    ("http://127.0.0.1:99999", ExitCode.USAGE, "--to is not an address"),
    ("http://user@127.0.0.1:8080", ExitCode.USAGE, "not a host"),
]


@pytest.mark.parametrize(("to", "code", "words"), ELSEWHERE)
def test_the_token_goes_to_this_machine_only_without_a_yes(hotel: Desk, to: str, code: ExitCode, words: str) -> None:
    said = hotel.here("trigger", "incomingCall", "--to", to, "--no-input")
    assert said.exit_code == code
    assert words in said.stderr


def test_without_a_webhook_token_nothing_leaves(desk: Desk, receiver: Receiver) -> None:
    said = desk.here("trigger", "incomingCall", "--to", receiver.url)
    assert said.exit_code == ExitCode.NOT_READY
    assert "There is no webhook token" in said.stderr
    assert receiver.requests == []


def test_read_only_sends_nothing(hotel: Desk, receiver: Receiver) -> None:
    assert hotel.here("trigger", "incomingCall", "--to", receiver.url, "--read-only").exit_code == ExitCode.REFUSED
    assert receiver.requests == []


WRONG = [
    (("trigger", "nonsense", "-n"), "No event is called 'nonsense'"),
    (("trigger", "incomingCall", "-n", "--set", "from.x.y=1"), "Cannot set 'from.x.y'"),
    (("trigger", "incomingCall", "--to", "http://127.0.0.1:1", "--url", "http://127.0.0.1:1"), "not to both"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_what_cannot_be_made_is_said(hotel: Desk, words: tuple[str, ...], message: str) -> None:
    said = hotel.here(*words)
    assert said.exit_code == ExitCode.USAGE
    assert message in said.stderr


def test_the_simulator_emits_it_as_often_as_it_is_told(desk: Desk) -> None:
    for name in ("incomingWebhook", "incomingCallWebhook"):
        desk.instance.settings[name] = "yes"
    url, number = desk.simulator.api_url, str(desk.instance.id)
    desk.here("trigger", "incomingCall", "--count", "3", "--url", url, "-i", number).ok()
    waiting = desk.simulator.call(lambda: [each.body for each in desk.instance.notifications.waiting()])
    assert [body["typeWebhook"] for body in waiting] == ["incomingCall"] * 3
