"""The traced process: keeps events as `greenbot serve` does, works them, and writes down what it answered.

python -m tests.verify.powerloss_writer FOLDER wal|truncate full|normal EVENTS
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db import driver
from greenbot.db.connect import Db, connect
from greenbot.inbox import checkpoints
from greenbot.inbox.arrival import Arrival, digest_of
from greenbot.inbox.group import GroupCommit
from greenbot.inbox.pace import Pace
from greenbot.inbox.process import Processor
from tests.verify.nursery import EFFECTS, OLD_SQLITE, count

STORE, ACKS = "greenbot.db", "acks"


def body(number: int, rng: random.Random) -> bytes:
    """A guest's text of some length."""
    words = "x" * rng.randrange(20, 3000)
    return (
        f'{{"typeWebhook":"incomingMessageReceived","idMessage":"{number}","senderData":{{"chatId":"38044{number % 7}'
        f'@c.us"}},"messageData":{{"typeMessage":"textMessage","textMessageData":{{"textMessage":"{words}"}}}}}}'
    ).encode()


class Alternating(Pace):
    """The thread and the loop commit in turns: the disk has to have both."""

    def took(self, seconds: float, events: int) -> None:
        self.is_direct = not self.is_direct


async def work(folder: Path, events: int, *, safe: bool) -> None:
    """Hand events in, a few at once, and answer each when it was kept."""
    clock, rng = SystemClock(), random.Random(7)

    def opened() -> Db:
        db = connect(folder / STORE, clock=clock)
        if not safe:
            # The control: what the store refuses to be opened with, set behind its back.
            db.scalar("pragma synchronous = normal")
        return db

    acks = os.open(folder / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    group = GroupCommit(opened, clock, pace=Alternating())
    await group.start()
    db = opened()
    processor = Processor(db, owner="writer", is_alive=lambda name: True, clock=clock, rng=rng, effects=[count])

    async def one(number: int) -> None:
        raw = body(number, rng)
        await group.keep(Arrival("kyiv", raw, "webhook", clock.now_ms()))
        os.write(acks, digest_of(raw))

    number = 0
    while number < events:
        several = rng.randrange(1, 6)
        await asyncio.gather(*(one(number + more) for more in range(several)))
        number += several
        if rng.random() < 0.5:
            processor.work_once()
    await group.close()
    db.close()


def main(arguments: list[str]) -> None:
    """Make the store, then work."""
    folder, mode, safety, events = arguments
    if mode == "truncate":
        driver.version = OLD_SQLITE
    # Checkpoints are where ordering matters most, so there are many.
    checkpoints.EVERY_COMMITS = 5
    checkpoints.MOST_PAGES = 40
    store = connect(Path(folder) / STORE, clock=SystemClock())
    with store.write() as tx:
        tx.run(EFFECTS)
    store.close()
    asyncio.run(work(Path(folder), int(events), safe=safety == "full"))


if __name__ == "__main__":
    main(sys.argv[1:])
