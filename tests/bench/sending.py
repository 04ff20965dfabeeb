"""How fast messages leave: `make sending`.

The official SDK sending one after the other, greenbot's client, and a worker with every message durable, in interleaved
rounds against one simulator, with a server that answers at once and one that takes 50 ms; then one shell command
handed to a running worker against one send by the SDK. Leaves with 1 when a ratio is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.message import NewMessage
from greenbot.outbox.table import enqueue_in
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import Timings, World
from tests.architecture.files import ROOT
from tests.bench.loopback import GUEST, ID_INSTANCE, TOKEN, clean_environ
from tests.bench.rounds import Contender, Target, measure, report

SDK = "official SDK"
CLIENT = "client"
WORKER = "worker"
HANDED_OVER = "greenbot send, handed over"
ONE_SDK = "official SDK, one send"
AT_ONCE = 60
CHATS = 1000

SPAN = """
select (max(accepted_at_ms) - min(first_post_at_ms)) / 1000.0 as seconds, count(*) as n from messages
 where id > :after and state in ('accepted', 'delivered')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTarget:
    """`name` must send at least `least` times as many messages a second as the SDK."""

    name: str
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How long the server takes, how many messages each contender sends in a round, and what is to be reached."""

    name: str
    fault: str | None
    counts: Mapping[str, int]
    targets: tuple[RateTarget, ...]


WEATHERS = (
    Weather(
        name="a server that answers at once",
        fault=None,
        counts={SDK: 400, CLIENT: 1500, WORKER: 1500},
        targets=(RateTarget(name=WORKER, least=2.0), RateTarget(name=CLIENT, least=2.5)),
    ),
    Weather(
        name="a server that takes 50 ms",
        fault="slow seconds=0.05",
        counts={SDK: 40, CLIENT: 1500, WORKER: 1500},
        targets=(RateTarget(name=WORKER, least=30), RateTarget(name=CLIENT, least=40)),
    ),
)


@contextmanager
def server() -> Iterator[SimulatorThread]:
    """A simulated instance without limits, whose queue lets everything go at once."""
    world = World(timings=Timings(queue_delay=0))
    world.add_instance(id_instance=ID_INSTANCE, token=TOKEN).knobs.enforce_limits = False
    with SimulatorThread(world) as simulator:
        yield simulator


def environ_for(home: Path, simulator: SimulatorThread) -> dict[str, str]:
    """What a greenbot process is told; its limits are lifted, which only a loopback address allows."""
    return clean_environ(home) | {
        "GREEN_API_INSTANCE_ID": str(ID_INSTANCE),
        "GREEN_API_TOKEN": TOKEN,
        "GREEN_API_BASE_URL": simulator.api_url,
        "GREEN_API_MEDIA_URL": simulator.media_url,
        "GREENBOT_TESTING": "1",
        "GREENBOT_LIMITS": "off",
        "PYTHONPATH": os.fspath(ROOT),
    }


def sdk_python() -> str:
    """The interpreter with the official SDK."""
    return str(ROOT / ".venv-interop" / "bin" / "python")


def sdk_rate(simulator: SimulatorThread, count: int) -> float:
    """Messages a second, one after the other."""
    script = str(ROOT / "tests" / "bench" / "sdk_rate.py")
    told = [sdk_python(), script, simulator.api_url, str(ID_INSTANCE), TOKEN, GUEST, str(count)]
    return count / _seconds(told, {**os.environ})


def client_rate(simulator: SimulatorThread, home: Path, count: int) -> float:
    """Messages a second of greenbot's client over the worker's engine."""
    script = "tests.bench.client_rate"
    told = [sys.executable, "-m", script, simulator.api_url, str(ID_INSTANCE), TOKEN, str(count), str(AT_ONCE)]
    return count / _seconds(told, environ_for(home, simulator))


def worker_rate(simulator: SimulatorThread, home: Path, count: int) -> float:
    """Messages a second of a worker, from its first POST to its last commit; every message is on the disk."""
    clock = SystemClock()
    store = connect(home / "greenbot" / "greenbot.db", clock=clock)
    after = store.scalar("select coalesce(max(id), 0) from messages")
    with store.write() as tx:
        for number in range(count):
            draft = Text(chat_id=parse_chat_id(f"1100124{number % CHATS:04d}"), text=f"text {number}")
            enqueue_in(tx, NewMessage(instance="default", draft=draft), clock)
    told = [sys.executable, "-m", "greenbot", "outbox", "run", "--drain"]
    subprocess.run(told, env=environ_for(home, simulator), check=True, capture_output=True)
    span = store.one(SPAN, after=after)
    store.close()
    assert span is not None and span["n"] == count, "not everything was sent"
    return count / float(span["seconds"])


def _seconds(command: Sequence[str], environ: Mapping[str, str]) -> float:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure_rates(weather: Weather, *, rounds: int) -> bool:
    """Interleaved rounds; True when every target is met."""
    rates: dict[str, list[float]] = {SDK: [], CLIENT: [], WORKER: []}
    with tempfile.TemporaryDirectory() as folder, server() as simulator:
        home, fault = Path(folder), weather.fault
        if fault is not None:
            simulator.call(lambda: simulator.world.faults.add(fault))
        contenders: dict[str, Callable[[], float]] = {
            SDK: lambda: sdk_rate(simulator, weather.counts[SDK]),
            CLIENT: lambda: client_rate(simulator, home, weather.counts[CLIENT]),
            WORKER: lambda: worker_rate(simulator, home, weather.counts[WORKER]),
        }
        for number in range(rounds):
            for name in contenders if number % 2 == 0 else reversed(contenders):
                rates[name].append(contenders[name]())
    return _report_rates(weather, rates)


def _report_rates(weather: Weather, rates: Mapping[str, Sequence[float]]) -> bool:
    print(f"\n{weather.name}")
    for name, found in rates.items():
        print(f"  {name:<24}{statistics.median(found):>8.0f} messages/s")
    met = True
    for target in weather.targets:
        pairs = zip(rates[target.name], rates[SDK], strict=True)
        ratio = statistics.median(mine / other for mine, other in pairs)
        met = met and ratio >= target.least
        verdict = "ok" if ratio >= target.least else "TOO SLOW"
        print(f"  {target.name + ' / ' + SDK:<44}{ratio:>8.2f}  at least {target.least:g}  {verdict}")
    return met


def measure_handover(*, rounds: int) -> bool:
    """One shell command against one send by the SDK, while a worker runs; True when the target is met."""
    with tempfile.TemporaryDirectory() as folder, server() as simulator:
        home = Path(folder)
        environ = environ_for(home, simulator)
        script = str(ROOT / "tests" / "bench" / "sdk_send.py")
        sdk = [sdk_python(), script, simulator.api_url, str(ID_INSTANCE), TOKEN, GUEST, "Hello"]
        greenbot = [str(Path(sys.executable).with_name("greenbot")), "send", "text", GUEST, "Hello"]
        worker = subprocess.Popen(
            [sys.executable, "-m", "greenbot", "outbox", "run"], env=environ, stderr=subprocess.PIPE, text=True
        )
        try:
            assert worker.stderr is not None
            worker.stderr.readline()
            seconds = measure(
                [
                    Contender(name=HANDED_OVER, command=lambda: greenbot, environ=environ),
                    Contender(name=ONE_SDK, command=lambda: sdk, environ=clean_environ(home)),
                ],
                rounds=rounds,
            )
        finally:
            worker.terminate()
            worker.communicate()
    print()
    return report(seconds, [Target(name=HANDED_OVER, against=ONE_SDK, limit=0.40)])


def main() -> int:
    """Measure, print, and say by the exit code whether all is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    met = [measure_rates(weather, rounds=rounds) for weather in WEATHERS]
    met.append(measure_handover(rounds=3 * rounds))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
