"""Real processes are killed at random while thousands of messages go to guests: nothing is lost, claimed or doubled.

    python -m tests.verify.outbox                                     500 kills, 7,500 messages
    python -m tests.verify.outbox --kills 10000                       150,000 messages
    python -m tests.verify.outbox --kills 60 --resend                 must show duplicates
    python -m tests.verify.outbox --kills 60 --no-serialisation       must show false claims

Two workers and a reconciler work on one store against the simulator, whose ledger is the judge. Most
kills are SIGKILL at a random moment or at a failpoint; some processes are stopped for a while, some get
SIGTERM. Waiting times of reconciliation are compressed.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenbot import failpoints
from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.doubts import uncertain_of
from greenbot.outbox.message import NewMessage
from greenbot.outbox.operate import Seen, carry_out
from greenbot.outbox.resolve import DeclareSent, SendAgain
from greenbot.outbox.table import enqueue_in
from greenbot.outbox.timing import ReconcileTimes
from greenbot.resilience.shared_breaker import Breaker
from greenbot.simulator.thread import SimulatorThread
from tests.bench.loopback import clean_environ
from tests.verify.hotels import HOTELS, make_world, write_config
from tests.verify.judge import Verdict, copies_of, judge, tail
from tests.verify.verdict import say

ROOT = Path(__file__).parents[2]
CHATS_EACH = 200
#: Few chats are many messages in each: what the control without their order needs.
FEW_CHATS_EACH = 10
#: Four in ten messages say one of these.
COMMON = ("Your room is ready.", "Breakfast is until 11.", "The taxi is here.")
#: Of the waiting times of reconciliation: settled after 3 s, looks 1.5 s apart.
SHARE = 0.025
WORKER = ("outbox", "run")
RECONCILER = ("outbox", "reconcile", "--wait", "--quiet")
#: A worker that does not ask whether a chat is busy, for the control that must fail.
UNSERIALISED = """
import sys
from greenbot.outbox import turn
head, _, rest = turn.CANDIDATES.partition("   and not exists")
head = head.replace(" indexed by messages_due", "").replace(" and behind = 0", "")
turn.CANDIDATES = head + rest[rest.index(" order by") :]
from greenbot.entry import main
sys.exit(main())
"""
QUIET_SECONDS = 300.0
#: A control has shown what it has to show when it is left in peace for so long.
CONTROL_QUIET_SECONDS = 20.0
#: Retries are paid for by successes, so with fewer messages everybody would wait for the budget.
EACH_KILL = 15
STRIKE_SECONDS = 0.5
#: A process that has just begun has nothing to lose yet.
LEAST_AGE_SECONDS = 0.8
MOST_OPEN = 300
#: How a process may end: by itself, with something left to do, killed, or told to end before it could listen.
GOOD_ENDS = (0, 8, -signal.SIGKILL, -signal.SIGTERM)


@dataclass(slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    messages: int
    kills: int
    seed: int
    resend: bool
    no_serialisation: bool


@dataclass(slots=True)
class Station:
    """A place where one process runs, is killed and runs again."""

    command: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None
    sleeps: bool = False
    begun_at: float = 0.0
    #: The failpoint at which it is to die by itself, until somebody else strikes it.
    point: str = ""

    def wake(self) -> None:
        """Let a stopped process go on."""
        self.sleeps = False
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)


@dataclass(slots=True)
class Run:
    """One run of the harness."""

    options: Options
    home: Path
    simulator: SimulatorThread
    db: Db
    rng: random.Random
    stations: list[Station] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    odd_ends: Counter[int] = field(default_factory=Counter)
    numbers: dict[int, int] = field(default_factory=dict)
    breakers: list[Breaker] = field(default_factory=list)
    asked: int = 0
    resumed: int = 0

    # --- messages ----------------------------------------------------------------------------------------------------

    def feed(self, target: int) -> None:
        """Accept messages until there are `target` of them."""
        while len(self.numbers) < target:
            with self.db.write() as tx:
                for _ in range(min(50, target - len(self.numbers))):
                    number = len(self.numbers)
                    message = enqueue_in(tx, self._new(number), SystemClock())
                    self.numbers[message.id] = number

    def _new(self, number: int) -> NewMessage:
        common = self.rng.random() < (0.9 if self.options.no_serialisation else 0.4)
        text = self.rng.choice(COMMON) if common else f"Booking {self.rng.randrange(10**9)} is confirmed."
        chats = FEW_CHATS_EACH if self.options.no_serialisation else CHATS_EACH
        chat_id = parse_chat_id(f"1100123{self.rng.randrange(chats):04d}@c.us")
        return NewMessage(
            instance=self.rng.choice([*HOTELS]),
            draft=Text(chat_id=chat_id, text=text + tail(number)),
            policy="resend" if self.options.resend else "reconcile",
        )

    @property
    def is_control(self) -> bool:
        """Whether this run has to break something."""
        return self.options.resend or self.options.no_serialisation

    def open_count(self) -> int:
        row = self.db.one(
            "select count(*) as n from messages where state in ('queued','claimed','sending','uncertain')"
        )
        assert row is not None
        return int(row["n"])

    # --- processes ---------------------------------------------------------------------------------------------------

    def keep_running(self) -> None:
        """Start whatever does not run, wake whatever has stood still for long enough."""
        for station in self.stations:
            if station.process is not None and station.process.poll() is not None:
                self._count_end(station, station.process.returncode)
                station.process = None
            if station.process is None:
                self._start(station)

    def _count_end(self, station: Station, code: int) -> None:
        if code == -signal.SIGKILL:
            self.kills["SIGKILL"] += 1
            self.points[station.point] += 1
        elif code not in GOOD_ENDS:
            self.odd_ends[code] += 1

    def _start(self, station: Station) -> None:
        environ = self._environ()
        station.point = environ.get("GREENBOT_FAILPOINTS", "").partition("=")[0]
        program = [sys.executable, "-m", "greenbot", *station.command]
        if self.options.no_serialisation and station.command == WORKER:
            program = [sys.executable, "-c", UNSERIALISED, *station.command]
        log = (self.home / "stderr.log").open("ab")
        station.process = subprocess.Popen(
            program, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
        )
        log.close()
        station.begun_at = time.monotonic()

    def _environ(self) -> dict[str, str]:
        environ = clean_environ(self.home) | {
            "PYTHONPATH": str(ROOT),
            "GREENBOT_TESTING": "1",
            "GREENBOT_LIMITS": "off",
            "GREENBOT_RECONCILE_SHARE": str(SHARE),
        }
        if self.killing and self.rng.random() < 0.4:
            points = [point for point in failpoints.POINTS if point.startswith(("out.", "rec."))]
            nth = self.rng.choice((1, 2, 5, 10, 20))
            environ["GREENBOT_FAILPOINTS"] = f"{self.rng.choice(points)}=kill@{nth}"
        return environ

    killing: bool = True

    def strike(self) -> None:
        """Do something bad to one process."""
        running = [one for one in self.stations if one.process is not None and not one.sleeps]
        ready = [one for one in running if time.monotonic() - one.begun_at > LEAST_AGE_SECONDS]
        if not ready:
            return
        station = self.rng.choice(ready)
        assert station.process is not None, "only running ones were chosen"
        what = self.rng.choices(("SIGKILL", "SIGSTOP", "SIGTERM"), (8, 1, 1))[0]
        station.process.send_signal(signal.Signals[what])
        if what == "SIGKILL":
            station.point = ""
        else:
            self.kills[what] += 1
        if what == "SIGSTOP":
            # From a thread: this one may be waiting for a lock that the stopped process holds.
            station.sleeps = True
            threading.Timer(self.rng.random() * 3, station.wake).start()

    def stop_all(self) -> None:
        """End every process, whatever it does."""
        for station in self.stations:
            if station.process is not None and station.process.poll() is None:
                station.process.kill()
                station.process.wait()

    # --- the run -----------------------------------------------------------------------------------------------------

    def go(self) -> Verdict:
        """Feed and kill, then leave everything in peace, then judge."""
        self.stations = [Station(WORKER), Station(WORKER), Station(RECONCILER)]
        self.breakers = [self._breaker(name) for name in HOTELS]
        try:
            self._feed_and_kill()
            self.killing = False
            self.simulator.call(self.simulator.world.faults.clear)
            self._rest()
        finally:
            self.stop_all()
        copies = self.simulator.call(lambda: copies_of(self.simulator.world))
        return judge(self.db, self.numbers, copies)

    def _breaker(self, instance: str) -> Breaker:
        return Breaker(self.db, instance=instance, host="api", owner="person", clock=SystemClock(), rng=self.rng)

    def _feed_and_kill(self) -> None:
        per_kill = self.options.messages / max(1, self.options.kills)
        shown = 0
        while (struck := self.kills.total()) < self.options.kills or len(self.numbers) < self.options.messages:
            self.feed(min(self.options.messages, round((struck + 4) * per_kill)))
            self.keep_running()
            time.sleep(self.rng.random() * STRIKE_SECONDS)
            # Whoever is killed all the time gets nothing done, and then a kill means nothing.
            # A control may have nothing but open messages, which wait for its budget; it is struck now and then.
            is_time = self.open_count() < MOST_OPEN or (self.is_control and self.rng.random() < 0.15)
            if struck < self.options.kills and is_time:
                self.strike()
            self._decide()
            if struck // 50 > shown:
                shown = struck // 50
                say(f"{struck} kills, {len(self.numbers)} messages accepted, {self.open_count()} open")

    def _rest(self) -> None:
        # A control has shown what it has to show; its retries may use up the budget for a long time.
        deadline = time.monotonic() + (CONTROL_QUIET_SECONDS if self.is_control else QUIET_SECONDS)
        while self.open_count() and time.monotonic() < deadline:
            self.keep_running()
            self._decide()
            time.sleep(0.2)

    def _decide(self) -> None:
        """A person closes breakers again, and decides, by looking at the phone, about what was ambiguous too often."""
        for breaker in self.breakers:
            # It rests in real time: whoever stood still for seconds finds that nothing was answered.
            if breaker.circuit().state == "open":
                breaker.resume()
                self.resumed += 1
        budget = ReconcileTimes().ambiguous_budget
        doubts = [message for name in HOTELS for message in uncertain_of(self.db, name)]
        spent = [message for message in doubts if message.ambiguous_attempts >= budget and message.looks >= 2]
        if self.options.resend:
            spent = [message for message in doubts if message.ambiguous_attempts >= budget]
        if not spent:
            return
        copies = self.simulator.call(lambda: copies_of(self.simulator.world))
        for message in spent:
            action = DeclareSent() if copies.get(self.numbers[message.id]) else SendAgain()
            by = Operator(name="person", clock=SystemClock())
            self.asked += sum(one.verdict == "done" for one in carry_out(self.db, [Seen.of(message)], action, by))


def read_options(arguments: list[str]) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(prog="verify-outbox")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--messages", type=int, help=f"{EACH_KILL} for each kill, if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resend", action="store_true")
    parser.add_argument("--no-serialisation", action="store_true")
    given = parser.parse_args(arguments)
    given.messages = given.messages or EACH_KILL * given.kills
    return Options(**vars(given))


def report(run: Run, verdict: Verdict, seconds: float) -> int:
    """Say what was found; 0 when it is what this run had to show."""
    at_random = run.points.pop("", 0)
    say(f"{verdict.messages} messages, {verdict.executions} executions, {seconds:.0f} s")
    say(f"{run.kills.total()} kills: {_counts(run.kills)}; SIGKILL {at_random} at random, the others at a point")
    say(f"points: {_counts(run.points)}")
    say(f"states: {_counts(verdict.states)}; accepted by: {_counts(verdict.evidence)}")
    say(f"{verdict.doubts} messages were in doubt; a person decided {run.asked} times, closed {run.resumed} breakers")
    say(f"lost {len(verdict.lost)}, falsely marked sent {len(verdict.false)}, overtaken {len(verdict.overtaken)}")
    say(f"doubled {len(verdict.doubled)}, of these without an omission of the journal {len(verdict.unexplained)}")
    if run.options.resend:
        return _expected("duplicates", found=bool(verdict.unexplained))
    if run.options.no_serialisation:
        return _expected("false claims", found=bool(verdict.false))
    for name in ("lost", "false", "unexplained", "overtaken", "open"):
        if numbers := getattr(verdict, name):
            say(f"BROKEN: {name}: messages {numbers[:20]}")
    if run.odd_ends:
        say(f"BROKEN: processes ended by themselves with {dict(run.odd_ends)}; see stderr.log")
    if not verdict.is_sound or run.odd_ends:
        return 1
    say("verify-outbox: SOUND")
    return 0


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def _expected(what: str, *, found: bool) -> int:
    say(f"control: {what} {'were shown, as they must be' if found else 'were NOT shown: this harness proves nothing'}")
    return 0 if found else 1


def main(arguments: list[str]) -> int:
    """The whole run. Leaves its store behind when a promise was broken."""
    options = read_options(arguments)
    memory = Path("/dev/shm")
    home = Path(tempfile.mkdtemp(prefix="verify-outbox-", dir=memory if os.access(memory, os.W_OK) else None))
    begun = time.monotonic()
    with SimulatorThread(make_world(options.seed)) as simulator:
        write_config(home, simulator.api_url)
        store = home / "greenbot" / "greenbot.db"
        db = connect(store, clock=SystemClock())
        if options.no_serialisation:
            with db.write() as tx:
                tx.run("drop index messages_in_flight")
        run = Run(options, home, simulator, db, random.Random(options.seed))
        verdict = run.go()
        code = report(run, verdict, time.monotonic() - begun)
        db.close()
    if code:
        say(f"left behind: {home}")
    else:
        subprocess.run(["rm", "-rf", str(home)], check=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
