"""A long queue costs no more to look at than a short one: `python -m tests.bench.queue_size`.

Two stores, one with 1,000 queued messages and one with 100,000, are asked the same in turns: a list, a claim,
the numbers, and the same as whole commands. The ratio of the medians is what counts.
Leaves with 1 when anything takes more than twice as long with the long queue.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox import figures
from greenbot.outbox.claims import Claim, claim, release
from greenbot.outbox.decide import Change
from greenbot.outbox.listing import Filters, list_messages, stats
from greenbot.outbox.message import NewMessage, Priority
from greenbot.outbox.states import Reason, State
from greenbot.outbox.sweep import sweep
from greenbot.outbox.table import enqueue_in
from greenbot.outbox.turn import Turn, gate_of, next_due_ms, next_in_line
from tests.architecture.files import ROOT
from tests.bench.loopback import clean_environ

SHORT, LONG = 1_000, 100_000
LIMIT = 2.0
HOTELS = ("kyiv", "lviv", "odesa", "dnipro", "poltava")
_PRIORITIES: tuple[Priority, ...] = ("normal", "normal", "normal", "high", "bulk")
_BATCH = 1_000
CLOCK = SystemClock()

Work = Callable[["Queue"], object]


class _TakeBack(Exception):
    """Ends a transaction that shall leave no trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One store with its messages."""

    home: Path
    db: Db


def fill(db: Db, messages: int) -> None:
    """Queue messages of five hotels to guests of whom each third gets a second one; some are held, some are late."""
    for begin in range(0, messages, _BATCH):
        with db.write() as tx:
            for number in range(begin, min(begin + _BATCH, messages)):
                enqueue_in(tx, _message(number), CLOCK)


def _message(number: int) -> NewMessage:
    guest = number - 5 if number % 15 >= 10 else number
    return NewMessage(
        instance=HOTELS[number % 5],
        draft=Text(chat_id=parse_chat_id(f"3804{guest:08d}"), text=f"Your room {number} is ready."),
        priority=_PRIORITIES[number // 5 % 5],
        held_reason="by an operator" if number % 50 == 49 else None,
        scheduled_at_ms=CLOCK.now_ms() + 86_400_000 if number % 20 == 19 else 0,
    )


def list_page(queue: Queue) -> object:
    """The newest fifty."""
    return list_messages(queue.db, Filters())


def list_of_one(queue: Queue) -> object:
    """The newest fifty that wait, of one hotel."""
    return list_messages(queue.db, Filters(instance="odesa", states=(State.QUEUED,)))


def claim_and_give_back(queue: Queue) -> object:
    """What a shell claims: one message that it knows."""
    message = next_in_line(queue.db, "odesa", CLOCK.now_ms())
    assert message is not None, "the queue is full"
    held = claim(queue.db, message.id, owner="bench", clock=CLOCK)
    assert isinstance(held, Claim)
    return release(queue.db, held, Change(state=State.QUEUED, reason=Reason.SHUTDOWN), clock=CLOCK)


def claim_a_batch(queue: Queue) -> object:
    """What a worker claims and marks in one transaction, which is taken back here."""
    turn = Turn(
        instance="odesa",
        owner="bench",
        clock=CLOCK,
        rules=None,
        most=20,
        most_unconfirmed=None,
        is_open=lambda _host: True,
        suits=lambda _method: True,
    )
    with suppress(_TakeBack), queue.db.write() as tx:
        taken = turn.take(tx)
        raise _TakeBack
    assert len(taken.postings) == 20
    return taken


def look_for_work(queue: Queue) -> object:
    """What an idle worker asks."""
    now_ms = CLOCK.now_ms()
    sweep(queue.db, run_dir=queue.home / "run", clock=CLOCK)
    gate_of(queue.db, "odesa", now_ms, most_unconfirmed=5)
    return next_in_line(queue.db, "odesa", now_ms), next_due_ms(queue.db, "odesa", now_ms)


def numbers(queue: Queue) -> object:
    """Everything `outbox stats` asks."""
    return stats(queue.db), figures.pace(queue.db, now_ms=CLOCK.now_ms())


def command(*words: str) -> Work:
    """A whole command in a process of its own."""

    def run(queue: Queue) -> object:
        line = [sys.executable, "-m", "greenbot", *words]
        done = subprocess.run(line, env=clean_environ(queue.home.parent), cwd=ROOT, capture_output=True, check=True)
        assert done.stdout.count(b"\n") >= len(HOTELS), "it saw the queue"
        return done

    return run


WORKS: dict[str, tuple[Work, int]] = {
    # name: work, how often in one round
    "list": (list_page, 20),
    "list, one hotel": (list_of_one, 20),
    "claim one": (claim_and_give_back, 20),
    "claim a batch": (claim_a_batch, 5),
    "worker looks for work": (look_for_work, 20),
    "stats": (numbers, 20),
    "greenbot outbox list": (command("outbox", "list", "--json"), 1),
    "greenbot outbox stats": (command("outbox", "stats", "--json"), 1),
    "greenbot outbox stats --by reason": (command("outbox", "stats", "--by", "reason", "--json"), 1),
}


@contextmanager
def opened(folder: Path, messages: int) -> Iterator[Queue]:
    """A store of its own, filled."""
    home = folder / str(messages) / "greenbot"
    db = connect(home / "greenbot.db", clock=CLOCK)
    begun = time.perf_counter()
    fill(db, messages)
    print(f"{messages:,} messages accepted, {(time.perf_counter() - begun) / messages * 1e6:.0f} us each")
    yield Queue(home=home, db=db)
    db.close()


def measure(short: Queue, long: Queue, *, rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each work with the short and the long queue, in rounds that alternate."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in WORKS}
    for number in range(-1, rounds):
        for name, (work, times) in WORKS.items():
            for index, queue in enumerate((short, long) if number % 2 else (long, short)):
                seconds = _seconds(work, queue, times)
                if number >= 0:
                    taken[name][index if number % 2 else 1 - index].append(seconds)
    return {name: (statistics.median(one), statistics.median(other)) for name, (one, other) in taken.items()}


def _seconds(work: Work, queue: Queue, times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        work(queue)
    return (time.perf_counter() - begun) / times


def main() -> int:
    """Measure, print, and say by the exit code whether length costs nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--messages", type=int, default=LONG)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder, SHORT) as short, opened(folder, arguments.messages) as long:
            medians = measure(short, long, rounds=arguments.rounds)
    print(f"\n{'work':<36}{SHORT:>12,}{arguments.messages:>12,}{'ratio':>8}{'limit':>7}")
    met = True
    for work, (few, many) in medians.items():
        ratio = many / few
        met = met and ratio <= LIMIT
        verdict = "ok" if ratio <= LIMIT else "TOO SLOW"
        print(f"{work:<36}{few * 1000:>9.3f} ms{many * 1000:>9.3f} ms{ratio:>8.2f}{LIMIT:>7.1f}  {verdict}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
