"""Polling: take notifications out of GREEN-API's queue, each only after it is on the disk.

    receive -> commit -> delete, and then the next one

Killed anywhere in between, the same notification comes again, is recognised by its bytes, and is deleted
then. Nothing is ever cleared: what cannot be understood is kept like everything else.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenbot.api.endpoints import find
from greenbot.api.failures import error_of
from greenbot.clock import Clock
from greenbot.errors import GreenbotError, Refused, UpstreamFailed
from greenbot.failpoints import hit
from greenbot.inbox.arrival import Arrival, Kept
from greenbot.inbox.consumer import Turn
from greenbot.inbox.intake import keep
from greenbot.inbox.unwrap import Notification, unwrap
from greenbot.resilience.retry import RetryPolicy, Rng, next_retry

if TYPE_CHECKING:
    from greenbot.api.endpoint import Endpoint
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db

#: GREEN-API docs: ReceiveNotification waits 5 to 60 seconds.
SHORT_WAIT_SECONDS = 5
LONG_WAIT_SECONDS = 20
#: Somebody who follows goes on whatever happens; somebody who drains wants to know.
FOLLOW = RetryPolicy(max_retries=2**31)
DRAIN = RetryPolicy()

#: So often the same answer without an end must come before it is believed to be all there is.
TIMES_BROKEN = 3

OnReceived = Callable[[Kept, Arrival], None]


class Asker(Protocol):
    """What is needed of a client: one call, one outcome."""

    async def exchange(self, endpoint: "Endpoint", params: Mapping[str, object]) -> "Outcome": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How many notifications were taken, and how many of them were known already."""

    taken: int = 0
    known: int = 0


class Receiver:
    """The consumer of one instance. `run` takes what comes until `stop`."""

    def __init__(
        self,
        db: "Db",
        client: Asker,
        turn: Turn,
        *,
        clock: Clock,
        rng: Rng,
        expected_ids: Mapping[str, str],
        on_received: OnReceived,
    ) -> None:
        self._db = db
        self._client = client
        self._turn = turn
        self._clock = clock
        self._rng = rng
        self._expected_ids = expected_ids
        self._on_received = on_received
        self._broken: list[Notification] = []
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more."""
        self._stopping.set()

    async def run(self, *, follow: bool, most: int | None = None) -> Received:
        """Take notifications; without `follow` until none waits. `most`: end after so many.

        Raises Refused when notifications go to a webhook URL, Busy when somebody else took over, StoreError, and
        without `follow` the error of a call that kept failing.
        """
        await self._must_poll()
        taken = known = failures = 0
        while not self._stopping.is_set() and (most is None or taken < most):
            self._turn.renew()
            try:
                kept = await self._next(LONG_WAIT_SECONDS if follow else SHORT_WAIT_SECONDS)
            except _Failed as failed:
                failures += 1
                await self._rest(failed.error, failures, FOLLOW if follow else DRAIN)
                continue
            failures = 0
            if kept is not None:
                taken, known = taken + 1, known + kept.is_duplicate
            elif not follow:
                break
        return Received(taken=taken, known=known)

    async def _next(self, wait_seconds: int) -> Kept | None:
        """One notification, kept and deleted; None when none came."""
        found = await self._taken(wait_seconds)
        if found is None:
            return None
        hit("recv.after_receive")
        now_ms = self._clock.now_ms()
        arrival = Arrival(instance=self._turn.instance, raw=found.raw, source="poll", received_at_ms=now_ms)
        [kept] = keep(self._db, [arrival], clock=self._clock, expected_ids=self._expected_ids)
        self._on_received(kept, arrival)
        hit("recv.before_delete")
        # Gone already is gone: `false` is as good as `true`.
        await self._ask("deleteNotification", {"receiptId": found.receipt}, even_when_stopping=True)
        return kept

    async def _taken(self, wait_seconds: int) -> Notification | None:
        """What came, also when no JSON parser takes it: it would come again and again, and nothing behind it."""
        outcome = await self._outcome("receiveNotification", {"receiveTimeout": wait_seconds})
        if outcome is None or (outcome.succeeded and not isinstance(outcome.data, Mapping)):
            return None
        found = None if outcome.raw is None else unwrap(outcome.raw)
        if found is not None and (found.is_whole or self._is_broken_again(found)):
            return found
        if not outcome.succeeded:
            raise self._failed("receiveNotification", outcome)
        raise _Failed(UpstreamFailed("GREEN-API gave a notification without a receipt, so it cannot be deleted."))

    def _is_broken_again(self, found: Notification) -> bool:
        """An answer without an end may have been cut on its way; the same one three times is what there is."""
        self._broken = [*self._broken, found] if found in self._broken else [found]
        return len(self._broken) >= TIMES_BROKEN

    async def _ask(
        self, method: str, params: Mapping[str, object], *, even_when_stopping: bool = False
    ) -> Mapping[str, object] | None:
        outcome = await self._outcome(method, params, even_when_stopping=even_when_stopping)
        if outcome is None:
            return None
        if not outcome.succeeded:
            raise self._failed(method, outcome)
        return outcome.data if isinstance(outcome.data, Mapping) else None

    def _failed(self, method: str, outcome: "Outcome") -> "_Failed":
        return _Failed(error_of(outcome, instance=self._turn.instance, endpoint=find(method)))

    async def _outcome(
        self, method: str, params: Mapping[str, object], *, even_when_stopping: bool = False
    ) -> "Outcome | None":
        """What a call led to; None when it was given up because of `stop`."""
        endpoint = find(method)
        call = asyncio.ensure_future(self._client.exchange(endpoint, params))
        if not even_when_stopping:
            await self._or_stop(call)
            if not call.done():
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                return None
        return await call

    async def _or_stop(self, call: "asyncio.Future[Outcome]") -> None:
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((call, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()

    async def _rest(self, error: GreenbotError, failures: int, policy: RetryPolicy) -> None:
        if not error.retryable:
            # Most often somebody set a webhook URL meanwhile; that has a better explanation.
            await self._must_poll()
        again = next_retry(
            failures,
            retryable=error.retryable,
            retry_after_seconds=error.retry_after_seconds,
            rng=self._rng,
            policy=policy,
        )
        if again is None:
            raise error
        try:
            async with asyncio.timeout(again.wait_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _must_poll(self) -> None:
        """Raises Refused while notifications are delivered to a URL: both would take from one queue."""
        try:
            settings = await self._ask("getSettings", {})
        except _Failed as failed:
            if failed.error.retryable:
                return  # the next call says the same, and is tried again
            raise failed.error from None
        url = (settings or {}).get("webhookUrl")
        if isinstance(url, str) and url:
            raise Refused(
                f"Events of {self._turn.instance} are delivered to a webhook URL, so they cannot be received here too.",
                hint=f"To receive them here: greenbot instances settings set {self._turn.instance} webhookUrl=",
                instance=self._turn.instance,
            )


class _Failed(Exception):
    """A call did not work; the error says whether trying again can help."""

    def __init__(self, error: GreenbotError) -> None:
        super().__init__(str(error))
        self.error = error
