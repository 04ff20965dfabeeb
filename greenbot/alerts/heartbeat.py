"""The dead-man's switch: a sign of life to somebody outside, so that silence is noticed when all of greenbot is dead.

It is given each minute, and only after a full look of the evaluator: a service that runs but judges nothing is dead
for this purpose.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from greenbot.alerts.duty import Duty
from greenbot.alerts.evaluator import DUTY as EVALUATOR
from greenbot.clock import Clock
from greenbot.errors import Busy, ConfigError
from greenbot.outbound.guard import Policy
from greenbot.outbound.request import Limits, OutboundFailure, OutboundRequest, send
from greenbot.outbound.resolver import Resolve, system_resolve
from greenbot.redact import Secret

if TYPE_CHECKING:
    from greenbot.db.connect import Db

EVERY_MS = 60_000
#: A look that is older says nothing about now.
FRESH_MS = 60_000
LIMITS = Limits(total_seconds=10.0, connect_seconds=5.0, reply_bytes=1024)
LOOKED_AT = "select done_at_ms from duties where name = :name"
OnNews = Callable[[str, str], None]


class Heartbeat:
    """Calls a URL each minute while alerts are looked at. `url` is None while nobody wants it."""

    name = "heartbeat"

    def __init__(
        self,
        db: "Db",
        *,
        clock: Clock,
        owner: str,
        url: Callable[[], Secret | None],
        policy: Callable[[], Policy],
        on_news: OnNews,
        look_seconds: float = 5.0,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._db = db
        self._clock = clock
        self._url = url
        self._policy = policy
        self._on_news = on_news
        self._look_seconds = look_seconds
        self._resolve = resolve
        self._duty = Duty("heartbeat", owner=owner, clock=clock, lease_ms=2 * EVERY_MS)
        self._called_for_ms = 0
        self._problem = ""
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreError when the store can no longer be used."""
        while not self._stopping.is_set():
            with suppress(Busy):
                await self.turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._stopping.wait()
        with suppress(Busy), self._db.write(durable=False) as tx:
            self._duty.release(tx)

    def stop(self) -> None:
        """End after what is under way."""
        self._stopping.set()

    def wake(self) -> None:
        """Nothing hurries it."""

    async def turn(self) -> bool:
        """Give the sign of life if it is due; whether it was given."""
        try:
            url = self._url()
            looked_ms = None if url is None else self._due()
            if url is None or looked_ms is None:
                return False
            problem = await self._call(url)
        except ConfigError as error:
            problem, looked_ms = str(error), 0
        if problem is not None and problem != self._problem:
            self._on_news(self.name, f"the sign of life did not arrive: {problem}")
        self._problem = problem or ""
        if problem is not None:
            return False
        self._called_for_ms = looked_ms
        with self._db.write(durable=False) as tx:
            self._duty.done(tx, self._clock.now_ms(), 0)
        return True

    def _due(self) -> int | None:
        """The look of the evaluator that it would be given for."""
        looked_ms, now_ms = self._db.scalar(LOOKED_AT, name=EVALUATOR), self._clock.now_ms()
        if not isinstance(looked_ms, int) or looked_ms <= self._called_for_ms or now_ms - looked_ms > FRESH_MS:
            return None
        if not self._duty.is_free(self._db) or 0 <= now_ms - self._duty.done_at_ms(self._db) < EVERY_MS:
            return None
        with self._db.write(durable=False) as tx:
            return looked_ms if self._duty.hold(tx) is not None else None

    async def _call(self, url: Secret) -> str | None:
        """What went wrong, if anything did."""
        request = OutboundRequest(url=url.reveal(), method="GET")
        result = await send(request, policy=self._policy(), limits=LIMITS, resolve=self._resolve)
        if isinstance(result, OutboundFailure):
            return result.words
        return None if 200 <= result.status < 300 else f"status {result.status}"
