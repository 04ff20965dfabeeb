"""How far one message has come: waiting until it is where its sender wants it, and what to say if it is not.

    message = await assured(db, message_id, "delivered", seconds=60, client=client, clock=clock)

raises what the command leaves with when it is not there: 6 (it will not get there), 7 (unknown), 8 (not yet).

Notifications tell statuses at once where a service receives them. Where nobody does, GREEN-API is
asked for this one message, at growing intervals and far below its limit.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.errors import GreenbotError, NotSent, OutcomeUnknown, StillPending
from greenbot.outbox import statuses
from greenbot.outbox.appearance import of_journal
from greenbot.outbox.decide import INTERRUPTED
from greenbot.outbox.message import Message
from greenbot.outbox.remote import Asker
from greenbot.outbox.states import ENDS, State
from greenbot.outbox.table import get
from greenbot.outbox.watch import Goal, reached, settled

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: GREEN-API allows ten of these questions a second for an instance (GREEN-API docs: GetMessage); many shells may wait.
FIRST_ASK_SECONDS = 1.0
MOST_ASK_SECONDS = 5.0
_LOOK_SECONDS = 0.1
#: Of these GREEN-API tells no status.
UNTOLD = ("typing", "text_status", "voice_status", "media_status", "reaction")


def always(message: Message) -> bool:
    """Somebody is at work on it."""
    return True


async def assured(db: "Db", message_id: int, goal: Goal, *, seconds: float, client: Asker, clock: Clock) -> Message:
    """The message once it is as far as `goal`. Raises NotSent, OutcomeUnknown or StillPending when it is not.

    For a message that GREEN-API accepted, or that somebody else works on; see `wait_for`.
    """
    message = await wait_for(db, message_id, goal, seconds=seconds, client=client, clock=clock)
    error = shortfall(message, goal)
    if error is not None:
        raise error
    return message


async def wait_for(
    db: "Db",
    message_id: int,
    goal: Goal,
    *,
    seconds: float,
    client: Asker,
    clock: Clock,
    attended: Callable[[Message], bool] = always,
) -> Message:
    """The message when it is as far as `goal`, or will not get there, or `seconds` are over.

    `attended` says whether somebody still works on a message that has not been accepted. Blocks the
    thread between questions, and needs no event loop with an inline client. Raises UnknownMessage,
    Busy, StoreError.
    """
    deadline = clock.monotonic() + seconds
    ask_seconds = FIRST_ASK_SECONDS
    ask_at = clock.monotonic() + ask_seconds
    message = get(db, message_id)
    while not _is_over(message, goal) and (left := deadline - clock.monotonic()) > 0 and attended(message):
        clock.sleep(min(_LOOK_SECONDS, left))
        if clock.monotonic() >= ask_at:
            ask_seconds = min(MOST_ASK_SECONDS, ask_seconds * 1.5)
            ask_at = clock.monotonic() + ask_seconds
            await refresh(db, message, client=client, clock=clock)
        message = get(db, message_id)
    return message


async def refresh(db: "Db", message: Message, *, client: Asker, clock: Clock) -> statuses.Applied:
    """Ask GREEN-API how far one accepted message is, and write it down. Never raises for what happens on the wire.

    Raises Busy, StoreError, and KeyboardInterrupt when that ended the question.
    """
    if message.remote_id is None or message.state in ENDS:
        return "unknown"
    params = {"chatId": message.chat_id, "idMessage": message.remote_id}
    answer = await client.exchange(ENDPOINTS["getMessage"], params)
    if answer.reason == INTERRUPTED:
        # A client turns Ctrl-C into an outcome; here there is nothing to write down before it goes on.
        raise KeyboardInterrupt
    same = [one for one in of_journal(answer.data) if one.remote_id == message.remote_id]
    news = statuses.news_of(same[0]) if answer.succeeded and same else None
    if news is None:
        return "unknown"
    if statuses.step(message.state, message.delivery, news) is None:
        return "known"
    return statuses.apply(db, message.instance, news, clock=clock, actor="shell")


def shortfall(message: Message, goal: Goal) -> GreenbotError | None:
    """What to tell a sender whose message is not as far as wanted; None when it is."""
    if reached(message, goal):
        return None
    hint = f"See it with: greenbot outbox show {message.id}"
    where = {"message_id": message.id, "instance": message.instance}
    if message.state is State.UNCERTAIN:
        return OutcomeUnknown(**where)  # type: ignore[arg-type]  # two keywords of two types
    if message.state in ENDS:
        words = " ".join(filter(None, (message.cause, message.detail)))
        said = f"Message {message.id} is {message.state}" + (f": {words}." if words else ".")
        return NotSent(said, hint=hint, **where)  # type: ignore[arg-type]  # as above
    if message.kind in UNTOLD and goal != "accepted":
        return StillPending(f"GREEN-API tells nothing further about a {message.kind}.", hint=hint, **where)  # type: ignore[arg-type]  # as above
    return StillPending(f"Message {message.id} is {message.status}, not {goal} yet.", hint=hint, **where)  # type: ignore[arg-type]  # as above


def _is_over(message: Message, goal: Goal) -> bool:
    untold = message.kind in UNTOLD and message.state is State.ACCEPTED
    return untold or settled(message, goal)
