"""A store of its own for each test, and bodies as GREEN-API sends them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.inbox.arrival import Arrival, Kept, Source
from greenbot.inbox.intake import keep

ID = "1101000001"
EXPECTED = {"kyiv": ID, "odesa": "1101000002"}
GUEST = "380441234567@c.us"
OTHER_GUEST = "380447654321@c.us"
NOW_MS = 1_790_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "greenbot.db"


@pytest.fixture
def db(path: Path, clock: ManualClock) -> Iterator[Db]:
    store = connect(path, clock=clock)
    yield store
    store.close()


def body(**fields: object) -> bytes:
    """Any notification of the instance `kyiv`."""
    wire = {
        "instanceData": {"idInstance": int(ID), "wid": "11001234567@c.us", "typeInstance": "whatsapp"},
        "timestamp": NOW_MS // 1000,
    }
    return json.dumps(wire | fields).encode()


def text(number: int | str = 1, chat_id: str = GUEST, words: str = "Hello", **fields: object) -> bytes:
    """A guest's text."""
    wire: dict[str, object] = {
        "typeWebhook": "incomingMessageReceived",
        "idMessage": f"3EB0{number}",
        "senderData": {"chatId": chat_id, "sender": chat_id, "senderName": "Olena"},
        "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": words}},
    }
    return body(**(wire | fields))


def status(number: int | str = 1, word: str = "sent", **fields: object) -> bytes:
    """How far a message of ours came."""
    wire: dict[str, object] = {
        "typeWebhook": "outgoingMessageStatus",
        "chatId": GUEST,
        "idMessage": f"BAE5{number}",
        "status": word,
        "sendByApi": True,
    }
    return body(**(wire | fields))


def state(word: str = "authorized", **fields: object) -> bytes:
    """The instance's state."""
    return body(typeWebhook="stateInstanceChanged", stateInstance=word, **fields)


def arrival(raw: bytes, instance: str = "kyiv", *, source: Source = "webhook", received_at_ms: int = NOW_MS) -> Arrival:
    return Arrival(instance=instance, raw=raw, source=source, received_at_ms=received_at_ms)


Take = Callable[..., list[Kept]]


@pytest.fixture
def take(db: Db, clock: ManualClock) -> Take:
    """Keep bodies, all in one transaction, for the instance `kyiv` unless said otherwise."""

    def keep_them(*bodies: bytes, instance: str = "kyiv", source: Source = "webhook") -> list[Kept]:
        arrivals = [arrival(raw, instance, source=source, received_at_ms=clock.now_ms()) for raw in bodies]
        return keep(db, arrivals, clock=clock, expected_ids=EXPECTED)

    return keep_them
