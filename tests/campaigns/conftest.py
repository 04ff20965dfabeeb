"""A store, a clock and a hotel for campaigns."""

import itertools
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from greenbot.campaigns import handover, table
from greenbot.campaigns.campaign import Campaign, Rules
from greenbot.campaigns.csv_text import read_sheet
from greenbot.campaigns.plan import Plan, Wanted, make_plan
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from greenbot.outbox.listing import Filters, list_messages
from greenbot.outbox.message import Message
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.campaigns.moments import NOON_MS
from tests.cli.harness import Desk, clean_environ

HOTEL = "kyiv"
ZONE = "Europe/Kyiv"


_numbers = itertools.count(1101000001)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON_MS)


@pytest.fixture
def by(clock: ManualClock) -> Operator:
    return Operator(name="olena", clock=clock)


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock) -> Iterator[Db]:
    store = connect(tmp_path / "state" / "greenbot.db", clock=clock)
    yield store
    store.close()


def phones(count: int, *, first: int = 380_440_000_001) -> list[str]:
    return [str(first + number) for number in range(count)]


def listed(numbers: Sequence[str], *, heading: str = "phone") -> bytes:
    return "\n".join([heading, *numbers]).encode()


Planned = Callable[..., Plan]
Started = Callable[..., Campaign]


@pytest.fixture
def planned(db: Db, clock: ManualClock) -> Planned:
    """Plan a campaign from the bytes of a list; further keywords are its rules."""

    def plan(content: bytes, text: str = "Brunch on Sunday?", *, name: str = "brunch", **rules: object) -> Plan:
        wanted = Wanted(name=name, source="guests.csv", text=text, columns={}, country_code="380")
        chosen = Rules(**{"instance": HOTEL, "timezone": ZONE, "spacing_ms": (0, 0), **rules})  # type: ignore[arg-type]  # rows of tests
        now = clock.now_ms()
        return make_plan(read_sheet(content), wanted, chosen, table.around(db, HOTEL, now), begin_ms=now)

    return plan


@pytest.fixture
def saved(db: Db, planned: Planned, clock: ManualClock) -> Started:
    """Plan a campaign and keep it."""

    def save(content: bytes, *text: str, **rules: object) -> Campaign:
        return table.save(db, planned(content, *text, **rules), clock)

    return save


@pytest.fixture
def started(db: Db, saved: Started, by: Operator) -> Started:
    """Plan, keep and start a campaign."""

    def start(content: bytes, *text: str, **rules: object) -> Campaign:
        return handover.start(db, saved(content, *text, **rules), by)

    return start


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorThread]:
    with SimulatorThread(World(timings=Timings(queue_delay=0.0))) as running:
        yield running


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of durable commits need not wait for the disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="greenbot-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def desk(simulator: SimulatorThread, ground: Path) -> Desk:
    """A reception desk with an instance of its own, for the real program."""
    token, number = secrets.token_hex(25), next(_numbers)
    instance = simulator.call(lambda: simulator.world.add_instance(id_instance=number, token=token))
    instance.knobs.enforce_limits = False
    (ground / "home").mkdir(mode=0o700)
    (ground / "work").mkdir()
    environ = clean_environ(ground / "home") | {
        "GREEN_API_INSTANCE_ID": str(number),
        "GREEN_API_TOKEN": token,
        "GREEN_API_BASE_URL": simulator.api_url,
    }
    return Desk(
        home=ground / "home" / "greenbot",
        folder=ground / "work",
        simulator=simulator,
        instance=instance,
        token=token,
        environ=environ,
    )


def messages(db: Db) -> list[Message]:
    """Every message of the store, the oldest first."""
    return list_messages(db, Filters(limit=100_000))[::-1]
