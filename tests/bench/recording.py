"""What counting adds to a shell's send: `python -m tests.bench.recording`.

A send is counted by triggers, in the transactions it makes anyway, so there is no part of it to stop the watch at. Two
equal stores, one without these triggers, take the same messages in turns, in this process and by the code of a shell;
the difference is what counting costs. It is held against all that a `greenbot send` uses: both are time of the
processor, so a busy machine changes neither. Leaves with 1 above 3 %.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.api.inline import run_inline
from greenbot.chat_id import ChatId
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.direct import Direct
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.message import NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.table import enqueue
from greenbot.resilience.line_files import LineFiles
from tests.architecture.files import ROOT
from tests.bench.loopback import GUEST, hotel

LIMIT = 0.03
#: Sends of one store before it is the other one's turn.
BLOCK = 20
TRIGGERS = "select name from sqlite_master where type = 'trigger' and name like 'metric_feed%'"


class Answered:
    """GREEN-API takes everything at once."""

    def __init__(self) -> None:
        self._number = 0

    async def exchange(self, *_: object, **__: object) -> Outcome:
        """Accepted, under an id of its own."""
        self._number += 1
        remote_id = f"BENCH{self._number:011d}"
        return Outcome(
            cls=OutcomeClass.ACCEPTED, reason="ok", status=200, remote_id=remote_id, data={"idMessage": remote_id}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What one process sends with."""

    db: Db
    direct: Direct
    clock: ManualClock

    def send(self, text: str) -> None:
        """Accept a message and send it, as a shell does."""
        new = NewMessage(instance="kyiv", draft=Text(chat_id=ChatId(GUEST), text=text))
        message = enqueue(self.db, new, self.clock)
        assert run_inline(self.direct.send(message.id)).sent

    def block_seconds(self, first: int) -> float:
        """Processor time of some sends."""
        begun = time.thread_time()
        for number in range(first, first + BLOCK):
            self.send(f"Room {number} is ready.")
        return time.thread_time() - begun


def opened(folder: Path, stack: ExitStack, *, counted: bool) -> Shell:
    """A store of its own."""
    clock, client = ManualClock(), Answered()
    db = connect(folder / "greenbot.db", clock=clock)
    owner = Owner(folder / "run")
    stack.callback(db.close)
    stack.callback(owner.close)
    if not counted:
        with db.write() as tx:
            for row in tx.all(TRIGGERS):
                tx.run(f"drop trigger {row['name']}")
    direct = Direct(
        db=db, instance="kyiv", client=client, asker=client, owner=owner, clock=clock,
        lines=LineFiles(folder / "limits", clock), limits=LaneLimits(), wait_seconds=1e9,
        tell=lambda words: None, wait=clock.advance,
    )  # fmt: skip
    return Shell(db=db, direct=direct, clock=clock)


def counting_seconds(folder: Path, blocks: int) -> float:
    """Processor time that counting adds to one send: the median over pairs of blocks, in changing order."""
    with ExitStack() as stack:
        counted = opened(folder / "counted", stack, counted=True)
        plain = opened(folder / "plain", stack, counted=False)
        more: list[float] = []
        for number in range(-2, blocks):
            order = (counted, plain) if number % 2 else (plain, counted)
            taken = {id(shell): shell.block_seconds(BLOCK * (number + 2)) for shell in order}
            if number >= 0:
                more.append(taken[id(counted)] - taken[id(plain)])
    return statistics.median(more) / BLOCK


def process_seconds(folder: Path, rounds: int) -> float:
    """Processor time of a whole `greenbot send text`, user and system: the median."""
    taken: list[float] = []
    with hotel(folder / "shell") as home:
        environ = {**home.environ, "PYTHONPATH": str(ROOT), "GREEN_API_RATE_LIMIT_PER_SECOND": "50"}
        for number in range(-2, rounds):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "greenbot", "send", "text", GUEST, f"Room {number} is ready."]
            subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if number >= 0:
                taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def main() -> int:
    """Measure both, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        counting = counting_seconds(Path(name), given.blocks)
        whole = process_seconds(Path(name), given.rounds)
    share = counting / whole
    print(f"counting {counting * 1e6:.0f} us of a send that uses {whole * 1000:.0f} ms of the processor")
    print(f"share {share:.5f}, limit {LIMIT}  {'ok' if share <= LIMIT else 'TOO MUCH'}")
    return 0 if share <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
