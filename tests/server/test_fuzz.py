"""Fifty thousand odd requests against the real service; `make verify-intake` sends a million."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import desk, ground, make_desk, simulator
from tests.cli.harness import Desk
from tests.cli.test_serve import serving, stored
from tests.server.malformed import MALFORMED
from tests.verify.intake_fuzz import fuzz

__all__ = ["desk", "ground", "make_desk", "simulator"]
pytestmark = [pytest.mark.integration, pytest.mark.webhook]


def test_fifty_thousand_odd_requests_do_no_harm() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        seen = fuzz(count=50_000, seed=20261122, home=Path(folder))
    assert seen.problems == []
    assert seen.statuses[200] >= 38_000
    assert {200, 400, 415, 429, 431} <= set(seen.statuses)


def test_bodies_that_broke_other_servers_are_stored_as_they_are(desk: Desk) -> None:
    with serving(desk, "--no-worker") as service:
        statuses = {name: service.webhook(body) for name, body in MALFORMED.items()}
        assert service.webhook(b'{"typeWebhook": "x"}') == 200
        assert service.end() == 0
    assert set(statuses.values()) == {200}, statuses
    assert stored(desk) == [*MALFORMED.values(), b'{"typeWebhook": "x"}']
