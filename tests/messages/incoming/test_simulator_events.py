"""Every event that the simulator can emit, through its own door and the polling API, is one that greenbot knows."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from greenbot.messages.incoming import model as m
from greenbot.messages.incoming.envelope import peek
from greenbot.messages.incoming.keys import semantic_key
from greenbot.messages.incoming.parse import KNOWN_TYPES, parse
from greenbot.simulator.events import MESSAGE_WEBHOOKS, SAMPLES
from greenbot.simulator.remote import RemoteSimulator
from greenbot.simulator.samples.catalogue import MESSAGES
from greenbot.simulator.samples.notices import NOTICES
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.messages.incoming.test_samples import CONTENT_TYPES, EVENT_TYPES

pytestmark = [pytest.mark.webhook, pytest.mark.integration]

ID_INSTANCE = 1101000001
TOKEN = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with SimulatorThread(World(timings=Timings(queue_delay=0.0))) as running:
        made = running.call(lambda: running.world.add_instance(id_instance=ID_INSTANCE, token=TOKEN, name="Seaside"))
        made.knobs.enforce_limits = False
        made.settings |= {name: "yes" for name in made.settings if name.endswith("Webhook")}
        made.settings["markIncomingMessagesReaded"] = "no"
        yield running


def receive(simulator: SimulatorThread) -> bytes:
    """The next notification as the polling API answers it, byte for byte; it is then deleted."""
    connection = http.client.HTTPConnection(urlsplit(simulator.api_url).netloc, timeout=30)
    account = f"/waInstance{ID_INSTANCE}"
    connection.request("GET", f"{account}/receiveNotification/{TOKEN}?receiveTimeout=5")
    sent = connection.getresponse().read()
    connection.request("DELETE", f"{account}/deleteNotification/{TOKEN}/{json.loads(sent)['receiptId']}")
    connection.getresponse().read()
    connection.close()
    return sent


def test_the_tables_know_every_kind_of_the_catalogue() -> None:
    assert {kind.partition(".")[0] for kind in MESSAGES} == CONTENT_TYPES.keys()
    assert {name.partition(".")[0] for name in NOTICES} | set(MESSAGE_WEBHOOKS) == EVENT_TYPES.keys()
    assert set(KNOWN_TYPES) == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_an_emitted_event_is_parsed_to_its_own_type(simulator: SimulatorThread, name: str) -> None:
    assert RemoteSimulator(simulator.api_url).trigger(name, instance=None, overrides={}) == 1
    sent = receive(simulator)
    event = parse(sent)
    type_webhook, _, kind = name.partition(".")
    assert type(event) is EVENT_TYPES[type_webhook]
    assert event.problems == ()
    assert event.instance_id == str(ID_INSTANCE)
    assert event.at_ms is not None
    if isinstance(event, m.MessageEvent):
        assert type(event.content) is CONTENT_TYPES[kind.partition(".")[0]]
        assert event.content.type == kind.partition(".")[0]
    assert semantic_key(event) == peek(sent).semantic_key is not None


def test_a_guest_who_writes_is_an_event(simulator: SimulatorThread) -> None:
    remote_id = RemoteSimulator(simulator.api_url).guest_writes("11001234568@c.us", "Is the pool open?", name="Anna")
    event = parse(receive(simulator))
    assert isinstance(event, m.MessageEvent)
    assert event.content == m.Text(type="textMessage", text="Is the pool open?")
    assert (event.direction, event.remote_id, event.sender_name) == ("in", remote_id, "Anna")


def test_a_change_of_state_is_an_event(simulator: SimulatorThread) -> None:
    RemoteSimulator(simulator.api_url).set_state(str(ID_INSTANCE), "yellowCard")
    event = parse(receive(simulator))
    RemoteSimulator(simulator.api_url).set_state(str(ID_INSTANCE), "authorized")
    assert isinstance(event, m.StateEvent)
    assert event.state == "yellowCard"
