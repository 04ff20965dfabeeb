"""Doctor asked twice in a row, and about one number of two: the same faults, of the numbers that were meant."""

import pytest

from tests.doctor.conftest import Hotel, document

pytestmark = pytest.mark.integration

TWO = """
[instances.lviv]
id = "{id}"
api_url = "{url}"
"""


def test_asked_twice_in_a_row_it_tells_the_same(quiet: Hotel) -> None:
    quiet.set_remotely(incomingWebhook="no", outgoingWebhook="no")
    quiet.desk.instance.knobs.enforce_limits = True
    first, second = ([document(row) for row in quiet.ask("--only", "api", "--only", "settings")] for _ in range(2))
    assert any("settings.webhooks" in row for row in first)
    assert second == first


def test_of_the_numbers_that_were_left_out_nothing_is_told(quiet: Hotel) -> None:
    desk = quiet.desk
    desk.configure(desk.config.read_text() + TWO.format(id="1101999999", url=desk.simulator.api_url))
    words = ("--offline", "--only", "secrets", "--only", "webhook", "--only", "config")
    assert {row.instance for row in quiet.troubles(*words)} == {"lviv"}
    assert quiet.troubles(*words, "-i", "kyiv") == []
