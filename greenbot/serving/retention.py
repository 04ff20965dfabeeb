"""Once a day what is over and old is removed, in small transactions with pauses, so that nothing grows for ever.

The audit and what guests wrote stay; what greenbot sent leaves a conversation together with its message.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from greenbot.alerts.duty import Duty
from greenbot.alerts.notify import retention as alerts
from greenbot.clock import Clock
from greenbot.config.settings import Settings
from greenbot.db.audit import Operator
from greenbot.errors import Busy
from greenbot.fleet import history
from greenbot.hooks.retention import prune
from greenbot.inbox import retention as inbox
from greenbot.outbox import retention as outbox

if TYPE_CHECKING:
    from greenbot.db.connect import Db

DAY_MS = 86_400_000
EVERY_MS = DAY_MS
#: Longer than any batch; who holds the duty keeps it with each of them.
LEASE_MS = 600_000
BATCH = 500
#: A year of states is what a hotel shows when it argues with WhatsApp.
STATES_KEEP_DAYS = 400


class DailyRetention:
    """Removes what `inbox.keep_days` and `outbox.keep_days` no longer keep, alerts of three months ago, and states
    of numbers of more than a year ago.

    One process of a machine does it for all.
    """

    def __init__(
        self,
        db: "Db",
        *,
        owner: str,
        clock: Clock,
        settings_now: Callable[[], Settings],
        look_seconds: float = 600.0,
        pause_seconds: float = 0.05,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings_now = settings_now
        self._look_seconds = look_seconds
        self._pause_seconds = pause_seconds
        self._duty = Duty("retention", owner=owner, clock=clock, lease_ms=LEASE_MS)
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """Nothing hurries here."""

    def stop(self) -> None:
        """End after the batch under way; the next look takes up what is left."""
        self._stopping.set()

    async def run(self) -> None:
        """Look from time to time until `stop`. Raises StoreError when the store can no longer be used."""
        while not self._stopping.is_set():
            with suppress(Busy):
                await self.once()
            await self._wait(self._look_seconds)

    async def once(self) -> int | None:
        """Remove what is old if a day has passed since that was last done; how many rows, None when it is not due."""
        began_ms = self._clock.now_ms()
        if not self._is_due(began_ms) or not self._hold():
            return None
        removed = 0
        for batch in self._batches():
            removed += batch
            await self._wait(self._pause_seconds)
            if self._stopping.is_set() or not self._hold():
                return removed
        with self._db.write() as tx:
            self._duty.done(tx, began_ms, self._clock.now_ms() - began_ms)
        return removed

    def _is_due(self, now_ms: int) -> bool:
        done_at_ms = self._duty.done_at_ms(self._db)
        # A clock that was set back must not put it off for years.
        return not 0 <= now_ms - done_at_ms < EVERY_MS

    def _hold(self) -> bool:
        with self._db.write() as tx:
            return self._duty.hold(tx) is not None

    def _batches(self) -> Iterator[int]:
        """One small transaction after the other; how many rows each removed."""
        settings, by = self._settings_now(), Operator(name="retention", clock=self._clock)
        inbox_ms = settings.inbox_keep_days * DAY_MS
        yield from inbox.purge(self._db, inbox.Retention(older_than_ms=inbox_ms), by)
        yield from self._deliveries(self._clock.now_ms() - inbox_ms)
        yield from self._notices(self._clock.now_ms() - alerts.KEEP_DAYS * DAY_MS)
        yield from self._states(self._clock.now_ms() - STATES_KEEP_DAYS * DAY_MS)
        yield from outbox.purge(self._db, outbox.Retention(older_than_ms=settings.outbox_keep_days * DAY_MS), by)

    def _deliveries(self, before_ms: int) -> Iterator[int]:
        while removed := prune(self._db, before_ms=before_ms, most=BATCH):
            yield removed

    def _notices(self, before_ms: int) -> Iterator[int]:
        while removed := alerts.prune(self._db, before_ms=before_ms, most=BATCH):
            yield removed

    def _states(self, before_ms: int) -> Iterator[int]:
        while removed := history.prune(self._db, before_ms=before_ms, most=BATCH):
            yield removed

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
