"""Looks at every number once a minute, also at those that have nothing to send: one process for all of a machine.

What it learns goes the way of every other answer (`greenbot.resilience.health`), so sends, the dashboard and alerts
see the same state. Each change of a state becomes a line of the log here, whoever found it out.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.alerts.duty import Duty
from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.errors import Busy, GreenbotError
from greenbot.fleet.history import Transition, newer_than, newest
from greenbot.fleet.rounds import due_ms, place_of
from greenbot.logs.notes import note
from greenbot.outbox.deliver import Exchanger
from greenbot.outbox.hosts import Hosts
from greenbot.resilience.health import Health
from greenbot.resilience.limiter import give_back, reserve, when_due
from greenbot.resilience.limits import method_scope
from greenbot.resilience.lines import Lines
from greenbot.resilience.shared_breaker import Breaker
from greenbot.resilience.shared_health import health_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db

DUTY = "watcher"
#: A process that shows no life for so long is followed by another.
LEASE_MS = 45_000
_RENEW_MS = 10_000
#: How often it is looked whether a look is due: an event that says a number is down is followed up so soon.
TICK_SECONDS = 1.0
#: So many questions may be under way: numbers that do not answer must not hold up the others.
MOST_LOOKS = 16
#: A number without a token, or behind an open breaker, is not looked at again before that.
_REST_MS = {"no token": 60_000, "breaker": 5_000}

_STATE = ENDPOINTS["getStateInstance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the watcher works with. `clients` has a client for each number that can have one now, and `renew` makes a
    new one with the token as it is then."""

    lines: Lines
    clients: Mapping[str, Exchanger]
    renew: Callable[[str], object]
    breaker_of: Callable[[str, str], Breaker]


def _nobody() -> None:
    """Nobody waits."""


class Watcher:
    """One in each service; the one that has the duty looks, the others wait for it.

    `instances` names the numbers there are now, and `every_seconds` is how long a round takes; both are asked again
    each time. `on_ready` is called when a number became able to send.
    """

    name = "watcher"

    def __init__(
        self,
        db: "Db",
        means: Means,
        *,
        clock: Clock,
        owner: str,
        instances: Callable[[], Collection[str]],
        every_seconds: Callable[[], float],
        on_ready: Callable[[], object] = _nobody,
        is_alive: Callable[[str], bool] | None = None,
    ) -> None:
        self._db = db
        self._means = means
        self._clock = clock
        self._instances = instances
        self._every_seconds = every_seconds
        self._on_ready = on_ready
        self._duty = Duty(DUTY, owner=owner, clock=clock, lease_ms=LEASE_MS, is_alive=is_alive)
        self._hosts: dict[str, Hosts] = {}
        self._rests: dict[str, int] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._began_ms: int | None = None
        self._renewed_ms = 0
        self._ticked_ms = 0
        self._told = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until `stop`. Raises StoreError when the store can no longer be used."""
        try:
            while not self._stopping.is_set():
                with suppress(Busy):
                    self.tick()
                await self._wait(TICK_SECONDS)
                self._check()
        finally:
            await self._end()

    def stop(self) -> None:
        """Ask nothing more, leave the work to others, and end."""
        self._stopping.set()

    def wake(self) -> None:
        """Nothing hurries it: it looks when it is time."""

    def tick(self) -> list[str]:
        """Begin every look that is due, and write down what changed; the names looked at. Raises Busy, StoreError."""
        now_ms = self._clock.now_ms()
        if not self._on_duty(now_ms):
            return []
        self._tell()
        names = sorted(self._instances())
        begun = [name for name in names if self._is_due(name, names, now_ms) and self._begin(name, names)]
        self._ticked_ms = now_ms
        return begun

    def _on_duty(self, now_ms: int) -> bool:
        if not self._duty.is_free(self._db):
            self._began_ms = None
            return False
        before_ms = self._duty.done_at_ms(self._db) if self._began_ms is None else 0
        if self._began_ms is None or not 0 <= now_ms - self._renewed_ms < _RENEW_MS:
            with self._db.write(durable=False) as tx:
                if self._duty.hold(tx) is None:
                    self._began_ms = None
                    return False
                self._duty.done(tx, now_ms, 0)
            self._renewed_ms = now_ms
        if self._began_ms is None:
            # What changed since another one last looked after it is still to be told, if that was lately.
            self._told = newest(self._db, until_ms=max(before_ms, now_ms - LEASE_MS))
            self._began_ms = now_ms
        elif not 0 <= now_ms - self._ticked_ms < self._every_ms:
            # The machine slept, or its clock was set: all at once would be a burst.
            self._began_ms = now_ms
        return True

    @property
    def _every_ms(self) -> int:
        return max(1, round(1000 * self._every_seconds()))

    def _is_due(self, name: str, names: list[str], now_ms: int) -> bool:
        if name in self._looks or len(self._looks) >= MOST_LOOKS or now_ms < self._rests.get(name, 0):
            return False
        return self._due_ms(name, names, health_of(self._db, name), now_ms) <= now_ms

    def _due_ms(self, name: str, names: list[str], health: Health, now_ms: int) -> int:
        place = place_of(name, names, self._every_ms)
        return due_ms(health, now_ms, place=place, began_ms=self._began_ms or now_ms)

    def _begin(self, name: str, names: list[str]) -> bool:
        client = self._client(name)
        if client is None:
            self._rests[name] = self._clock.now_ms() + _REST_MS["no token"]
            return False
        self._looks[name] = asyncio.create_task(self._look(name, names, client), name=f"look at {name}")
        return True

    def _client(self, name: str) -> Exchanger | None:
        """With the token as it is now, where the last one was refused; None where there is none."""
        with suppress(KeyError, GreenbotError):
            if health_of(self._db, name).refusals:
                self._means.renew(name)
            return self._means.clients[name]
        return None

    async def _look(self, name: str, names: list[str], client: Exchanger) -> None:
        """One question under the limits of GREEN-API and behind the circuit breaker."""
        hosts = self._hosts.setdefault(name, Hosts(self._db, name, self._clock, lambda host: self._breaker(name, host)))
        try:
            if hosts.breaker("api").circuit().state != "closed":
                self._rests[name] = self._clock.now_ms() + _REST_MS["breaker"]
                await hosts.admit("api", client)
                hosts.settle(())
                return
            scopes = (method_scope(name, _STATE.name, method_rate=_STATE.rate_per_second),)
            reservation = reserve(self._means.lines, scopes, self._clock)
            while wait_ms := reservation.wait_ms(self._clock):
                await asyncio.sleep(wait_ms / 1000)
                reservation = when_due(self._means.lines, reservation, self._clock)
            asked = await hosts.ask_if_due(client, lambda health, at_ms: self._due_ms(name, names, health, at_ms))
            if not asked:
                give_back(self._means.lines, reservation, self._clock)
        except Busy:
            self._rests[name] = self._clock.now_ms() + _REST_MS["breaker"]

    def _breaker(self, name: str, host: str) -> Breaker:
        return self._means.breaker_of(name, host)

    def _check(self) -> None:
        """Forget what is over. Raises what a look ended with."""
        for name, task in list(self._looks.items()):
            if task.done():
                del self._looks[name]
                task.result()

    def _tell(self) -> None:
        """A line of the log for each state that changed."""
        changes = newer_than(self._db, self._told)
        for change in changes:
            _note(change)
            self._told = change.id
        if any(change.to_state == "authorized" for change in changes):
            self._on_ready()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _end(self) -> None:
        for task in self._looks.values():
            task.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)
        for hosts in self._hosts.values():
            with suppress(Busy):
                hosts.flush()
        if self._began_ms is not None:
            with suppress(Busy):
                self._tell()
                with self._db.write(durable=False) as tx:
                    self._duty.done(tx, self._clock.now_ms(), 0)
                    self._duty.release(tx)


def _note(change: Transition) -> None:
    note(
        "info" if change.to_state in ("authorized", "unknown") else "warning",
        "state",
        instance=change.instance,
        outcome=change.to_state,
        reason=change.account or change.reason,
        from_=change.from_state,
        words=change.source,
    )
