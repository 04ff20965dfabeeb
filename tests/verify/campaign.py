"""A campaign of 10,000 guests whose processes are killed ten times: everybody gets one message, and the report says so.

    python -m tests.verify.campaign                      10,000 guests
    python -m tests.verify.campaign --guests 1000

Five kills hit `campaign start` while it hands over, at named points and at random; five hit the worker
while it sends. Whatever was on its way then is looked for, in compressed time.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.outbox.processes import Hall, eventually, hall
from tests.verify.verdict import Verdict, prove, say

FIRST = 110_010_000_000
NAME = "spring"
PATIENCE_SECONDS = 300.0
#: Where `campaign start` is killed; None: at a random moment.
STARTS = ("camp.after_begin=kill", None, "camp.in_batch=kill@3", "camp.after_batch=kill@2", None)
WORKER_KILLS = 5


def the_list(guests: int) -> str:
    """The guests, and three rows that get no message: not a number, twice the same, one who said stop."""
    lines = ["phone;name", *(f"{FIRST + number};Guest {number}" for number in range(guests))]
    lines.insert(guests // 2, "not a number;Nobody")
    lines.insert(guests // 2 + 10, f"{FIRST};Again")
    lines.append("110999999999;Said stop")
    return "\n".join(lines)


def plan(place: Hall, folder: Path, guests: int) -> None:
    """Load the list and keep the plan."""
    source = folder / f"{NAME}.csv"
    source.write_text(the_list(guests))
    _ok(place, "suppress", "add", "110999999999")
    _ok(place, "campaign", "plan", str(source), "--text", "Dear {{name}}", "--spacing", "0s", "--quiet-hours", "none")


def _ok(place: Hall, *words: str) -> str:
    done = place.shell(*words)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def accepted(place: Hall) -> int:
    """How many guests have a message in the outbox."""
    with place.store() as db:
        return int(str(db.scalar("select count(*) from messages")))


def start_and_kill(place: Hall, point: str | None, guests: int, rng: random.Random) -> int:
    """One start of the campaign that does not live long; its exit code."""
    armed = {} if point is None else {"GREENBOT_FAILPOINTS": point}
    before = accepted(place)
    process = subprocess.Popen(
        place.command("campaign", "start", NAME, "--yes"),
        env={**place.environ, **armed},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if point is None:
        more = rng.randrange(1, guests // 10)
        eventually(lambda: accepted(place) >= before + more or process.poll() is not None)
        process.kill()
    return process.wait(PATIENCE_SECONDS)


def send_and_kill(place: Hall, guests: int, rng: random.Random) -> None:
    """Workers send; each but the last is killed in the middle of it."""
    for number in range(WORKER_KILLS):
        worker = place.start_worker(wait=False)
        share = (number + rng.random()) / (WORKER_KILLS + 1)
        eventually(lambda: len(place.executed()) >= share * guests, seconds=PATIENCE_SECONDS)  # noqa: B023 - called at once
        assert place.end(worker, signal.SIGKILL) == -signal.SIGKILL
    place.start_worker()
    eventually(lambda: set(place.states()) == {"accepted"}, seconds=PATIENCE_SECONDS)


def status(place: Hall) -> dict[str, Any]:
    """What `campaign status` says."""
    found: dict[str, Any] = json.loads(_ok(place, "campaign", "status", NAME, "--json"))
    return found


def judge(place: Hall, guests: int, died: list[int], verdict: Verdict) -> None:
    """The simulator's ledger and the campaign's own words."""
    verdict.holds(f"{len(died)} starts and {WORKER_KILLS} workers were killed", so=set(died) == {-signal.SIGKILL})
    with place.store() as db:
        doubts = db.scalar("select count(distinct message_id) from message_log where to_state = 'uncertain'")
    say(f"          {int(str(doubts))} messages were in doubt meanwhile")
    executed = Counter(place.executed())
    verdict.holds(f"{executed.total()} executions, exactly {guests}", so=executed.total() == guests)
    wanted = {(f"{FIRST + number}@c.us", f"Dear Guest {number}") for number in range(guests)}
    verdict.holds("each guest got what was meant for them, once", so=set(executed) == wanted)
    said = {name: status(place)[name] for name in ("state", "guests", "sent", "waiting", "failed", "uncertain")}
    right = {"state": "finished", "guests": guests + 3, "sent": guests, "waiting": 0, "failed": 0, "uncertain": 0}
    verdict.holds(f"the status says {said}", so=said == right)
    _judge_report(place, guests, verdict)


def _judge_report(place: Hall, guests: int, verdict: Verdict) -> None:
    report = [json.loads(line) for line in _ok(place, "campaign", "report", NAME, "--json").splitlines()]
    lines = [row["line"] for row in report]
    verdict.holds("the report has every line of the list, once", so=lines == list(range(2, guests + 5)))
    words = Counter(row["status"] for row in report)
    got = sum(words[word] for word in ("accepted", "sent", "delivered", "read"))
    refused = {word: words[word] for word in ("bad", "duplicate", "suppressed")}
    right = got == guests and refused == {"bad": 1, "duplicate": 1, "suppressed": 1} and words.total() == guests + 3
    verdict.holds(f"the report says {dict(words)}", so=right)
    entries = place.simulator.call(lambda: place.simulator.world.ledger.executions(method="sendMessage"))
    ids = {str(entry.chat_id): entry.id_message for entry in entries}
    reported = {row["chat_id"]: row["remote_id"] for row in report if row["remote_id"]}
    verdict.holds("every id in it is the one of that guest's message", so=reported == ids)


def main(arguments: list[str]) -> int:
    """The whole run."""
    parser = argparse.ArgumentParser(prog="verify-campaign")
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    given = parser.parse_args(arguments)

    def proof(folder: Path, verdict: Verdict) -> None:
        rng = random.Random(given.seed)
        say(f"seed {given.seed}, {given.guests} guests")
        with hall(folder) as place:
            plan(place, folder, given.guests)
            died = [start_and_kill(place, point, given.guests, rng) for point in STARTS]
            _ok(place, "campaign", "start", NAME, "--yes")
            send_and_kill(place, given.guests, rng)
            judge(place, given.guests, died, verdict)

    return prove("verify-campaign", proof)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
