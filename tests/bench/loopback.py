"""One simulated hotel on loopback, and the environment in which a greenbot command talks to it and to nothing else."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import World

ID_INSTANCE = 1101000001
TOKEN = "5e1f" * 12 + "00"
GUEST = "11001234568@c.us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """Where the hotel's API answers, and what a greenbot process needs to be told."""

    simulator: SimulatorThread
    environ: Mapping[str, str]

    def texts_received(self) -> list[str]:
        """What the simulated service executed as sendMessage, in order."""
        entries = self.simulator.call(lambda: self.simulator.world.ledger.executions(method="sendMessage"))
        return [str(entry.request_body["message"]) for entry in entries]


@contextmanager
def hotel(home: Path) -> Iterator[Hotel]:
    """Run a simulator with one instance; all state of greenbot goes below `home`."""
    world = World()
    world.add_instance(id_instance=ID_INSTANCE, token=TOKEN)
    with SimulatorThread(world) as simulator:
        yield Hotel(
            simulator=simulator,
            environ=clean_environ(home)
            | {
                "GREEN_API_INSTANCE_ID": str(ID_INSTANCE),
                "GREEN_API_TOKEN": TOKEN,
                "GREEN_API_BASE_URL": simulator.api_url,
                "GREEN_API_MEDIA_URL": simulator.media_url,
            },
        )


def clean_environ(home: Path) -> dict[str, str]:
    """This process's environment without anything that steers greenbot or Python, and with a home of its own."""
    steering = ("GREENBOT_", "GREEN_API_", "PYTHON", "XDG_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(steering)}
    proxies = [name for name in kept if name.lower().endswith("_proxy")]
    for name in proxies:
        del kept[name]
    return kept | {"HOME": str(home), "GREENBOT_HOME": str(home / "greenbot")}


def greenbot_script() -> str:
    """The installed `greenbot` command of this environment."""
    return str(Path(sys.executable).with_name("greenbot"))
