"""How fast events are taken in: `python -m tests.bench.intake`.

wrk posts bodies of about 700 bytes with an Authorization header over 32 connections, two in a hundred of them
repeated. The servers take turns, round by round, on one core; wrk has the other. greenbot authenticates, parses,
recognises repetitions and has the event on the disk before it answers; the others only read. What greenbot does
beside its door (sending, working on what was stored, hooks, alerts) is switched off: the others have none of it.
Leaves with 1 when a ratio is missed.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.files import ROOT
from tests.bench.loopback import ID_INSTANCE, TOKEN, clean_environ

HOST = "127.0.0.1"
PATH = "/api/v1/webhooks/green-api"
WEBHOOK_TOKEN = "0123456789abcdef" * 3
CONNECTIONS = 32
SERVER_CORE, CLIENT_CORE = "0", "1"
SLOWER_MICROSECONDS = 5000

BARE = "aiohttp, reads the body"
BARE_UVLOOP = "the same on uvloop"
OFFICIAL = "official server"
GREENBOT = "greenbot serve"
GREENBOT_UVLOOP = "greenbot serve on uvloop"
SLOW = "greenbot, fsync 5 ms slower"
SLOW_ONE_BY_ONE = "the same, one commit each"

WRK_SCRIPT = """
local body = '{"typeWebhook":"incomingMessageReceived","instanceData":{"idInstance":%d,"wid":"11001234567@c.us",' ..
  '"typeInstance":"whatsapp"},"timestamp":%%d,"idMessage":"%%s","senderData":{"chatId":"380441234567@c.us",' ..
  '"chatName":"Olena","sender":"380441234567@c.us","senderName":"Olena","senderContactName":"Olena K."},' ..
  '"messageData":{"typeMessage":"extendedTextMessage","extendedTextMessageData":{"text":"%s","description":"",' ..
  '"title":"","previewType":"None","jpegThumbnail":"","forwardingScore":0,"isForwarded":false}}}'
local threads, last, moment = 0, nil, nil
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init(args) math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[1] or 0)) end
function request()
  if last == nil or math.random(100) > 2 then
    last = string.format("%%08X%%08X", math.random(0, 4294967295), math.random(0, 4294967295))
    moment = os.time()
  end
  return wrk.format("POST", "%s", {["Content-Type"]="application/json; charset=utf-8",
    ["Authorization"]="Bearer %s"}, string.format(body, moment, last))
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%%d,"us":%%d,"p99_us":%%d,"errors":%%d}\\n', summary.requests, summary.duration,
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""

SLOW_FSYNC = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slower(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    usleep(%d);
    return real(fd);
}
int fsync(int fd) { return slower("fsync", fd); }
int fdatasync(int fd) { return slower("fdatasync", fd); }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`name` must handle at least `least` times the requests of `against`."""

    name: str
    against: str
    least: float


TARGETS = (
    Target(name=GREENBOT, against=BARE, least=0.50),
    Target(name=GREENBOT_UVLOOP, against=BARE, least=0.58),
    Target(name=GREENBOT, against=OFFICIAL, least=2.0),
    Target(name=SLOW, against=SLOW_ONE_BY_ONE, least=10.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What wrk saw of one server in one round."""

    per_second: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One server to measure."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    port: int
    path: str = PATH


class Failed(Exception):
    """A server or wrk did not do what it should."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def contenders(folder: Path, official_python: str) -> list[Contender]:
    """The servers, each with a store of its own where it has one; that Python has the official one and uvloop."""
    with_uvloop = {"PYTHONPATH": f"{_only_uvloop(folder, official_python)}:{ROOT}"}
    slow = {"LD_PRELOAD": str(_slow_fsync(folder))}
    return [
        _server(BARE, "bare", folder, {}),
        _server(BARE_UVLOOP, "bare_uvloop", folder, with_uvloop),
        _server(OFFICIAL, "official", folder, {}, python=official_python, path="/"),
        _greenbot(GREENBOT, folder, {}),
        _greenbot(GREENBOT_UVLOOP, folder, with_uvloop),
        _greenbot(SLOW, folder, slow),
        _server(SLOW_ONE_BY_ONE, "one_by_one", folder, slow),
    ]


def _environ(folder: Path, name: str) -> dict[str, str]:
    home = folder / name.replace(" ", "-").replace(",", "")
    home.mkdir(mode=0o700)
    return clean_environ(home) | {
        "GREEN_API_INSTANCE_ID": str(ID_INSTANCE),
        "GREEN_API_TOKEN": TOKEN,
        "GREEN_API_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        "PYTHONPATH": str(ROOT),
    }


def _server(
    name: str, which: str, folder: Path, more: Mapping[str, str], *, python: str = sys.executable, path: str = PATH
) -> Contender:
    port = free_port()
    command = [python, "-m", "tests.bench.intake_servers", which, str(port)]
    return Contender(name=name, command=command, environ=_environ(folder, name) | dict(more), port=port, path=path)


def _greenbot(name: str, folder: Path, more: Mapping[str, str]) -> Contender:
    port = free_port()
    command = [sys.executable, "-m", "greenbot", "serve", "--port", str(port)]
    command += ["--no-worker", "--no-process", "--no-hooks", "--no-alerts"]
    return Contender(name=name, command=command, environ=_environ(folder, name) | dict(more), port=port)


def _only_uvloop(folder: Path, python: str) -> Path:
    """A folder from which nothing but uvloop can be imported: greenbot takes it where it finds it."""
    found = subprocess.run(
        [python, "-c", "import uvloop; print(uvloop.__path__[0])"], capture_output=True, text=True, check=True
    )
    site = folder / "uvloop-only"
    site.mkdir()
    (site / "uvloop").symlink_to(found.stdout.strip())
    return site


def _slow_fsync(folder: Path) -> Path:
    """A library that makes every fsync of a program that preloads it slower."""
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SLOW_FSYNC % SLOWER_MICROSECONDS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


@contextlib.contextmanager
def started(contender: Contender, folder: Path) -> Iterator[None]:
    """The server, pinned to its core and answering."""
    log = folder / f"{contender.port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *contender.command],
            env=dict(contender.environ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _await_port(process, contender, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(process: "subprocess.Popen[bytes]", contender: Contender, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, contender.port)) == 0:
                return
        time.sleep(0.05)
    raise Failed(f"{contender.name} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def load(contender: Contender, folder: Path, *, seconds: int, seed: int) -> Round:
    """One round of wrk against one server."""
    script = folder / f"{contender.port}.lua"
    text = "Dear Olena, thank you for asking: yes, the pool is open from eight to ten, towels are at the desk."
    script.write_text(WRK_SCRIPT % (ID_INSTANCE, text, contender.path, WEBHOOK_TOKEN))
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    command += [f"http://{HOST}:{contender.port}{contender.path}", "--", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise Failed(f"wrk against {contender.name}: {done.stdout}{done.stderr}")
    seen = json.loads(lines[-1])
    if seen["errors"]:
        raise Failed(f"wrk against {contender.name}: {seen['errors']} of {seen['requests']} requests failed")
    return Round(per_second=seen["requests"] / seen["us"] * 1e6, p99_ms=seen["p99_us"] / 1000)


def fsync_ms(folder: Path) -> float:
    """How long this disk takes to have 4 KiB for certain: the median of two hundred."""
    taken = []
    fd = os.open(folder / "probe", os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(200):
        os.write(fd, b"x" * 4096)
        begun = time.perf_counter()
        os.fdatasync(fd)
        taken.append(time.perf_counter() - begun)
    os.close(fd)
    return statistics.median(taken) * 1000


def kept_of(contender: Contender) -> int:
    """How many events stand in its store."""
    from greenbot.clock import SystemClock
    from greenbot.db.connect import connect

    db = connect(Path(contender.environ["GREENBOT_HOME"]) / "greenbot.db", clock=SystemClock())
    try:
        return int(str(db.scalar("select sum(deliveries) from events")))
    finally:
        db.close()


def report(rounds: Mapping[str, Sequence[Round]]) -> bool:
    """Print the tables; True when every target is met."""
    print(f"{'server':<32}{'requests/s':>12}{'p99':>12}")
    for name, seen in rounds.items():
        rate, p99 = (statistics.median(getattr(one, what) for one in seen) for what in ("per_second", "p99_ms"))
        print(f"{name:<32}{rate:>12.0f}{p99:>9.2f} ms")
    print(f"\n{'ratio within one round, median':<60}{'measured':>10}{'least':>8}")
    met = True
    for target in TARGETS:
        measured = _ratio(rounds, target.name, target.against, "per_second")
        met = met and measured >= target.least
        verdict = "ok" if measured >= target.least else "MISSED"
        print(f"{target.name + ' / ' + target.against:<60}{measured:>10.2f}{target.least:>8.2f}  {verdict}")
    p99 = _ratio(rounds, GREENBOT, OFFICIAL, "p99_ms")
    print(f"{'p99: ' + GREENBOT + ' / ' + OFFICIAL:<60}{p99:>10.2f}{'<= 1.00':>8}  {'ok' if p99 <= 1 else 'MISSED'}")
    against_uvloop = _ratio(rounds, GREENBOT_UVLOOP, BARE_UVLOOP, "per_second")
    print(f"{GREENBOT_UVLOOP + ' / ' + BARE_UVLOOP:<60}{against_uvloop:>10.2f}")
    return met and p99 <= 1


def _ratio(rounds: Mapping[str, Sequence[Round]], name: str, against: str, what: str) -> float:
    pairs = zip(rounds[name], rounds[against], strict=True)
    return float(statistics.median(getattr(mine, what) / getattr(other, what) for mine, other in pairs))


def main() -> int:
    """Measure, print, and say by the exit code whether all is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    interop = ROOT / ".venv-interop" / "bin" / "python"
    parser.add_argument(
        "--official", default=str(interop), metavar="PYTHON", help="Has the official server and uvloop."
    )
    options = parser.parse_args()
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux"), ("cc", "gcc")):
        if shutil.which(tool) is None:
            print(f"This measurement needs {tool}: apt-get install {package}", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            servers = contenders(folder, options.official)
            return 0 if _measure(folder, servers, rounds=options.rounds, seconds=options.seconds) else 1
        except Failed as error:
            print(error, file=sys.stderr)
            return 1


def _measure(folder: Path, servers: Sequence[Contender], *, rounds: int, seconds: int) -> bool:
    seen: dict[str, list[Round]] = {server.name: [] for server in servers}
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.enter_context(started(server, folder))
        fsyncs = []
        for number in range(-1, rounds):
            for server in servers if number % 2 else reversed(servers):
                one = load(server, folder, seconds=seconds if number >= 0 else 1, seed=number)
                if number >= 0:
                    seen[server.name].append(one)
            fsyncs.append(fsync_ms(folder))
    print(f"fsync of 4 KiB here and now: {statistics.median(fsyncs):.2f} ms\n")
    kept = kept_of(next(server for server in servers if server.name == GREENBOT))
    told = sum(one.per_second for one in seen[GREENBOT]) * seconds
    print(f"answered with 200 in the measured rounds: about {told:.0f}; events in the store: {kept}\n")
    return report(seen) and kept >= told * 0.99


if __name__ == "__main__":
    sys.exit(main())
