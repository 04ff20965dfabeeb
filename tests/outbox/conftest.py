import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenbot.api.inline import run_inline
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.chat_id import parse_chat_id
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.deliver import deliver
from greenbot.outbox.delivery import Delivery
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


ACCEPTED = Outcome(cls=OutcomeClass.ACCEPTED, reason="accepted", remote_id="BAE5", status=200)
Happening = Outcome | BaseException | Callable[[], Outcome]


class Line:
    """A client whose one exchange does what the test says, and counts how often it was asked."""

    def __init__(self, happening: Happening = ACCEPTED, *, suspends: bool = False) -> None:
        self.happening = happening
        self.suspends = suspends
        self.asked: list[tuple[str, dict[str, object], object]] = []

    async def exchange(
        self, endpoint: object, params: dict[str, object], *, file: object = None, on_progress: object = None
    ) -> Outcome:
        self.asked.append((getattr(endpoint, "name", ""), params, file))
        if self.suspends:
            await asyncio.sleep(0)
        if isinstance(self.happening, BaseException):
            raise self.happening
        return self.happening if isinstance(self.happening, Outcome) else self.happening()


Send = Callable[..., Delivery]


@pytest.fixture
def send(db: Db, owner: Owner, clock: ManualClock) -> Send:
    """Deliver as a shell command does: without an event loop."""

    def run(message: Message, line: Line, **how: object) -> Delivery:
        return run_inline(deliver(db, message.id, client=line, owner=owner, clock=clock, **how))  # type: ignore[arg-type]  # rows of tests

    return run
