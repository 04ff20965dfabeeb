"""Sending one message from a shell, without a worker, by the same rules: limits, breaker, health, retries."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from time import localtime, strftime
from typing import TYPE_CHECKING

from greenbot.api.endpoints import ENDPOINTS
from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.clock import Clock
from greenbot.errors import CredentialsRefused, GreenbotError, Limited, Refused, Unreachable
from greenbot.outbox.claims import move
from greenbot.outbox.consequence import for_instance, rest_ms
from greenbot.outbox.decide import Change
from greenbot.outbox.deliver import Exchanger, OnProgress, deliver, ignore_progress
from greenbot.outbox.delivery import Delivery
from greenbot.outbox.gate import Rules, Verdict
from greenbot.outbox.hosts import Hosts
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.message import Message
from greenbot.outbox.owner import Owner
from greenbot.outbox.pauses import pause_of
from greenbot.outbox.states import Reason, State
from greenbot.outbox.table import get
from greenbot.resilience.breaker import Admission
from greenbot.resilience.budget import pay
from greenbot.resilience.limiter import Reservation, give_back, reserve, slow_down, when_due
from greenbot.resilience.lines import Lines
from greenbot.resilience.shared_breaker import Breaker
from greenbot.resilience.shared_health import change, health_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: A person is told why his message waits when it takes longer than this.
_WORTH_A_WORD_SECONDS = 1.0
#: What the rules at dispatch say, for a person.
_RULES = {
    "suppressed": "this guest wants no promotions",
    "new_chats": "this number has written to as many new guests today as it may",
    "number_restricted": "the number is restricted, so nothing of priority bulk leaves",
    "campaign_cancelled": "its campaign was cancelled",
    "campaign_paused": "its campaign is paused",
    "campaign_failing": "too much of its campaign failed",
    "quiet_hours": "it is night where the guest is",
    "day_is_full": "its campaign has sent as much today as it may",
    "spacing": "its campaign sends slowly on purpose",
}


class Chance:
    """Randomness for waits, from the system: `random` costs a shell command more than a commit."""

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return int.from_bytes(os.urandom(6)) / (1 << 48)


def check_open(db: "Db", instance: str) -> None:
    """Raise Refused for an instance somebody paused, CredentialsRefused for one whose token was refused twice.

    Nothing is accepted then; who wants the message to wait says `--queue`.
    """
    pause = pause_of(db, instance)
    if pause is not None:
        why = f": {pause.reason}" if pause.reason else ""
        hint = "Let it go on with: greenbot outbox resume, or add --queue and it waits."
        raise Refused(f"{instance} is paused by {pause.actor}{why}.", hint=hint, instance=instance)
    if health_of(db, instance).state == "auth_failed":
        hint = f"Store the right one: greenbot instances edit {instance} --token-stdin < token.txt"
        raise CredentialsRefused(
            "GREEN-API refused the token twice, so greenbot stopped asking.", hint=hint, instance=instance
        )


def ignore_wait(instance: str, wait_ms: int) -> None:
    """Nobody counts waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """What one process needs to send its own messages.

    `client` sends, `asker` asks questions that reach no guest. `tell` gets words while a message waits, and `wait`
    does the waiting, between tries, when nothing is on its way. `on_wait` hears of each wait for a limit: the
    instance, and how many milliseconds.
    """

    db: "Db"
    instance: str
    client: Exchanger
    asker: Exchanger
    owner: Owner
    clock: Clock
    lines: Lines
    limits: LaneLimits
    wait_seconds: float
    rules: Rules | None = None
    tell: Callable[[str], None]
    wait: Callable[[float], None]
    on_progress: OnProgress = ignore_progress
    patience_seconds: float = 0.0
    on_wait: Callable[[str, int], None] = ignore_wait

    async def send(self, message_id: int) -> Delivery:
        """Send one accepted message, trying again what is known not sent; it ends here, sent or not.

        Raises Unreachable while the circuit breaker is open, Limited when its turn comes too late, Refused when the
        rules at dispatch let it leave never, all with the message given up; Busy, StoreFull, StoreError.
        """
        deadline = self.clock.monotonic() + self.wait_seconds
        hosts = Hosts(self.db, self.instance, self.clock, self._breaker)
        try:
            while True:
                message = get(self.db, message_id)
                if message.state is not State.QUEUED:
                    return Delivery(message=message)
                delivery = await self._try(message, hosts, deadline)
                if delivery.message.state is not State.QUEUED or delivery.outcome is None:
                    return delivery
        except BaseException as error:
            cause = error.code() if isinstance(error, GreenbotError) else type(error).__name__
            self._give_up(message_id, cause)
            raise
        finally:
            hosts.flush()

    async def _try(self, message: Message, hosts: Hosts, deadline: float) -> Delivery:
        host = ENDPOINTS[message.method].host
        reservation = self._turn(message, deadline)
        admission = await hosts.admit(host, self.asker)
        if admission.answer == "wait":
            give_back(self.lines, reservation, self.clock)
            raise Unreachable(
                "GREEN-API did not answer lately, so greenbot asks it again only in a while (circuit breaker).",
                hint="See: greenbot instances breaker. Or add --queue: a worker sends it when the way is open.",
                instance=message.instance,
                message_id=message.id,
                retry_after_seconds=self._until(admission),
            )
        plan = _Plan(self, message.round_attempts + 1, deadline)
        place = _Place(self, reservation)
        delivery = await deliver(
            self.db,
            message.id,
            client=self.client,
            owner=self.owner,
            clock=self.clock,
            on_not_sent="fail",
            on_progress=self.on_progress,
            patience_seconds=self.patience_seconds,
            rest_ms=0,
            tries_again=plan.tries_again,
            rules=self.rules,
            before_post=place.keep,
        )
        reservation = place.reservation
        if delivery.blocked is not None and delivery.blocked.verdict is not None:
            hosts.settle(())
            give_back(self.lines, reservation, self.clock)
            raise self._held_back(delivery.message, delivery.blocked.verdict)
        self._learn(delivery, hosts, host, admission, reservation)
        if delivery.message.state is State.QUEUED and delivery.outcome is not None and plan.wait_seconds:
            self._say("Trying again", plan.wait_seconds, delivery.outcome.detail or delivery.outcome.reason)
        if delivery.message.state is State.QUEUED and delivery.outcome is not None:
            self.wait(plan.wait_seconds)
        return delivery

    def _turn(self, message: Message, deadline: float) -> Reservation:
        scopes = self.limits.scopes(message.instance, message.method)
        reservation = reserve(self.lines, scopes, self.clock)
        held_back_ms = reservation.wait_ms(self.clock)
        while wait_ms := reservation.wait_ms(self.clock):
            if self.clock.monotonic() + wait_ms / 1000 > deadline:
                give_back(self.lines, reservation, self.clock)
                raise Limited(
                    f"Its turn comes too late: {reservation.waiting}.",
                    hint="Add --queue: a worker sends it in its turn. Or give it more time with --timeout.",
                    instance=message.instance,
                    message_id=message.id,
                    retry_after_seconds=wait_ms / 1000,
                )
            self._say("It may leave", wait_ms / 1000, str(reservation.waiting))
            self.wait(wait_ms / 1000)
            reservation = when_due(self.lines, reservation, self.clock)
        if held_back_ms:
            self.on_wait(message.instance, held_back_ms)
        return reservation

    def _learn(
        self, delivery: Delivery, hosts: Hosts, host: str, admission: Admission, reservation: Reservation
    ) -> None:
        """Tell the other processes what this one has seen."""
        outcome = delivery.outcome
        if outcome is None:
            hosts.settle(())
            return
        hosts.report(host, admission, outcome)
        change(self.db, self.instance, lambda health: for_instance(health, outcome, self.clock.now_ms()))
        if outcome.cls is OutcomeClass.LIMITED:
            slow_down(
                self.lines,
                reservation,
                self.clock,
                retry_after_seconds=outcome.retry_after_seconds,
                rng=Chance(),
            )

    def _held_back(self, message: Message, verdict: Verdict) -> GreenbotError:
        """The error of a message that may not leave now, or never."""
        words = f"Message {message.id} was not sent: {_RULES.get(verdict.why or '', verdict.why)}."
        if verdict.ends or verdict.until_ms is None:
            if self.rules is not None:
                self.rules.hold_back(self.db, message, verdict)
            return Refused(words, hint="See: greenbot suppress list", instance=message.instance, message_id=message.id)
        return Limited(
            words,
            hint="Add --queue: a worker sends it when it may leave.",
            instance=message.instance,
            message_id=message.id,
            retry_after_seconds=max(0, verdict.until_ms - self.clock.now_ms()) / 1000,
        )

    def _give_up(self, message_id: int, cause: str) -> None:
        """Nobody else shall send later what this shell was not able to send now."""
        message = get(self.db, message_id)
        if message.state is State.QUEUED:
            with self.db.write() as tx:
                gone = Change(state=State.FAILED, reason=Reason.NOT_SENT, cause=cause)
                move(tx, message, gone, self.owner.id, self.clock)

    def _breaker(self, host: str) -> Breaker:
        return Breaker(self.db, instance=self.instance, host=host, owner=self.owner.id, clock=self.clock, rng=Chance())

    def _until(self, admission: Admission) -> float | None:
        return None if admission.until_ms is None else max(0, admission.until_ms - self.clock.boot_ms()) / 1000

    def _say(self, what: str, seconds: float, why: str) -> None:
        """Until when it waits, and why."""
        if seconds >= _WORTH_A_WORD_SECONDS:
            moment = localtime(self.clock.now_ms() / 1000 + seconds)
            self.tell(f"{what} in {seconds:.0f} s, at {strftime('%H:%M:%S %Z', moment)}: {why}.")


@dataclass(slots=True)
class _Place:
    """A place in the line of the limits, kept until the call really leaves."""

    direct: Direct
    reservation: Reservation

    def keep(self) -> None:
        """Tell the line when the call leaves, after commits that took their time; it may have to wait once more."""
        direct = self.direct
        self.reservation = when_due(direct.lines, self.reservation, direct.clock)
        while wait_ms := self.reservation.wait_ms(direct.clock):
            direct.wait(wait_ms / 1000)
            self.reservation = when_due(direct.lines, self.reservation, direct.clock)


@dataclass(slots=True)
class _Plan:
    """What follows one outcome: another try after a wait, or none."""

    direct: Direct
    tries: int
    deadline: float
    wait_seconds: float = 0.0

    def tries_again(self, outcome: Outcome) -> bool:
        """Whether to try again, within the rules for retries, the budget of the instance and the time there is."""
        direct = self.direct
        if outcome.cls is OutcomeClass.LIMITED:
            return self.tries <= direct.limits.retry.max_retries
        if outcome.cls is not OutcomeClass.NOT_SENT:
            return False
        wait_ms, over = rest_ms(outcome, self.tries, direct.limits.retry, Chance())
        self.wait_seconds = wait_ms / 1000
        if over or not wait_ms or direct.clock.monotonic() + self.wait_seconds > self.deadline:
            return False
        return pay(direct.db, direct.instance, direct.clock, after_timeout=False).paid
