"""The watcher inside `greenbot serve`: a quiet number is known, one that goes down is held and released by itself."""

import json
import time

import pytest

from greenbot.resilience.shared_health import health_of
from tests.cli.harness import NUMBER, Desk, until
from tests.cli.queue import store_of
from tests.cli.test_serve import serving

pytestmark = [pytest.mark.integration, pytest.mark.webhook]


def state_event(desk: Desk, state: str) -> bytes:
    return json.dumps(
        {
            "typeWebhook": "stateInstanceChanged",
            "instanceData": {"idInstance": desk.instance.id, "wid": "11001234567@c.us", "typeInstance": "whatsapp"},
            "timestamp": int(time.time()),
            "stateInstance": state,
        }
    ).encode()


def known(desk: Desk) -> str:
    with store_of(desk) as db:
        return health_of(db, "default").state


def test_a_number_that_goes_down_is_held_and_released_by_itself(desk: Desk) -> None:
    with serving(desk) as service:
        until(lambda: known(desk) == "authorized")
        assert desk.ledger("getStateInstance"), "nothing was sent, and it is known all the same"
        desk.state("notAuthorized")
        assert service.webhook(state_event(desk, "notAuthorized")) == 200
        until(lambda: known(desk) == "not_sendable")
        sent = desk("send", "text", NUMBER, "Your room is ready.", "--queue", "--json").ok().json
        waits = desk("outbox", "show", str(sent["id"]), "--json").ok().json["waits"]
        assert "not_sendable" in [wait["why"] for wait in waits]
        status = desk("status", "--json").ok().json
        assert [view["health"] for view in status["instances"]] == ["not_sendable"]
        assert "watcher" in [part["name"] for part in status["service"]["parts"]]
        assert desk.executed() == []
        desk.state("authorized")
        assert service.webhook(state_event(desk, "authorized")) == 200
        until(desk.executed)
        assert service.end() == 0
    lines = [json.loads(line) for line in (desk.home / "logs" / "greenbot.log").read_text().splitlines()]
    states = [(line["level"], line["outcome"], line["words"]) for line in lines if line["event"] == "state"]
    assert states == [
        ("info", "authorized", "look"),
        ("warning", "not_sendable", "event"),
        ("info", "authorized", "event"),
    ]


def test_without_the_watcher_nobody_asks(desk: Desk) -> None:
    with serving(desk, "--no-watch") as service:
        assert service.webhook(state_event(desk, "authorized")) == 200
        until(lambda: known(desk) == "authorized")
        assert service.end() == 0
    assert desk.ledger("getStateInstance") == []
