"""A store with events in it, and hooks that wait for them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db, connect
from greenbot.hooks import table
from greenbot.hooks.claims import Attempted
from greenbot.hooks.dispatcher import Dispatcher
from greenbot.hooks.hook import Hook, Rule
from greenbot.hooks.job import Carry, Job
from greenbot.hooks.queue import EVENT, enqueue
from greenbot.inbox.arrival import Arrival
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.intake import keep
from greenbot.messages.incoming.parse import parse
from greenbot.outbox.owner import Owner

GUEST, OTHER = "380441234567@c.us", "380671112233@c.us"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock) -> Iterator[Db]:
    store = connect(tmp_path / "state" / "greenbot.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    with Owner(tmp_path / "run", owner_id="me") as mine:
        yield mine


@pytest.fixture
def by(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


def text_event(text: str = "Hello", *, chat: str = GUEST, remote_id: str = "A1", type_: str = "", at: int = 0) -> bytes:
    """A guest's text as GREEN-API sends it."""
    return json.dumps(
        {
            "typeWebhook": type_ or "incomingMessageReceived",
            "instanceData": {"idInstance": 1101000001, "wid": "11001234567@c.us", "typeInstance": "whatsapp"},
            "timestamp": at or 1790000000,
            "idMessage": remote_id,
            "senderData": {"chatId": chat, "sender": chat, "chatName": "Guest", "senderName": "Guest"},
            "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": text}},
        }
    ).encode()


@dataclass
class House:
    """The store, and short ways to let things happen in it."""

    db: Db
    clock: ManualClock
    owner: Owner
    by: Operator
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    arrivals: int = 0

    def add(self, name: str = "crm", **fields: Any) -> Hook:
        wanted = {"kind": "url", "target": ("https://crm.example.com/in",)} | fields
        return table.add(self.db, Rule(name=name, **wanted), self.by)

    def arrive(self, raw: bytes, instance: str = "kyiv") -> int:
        """An event comes in and is processed; its id."""
        arrival = Arrival(instance=instance, raw=raw, source="webhook", received_at_ms=self.clock.now_ms())
        (kept,) = keep(self.db, [arrival], clock=self.clock, expected_ids={})
        event = self.event(kept.event_id)
        with self.db.write() as tx:
            enqueue(tx, event, parse(raw), tags=lambda name: ("coast",) if name == "odesa" else ())
        return kept.event_id

    def text(self, text: str = "", *, chat: str = GUEST, instance: str = "kyiv") -> int:
        """A guest writes; texts are numbered where none is given."""
        self.arrivals += 1
        raw = text_event(text or f"text {self.arrivals}", chat=chat, remote_id=f"R{self.arrivals}")
        return self.arrive(raw, instance)

    def event(self, event_id: int) -> StoredEvent:
        row = self.db.one(EVENT, id=event_id)
        assert row is not None
        return StoredEvent.from_row(row)

    def dispatcher(self, carry: Carry, **more: Any) -> Dispatcher:
        carriers = more.pop("carriers", {"url": carry, "command": carry})
        made: dict[str, Any] = {"owner": self.owner, "clock": self.clock, "rng": self.rng} | more
        return Dispatcher(self.db, carriers=carriers, **made)

    def states(self, hook: str = "crm") -> dict[str, int]:
        rows = self.db.all(
            "select state, count(*) as n from hook_deliveries where hook_id = (select id from hooks where name = :hook)"
            " group by state",
            hook=hook,
        )
        return {row["state"]: row["n"] for row in rows}

    def attempts(self) -> list[tuple[str | None, int | None]]:
        return [(row["outcome"], row["status"]) for row in self.db.all("select * from hook_attempts order by id")]


@pytest.fixture
def house(db: Db, clock: ManualClock, owner: Owner, by: Operator) -> House:
    return House(db=db, clock=clock, owner=owner, by=by)


@dataclass
class Receiver:
    """A target that answers as the test says, and remembers what it took: (webhook id, chat, text)."""

    answer: Attempted = field(default_factory=lambda: Attempted(outcome="ok", words="status 200", status=200))
    asked: list[Job] = field(default_factory=list)
    taken: list[Job] = field(default_factory=list)

    async def __call__(self, job: Job) -> Attempted:
        self.asked.append(job)
        if self.answer.outcome == "ok":
            self.taken.append(job)
        return self.answer

    @property
    def texts(self) -> list[str]:
        return [job.incoming.content.text for job in self.taken]  # type: ignore[union-attr]  # they are texts here


DOWN = Attempted(outcome="failed", words="no connection")
OK = Attempted(outcome="ok", words="status 200", status=200)
