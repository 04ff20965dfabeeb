"""A service that is killed is followed at the next look: the kernel tells that it is gone, no lease is waited out."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbot.alerts.evaluator import LEASE_MS, Turned
from greenbot.clock import ManualClock
from greenbot.config.load import load
from greenbot.db.connect import Db, connect
from greenbot.outbox.owner import Owner
from greenbot.wiring import make_evaluator
from tests.alerts.conftest import NOON_MS

pytestmark = pytest.mark.integration

LOOK_SECONDS = 15
#: Takes the duty as a service would, says so, and lives on.
SERVICE = """
import sys
from pathlib import Path
from tests.alerts.test_takeover import turn_of
print(turn_of(Path(sys.argv[1]), owner_id="killed").on_duty, flush=True)
sys.stdin.read()
"""


def turn_of(folder: Path, *, owner_id: str, later_seconds: float = 0) -> Turned:
    """One look of a service over the store in a folder; its owner is not closed in order."""
    clock = ManualClock(NOON_MS)
    clock.advance(later_seconds)
    owner = Owner(folder / "run", owner_id=owner_id)
    _alive.append(owner)
    settings = load({"HOME": str(folder), "GREENBOT_HOME": str(folder)}, cwd=folder)
    db = connect(folder / "greenbot.db", clock=clock)
    found = make_evaluator(lambda: settings, db, owner, clock, on_notices=lambda: None).turn()
    db.close()
    return found


_alive: list[Owner] = []


@pytest.fixture
def killed(db: Db) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(db.path.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    ) as process:
        yield process
        process.kill()


def test_a_service_that_is_killed_is_followed_at_the_next_look(db: Db, killed: "subprocess.Popen[str]") -> None:
    assert killed.stdout is not None
    assert killed.stdout.readline().strip() == "True"
    folder = db.path.parent
    assert LOOK_SECONDS * 1000 < LEASE_MS
    assert not turn_of(folder, owner_id="second", later_seconds=LOOK_SECONDS).on_duty, "it lives"
    killed.kill()
    killed.wait()
    assert turn_of(folder, owner_id="third", later_seconds=2 * LOOK_SECONDS).on_duty
    assert db.scalar("select owner from duties where name = 'evaluator'") == "third"
    for owner in _alive:
        owner.close()
