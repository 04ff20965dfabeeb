"""Following one message while others work on it. Costs next to nothing: the row is read only after a commit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from greenbot.clock import Clock
from greenbot.outbox.message import Message
from greenbot.outbox.states import ENDS, State
from greenbot.outbox.table import get

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: How far a sender wants his message to have come.
Goal = Literal["accepted", "sent", "delivered", "read"]
GOALS: tuple[Goal, ...] = ("accepted", "sent", "delivered", "read")

#: A worker answers within milliseconds, GREEN-API within a second, a guest's phone when it likes.
_LOOKS = ((0.5, 0.002), (5.0, 0.01), (float("inf"), 0.1))
_ATTENDANCE_SECONDS = 0.25


def reached(message: Message, goal: Goal) -> bool:
    """Whether the message has come as far as its sender wants."""
    if message.state not in (State.ACCEPTED, State.DELIVERED, State.STALLED):
        return False
    return goal == "accepted" or (message.delivery is not None and GOALS.index(message.delivery) >= GOALS.index(goal))


def settled(message: Message, goal: Goal) -> bool:
    """Whether waiting on makes no sense: it got there, or it will not get there soon or ever."""
    return reached(message, goal) or message.state in (*ENDS, State.UNCERTAIN, State.STALLED)


def follow(
    db: "Db", message_id: int, clock: Clock, *, goal: Goal, seconds: float, attended: Callable[[Message], bool]
) -> Message:
    """The message when it is settled, when `seconds` are over, or when `attended` says that nobody is at work on it.

    `attended` is asked a few times a second. Blocks this thread. Raises UnknownMessage, Busy, StoreError.
    """
    begun = clock.monotonic()
    asked_at, version = begun, db.scalar("pragma data_version")
    message = get(db, message_id)
    while not settled(message, goal) and (elapsed := clock.monotonic() - begun) < seconds:
        if clock.monotonic() - asked_at >= _ATTENDANCE_SECONDS:
            asked_at = clock.monotonic()
            if not attended(message):
                break
        clock.sleep(min(seconds - elapsed, next(pause for until, pause in _LOOKS if elapsed < until)))
        if version != (version := db.scalar("pragma data_version")):
            message = get(db, message_id)
    return message
