"""A process of its own that delivers what is due, and ends: `python -m tests.hooks.process STORE RUN_DIR SECRETS`."""

import asyncio
import random
import sys
from pathlib import Path

from greenbot.clock import SystemClock
from greenbot.db.connect import connect
from greenbot.handlers import Bot, Reply, part
from greenbot.hooks.dispatcher import Dispatcher
from greenbot.hooks.keyfiles import KeyFiles
from greenbot.hooks.web import WebCarrier
from greenbot.messages.incoming.model import MessageEvent, Text
from greenbot.outbound.guard import Policy, parse_allowed
from greenbot.outbox.owner import Owner

bot = Bot("desk")


@bot.on(Text)
def answer(event: MessageEvent, reply: Reply) -> None:
    reply("Hello")


def main(store: str, run_dir: str, secrets: str) -> None:
    clock = SystemClock()
    db = connect(Path(store), clock=clock)
    policy = Policy(allow=(parse_allowed("127.0.0.1"),))
    carry = WebCarrier(policy=lambda: policy, secrets_of=KeyFiles(Path(secrets), clock).of, clock=clock)
    with Owner(Path(run_dir)) as owner:
        parts = [
            part(bot, db, owner, clock),
            Dispatcher(db, owner=owner, clock=clock, rng=random.Random(1), carriers={"url": carry}),
        ]
        for each in parts:
            asyncio.run(each.once())
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
