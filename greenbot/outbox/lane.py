"""One instance's line in one worker: it takes the messages whose turn it is and sees each one through.

Order, limits, health and breaker are kept in the store, so any number of workers and shells may work
on the same instance at once.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.facts import OutcomeClass
from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError
from greenbot.logs.notes import note
from greenbot.outbox.batch import Batch
from greenbot.outbox.carrying import Carrying
from greenbot.outbox.claims import release_in
from greenbot.outbox.decide import Change
from greenbot.outbox.deliver import Exchanger
from greenbot.outbox.gate import Gate, OnNews, Rules
from greenbot.outbox.hosts import CLOSED, Hosts
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.states import Reason, State
from greenbot.outbox.turn import Posting, Taken, Turn, gate_of, next_due_ms, next_in_line
from greenbot.resilience.breaker import Admission, queue_until_ms
from greenbot.resilience.health import ask_at_ms
from greenbot.resilience.limiter import Reservation, give_back, reserve, slow_down, when_due
from greenbot.resilience.limits import Scope, method_scope
from greenbot.resilience.lines import Lines
from greenbot.resilience.retry import Rng
from greenbot.resilience.shared_health import change, health_of

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db

T = TypeVar("T")

#: Nothing can change by itself before somebody wakes the lane; it looks all the same.
IDLE_SECONDS = 5.0
_UNUSABLE_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_QUEUE = ENDPOINTS["showMessagesQueue"]


OnWait = Callable[[str, int], None]


def ignore_wait(instance: str, wait_ms: int) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all lanes of a worker share."""

    db: "Db"
    lines: Lines
    batch: Batch
    owner: str
    clock: Clock
    rng: Rng
    rules: Rules | None
    on_news: OnNews
    #: How many more messages this lane may have under way; the lanes share the worker's connections.
    share: Callable[[], int]
    #: Hears which instance a limit held back, and for how many milliseconds.
    on_wait: OnWait = ignore_wait


class Lane:
    """Sends the messages of one instance until it is told to stop.

    `client_of` makes a client with the token as it is now; it is asked again after the token was refused.
    """

    def __init__(
        self,
        instance: str,
        desk: Desk,
        *,
        limits: LaneLimits,
        hosts: Hosts,
        client_of: Callable[[], Exchanger],
    ) -> None:
        self.instance = instance
        self.in_flight: set[asyncio.Task[None]] = set()
        #: Everything here waits for a person, or for GREEN-API to change its mind; nobody knows how long.
        self.on_hold = False
        self._busy = 0
        self._limited = False
        self._asking: asyncio.Task[Any] | None = None  # of any question: it is only ever cancelled
        self._failure: BaseException | None = None
        self._desk = desk
        self._limits = limits
        self._hosts = hosts
        self._client_of = client_of
        self._client: Exchanger | None = None
        self._woken = asyncio.Event()
        self._stopping = False
        self._news = ""
        self._carrying = Carrying(instance, desk.batch, desk.clock, desk.rng, limits.retry)

    def wake(self) -> None:
        """Something may have changed: look again."""
        self._woken.set()

    def stop(self) -> None:
        """Take no more messages; what is under way goes on."""
        self._stopping = True
        self._woken.set()
        if self._asking is not None:
            self._asking.cancel()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreError when the store can no longer be used."""
        while not self._stopping:
            self._woken.clear()
            try:
                wait_seconds = await self._step()
            except Busy:
                wait_seconds = 0.2
            await self._pause(wait_seconds)

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _step(self) -> float:
        """Begin what may begin now; how long nothing more can be done unless somebody wakes us."""
        if self._room() < self._least_room():
            return IDLE_SECONDS
        await self._desk.batch.landed()
        now_ms = self._desk.clock.now_ms()
        first = next_in_line(self._desk.db, self.instance, now_ms)
        if first is None:
            return self._until_ms(next_due_ms(self._desk.db, self.instance, now_ms))
        client = self._usable_client()
        if client is None:
            self.on_hold = True
            return _UNUSABLE_SECONDS
        await self._asked(self._hosts.ask_if_due(client))
        gate = self._gate()
        self.on_hold = gate.on_hold
        if gate.room <= 0:
            return await self._shut(gate, client)
        host = ENDPOINTS[first.method].host
        admission = await self._asked(self._hosts.admit(host, client))
        if admission is None:
            return 0.0
        if admission.answer == "wait":
            self._tell(f"{host} does not answer; the circuit breaker is open")
            return self._after_breaker(admission)
        self._tell("")
        reservation = await self._reserved(self._limits.scopes(self.instance, first.method))
        return 0.0 if reservation is None else await self._take(client, reservation)

    async def _asked(self, question: Coroutine[object, object, T]) -> T | None:
        """The answer to a question that sends nothing; None when we are told to stop meanwhile."""
        task = asyncio.create_task(question)
        self._asking = task
        try:
            return await task
        except asyncio.CancelledError:
            ourselves = asyncio.current_task()
            if ourselves is None or ourselves.cancelling():
                task.cancel()
                raise
            return None
        finally:
            self._asking = None

    def _least_room(self) -> int:
        """With many under way it is not worth looking for every single one that lands."""
        return max(1, min(self._desk.share() // 3, self._busy))

    def _room(self) -> int:
        return 0 if self._stopping else self._desk.share() - self._busy

    def _usable_client(self) -> Exchanger | None:
        if self._client is None:
            try:
                self._client = self._client_of()
            except GreenbotError as error:
                self._tell(str(error))
        return self._client

    def _gate(self) -> Gate:
        return gate_of(
            self._desk.db, self.instance, self._desk.clock.now_ms(), most_unconfirmed=self._limits.most_unconfirmed
        )

    async def _shut(self, gate: Gate, client: Exchanger) -> float:
        if gate.look:
            return await self._look(client)
        self._tell(gate.why)
        health = health_of(self._desk.db, self.instance)
        if health.state == "auth_failed":
            self._client = None  # the next one is made with the token as it will be then
        asks_ms = ask_at_ms(health, self._desk.clock.now_ms())
        return self._until_ms(asks_ms if gate.until_at_ms is None else min(asks_ms, gate.until_at_ms))

    def _after_breaker(self, admission: Admission) -> float:
        self.on_hold = admission.until_ms is None
        if admission.until_ms is None:
            return IDLE_SECONDS
        now_ms = self._desk.clock.boot_ms()
        # While one call is out to try, it is over soon; after an opening not all lanes come back at once.
        soon = admission.until_ms - now_ms <= 1_000
        until_ms = admission.until_ms if soon else queue_until_ms(admission.until_ms, self._desk.rng)
        return max(0.01, (until_ms - now_ms) / 1000)

    async def _look(self, client: Exchanger) -> float:
        """Look into GREEN-API's queue: no status has told us what became of what is there."""
        desk = self._desk
        scopes = (method_scope(self.instance, _QUEUE.name, method_rate=_QUEUE.rate_per_second),)
        admission = await self._asked(self._hosts.admit("api", client))
        if admission != CLOSED or not await self._reserved(scopes):
            return _LOOK_SECONDS
        at_ms = desk.clock.now_ms()
        outcome = await self._asked(client.exchange(_QUEUE, {}))
        if outcome is None:
            return 0.0
        self._hosts.report("api", CLOSED, outcome)
        if not isinstance(outcome.data, list):
            return IDLE_SECONDS
        # GREEN-API's list leaves out the one that leaves next (green-api/issues 714).
        length = len(outcome.data) + 1
        change(desk.db, self.instance, lambda health: replace(health, queue_length=length, queue_at_ms=at_ms))
        return 0.01

    async def _reserved(self, scopes: tuple[Scope, ...]) -> Reservation | None:
        """A moment of our own under all limits, once it has come; None when we were told to stop meanwhile."""
        desk = self._desk
        reservation = reserve(desk.lines, scopes, desk.clock)
        if wait_ms := reservation.wait_ms(desk.clock):
            desk.on_wait(self.instance, wait_ms)
        while True:
            wait_ms = reservation.wait_ms(desk.clock)
            if wait_ms:
                self._tell(str(reservation.waiting) if wait_ms > 3_000 and reservation.waiting else "")
                await self._asleep(wait_ms / 1000)
            if self._stopping:
                give_back(desk.lines, reservation, desk.clock)
                return None
            reservation = when_due(desk.lines, reservation, desk.clock)
            if not reservation.wait_ms(desk.clock):
                return reservation

    async def _asleep(self, seconds: float) -> None:
        """Wait for our moment; only `stop` ends it early."""
        deadline = self._desk.clock.monotonic() + seconds
        while not self._stopping and (left := deadline - self._desk.clock.monotonic()) > 0:
            self._woken.clear()
            await self._pause(left)

    async def _take(self, client: Exchanger, reservation: Reservation) -> float:
        keys = {ticket.scope.key for ticket in reservation.tickets}
        turn = Turn(
            instance=self.instance,
            owner=self._desk.owner,
            clock=self._desk.clock,
            rules=self._desk.rules,
            most=1 if keys else self._room(),
            most_unconfirmed=self._limits.most_unconfirmed,
            is_open=self._hosts.is_open,
            on_probation=self._limited,
            suits=lambda method: {scope.key for scope in self._limits.scopes(self.instance, method)} == keys,
        )
        taken = Taken(gate=Gate(room=0))
        coming = self._desk.batch.submit(turn.take)
        try:
            # Shielded: what is on its way to the disk cannot be withdrawn any more, but put back.
            taken = await asyncio.shield(coming)
        except asyncio.CancelledError:
            self._put_back(coming)
            raise
        finally:
            admissions = self._hosts.settle(posting.host for posting in taken.postings)
            if not taken.postings:
                give_back(self._desk.lines, reservation, self._desk.clock)
        for message, verdict in taken.held_back:
            assert self._desk.rules is not None, "who else held them back"
            self._desk.rules.hold_back(self._desk.db, message, verdict)
        try:
            on_time = await self._on_time(reservation) if taken.postings else reservation
        except asyncio.CancelledError:
            self._put_back(coming)
            raise
        if on_time is None:
            self._put_back(coming)
            return 0.0
        for posting in taken.postings:
            self._begin(client, posting, admissions[posting.host], on_time)
        return self._after_turn(taken)

    async def _on_time(self, reservation: Reservation) -> Reservation | None:
        """After a commit that took its time the line is told when the call really leaves, and it may have to wait
        once more; None when we were told to stop meanwhile."""
        desk = self._desk
        if not reservation.tickets:
            return reservation
        reservation = when_due(desk.lines, reservation, desk.clock)
        while wait_ms := reservation.wait_ms(desk.clock):
            await self._asleep(wait_ms / 1000)
            if self._stopping:
                return None
            reservation = when_due(desk.lines, reservation, desk.clock)
        return reservation

    def _put_back(self, coming: "asyncio.Future[Taken]") -> None:
        """Taken, but we are told to end at once: nothing of it has begun to leave."""
        self._desk.batch.settle()
        # What was not even begun is withdrawn.
        if coming.cancel() or coming.cancelled() or coming.exception() is not None:
            return
        back = Change(state=State.QUEUED, reason=Reason.NOT_SENT, cause="shutdown")
        for posting in coming.result().postings:
            release = partial(release_in, held=posting.claim, change=back, clock=self._desk.clock)
            self._desk.batch.submit(release, in_any_case=True)

    def _after_turn(self, taken: Taken) -> float:
        if taken.postings or taken.held_back or taken.misfit or taken.shut:
            return 0.0
        # Somebody else was faster, or the rest waits for its chat, its budget, its instance.
        return min(IDLE_SECONDS, self._until_ms(taken.retry_at_ms)) if taken.retry_at_ms else _LOOK_SECONDS

    def _begin(self, client: Exchanger, posting: Posting, admission: Admission, reservation: Reservation) -> None:
        def on_outcome(outcome: "Outcome") -> None:
            self._hosts.report(posting.host, admission, outcome)
            self._limited = outcome.cls is OutcomeClass.LIMITED or (self._limited and not outcome.succeeded)
            if outcome.cls is OutcomeClass.LIMITED:
                asked = outcome.retry_after_seconds
                slow_down(
                    self._desk.lines, reservation, self._desk.clock, retry_after_seconds=asked, rng=self._desk.rng
                )

        self._busy += 1
        task = asyncio.create_task(self._carrying.carry(posting, client, on_outcome, self._landed))
        self.in_flight.add(task)
        task.add_done_callback(self._gone)

    def _landed(self) -> None:
        """An outcome was handed in: who waits for room may go in the same commit."""
        self._busy -= 1
        self._woken.set()

    def _gone(self, task: "asyncio.Task[None]") -> None:
        self.in_flight.discard(task)
        self._woken.set()
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()

    def check(self) -> None:
        """Raise what a message under way ended with: the store can no longer be used."""
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Tell other processes what is known here and not there."""
        self._hosts.flush()

    def _until_ms(self, moment_ms: int | None) -> float:
        """Seconds until a moment, within sensible bounds."""
        if moment_ms is None:
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.01, (moment_ms - self._desk.clock.now_ms()) / 1000))

    def _tell(self, words: str) -> None:
        """Say what holds this instance up, once."""
        if words != self._news:
            self._news = words
            note("warning" if words else "info", "wait", instance=self.instance, words=words or "goes on")
            self._desk.on_news(self.instance, words)
