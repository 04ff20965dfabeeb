"""Hotels do not wait for each other: `python -m tests.bench.parallel`.

One worker sends the messages of one guest, each 50 ms long at the server and each after the one before, first for one
hotel alone, then for four hotels at once. Leaves with 1 when a hotel among four is slower than a hotel alone.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.message import NewMessage
from greenbot.outbox.table import enqueue_in
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.architecture.files import ROOT
from tests.bench.loopback import GUEST, ID_INSTANCE, TOKEN, clean_environ

HOTELS = ("kyiv", "lviv", "odesa", "dnipro")
LIMIT = 1.25
EACH = 40

SPAN = """
select instance, (max(accepted_at_ms) - min(first_post_at_ms)) / 1000.0 as seconds, count(*) as n from messages
 where id > :after and state in ('accepted', 'delivered') group by instance
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One store, and the environment of a worker that serves all its hotels without limits."""

    db: Db
    environ: dict[str, str]

    def seconds(self, hotels: Sequence[str]) -> float:
        """How long the slowest of these hotels took for its messages, all of them sent by one worker."""
        clock = SystemClock()
        after = self.db.scalar("select coalesce(max(id), 0) from messages")
        with self.db.write() as tx:
            for number in range(EACH * len(hotels)):
                draft = Text(chat_id=parse_chat_id(GUEST), text=f"text {number}")
                enqueue_in(tx, NewMessage(instance=hotels[number % len(hotels)], draft=draft), clock)
        told = [sys.executable, "-m", "greenbot", "outbox", "run", "--drain"]
        subprocess.run(told, env=self.environ, check=True, capture_output=True)
        rows = self.db.all(SPAN, after=after)
        assert [row["n"] for row in rows] == [EACH] * len(hotels), "not everything was sent"
        return max(float(row["seconds"]) for row in rows)


@contextmanager
def chain(home: Path) -> Iterator[Chain]:
    """Four hotels at one simulator that takes 50 ms for each message."""
    world = World(timings=Timings(queue_delay=0))
    for number in range(len(HOTELS)):
        world.add_instance(id_instance=ID_INSTANCE + number, token=TOKEN).knobs.enforce_limits = False
    with SimulatorThread(world) as simulator:
        simulator.call(lambda: world.faults.add("slow seconds=0.05 method=sendMessage"))
        db = connect(home / "greenbot" / "greenbot.db", clock=SystemClock())
        _configure(home / "greenbot", simulator)
        environ = clean_environ(home) | {
            "GREENBOT_TESTING": "1",
            "GREENBOT_LIMITS": "off",
            "PYTHONPATH": os.fspath(ROOT),
        }
        yield Chain(db=db, environ=environ)
        db.close()


def _configure(home: Path, simulator: SimulatorThread) -> None:
    secrets = home / "secrets"
    secrets.mkdir(mode=0o700)
    tables = []
    for number, name in enumerate(HOTELS):
        token = secrets / f"{name}.token"
        token.write_text(f"{TOKEN}\n")
        token.chmod(0o600)
        tables.append(
            f'[instances.{name}]\nid = "{ID_INSTANCE + number}"\n'
            f'api_url = "{simulator.api_url}"\nmedia_url = "{simulator.media_url}"\n'
        )
    (home / "config.toml").write_text("\n".join(tables))


def main() -> int:
    """Measure, print, and say by the exit code whether hotels wait for each other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    alone: list[float] = []
    together: list[float] = []
    with tempfile.TemporaryDirectory() as folder, chain(Path(folder)) as hotels:
        for number in range(parser.parse_args().rounds):
            for names, into in ((HOTELS[:1], alone), (HOTELS, together))[:: 1 if number % 2 else -1]:
                into.append(hotels.seconds(names))
    ratio = statistics.median(four / one for four, one in zip(together, alone, strict=True))
    print(f"one hotel alone {statistics.median(alone):.2f} s, the slowest of four {statistics.median(together):.2f} s")
    verdict = "ok" if ratio <= LIMIT else "TOO SLOW"
    print(f"{'four hotels at once / one alone':<56}{ratio:>10.2f}{LIMIT:>8.2f}  {verdict}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
