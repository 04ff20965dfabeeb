"""`greenbot serve` as it is run, at a simulated GREEN-API, for a browser to look at."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.cli.harness import NUMBER, Desk, clean_environ, program, running
from tests.server.page.stage import ADMIN, VIEWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service, and what can be done to it from outside."""

    url: str
    send: Callable[[str], None]
    #: GREEN-API's state of the number changes, as when the phone is unlinked.
    turn: Callable[[str], None]
    stop: Callable[[], None]


@contextmanager
def real_service(folder: Path) -> Iterator[Service]:
    """One hotel with a service, both tokens, and nothing of this machine's settings."""
    with SimulatorThread(World(timings=Timings(queue_delay=0.0))) as simulator:
        desk = _desk(folder, simulator)
        with _serving(desk) as (process, url):
            yield Service(url=url, send=partial(_send, desk), turn=desk.state, stop=process.terminate)


def _send(desk: Desk, words: str) -> None:
    desk("send", "text", NUMBER, words)


def _desk(folder: Path, simulator: SimulatorThread) -> Desk:
    home, token, number = folder / "home", secrets.token_hex(25), 1101000001
    home.mkdir(mode=0o700)
    instance = simulator.call(lambda: simulator.world.add_instance(id_instance=number, token=token, name="kyiv"))
    environ = clean_environ(home) | {
        "GREEN_API_INSTANCE_ID": str(number),
        "GREEN_API_TOKEN": token,
        "GREEN_API_BASE_URL": simulator.api_url,
        "GREEN_API_MEDIA_URL": simulator.media_url,
        "GREENBOT_VIEWER_TOKEN": VIEWER,
        "GREENBOT_ADMIN_TOKEN": ADMIN,
    }
    return Desk(home=home / "greenbot", folder=home, simulator=simulator, instance=instance, token=token,
                environ=environ)  # fmt: skip


@contextmanager
def _serving(desk: Desk) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    read, write = os.pipe()
    words = program("serve", "--port", "0", "--ready-fd", str(write))
    process = subprocess.Popen(
        words, env=desk.environ, cwd=desk.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, pass_fds=(write,),
    )  # fmt: skip
    os.close(write)
    with running(process), os.fdopen(read) as ready:
        yield process, ready.readline().strip()
