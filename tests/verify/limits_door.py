"""Eight processes send as fast as one number may: what arrives at GREEN-API's door, counted there.

    python -m tests.verify.limits_door                   75 seconds at 2 per second and 60 per minute

The times are those of the simulator's own record of every request, so the way from a process to the
server is measured too. Which process sent a message stands in the store.

A machine that is busy with something else lets processes stand still on that way for longer than any pad;
that is measured beside it. A run that broke something on such a machine proves nothing, and is repeated.
"""

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from greenbot.resilience.limits import PAD_MS
from tests.bench.loopback import ID_INSTANCE
from tests.outbox.processes import Hall, hall
from tests.verify.verdict import Verdict, prove, say

PROCESSES = 8
SECONDS = 75.0
LIMITS = ((2, 1.0), (60, 60.0))
LEAST_USED = 0.98
MOST_UNEVEN = 0.10
RUNS = 3
NAP_SECONDS = 0.005

ACTORS = """
select log.actor, json_extract(m.draft, '$.text') as text
  from message_log as log join messages as m on m.id = log.message_id where log.to_state = 'sending'
"""


@dataclass(slots=True)
class Machine:
    """How long a process stood still that only wanted to sleep for a moment."""

    worst_seconds: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Sleep again and again, until `leave`."""
        while not self._over.is_set():
            begun = time.monotonic()
            time.sleep(NAP_SECONDS)
            self.worst_seconds = max(self.worst_seconds, time.monotonic() - begun - NAP_SECONDS)

    def leave(self) -> None:
        """It is enough."""
        self._over.set()

    @property
    def was_busy(self) -> bool:
        """Whether it was slower than the limiter allows for."""
        return self.worst_seconds * 1000 > PAD_MS


def most_in(moments: Sequence[float], seconds: float) -> int:
    """The most calls in any window of so many seconds, its end not included."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def allowed_in(seconds: float) -> int:
    """How many calls the limits allow from the first one on, when each is made at its first moment."""
    moments: list[float] = []
    while True:
        earliest = [moments[-count] + window for count, window in LIMITS if len(moments) >= count]
        moment = max(earliest, default=0.0)
        if moment >= seconds:
            return len(moments)
        moments.append(moment)


def send(place: Hall, seconds: float) -> None:
    """Eight workers that are all there before the first message, and have more to send than they may."""
    workers = [place.start_worker() for _ in range(PROCESSES)]
    place.accept(round(3 * seconds), chats=round(3 * seconds))
    time.sleep(seconds + 2)
    for worker in workers:
        assert place.end(worker) == 0


def judge(place: Hall, seconds: float, verdict: Verdict) -> None:
    """What arrived, when, and from whom."""
    door = place.simulator.call(lambda: list(place.simulator.world.ledger.door))
    entries = place.simulator.call(lambda: list(place.simulator.world.ledger.executions(method="sendMessage")))
    moments = sorted(mark.at for mark in door if mark.method == "sendMessage")
    for count, window in LIMITS:
        most = most_in(moments, window)
        verdict.holds(f"at most {most} of {count} in any {window:g} s", so=most <= count)
    refused = Counter(mark.method for mark in door if mark.status == 429)
    verdict.holds(f"{sum(refused.values())} calls were refused as too fast {dict(refused)}", so=not refused)
    arrived, allowed = sum(moment < moments[0] + seconds for moment in moments), allowed_in(seconds)
    verdict.holds(
        f"{arrived} of {allowed} allowed in {seconds:g} s: {arrived / allowed:.3f}", so=arrived >= LEAST_USED * allowed
    )
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    questions = Counter(mark.method for mark in door if mark.method != "sendMessage")
    shortest = min(gaps)
    say(f"          shortest gap {shortest * 1000:.0f} ms, behind call {gaps.index(shortest) + 1} of {len(moments)}")
    say(f"          questions: {dict(questions)}")
    _judge_shares(place, {str(entry.request_body["message"]) for entry in entries}, verdict)


def _judge_shares(place: Hall, texts: set[str], verdict: Verdict) -> None:
    with place.store() as db:
        rows = db.all(ACTORS)
    actors = [str(row["actor"]) for row in rows if str(row["text"]) in texts]
    # Counted from the moment when all are there: who was first had sent one before the others had asked.
    begun = max(actors.index(actor) for actor in set(actors)) + 1
    shares = sorted(Counter(actors[begun:]).values())
    # Nobody can send a part of a message: one more or less is even.
    even = len(shares) == PROCESSES and shares[-1] - shares[0] <= max(1.0, MOST_UNEVEN * shares[-1])
    verdict.holds(f"shares {shares}: within a tenth of each other, or one message", so=even)
    if not even:
        names = {actor: str(number) for number, actor in enumerate(dict.fromkeys(actors))}
        say(f"          in turn: {' '.join(names[actor] for actor in actors)}")


def main(arguments: list[str]) -> int:
    """The whole run."""
    parser = argparse.ArgumentParser(prog="verify-limits")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    seconds = parser.parse_args(arguments).seconds

    def proof(folder: Path, verdict: Verdict) -> None:
        for number in range(1, RUNS + 1):
            verdict.broken.clear()
            machine = Machine()
            threading.Thread(target=machine.watch, daemon=True).start()
            with hall(folder / str(number), limits="on") as place:
                place.simulator.world.instances[ID_INSTANCE].knobs.enforce_limits = True
                send(place, seconds)
                machine.leave()
                judge(place, seconds, verdict)
            say(f"          a process stood still for {machine.worst_seconds * 1000:.0f} ms at worst")
            if verdict.is_sound or not machine.was_busy:
                return
            say(f"run {number} of {RUNS}: this machine is too busy to measure")

    return prove("verify-limits", proof)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
