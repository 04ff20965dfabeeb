"""A queue to work on: messages put into the store of a desk, without anything that would send them."""

from collections.abc import Iterator
from contextlib import contextmanager

from greenbot.chat_id import parse_chat_id
from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.messages.outgoing import Text
from greenbot.outbox.claims import Claim, claim, mark_sending, release
from greenbot.outbox.decide import Change
from greenbot.outbox.message import Message, NewMessage
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import enqueue, get
from tests.cli.harness import Desk

CLOCK = SystemClock()


@contextmanager
def store_of(desk: Desk) -> Iterator[Db]:
    desk.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = connect(desk.store, clock=CLOCK)
    yield db
    db.close()


def queue(desk: Desk, *, count: int = 1, text: str = "Room 1203 is ready.", **fields: object) -> list[int]:
    """Accept messages to as many guests; their numbers."""
    with store_of(desk) as db:
        return [_enqueue(db, number, text, fields).id for number in range(count)]


def _enqueue(db: Db, number: int, text: str, fields: dict[str, object]) -> Message:
    draft = Text(chat_id=parse_chat_id(f"3804400{number:05d}"), text=text)
    return enqueue(db, NewMessage(**{"instance": "default", "draft": draft, **fields}), CLOCK)  # type: ignore[arg-type]  # rows of tests


def lead(desk: Desk, message_id: int, state: State, *, cause: str | None = None) -> None:
    """Bring a queued message to failed or uncertain, as a worker would have."""
    reasons = {State.FAILED: Reason.NOT_SENT, State.UNCERTAIN: Reason.AMBIGUOUS, State.ACCEPTED: Reason.RESPONSE}
    with store_of(desk) as db:
        held = claim(db, message_id, owner="worker", clock=CLOCK, may_overtake=True)
        assert isinstance(held, Claim)
        held = mark_sending(db, held, clock=CLOCK)
        assert release(db, held, Change(state=state, reason=reasons[state], cause=cause), clock=CLOCK)


def state_of(desk: Desk, message_id: int) -> str:
    """Where a message is now."""
    with store_of(desk) as db:
        return get(db, message_id).state.value
