"""Starts `greenbot serve` again and again without importing it each time: a process that forks its children.

    python -m tests.verify.nursery wal|truncate honest|ack-first PORT

For each line on stdin it forks one service and writes its process id. Every event has an effect here that is
not idempotent, so a second one would show.
"""

import os
import signal
import sys

from greenbot import failpoints
from greenbot.db import driver
from greenbot.db.connect import Tx
from greenbot.inbox import pace
from greenbot.inbox.arrival import Answer, Arrival, Kept
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.group import GroupCommit
from greenbot.inbox.states import State
from greenbot.messages.incoming.model import Incoming

#: A library with the WAL-reset bug: greenbot keeps its store in TRUNCATE mode then.
OLD_SQLITE = (3, 40, 1)
EFFECTS = "create table if not exists verify_effects (event_id integer not null)"


def count(tx: Tx, event: StoredEvent, incoming: Incoming) -> None:
    """An effect that shows how often it happened."""
    tx.run("insert into verify_effects values (:id)", id=event.id)


def add_counting_effect() -> None:
    """Let every processor of this process count, too."""
    from greenbot import effects

    real = effects.effects_of

    def counted(*arguments: object, **rest: object) -> tuple[object, ...]:
        return (*real(*arguments, **rest), count)  # type: ignore[arg-type]  # handed on as they came

    effects.effects_of = counted  # type: ignore[assignment]  # what it returns is the same and one more


def answer_first() -> None:
    """The mistake this harness must catch: say 200, then store."""
    real = GroupCommit.submit

    def submit(self: GroupCommit, arrival: Arrival, answer: Answer) -> None:
        real(self, arrival, lambda result: None)
        answer(Kept(event_id=0, is_duplicate=False, state=State.STORED))

    GroupCommit.submit = submit  # type: ignore[method-assign]  # for this process


def serve(port: str, plan: str) -> None:
    """One service, until it is killed."""
    from greenbot.cli.main import main

    # The plan is read when the module is loaded, which was before the fork.
    failpoints._plan.update(failpoints.read_plan(plan))
    os._exit(int(main(["serve", "--port", port, "--no-worker", "--no-hooks", "--quiet"])))


def prepare(mode: str, way: str) -> None:
    """Everything a child needs, imported and changed before the first fork."""
    import greenbot.cli.serve
    import greenbot.cli.serve_run
    import greenbot.serving.service
    import greenbot.wiring  # noqa: F401 - loaded once instead of in every child
    from greenbot.serving.ahead import import_parts

    import_parts()
    # Killed in commits of the thread, which are the first ones, and in those of the loop.
    pace.MEMORY, pace.LEAST_EVENTS = 2, 0
    pace.QUICK_SECONDS = pace.SLOW_SECONDS = pace.STUCK_SECONDS = float("inf")
    if mode == "truncate":
        driver.version = OLD_SQLITE
    if way == "ack-first":
        answer_first()
    add_counting_effect()


def main(arguments: list[str]) -> None:
    """Fork one child for each line; a line may carry failpoints."""
    mode, way, port = arguments
    prepare(mode, way)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1):
                os.dup2(nowhere, stream)
            serve(port, line.strip())
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
