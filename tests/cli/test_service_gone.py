"""A service that ended, in order or not, is known to be gone at once: nobody waits for it."""

import signal

import pytest

from tests.cli.harness import Desk, until
from tests.cli.test_serve import serving

pytestmark = pytest.mark.integration

HOOK = ("--kind", "command", "--command", "true")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_service_that_ended_is_gone_for_everybody_at_once(desk: Desk, number: signal.Signals) -> None:
    desk.here("alerts", "receivers", "add", "ops", *HOOK).ok()
    with serving(desk) as service:
        until(lambda: desk.here("alerts", "status", "--json").json["watched"])
        until(lambda: desk.here("status", "--json").ok().json["service"]["alive"])
        until(lambda: desk.here("doctor", "--offline", "--only", "service.running", "-q").ok().stdout == "")
        service.end(number)
    told = desk.here("alerts", "receivers", "test", "ops", "--timeout", "20s").ok()
    assert "No greenbot serve is running, so this command tells it by itself." in told.stderr
    assert not desk.here("alerts", "status", "--json").json["watched"]
    seen = desk.here("status", "--json").ok().json["service"]
    assert not seen["alive"]
    assert not any(part["alive"] for part in seen["parts"])
    assert "service.running" in desk.here("doctor", "--offline", "--only", "service", "-q").ok().stdout
