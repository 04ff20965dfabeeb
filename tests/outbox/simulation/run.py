"""One simulated run: messages come in, processes work and die, everything goes wrong, then nothing does any more.

python -m tests.outbox.simulation.run 17              the run of seed 17, with its trace
python -m tests.outbox.simulation.run 1-1000          many, on all processors
"""

import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.audit import Operator
from greenbot.db.connect import connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.doubts import uncertain_of
from greenbot.outbox.history import log_of
from greenbot.outbox.message import Message, NewMessage, Policy
from greenbot.outbox.operate import Seen, carry_out
from greenbot.outbox.resolve import DeclareSent, SendAgain
from greenbot.outbox.table import enqueue, get
from greenbot.outbox.timing import ReconcileTimes
from greenbot.resilience.shared_health import health_of, resume
from tests.outbox.simulation.faults import Faults
from tests.outbox.simulation.greenapi import STORMS, Execution, Remote
from tests.outbox.simulation.process import Dead, Process
from tests.outbox.simulation.result import Result, number_in, tail
from tests.outbox.simulation.virtual import LoopClock, VirtualLoop
from tests.outbox.simulation.watch import Watch

#: Only three texts to four chats: identical messages are the norm.
TEXTS = ("Your room is ready.", "Breakfast is until 11.", "The taxi is here.")
CHATS = tuple(f"1100123456{number}@c.us" for number in range(4))
INSTANCES = ("a", "b")
FAULTY_SECONDS = 180.0
#: After the last fault everything must be over in so long, but for what a person has to decide.
REST_SECONDS = 900.0
TIMES = ReconcileTimes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is simulated. `only`: these faults and no others, but often."""

    messages: int = 12
    processes: int = 2
    policy: Policy = "reconcile"
    times: ReconcileTimes = TIMES
    omissions: bool = True
    only: tuple[str, ...] = ()


@contextmanager
def fresh_store(template: Path) -> Iterator[Path]:
    """A folder in memory with a store that needs no migration."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        store = Path(folder) / "greenbot.db"
        shutil.copyfile(template, store)
        store.chmod(0o600)
        yield store


def make_template(folder: Path) -> Path:
    """An empty, migrated store."""
    path = folder / "template.db"
    connect(path, clock=SystemClock()).close()
    return path


class Run:
    """The world of one seed."""

    def __init__(self, seed: int, setup: Setup, store: Path, loop: VirtualLoop) -> None:
        self.result = Result(seed=seed)
        self._setup = setup
        self._store = store
        self._run_dir = store.parent / "run"
        self._loop = loop
        self._clock = LoopClock(loop)
        self._rng = random.Random(f"run {seed}")
        self._faults = Faults.of_seed(seed, omissions=setup.omissions, only=setup.only)
        self._db = connect(store, clock=self._clock)
        self._watch = Watch(self._db, self._clock, self.result.broken.append)
        self._remotes = {name: self._remote(seed, name) for name in INSTANCES}
        self._processes: list[Process] = []
        self._under_way: dict[tuple[str, str], Process] = {}
        self._ids: dict[int, int] = {}  # number in the tail -> message id

    def _remote(self, seed: int, name: str) -> Remote:
        return Remote(
            name=name,
            loop=self._loop,
            rng=random.Random(f"remote {seed} {name}"),
            epoch_seconds=self._clock.now_ms() / 1000 + self._faults.skew,
            pace=self._faults.pace,
            journal_lag=self._faults.journal_lag,
            omission_rate=self._faults.rates.omission,
            on_event=self._note,
            on_call=self._watch.call,
        )

    def _note(self, event: str) -> None:
        self.result.trace.append(f"{self._loop.now:.3f} {event}")
        if event.startswith("CROWD"):
            self.result.broken.append(event)

    async def go(self) -> Result:
        """Everything, from the first message to the judgement."""
        self._begin(self._setup.processes)
        duties = [asyncio.ensure_future(duty) for duty in (self._senders(), self._misfortunes())]
        await asyncio.gather(*duties)
        self._faults.over = True
        for remote in self._remotes.values():
            remote.set_state("authorized")
            remote.calm_down()
        self._begin(self._setup.processes - len(self._living()))
        await self._rest()
        await self._end()
        self._judge()
        return self.result

    def _begin(self, count: int) -> None:
        for _ in range(count):
            number = len(self._processes)
            self._note(f"process {number} begins")
            self._processes.append(
                Process(
                    number,
                    store=self._store,
                    run_dir=self._run_dir,
                    clock=self._clock,
                    remotes=self._remotes,
                    faults=self._faults,
                    times=self._setup.times,
                    on_event=self._note,
                    under_way=self._under_way,
                )
            )

    def _living(self) -> list[Process]:
        return [process for process in self._processes if process.alive]

    async def _senders(self) -> None:
        for number in range(self._setup.messages):
            await asyncio.sleep(self._rng.random() * FAULTY_SECONDS / 2 / self._setup.messages)
            draft = Text(chat_id=parse_chat_id(self._rng.choice(CHATS)), text=self._rng.choice(TEXTS) + tail(number))
            expires_ms = self._clock.now_ms() + 300_000 if self._rng.random() < 0.1 else None
            new = NewMessage(
                instance=self._rng.choice(INSTANCES), draft=draft, policy=self._setup.policy, expires_at_ms=expires_ms
            )
            message = enqueue(self._db, new, self._clock)
            self._ids[number] = message.id
            self._note(f"message {message.id} for {message.chat_id}")

    async def _misfortunes(self) -> None:
        """Once a second: somebody kills, stops or starts a process, or the phone loses its link for a while."""
        while self._loop.now < FAULTY_SECONDS:
            await asyncio.sleep(1.0)
            for process in self._living():
                if self._faults.strikes("killed"):
                    process.kill("by a signal")
                elif self._faults.strikes("stopped"):
                    process.worker.stop()
            if len(self._living()) < self._setup.processes and self._faults.rng.random() < 0.5:
                self._begin(1)
            for remote in self._remotes.values():
                if remote.state == "authorized" and self._faults.strikes("unlinked"):
                    remote.set_state("notAuthorized")
                    self._loop.call_later(self._faults.rng.random() * 60, remote.set_state, "authorized")
                if not remote.clogged and self._faults.strikes("clogged"):
                    remote.clog(self._faults.rng.random() * 400)
                if not remote.storm and self._faults.strikes("storm"):
                    kind = self._faults.rng.choice(STORMS)
                    remote.begin_storm(kind, 20 + self._faults.rng.random() * 130)
                    self.result.storms += 1

    async def _rest(self) -> None:
        """Wait until nothing is open any more. What is in doubt for good is decided by a person, who sees the phone."""
        deadline = self._loop.now + REST_SECONDS
        while self._open():
            await asyncio.sleep(5.0)
            self._resume()
            if not self._living():
                self._begin(1)
            if self._loop.now >= deadline:
                if not self._decided():
                    return
                deadline = self._loop.now + REST_SECONDS

    def _resume(self) -> None:
        """A person put the token right, and says so."""
        for name in INSTANCES:
            if health_of(self._db, name).state == "auth_failed":
                resume(self._db, name, self._clock)
                self.result.refusals += 1
                self._note(f"a person resumes {name}")

    def _decided(self) -> bool:
        """Whether there was something a person had to decide."""
        doubts = [message for name in INSTANCES for message in uncertain_of(self._db, name)]
        for message in doubts:
            number = next(number for number, message_id in self._ids.items() if message_id == message.id)
            executions = [one for remote in self._remotes.values() for one in remote.executions]
            seen = any(number_in(one.text) == number for one in executions)
            action = DeclareSent() if seen else SendAgain()
            list(carry_out(self._db, [Seen.of(message)], action, Operator(name="person", clock=self._clock)))
            self._note(f"a person decides about message {message.id}: {action.name}")
            self.result.asked.append(message.id)
            if message.ambiguous_attempts < self._setup.times.ambiguous_budget and self._faults.skew == 0:
                self.result.broken.append(f"nobody found out about message {message.id}")
        return bool(doubts)

    def _open(self) -> int:
        row = self._db.one(
            "select count(*) as open from messages where state in ('queued', 'claimed', 'sending', 'uncertain')"
        )
        assert row is not None
        return int(row["open"])

    async def _end(self) -> None:
        for process in self._living():
            process.worker.stop()
        while self._living():
            await asyncio.sleep(1.0)
        for process in self._processes:
            process.bury()

    # --- the judgement -----------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        result = self.result
        result.deaths = sum(" dies " in event for event in result.trace)
        copies: dict[int, list[Execution]] = {number: [] for number in self._ids}
        for remote in self._remotes.values():
            result.executions += len(remote.executions)
            for execution in remote.executions:
                copies[number_in(execution.text)].append(execution)
        messages = {number: get(self._db, message_id) for number, message_id in self._ids.items()}
        result.messages = len(messages)
        for number, message in messages.items():
            self._judge_message(message, copies[number])
            self._judge_log(message)
        self._judge_order(messages, copies)
        self._watch.judge_amplification()
        openings = self._db.scalar("select count(*) from breaker_log where to_state = 'open'")
        result.openings = int(str(openings))
        self._db.close()

    def _judge_message(self, message: Message, copies: list[Execution]) -> None:
        result = self.result
        if message.state in ("queued", "claimed", "sending", "uncertain"):
            result.broken.append(f"message {message.id} is still {message.state}")
        accepted = message.state in ("accepted", "delivered", "stalled")
        claimed = accepted and message.evidence != "operator"
        if claimed and message.remote_id not in {one.remote_id for one in copies}:
            result.false.append(message.id)
        if accepted and not copies:
            result.lost.append(message.id)
        if message.state == "failed":
            result.lost.append(message.id)
        forgotten = [one for one in copies if one.forgotten]
        if len(copies) > 1:
            result.doubled.append(message.id)
            if len(forgotten) >= len(copies) - 1:
                result.explained.append(message.id)
        if message.state == "expired" and len(forgotten) < len(copies):
            result.broken.append(f"message {message.id} is expired, but the guest has it")

    def _judge_log(self, message: Message) -> None:
        lines = log_of(self._db, message.id)
        self.result.uncertain += any(line.to_state == "uncertain" for line in lines)
        self.result.trace += [
            f"{line.message_id} {line.epoch} {line.at_ms} {line.to_state} {line.reason} {line.actor}" for line in lines
        ]
        if [line.epoch for line in lines] != list(range(len(lines))):
            self.result.broken.append(f"the log of message {message.id} has gaps")
        ladder = ["sent", "delivered", "read"]
        told = [ladder.index(line.cause) for line in lines if line.reason == "status" and line.cause in ladder]
        if told != sorted(set(told)):
            self.result.broken.append(f"message {message.id} moved back: {told}")

    def _judge_order(self, messages: dict[int, Message], copies: dict[int, list[Execution]]) -> None:
        last: dict[tuple[str, str], float] = {}
        for number, message in messages.items():
            times = [one.at for one in copies[number]]
            key = (message.instance, message.chat_id)
            if times and min(times) < last.get(key, 0.0):
                self.result.broken.append(f"message {message.id} overtook an older one of its chat")
            last[key] = max([last.get(key, 0.0), *times])


def simulate(seed: int, template: Path, setup: Setup = Setup()) -> Result:
    """The whole run of one seed."""
    loop = VirtualLoop()
    # What a dead process leaves behind is told to the loop, and concerns nobody.
    loop.set_exception_handler(_heard)
    with fresh_store(template) as store:
        try:
            return loop.run_until_complete(Run(seed, setup, store, loop).go())
        finally:
            _clear(loop)


def _heard(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    error = context.get("exception")
    if not isinstance(error, Dead | asyncio.CancelledError) and "never retrieved" not in str(context.get("message")):
        loop.default_exception_handler(context)


def _clear(loop: VirtualLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 1 when a promise was broken."""
    first, _, last = arguments[0].partition("-")
    return _one(int(first)) if not last else _many(range(int(first), int(last) + 1))


def _one(seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        result = simulate(seed, make_template(Path(folder)))
    sys.stdout.write("\n".join([*result.trace, str(result), result.digest]) + "\n")
    return 0 if result.is_sound else 1


def _many(seeds: range) -> int:
    """On all processors; what was broken is told at once, with the command that replays it."""
    broken, totals = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor() as pool:
        template = make_template(Path(folder))
        for result in pool.map(partial(simulate, template=template), seeds, chunksize=5):
            for name in ("messages", "executions", "deaths", "uncertain", "storms", "openings", "refusals"):
                totals[name] += getattr(result, name)
            totals["doubled because the journal forgot"] += len(result.explained)
            if not result.is_sound:
                broken += 1
                sys.stdout.write(f"{result}\n")
    sys.stdout.write(", ".join(f"{name} {count}" for name, count in totals.items()) + "\n")
    sys.stdout.write(f"{len(seeds)} seeds: {f'BROKEN: {broken}' if broken else 'SOUND'}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
