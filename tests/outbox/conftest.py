from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenbot.chat_id import parse_chat_id
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.table import enqueue

GUEST = "380441234567"
OTHER_GUEST = "380447654321"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock) -> Iterator[Db]:
    store = connect(tmp_path / "state" / "greenbot.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def owner(run_dir: Path) -> Iterator[Owner]:
    with Owner(run_dir, owner_id="me") as mine:
        yield mine


def new_text(text: str = "Welcome", to: str = GUEST, **fields: object) -> NewMessage:
    """A text for a guest, accepted by the instance `kyiv` unless said otherwise."""
    draft = Text(chat_id=parse_chat_id(to), text=text)
    return NewMessage(**{"instance": "kyiv", "draft": draft, **fields})  # type: ignore[arg-type]  # rows of tests


Add = Callable[..., Message]


@pytest.fixture
def add(db: Db, clock: ManualClock) -> Add:
    """Accept a text and return its message."""

    def accept(text: str = "Welcome", to: str = GUEST, **fields: object) -> Message:
        return enqueue(db, new_text(text, to, **fields), clock)

    return accept
