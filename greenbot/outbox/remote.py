"""What GREEN-API shows of one instance at one moment: its state, then its queue, then its journal.

In this order, because a message goes from the queue to the journal: read the other way round, one
that moves meanwhile is in neither.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from greenbot import failpoints
from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.outcome import OutcomeClass
from greenbot.clock import Clock
from greenbot.outbox.appearance import Sighting, of_journal, of_queue
from greenbot.resilience.limiter import reserve, slow_down, when_due
from greenbot.resilience.limits import method_scope
from greenbot.resilience.lines import Lines
from greenbot.resilience.retry import Rng

if TYPE_CHECKING:
    from greenbot.api.endpoint import Endpoint
    from greenbot.api.outcome import Outcome

#: GREEN-API docs: ShowMessagesQueue shows the first 500; a longer queue hides the rest.
QUEUE_LIMIT = 500
#: Journals stop somewhere near this many entries.
JOURNAL_LIMIT = 10_000


class Asker(Protocol):
    """What is needed of a client: one call, one outcome."""

    async def exchange(self, endpoint: "Endpoint", params: Mapping[str, object]) -> "Outcome": ...


Sleep = Callable[[float], Awaitable[None]]
Ask = Callable[[str, Mapping[str, object]], Awaitable["Outcome"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One reading. What could not be read is None, and `problem` says why.

    `waiting`: how many messages GREEN-API says are in its queue; it never shows the next one to leave.
    """

    state: "Outcome | None" = None
    queue: tuple[Sighting, ...] | None = None
    waiting: int | None = None
    journal: tuple[Sighting, ...] | None = None
    stories: tuple[Sighting, ...] | None = None
    problem: str = ""

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """Everything that was seen, wherever."""
        return (*(self.queue or ()), *(self.journal or ()), *(self.stories or ()))

    @property
    def hides_one(self) -> bool:
        """Whether the queue holds a message it does not show."""
        if self.queue is None or self.waiting is None:
            return True
        return self.waiting > len({one.remote_id for one in self.queue})

    @property
    def gap(self) -> str:
        """Why this reading cannot show that a message is nowhere; empty when it can."""
        if self.problem or self.queue is None or self.waiting is None or self.journal is None:
            return self.problem or "not everything could be read"
        if max(len(self.queue), self.waiting) >= QUEUE_LIMIT:
            return f"GREEN-API's queue is too long to be shown ({self.waiting})"
        if len(self.journal) >= JOURNAL_LIMIT:
            return "the journal is too long to be shown"
        return ""


@dataclass(slots=True, kw_only=True)
class Reader:
    """Asks for one instance, within the limits that all processes of the machine keep together."""

    instance: str
    client: Asker
    clock: Clock
    lines: Lines | None = None
    rng: Rng | None = None
    sleep: Sleep = asyncio.sleep
    calls: int = field(default=0, init=False)

    async def ask(self, method: str, params: Mapping[str, object] | None = None) -> "Outcome":
        """One call, made when its turn has come."""
        endpoint = ENDPOINTS[method]
        self.calls += 1
        if self.lines is None:
            return await self.client.exchange(endpoint, params or {})
        scopes = [method_scope(self.instance, method, method_rate=endpoint.rate_per_second)]
        reservation = reserve(self.lines, scopes, self.clock)
        while wait_ms := reservation.wait_ms(self.clock):
            await self.sleep(wait_ms / 1000)
            reservation = when_due(self.lines, reservation, self.clock)
        outcome = await self.client.exchange(endpoint, params or {})
        if outcome.cls is OutcomeClass.LIMITED and self.rng is not None:
            wait_seconds = outcome.retry_after_seconds
            slow_down(self.lines, reservation, self.clock, retry_after_seconds=wait_seconds, rng=self.rng)
        return outcome


def account_of(outcome: "Outcome | None") -> str:
    """GREEN-API's word for the state of the instance; empty when it gave none."""
    data = None if outcome is None or not outcome.succeeded else outcome.data
    word = data.get("stateInstance") if isinstance(data, Mapping) else None
    return word if isinstance(word, str) else ""


async def read_remote(ask: Ask, *, minutes: int, stories: bool) -> Remote:
    """Read state, queue and journal, in this order; stop at the first thing that cannot be read."""
    state = await ask("getStateInstance", {})
    seen = Remote(state=state)
    if not state.succeeded:
        return replace(seen, problem=_problem("getStateInstance", state))
    if account_of(state) != "authorized":
        return replace(seen, problem=f"the instance is {account_of(state) or 'starting'}")
    queue = await ask("showMessagesQueue", {})
    if not queue.succeeded:
        return replace(seen, problem=_problem("showMessagesQueue", queue))
    seen = replace(seen, queue=tuple(of_queue(queue.data)))
    failpoints.hit("rec.after_queue")
    count = await ask("getMessagesCount", {})
    if not count.succeeded:
        return replace(seen, problem=_problem("getMessagesCount", count))
    seen = replace(seen, waiting=_count(count.data))
    return await _with_journal(ask, seen, minutes=minutes, stories=stories)


async def read_journal(ask: Ask, *, minutes: int) -> Remote:
    """The journal alone: for statuses, which need nothing else."""
    return await _with_journal(ask, Remote(), minutes=minutes, stories=False)


async def _with_journal(ask: Ask, seen: Remote, *, minutes: int, stories: bool) -> Remote:
    journal = await ask("lastOutgoingMessages", {"minutes": minutes})
    if not journal.succeeded:
        return replace(seen, problem=_problem("lastOutgoingMessages", journal))
    seen = replace(seen, journal=tuple(of_journal(journal.data)))
    failpoints.hit("rec.after_journal")
    if not stories:
        return seen
    posted = await ask("getOutgoingStatuses", {"minutes": minutes})
    if not posted.succeeded:
        return replace(seen, problem=_problem("getOutgoingStatuses", posted))
    # Stories carry no `sendByApi`; content, time and an id nobody has are all there is.
    return replace(seen, stories=tuple(replace(one, send_by_api=True) for one in of_journal(posted.data)))


def _count(data: object) -> int | None:
    # GREEN-API docs: the key is printed with a Cyrillic letter on some pages; servers were seen to answer with both.
    if not isinstance(data, Mapping):
        return None
    found = data.get("count", data.get("\u0441ount"))
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _problem(method: str, outcome: "Outcome") -> str:
    return f"{method}: {outcome.detail or outcome.reason}"
