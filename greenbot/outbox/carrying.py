"""One message from "about to POST" to its recorded outcome."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.errors import Busy
from greenbot.logs.notes import about
from greenbot.outbox.batch import Batch
from greenbot.outbox.claims import finish_in, release_in
from greenbot.outbox.consequence import for_instance, rest_ms
from greenbot.outbox.decide import Change
from greenbot.outbox.deliver import Exchanger, after_exception
from greenbot.outbox.noting import note_change
from greenbot.outbox.states import Reason, State
from greenbot.outbox.turn import Posting
from greenbot.resilience.budget import earn_in
from greenbot.resilience.retry import RetryPolicy, Rng
from greenbot.resilience.shared_health import change_in

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Tx

NEW_ROUND = "update messages set round_attempts = 0 where id = :id"
#: A lease outlasts the longest POST by more than this.
LATEST_START_MS = 10_000
_AGAIN_SECONDS = 0.2


class Carrying:
    """Makes the one POST of each message of an instance, and records what came of it."""

    def __init__(self, instance: str, batch: Batch, clock: Clock, rng: Rng, retry: RetryPolicy) -> None:
        self._instance = instance
        self._batch = batch
        self._clock = clock
        self._rng = rng
        self._retry = retry
        self._worked_in: Tx | None = None

    async def carry(
        self,
        posting: Posting,
        client: Exchanger,
        on_outcome: "Callable[[Outcome], None]",
        landed: Callable[[], None],
    ) -> None:
        """See one message through. `landed` is called when its outcome is on its way to the disk."""
        record = await self._exchanged(posting, client, on_outcome)
        # Handed in before anything is awaited: also a task that is being cancelled leaves a true record.
        recorded = self._batch.submit(record, in_any_case=True)
        landed()
        note_change(posting.message, await self._saved(recorded, record))
        failpoints.hit("out.after_accept")

    async def _exchanged(
        self, posting: Posting, client: Exchanger, on_outcome: "Callable[[Outcome], None]"
    ) -> "Callable[[Tx], object]":
        """How to record what the POST led to."""
        try:
            failpoints.hit("out.after_mark")
            if self._clock.boot_ms() - posting.marked_at_boot_ms > LATEST_START_MS:
                # This process stood still. What is left of the lease would not cover the POST, or is over already.
                late = Change(state=State.QUEUED, reason=Reason.NOT_SENT, cause="too_late_to_begin")
                return lambda tx: release_in(tx, posting.claim, late, clock=self._clock)
            with about(message_id=posting.message.id, attempt=posting.claim.attempt):
                outcome = await client.exchange(
                    ENDPOINTS[posting.message.method], posting.draft.params(), file=posting.draft.file
                )
            failpoints.hit("out.after_post")
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it was, the message must not stay behind as sending
            change = after_exception(error, "requeue")
            return lambda tx: release_in(tx, posting.claim, change, clock=self._clock)
        on_outcome(outcome)
        return lambda tx: self._record(tx, posting, outcome)

    async def _saved(self, recorded: "asyncio.Future[object]", record: "Callable[[Tx], object]") -> object:
        """Until it is on the disk: an answer of GREEN-API is not lost to a store that is busy for a moment."""
        while True:
            try:
                return await recorded
            except Busy:
                await asyncio.sleep(_AGAIN_SECONDS)
                recorded = self._batch.submit(record, in_any_case=True)

    def _record(self, tx: "Tx", posting: Posting, outcome: "Outcome") -> Change | None:
        tries = posting.message.round_attempts + 1
        wait_ms, round_over = rest_ms(outcome, tries, self._retry, self._rng)
        change = finish_in(tx, posting.claim, outcome, clock=self._clock, rest_ms=wait_ms)
        if change is not None and (round_over or (outcome.cls.succeeded and tries > 1)):
            tx.run(NEW_ROUND, id=posting.message.id)
        if outcome.cls.succeeded:
            earn_in(tx, self._instance, self._clock)
        self._learn(tx, outcome)
        return change

    def _learn(self, tx: "Tx", outcome: "Outcome") -> None:
        """What the outcome says about the instance; within one transaction a success teaches nothing twice."""
        if outcome.cls.succeeded and self._worked_in is tx:
            return
        change_in(tx, self._instance, lambda health: for_instance(health, outcome, self._clock.now_ms()))
        self._worked_in = tx if outcome.cls.succeeded else None
