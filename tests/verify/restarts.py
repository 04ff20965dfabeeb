"""Nothing goes wrong, but workers are restarted all the time: every message is carried out exactly once.

    python -m tests.verify.restarts                      20,000 messages, 4 workers, each restarted every few seconds
    python -m tests.verify.restarts --messages 100000

The simulator's ledger is the judge. Every restart is a SIGTERM, as a service manager does it, so nobody
may even be in doubt about a message.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from tests.outbox.processes import Hall, hall
from tests.verify.verdict import Verdict, prove, say

WORKERS = 4
CHATS = 400
BATCH = 500
#: Somebody is restarted so often; each worker every four times that.
RESTART_SECONDS = 1.0
#: Accepted and not sent yet: enough for all workers, little enough that they are restarted while there is work.
MOST_WAITING = 2_000
PATIENCE_SECONDS = 600.0

OPEN = "select count(*) from messages where state in ('queued', 'claimed', 'sending', 'uncertain')"
DOUBTS = "select count(*) from message_log where to_state = 'uncertain'"
WORKED = "select count(distinct actor) from message_log where to_state = 'sending'"


def count(place: Hall, sql: str) -> int:
    """The one number that this question comes to."""
    with place.store() as db:
        return int(str(db.scalar(sql)))


def send_all(place: Hall, messages: int) -> int:
    """Accept all messages bit by bit while workers are restarted in turn; how often that was."""
    workers = [place.start_worker(wait=False) for _ in range(WORKERS)]
    accepted, restarts = 0, 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    next_at = time.monotonic() + RESTART_SECONDS
    while (waiting := count(place, OPEN)) or accepted < messages:
        assert time.monotonic() < deadline, f"{waiting} of {accepted} messages are still open"
        while accepted < messages and waiting < MOST_WAITING:
            part = min(BATCH, messages - accepted)
            place.accept(part, chats=CHATS, first=accepted)
            accepted, waiting = accepted + part, waiting + part
        if time.monotonic() >= next_at:
            assert place.end(workers.pop(0)) == 0, "a worker did not end in peace"
            workers.append(place.start_worker(wait=False))
            restarts, next_at = restarts + 1, time.monotonic() + RESTART_SECONDS
        time.sleep(0.05)
    for worker in workers:
        place.end(worker)
    return restarts


def overtaken(executed: list[tuple[str, str]]) -> int:
    """How many messages came before an older one of their chat."""
    last: dict[str, int] = {}
    early = 0
    for chat, text in executed:
        number = int(text.split()[-1])
        early += last.get(chat, -1) >= number
        last[chat] = number
    return early


def judge(place: Hall, messages: int, restarts: int, verdict: Verdict) -> None:
    """The ledger against what was accepted."""
    executed = place.executed()
    times = Counter(text for _, text in executed)
    seconds = time.monotonic() - verdict.begun_at
    processes = count(place, WORKED)
    say(f"{messages} messages in {seconds:.0f} s, {restarts} restarts, {processes} processes sent some of them")
    verdict.holds(f"{len(executed)} executions, exactly {messages}", so=len(executed) == messages)
    verdict.holds("each message exactly once", so=set(times.values()) == {1} and len(times) == messages)
    verdict.holds("all are accepted", so=place.states() == {"accepted": messages})
    verdict.holds("nobody was ever in doubt", so=count(place, DOUBTS) == 0)
    verdict.holds("none was overtaken in its chat", so=overtaken(executed) == 0)
    verdict.holds("workers were restarted while there was work", so=restarts >= WORKERS and processes > WORKERS)


def main(arguments: list[str]) -> int:
    """The whole run."""
    parser = argparse.ArgumentParser(prog="verify-restarts")
    parser.add_argument("--messages", type=int, default=20_000)
    messages = parser.parse_args(arguments).messages

    def proof(folder: Path, verdict: Verdict) -> None:
        with hall(folder) as place:
            restarts = send_all(place, messages)
            judge(place, messages, restarts, verdict)

    return prove("verify-restarts", proof)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
