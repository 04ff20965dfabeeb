"""The simulator on its own thread, used from synchronous code."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import World
from tests.simulator.conftest import GUEST, ID_INSTANCE, START, TOKEN


def post(url: str, body: object) -> dict[str, object]:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        parsed = json.loads(answer.read())
    assert isinstance(parsed, dict)
    return parsed


def test_synchronous_code_sends_and_looks() -> None:
    world = World(clock=SimClock(start=START, virtual=True))
    with SimulatorThread(world) as simulator:
        simulator.call(lambda: world.add_instance(id_instance=ID_INSTANCE, token=TOKEN))
        url = f"{simulator.api_url}/waInstance{ID_INSTANCE}/sendMessage/{TOKEN}"
        answer = post(url, {"chatId": GUEST, "message": "hello"})
        simulator.wait(lambda: world.clock.advance(10))
        received = simulator.call(world.inbox)
    assert [(message.id_message, message.text) for message in received] == [(answer["idMessage"], "hello")]


def test_two_hosts_have_two_ports() -> None:
    with SimulatorThread(media_port=0) as simulator:
        assert simulator.api_url != simulator.media_url


def test_a_taken_port_is_told_and_leaves_no_thread() -> None:
    with SimulatorThread() as simulator:
        port = int(simulator.api_url.rpartition(":")[2])
        before = threading.active_count()
        with pytest.raises(OSError, match="address already in use"), SimulatorThread(port=port):
            pass
        assert threading.active_count() == before


def test_an_error_in_the_loop_reaches_the_caller() -> None:
    with SimulatorThread() as simulator, pytest.raises(KeyError):
        simulator.call(lambda: simulator.world.instances[5])
