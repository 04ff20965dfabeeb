"""A look at three hundred instances costs little more than at ten: `python -m tests.bench.overview`.

Two stores, with ten and with three hundred instances, each with an hour of metrics, a queue at every fifth instance, a
pause or an alert at every tenth, and the board a service leaves. They are looked at in turns; the ratio of the medians
is what counts. Leaves with 1 when the large fleet takes more than twice as long.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.metrics.keeper import Keeper
from greenbot.metrics.names import Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series
from greenbot.overview import keeping_board, take

FEW, MANY = 10, 300
LIMIT = 2.0
MESSAGES = 300
EVENTS = 50
LOOKS = 10
CLOCK = ManualClock()

MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values (:instance, :chat_id, 'text', 'sendMessage', '{"text": "your room is ready"}', 'f', 'd', :at, :at)
"""
HEALTH = """
insert into instance_health (instance, state, account, since_at_ms)
values (:instance, :state, 'authorized', :at)
"""
PAUSE = "insert into pauses (instance, since_at_ms, reason, actor) values (:instance, :at, 'holidays', 'bench')"
#: The service leaves new figures every ten seconds.
RENEW = "update metric_board set edition = edition + 1"
EVENT = """
insert into events (instance, type, chat_id, raw, digest, state, received_at_ms, state_at_ms)
values (:instance, 'incomingMessageReceived', '', x'7b7d', :digest, 'stored', :at, :at)
"""
RULE = """
insert into alert_rules (name, metric, op, threshold, window_s, created_at_ms, changed_at_ms, changed_by)
values ('errors', 'error_rate', '>=', 10, 300, 0, 0, 'bench')
"""
ALERT = """
insert into alerts (rule, instance, rule_version, state, since_at_ms) values ('errors', :instance, 1, 'firing', :at)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """One store with its instances."""

    db: Db
    names: Names
    known: tuple[str, ...]

    def look(self) -> object:
        """What every face does."""
        return take(self.db, self.names, CLOCK.now_ms(), self.known)

    def renew(self) -> None:
        """New figures came."""
        with self.db.write(durable=False) as tx:
            tx.run(RENEW)

    def watch(self) -> None:
        """Ten seconds of a face that looks each second: the first look finds new figures."""
        for _ in range(LOOKS):
            self.look()


def fill(db: Db, known: tuple[str, ...]) -> None:
    """Queues, states and alerts; the same number of messages whatever the number of instances."""
    at_ms = CLOCK.now_ms() - 60_000
    busy = known[::5]
    with db.write(durable=False) as tx:
        tx.run(RULE)
        for number in range(MESSAGES):
            tx.run(MESSAGE, instance=busy[number % len(busy)], chat_id=f"38067{number:07}@c.us", at=at_ms + number)
        for number in range(EVENTS):
            raw = f"event {number}".encode()
            tx.run(EVENT, instance=known[number % len(known)], digest=raw, at=at_ms + number)
        for number, instance in enumerate(known):
            tx.run(HEALTH, instance=instance, state="degraded" if number % 10 == 3 else "authorized", at=at_ms)
            if number % 10 == 4:
                tx.run(ALERT, instance=instance, at=at_ms)
            if number % 10 == 6:
                tx.run(PAUSE, instance=instance, at=at_ms)


def count(db: Db, known: tuple[str, ...]) -> None:
    """An hour of calls, messages and events of every instance, and the board a service makes of it."""
    recorder = Recorder(CLOCK)
    now_ms = CLOCK.now_ms()
    for number, instance in enumerate(known):
        for step in range(60):
            at_ms = now_ms - step * 60_000 - number
            recorder.count(instance, Series.SEND, value_ms=80 + number % 50 + step, at_ms=at_ms)
            recorder.count(instance, Series.QUERY, ok=step % 9 > 0, value_ms=40, label="", at_ms=at_ms)
            recorder.count(instance, Series.MESSAGE, label="accepted response", at_ms=at_ms)
            recorder.count(instance, Series.EVENT, value_ms=9, label="incomingMessageReceived", at_ms=at_ms)
    keeper = Keeper(db, clock=CLOCK, owner="bench", recorders=[recorder], prepare=keeping_board(lambda: known))
    keeper.turn()


def measure(few: Fleet, many: Fleet, *, rounds: int) -> tuple[float, float]:
    """Median seconds of ten looks at each, in rounds that alternate."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for fleet, taken in zip((few, many), seconds, strict=True):
            fleet.renew()
            # Of the processor: everything read is in memory, and what else runs on the machine is not in it.
            begun = time.thread_time()
            fleet.watch()
            taken.append(time.thread_time() - begun)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def opened(folder: Path, instances: int, stack: ExitStack) -> Fleet:
    """A store of its own, filled."""
    known = tuple(f"hotel-{number:03}" for number in range(instances))
    db = connect(folder / str(instances) / "greenbot.db", clock=CLOCK)
    stack.callback(db.close)
    fill(db, known)
    count(db, known)
    return Fleet(db=db, names=Names(), known=known)


def main() -> int:
    """Fill, look, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        few, many = (opened(Path(name), instances, stack) for instances in (FEW, MANY))
        one, other = measure(few, many, rounds=arguments.rounds)
    ratio = other / one
    print(f"{LOOKS} looks, the first at new figures: {FEW} instances {one * 1000:.2f} ms, {MANY} {other * 1000:.2f} ms")
    print(f"ratio {ratio:.2f}, limit {LIMIT}  {'ok' if ratio <= LIMIT else 'TOO SLOW'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
