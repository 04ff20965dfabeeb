"""`greenbot serve` is killed at random while hotels' events come in: what was answered 200 is there, worked once.

    python -m tests.verify.inbox                            500 kills, half of them in each journal mode
    python -m tests.verify.inbox --kills 10000 --mode wal
    python -m tests.verify.inbox --kills 60 --ack-first     must report losses

As GREEN-API does, each instance's sender repeats one event until it gets 200, and then sends the next.
Kills are SIGKILL 10 to 60 ms after the first answer, or at a failpoint.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db import driver
from greenbot.db.connect import Db, connect
from greenbot.inbox.arrival import digest_of
from tests.bench.loopback import clean_environ
from tests.verify.nursery import EFFECTS, OLD_SQLITE

ROOT = Path(__file__).parents[2]
HOTELS = {"kyiv": "1101000001", "odesa": "1101000002", "lviv": "1101000003"}
TOKEN = "0123456789abcdef" * 4
POINTS = ("web.before_commit", "web.after_commit", "proc.after_claim", "proc.after_effect", "proc.before_done")
#: How long a service may take to answer for the first time, or to work off everything at the end.
PATIENCE_SECONDS = 120.0
FEW = 20


@dataclass(slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    kills: int
    seed: int
    mode: str
    ack_first: bool


@dataclass(slots=True)
class Sender:
    """GREEN-API for one instance: one event at a time, repeated until 200."""

    instance: str
    port: int
    rng: random.Random
    acked: list[bytes] = field(default_factory=list)
    attempts: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send until ended; the last event is not given up before it is answered."""
        number = 0
        while not self.ended.is_set():
            body = self._body(number)
            while not self._sent(body):
                if self.ended.is_set():
                    return
                time.sleep(0.002)
            self.acked.append(digest_of(body))
            number += 1

    def _body(self, number: int) -> bytes:
        guest = f"38044{self.rng.randrange(50):07d}@c.us"
        words = "".join(self.rng.choices("abcdefgh ", k=self.rng.randrange(20, 900)))
        return json.dumps(
            {
                "typeWebhook": "incomingMessageReceived",
                "instanceData": {"idInstance": int(HOTELS[self.instance]), "wid": "", "typeInstance": "whatsapp"},
                "timestamp": int(time.time()),
                "idMessage": f"3EB0{self.instance}{number:08d}",
                "senderData": {"chatId": guest, "sender": guest, "senderName": "Olena"},
                "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": words}},
            }
        ).encode()

    def _sent(self, body: bytes) -> bool:
        self.attempts += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            connection.request("POST", f"/api/v1/webhooks/green-api/{self.instance}", body, headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Nursery:
    """The process that starts services quickly."""

    def __init__(self, home: Path, options: Options, port: int) -> None:
        way = "ack-first" if options.ack_first else "honest"
        self._log = (home / "stderr.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.verify.nursery", options.mode, way, str(port)],
            cwd=ROOT,
            env=clean_environ(home) | {"PYTHONPATH": str(ROOT), "GREENBOT_TESTING": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def start(self, plan: str = "") -> int:
        """A new service; its process id."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{plan}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self._log.close()


@dataclass(slots=True)
class Run:
    """One run in one journal mode."""

    options: Options
    home: Path
    rng: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def go(self) -> dict[str, int]:
        """Kill, then let one service work in peace, then count."""
        port = free_port()
        senders = [Sender(name, port, random.Random(self.rng.random())) for name in HOTELS]
        threads = [threading.Thread(target=sender.run, daemon=True) for sender in senders]
        nursery = Nursery(self.home, self.options, port)
        try:
            for thread in threads:
                thread.start()
            for number in range(self.options.kills):
                self._one_life(nursery, senders)
                if number % 50 == 49:
                    say(f"{number + 1} kills, {sum(len(one.acked) for one in senders)} events answered")
            # What is judged is what the killed ones left behind, so nobody sends any more.
            for sender in senders:
                sender.ended.set()
            for thread in threads:
                thread.join()
            self._work_off(nursery)
        finally:
            nursery.close()
        return self._judge(senders)

    def _one_life(self, nursery: Nursery, senders: list[Sender]) -> None:
        plan = ""
        if self.rng.random() < 0.3:
            plan = f"{self.rng.choice(POINTS)}=kill@{self.rng.choice((1, 2, 5, 9))}"
        before = sum(len(one.acked) for one in senders)
        pid = nursery.start(plan)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_running(pid) and sum(len(one.acked) for one in senders) == before:
            if time.monotonic() > deadline:
                raise AssertionError("a service answered nobody")
            time.sleep(0.001)
        time.sleep(0.010 + 0.050 * self.rng.random())
        if is_running(pid) and plan:
            wait_until(lambda: not is_running(pid), seconds=0.2)
        self.kills["failpoint" if not is_running(pid) else "SIGKILL"] += 1
        kill(pid)
        wait_until(lambda: not is_running(pid), seconds=PATIENCE_SECONDS)

    def _work_off(self, nursery: Nursery) -> None:
        pid = nursery.start()
        db = self._open()
        waiting = "select count(*) from events where state in ('stored', 'processing')"
        wait_until(lambda: db.scalar(waiting) == 0, seconds=PATIENCE_SECONDS)
        db.close()
        kill(pid)
        wait_until(lambda: not is_running(pid), seconds=PATIENCE_SECONDS)

    def _open(self) -> Db:
        return connect(self.home / "greenbot" / "greenbot.db", clock=SystemClock())

    def _judge(self, senders: list[Sender]) -> dict[str, int]:
        db = self._open()
        kept = {(row["instance"], bytes(row["digest"])) for row in db.all("select instance, digest from events")}
        lost = [digest for one in senders for digest in one.acked if (one.instance, digest) not in kept]
        effects = dict(
            Counter(
                row["n"]
                for row in db.all(
                    "select (select count(*) from verify_effects where event_id = events.id) as n from events"
                )
            )
        )
        found = {
            "answered": sum(len(one.acked) for one in senders),
            "attempts": sum(one.attempts for one in senders),
            "kept": len(kept),
            "repeated": int(str(db.scalar("select count(*) from events where deliveries > 1"))),
            "retried": int(str(db.scalar("select count(*) from event_log where reason = 'owner_dead'"))),
            "lost": len(lost),
            "no effect": effects.get(0, 0),
            "several effects": sum(count for times, count in effects.items() if times > 1),
            "not done": int(str(db.scalar("select count(*) from events where state <> 'done'"))),
            "broken": int(db.scalar("pragma integrity_check") != "ok"),
            "wrong mode": int(db.scalar("pragma journal_mode") != self.options.mode),
        }
        db.close()
        return found


def kill(pid: int) -> None:
    """SIGKILL; who is gone already is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def is_running(pid: int) -> bool:
    """Whether that service still exists; the nursery's dead are reaped by the kernel."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Callable[[], bool], *, seconds: float) -> bool:
    """Look again until it is so, for so long."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(words: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def write_config(home: Path) -> None:
    """Three hotels with one webhook token each, in a home of their own."""
    folder = home / "greenbot"
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    lines = []
    for name, id_instance in HOTELS.items():
        for what in ("token", "webhook"):
            path = secrets / f"{name}.{what}"
            path.write_text(TOKEN)
            path.chmod(0o600)
        lines += [
            f"[instances.{name}]",
            f'id = "{id_instance}"',
            'api_url = "http://127.0.0.1:9"',
            f'webhook_token_file = "secrets/{name}.webhook"',
        ]
    config = folder / "config.toml"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)


def read_options(arguments: list[str]) -> list[Options]:
    """The command line: one run, or one in each mode with half of the kills."""
    parser = argparse.ArgumentParser(prog="verify-inbox")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=("wal", "truncate", "both"), default="both")
    parser.add_argument("--ack-first", action="store_true")
    given = parser.parse_args(arguments)
    modes = ("wal", "truncate") if given.mode == "both" else (given.mode,)
    share = -(-given.kills // len(modes))
    return [Options(kills=share, seed=given.seed, mode=mode, ack_first=given.ack_first) for mode in modes]


def verify(options: Options) -> bool:
    """One run; whether it showed what it had to show. Leaves its store behind when a promise was broken."""
    memory = Path("/dev/shm")
    home = Path(tempfile.mkdtemp(prefix="verify-inbox-", dir=memory if os.access(memory, os.W_OK) else None))
    write_config(home)
    newest = driver.version
    if options.mode == "truncate":
        driver.version = OLD_SQLITE
    try:
        store = connect(home / "greenbot" / "greenbot.db", clock=SystemClock())
        with store.write() as tx:
            tx.run(EFFECTS)
        store.close()
        run = Run(options, home, random.Random(options.seed))
        begun = time.monotonic()
        found = run.go()
    finally:
        driver.version = newest
    kills = ", ".join(f"{name} {count}" for name, count in sorted(run.kills.items()))
    say(f"{options.mode}: {sum(run.kills.values())} kills ({kills}) in {time.monotonic() - begun:.0f} s")
    say(", ".join(f"{name} {count}" for name, count in found.items()))
    broken = [
        name for name in ("lost", "no effect", "several effects", "not done", "broken", "wrong mode") if found[name]
    ]
    if options.ack_first:
        shutil.rmtree(home)
        say("control: losses were shown, as they must be" if found["lost"] else "control: NOTHING was lost")
        return bool(found["lost"])
    say("SOUND" if not broken else f"BROKEN: {', '.join(broken)}; left behind: {home}")
    if not broken:
        shutil.rmtree(home)
    return not broken


def main(arguments: list[str]) -> int:
    """Every run that was asked for; 0 when all showed what they had to show."""
    shown = [verify(options) for options in read_options(arguments)]
    return 0 if all(shown) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
