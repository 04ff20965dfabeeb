"""Real workers and shells around one simulated hotel, for tests that kill, stop and restart them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.outbox.presence import worker_is_alive
from greenbot.outbox.table import enqueue_in
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.bench.loopback import ID_INSTANCE, TOKEN, clean_environ
from tests.outbox.conftest import new_text

INSTANCE = "default"
PATIENCE_SECONDS = 180.0


@dataclass(kw_only=True)
class Hall:
    """One hotel with its simulator and its store; workers are started and ended by the test."""

    simulator: SimulatorThread
    environ: Mapping[str, str]
    home: Path
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def run_dir(self) -> Path:
        return self.home / "greenbot" / "run"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "greenbot", *arguments]

    def shell(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run one greenbot command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def start_worker(self, *arguments: str, wait: bool = True, **environ: str) -> "subprocess.Popen[str]":
        """A worker of its own process, taking messages when this returns."""
        worker = subprocess.Popen(
            self.command("outbox", "run", *arguments),
            env={**self.environ, **environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        if wait:
            assert worker.stderr is not None
            assert worker.stderr.readline().startswith("Working for")
        return worker

    def end(self, worker: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        worker.send_signal(number)
        code = worker.wait(PATIENCE_SECONDS)
        assert worker.stderr is not None
        worker.stderr.close()
        self.workers.remove(worker)
        return code

    @contextmanager
    def store(self) -> Iterator[Db]:
        db = connect(self.home / "greenbot" / "greenbot.db", clock=SystemClock())
        yield db
        db.close()

    def accept(self, messages: int, *, chats: int, first: int = 0) -> None:
        """So many texts, each its own, spread over so many chats."""
        clock = SystemClock()
        with self.store() as db, db.write() as tx:
            for number in range(first, first + messages):
                enqueue_in(tx, new_text(f"text {number}", f"1100124{number % chats:04d}", instance=INSTANCE), clock)

    def states(self) -> dict[str, int]:
        """How many messages stand where; what has reached the guest's phone meanwhile counts as accepted."""
        with self.store() as db:
            rows = db.all("select replace(state, 'delivered', 'accepted') as s, count(*) as n from messages group by s")
        return {row["s"]: row["n"] for row in rows}

    def executed(self) -> list[tuple[str, str]]:
        """Chat and text of what the simulated service carried out, in order."""
        world = self.simulator.world
        entries = self.simulator.call(lambda: world.ledger.executions(method="sendMessage"))
        return [(str(entry.request_body["chatId"]), str(entry.request_body["message"])) for entry in entries]

    def fault(self, rule: str) -> None:
        self.simulator.call(lambda: self.simulator.world.faults.add(rule))


@contextmanager
def hall(home: Path, *, limits: str = "off") -> Iterator[Hall]:
    """A hotel that sends as fast as it can; every process a test left behind is ended."""
    world = World(timings=Timings(queue_delay=0))
    instance = world.add_instance(id_instance=ID_INSTANCE, token=TOKEN)
    instance.knobs.enforce_limits = False
    with SimulatorThread(world) as simulator:
        place = Hall(
            simulator=simulator,
            home=home,
            environ=clean_environ(home)
            | {
                "GREEN_API_INSTANCE_ID": str(ID_INSTANCE),
                "GREEN_API_TOKEN": TOKEN,
                "GREEN_API_BASE_URL": simulator.api_url,
                "GREEN_API_MEDIA_URL": simulator.media_url,
                "GREENBOT_TESTING": "1",
                "GREENBOT_LIMITS": limits,
                "GREENBOT_RECONCILE_SHARE": "0.02",
                "PYTHONPATH": str(Path.cwd()),
            },
        )
        try:
            yield place
        finally:
            for worker in list(place.workers):
                worker.send_signal(signal.SIGCONT)
                place.end(worker, signal.SIGKILL)


def eventually(what: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so; an error when it takes too long."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def nobody_is_there(place: Hall) -> bool:
    """No worker takes messages."""
    return not worker_is_alive(place.run_dir)
