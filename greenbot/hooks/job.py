"""One delivery as it is handed to whoever carries it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from greenbot.hooks.claims import Attempted
from greenbot.hooks.hook import Rule
from greenbot.inbox.event import StoredEvent
from greenbot.messages.incoming.model import Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is delivered, for which rule, as which attempt."""

    rule: Rule
    event: StoredEvent
    incoming: Incoming
    webhook_id: str
    body: bytes = field(repr=False)
    attempt: int
    is_test: bool = False


#: Carries one delivery to its end, in its own time limit. It may be cancelled at any moment.
Carry = Callable[[Job], Awaitable[Attempted]]
