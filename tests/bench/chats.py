"""Twenty thousand conversations cost no more to look at than one thousand: `python -m tests.bench.chats`.

Two stores, each conversation with fifty entries and a message of ours, are asked the same in turns. The ratio of the
medians is what counts. Leaves with 1 when anything takes more than twice as long in the large store.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from greenbot.chats import conversation, find
from greenbot.chats.conversation import Part
from greenbot.chats.find import Filters
from greenbot.chats.search import Wanted, search
from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect

FEW, MANY, ENTRIES = 1_000, 20_000, 50
LIMIT = 2.0
#: A difference below this says nothing: it is the timer's own.
FLOOR_SECONDS = 0.0005
HOTELS = ("kyiv", "lviv", "odesa", "dnipro", "poltava")
_WORDS = ("breakfast", "pool", "room", "key", "taxi", "towel", "invoice", "parking", "sauna", "terrace")
_START_MS = 1_780_000_000_000
_BATCH = 500

CHAT = """
insert into chats (id, instance, chat_id, kind, name, name_key, last_at_ms, last_direction,
                   unanswered_since_ms, waiting, closed_at_ms, assignee)
values (:id, :instance, :chat_id, 'person', :name, :name, :at, 'in', :since, :waiting, :closed, :assignee)
"""
ENTRY = """
insert into chat_entries (chat, instance, wire_chat_id, remote_id, direction, at_ms, kind, text, waits)
values (:chat, :instance, :chat_id, :remote_id, :direction, :at, 'text', :text, 0)
"""
MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values (:instance, :chat_id, 'text', 'sendMessage', :draft, 'f', 'd', :at, :at)
"""

Ask = Callable[[Db], object]


def fill(db: Db, chats: int) -> None:
    """The same conversations in both stores, as far as they go; every tenth guest waits for an answer."""
    for begin in range(1, chats + 1, _BATCH):
        with db.write(durable=False) as tx:
            for number in range(begin, min(begin + _BATCH, chats + 1)):
                instance, chat_id = HOTELS[number % len(HOTELS)], f"38067{number:07}@c.us"
                at_ms = _START_MS + number * 1000
                waits = number % 10 == 0
                tx.run(
                    CHAT,
                    id=number,
                    instance=instance,
                    chat_id=chat_id,
                    name=f"guest {number}",
                    at=at_ms,
                    since=at_ms if waits else None,
                    waiting=int(waits),
                    closed=at_ms if number % 7 == 0 else None,
                    assignee="olena" if number % 5 == 0 else None,
                )
                for line in range(ENTRIES):
                    tx.run(
                        ENTRY,
                        chat=number,
                        instance=instance,
                        chat_id=chat_id,
                        remote_id=f"R{number}-{line}",
                        direction="in" if line % 2 else "phone",
                        at=at_ms - (ENTRIES - line) * 1000,
                        text=f"{_WORDS[(number + line) % len(_WORDS)]} for guest{number} line {line}",
                    )
                tx.run(MESSAGE, instance=instance, chat_id=chat_id, draft='{"text": "we answer"}', at=at_ms)


def asks(number: int) -> dict[str, Ask]:
    """What people ask, about a conversation that both stores have."""

    def thread(db: Db) -> object:
        chat = find.by_id(db, number)
        assert chat is not None, "filled"
        return conversation.read(db, chat, Part(most=50))

    def export(db: Db) -> object:
        chat = find.by_id(db, number)
        assert chat is not None, "filled"
        return conversation.read(db, chat)

    def in_chat(db: Db) -> object:
        return search(db, Wanted(text="pool", chat=find.by_id(db, number)))

    return {
        "list": lambda db: find.listed(db, Filters()),
        "list unanswered": lambda db: find.listed(db, Filters(unanswered=True)),
        "list of an instance": lambda db: find.listed(db, Filters(instance="kyiv")),
        "list closed": lambda db: find.listed(db, Filters(state="closed")),
        "list of a person": lambda db: find.listed(db, Filters(assignee="olena")),
        "find by name": lambda db: find.by_name(db, f"guest {number}"),
        "show": thread,
        "export": export,
        "search a common word": lambda db: search(db, Wanted(text="breakfast")),
        "search a rare word": lambda db: search(db, Wanted(text=f"guest{number}")),
        "search a beginning": lambda db: search(db, Wanted(text=f"guest{number}*")),
        "search in a chat": in_chat,
    }


def measure(few: Db, many: Db, *, rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each question in the small and the large store."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in asks(1)}
    for number in range(100, 100 + rounds):
        for name, ask in asks(number).items():
            for db, seconds in zip((few, many), taken[name], strict=True):
                begun = time.perf_counter()
                ask(db)
                seconds.append(time.perf_counter() - begun)
    return {name: (statistics.median(a), statistics.median(b)) for name, (a, b) in taken.items()}


def main() -> int:
    """Fill, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--many", type=int, default=MANY)
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = []
        for chats in (FEW, given.many):
            db = connect(Path(folder) / str(chats) / "greenbot.db", clock=SystemClock())
            stack.callback(db.close)
            fill(db, chats)
            stores.append(db)
        for name, (few, many) in measure(stores[0], stores[1], rounds=given.rounds).items():
            ratio = max(many, FLOOR_SECONDS) / max(few, FLOOR_SECONDS)
            verdict = "ok" if ratio <= LIMIT else "TOO SLOW"
            failed |= ratio > LIMIT
            sys.stdout.write(f"{name:<24}{few * 1000:8.2f} ms {many * 1000:8.2f} ms {ratio:6.2f} x  {verdict}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
