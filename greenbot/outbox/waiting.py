"""Why a message still waits, and until when: everything that stands in its way, as words for people.

`waits` decides nothing; it says what the claim (`claims.py`, `gate.py`) would decide. Moments are UTC milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from greenbot.clock import Clock
from greenbot.outbox import presence
from greenbot.outbox.claims import OLDER_IN_CHAT
from greenbot.outbox.message import Message
from greenbot.outbox.moving import IN_FLIGHT_IN_CHAT
from greenbot.outbox.pauses import Pause, pause_of
from greenbot.outbox.states import State
from greenbot.resilience import circuits
from greenbot.resilience.breaker import Circuit, timed
from greenbot.resilience.health import Health, is_doubted, may_send, state_at
from greenbot.resilience.limiter import Waiting as Limited
from greenbot.resilience.shared_health import health_of

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: GREEN-API's hosts that messages go through.
HOSTS = ("api", "media")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing a message waits for. `until_at_ms`: when it ends by itself, None when nobody knows."""

    why: str
    words: str
    until_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known of an instance as a whole."""

    pause: Pause | None = None
    health: Health = field(default_factory=Health)
    #: By host.
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    #: Whether some worker takes its messages.
    served: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The message of the same chat that comes first."""

    id: int
    state: State


class Verdict(Protocol):
    """What campaigns say about one message."""

    @property
    def go(self) -> bool: ...
    @property
    def why(self) -> str | None: ...
    @property
    def until_ms(self) -> int | None: ...


def waits(
    message: Message,
    around: Around,
    clock: Clock,
    *,
    host: str = "api",
    ahead: Ahead | None = None,
    limited: Limited | None = None,
    verdict: Verdict | None = None,
) -> tuple[Wait, ...]:
    """What a queued message waits for: first what concerns it alone, then what concerns its instance.

    Empty for a message whose turn is now, and for one that does not wait any more.
    """
    if message.state is not State.QUEUED:
        return ()
    now_ms = clock.now_ms()
    found = (
        _hold(message),
        _time(message, now_ms),
        _chat(ahead),
        _pause(around.pause),
        _health(around.health, now_ms),
        _circuit(around.circuits.get(host), host, clock),
        _rules(verdict),
        None if limited is None else Wait(why="limit", words=str(limited), until_at_ms=limited.until_at_ms),
        None if around.served else Wait(why="no_worker", words="no worker runs; start one with: greenbot outbox run"),
    )
    return tuple(wait for wait in found if wait is not None)


def standing(around: Around, clock: Clock) -> tuple[Wait, ...]:
    """What keeps every message of the instance waiting."""
    found = (
        _pause(around.pause),
        _health(around.health, clock.now_ms()),
        *(_circuit(circuit, host, clock) for host, circuit in around.circuits.items()),
    )
    return tuple(wait for wait in found if wait is not None)


def _hold(message: Message) -> Wait | None:
    return None if message.held_reason is None else Wait(why="held", words=f"held: {message.held_reason}")


def _time(message: Message, now_ms: int) -> Wait | None:
    if message.not_before_ms <= now_ms:
        return None
    until_ms = message.not_before_ms
    if until_ms > message.scheduled_at_ms and message.attempts:
        why = message.cause or message.reason
        return Wait(why="retry", words=f"try {message.attempts + 1} after {_plain(why)}", until_at_ms=until_ms)
    if message.campaign_id is not None:
        words = _plain(message.cause) if message.cause else "paced by its campaign"
        return Wait(why=message.cause or "campaign", words=words, until_at_ms=until_ms)
    return Wait(why="scheduled", words="scheduled", until_at_ms=until_ms)


def _chat(ahead: Ahead | None) -> Wait | None:
    if ahead is None:
        return None
    state = "whose outcome is unknown" if ahead.state is State.UNCERTAIN else f"which is {ahead.state}"
    return Wait(why="chat_order", words=f"first comes message {ahead.id} to the same chat, {state}")


def _pause(pause: Pause | None) -> Wait | None:
    if pause is None:
        return None
    return Wait(why="paused", words=f"paused by {pause.actor}" + (f": {pause.reason}" if pause.reason else ""))


#: In these a number sends, unless GREEN-API said something worse that is not confirmed yet.
_ABLE = ("authorized", "degraded", "unreachable")


def _health(health: Health, now_ms: int) -> Wait | None:
    permission = may_send(health, now_ms)
    if permission.go:
        return None
    state = state_at(health, now_ms)
    why = "doubted" if state in _ABLE and is_doubted(health, now_ms) else state
    return Wait(why=why, words=permission.why, until_at_ms=permission.until_at_ms)


def _circuit(circuit: Circuit | None, host: str, clock: Clock) -> Wait | None:
    if circuit is None or circuit.state == "closed":
        return None
    why = f"the circuit breaker of {host} is {circuit.state.replace('_', ' ')}" + (
        f": {circuit.reason}" if circuit.reason else ""
    )
    if circuit.state != "open":
        return Wait(why="breaker", words=why)
    return Wait(why="breaker", words=why, until_at_ms=clock.now_ms() + max(0, circuit.open_until_ms - clock.boot_ms()))


def _rules(verdict: Verdict | None) -> Wait | None:
    if verdict is None or verdict.go:
        return None
    why = verdict.why or "campaign"
    return Wait(why=why, words=_plain(why), until_at_ms=verdict.until_ms)


def _plain(why: str) -> str:
    return why.replace("_", " ")


def around(db: "Db", instance: str, clock: Clock, *, run_dir: Path) -> Around:
    """What is known of an instance now. Reads only. Raises Busy, StoreError."""
    found = {host: circuits.load(db, instance, host, clock)[0] for host in HOSTS}
    return Around(
        pause=pause_of(db, instance),
        health=health_of(db, instance),
        circuits={host: timed(circuit, now_ms=clock.boot_ms()) for host, circuit in found.items()},
        served=presence.worker_is_alive(run_dir, instance),
    )


def ahead_of(db: "Db", message: Message, now_ms: int) -> Ahead | None:
    """The message of the same chat that must leave, or be settled, before this one. Reads only."""
    chat = {"instance": message.instance, "chat_id": message.chat_id}
    row = db.one(IN_FLIGHT_IN_CHAT, **chat) or db.one(OLDER_IN_CHAT, **chat, id=message.id, now=now_ms)
    return None if row is None else Ahead(id=row["id"], state=State(row["state"]))
