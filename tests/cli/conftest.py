"""A simulator for the whole run, and a desk with an instance of its own for each test."""

import itertools
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.cli.harness import Desk, clean_environ

_numbers = itertools.count(1101000001)


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorThread]:
    with SimulatorThread(World(timings=Timings(queue_delay=0.0))) as running:
        yield running


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of durable commits need not wait for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="greenbot-", dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def make_desk(simulator: SimulatorThread, ground: Path) -> Callable[[], Desk]:
    """Makes as many desks as a test needs."""

    def make() -> Desk:
        folder = Path(tempfile.mkdtemp(prefix="desk-", dir=ground))
        token = secrets.token_hex(25)
        number = next(_numbers)
        instance = simulator.call(lambda: simulator.world.add_instance(id_instance=number, token=token, name="kyiv"))
        instance.knobs.enforce_limits = False
        environ = clean_environ(folder / "home") | {
            "GREEN_API_INSTANCE_ID": str(number),
            "GREEN_API_TOKEN": token,
            "GREEN_API_BASE_URL": simulator.api_url,
            "GREEN_API_MEDIA_URL": simulator.media_url,
        }
        (folder / "home").mkdir(mode=0o700)
        work = folder / "work"
        work.mkdir()
        return Desk(
            home=folder / "home" / "greenbot",
            folder=work,
            simulator=simulator,
            instance=instance,
            token=token,
            environ=environ,
        )

    return make


@pytest.fixture
def desk(make_desk: Callable[[], Desk]) -> Desk:
    return make_desk()


@pytest.fixture
def folder(desk: Desk) -> Path:
    """Where the desk's commands run."""
    return desk.folder
