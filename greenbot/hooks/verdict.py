"""What follows from an attempt: done, again later, or given up; and when a hook is given a rest. Pure."""

from dataclasses import dataclass
from typing import Literal, Protocol

#: `ok`: taken. `refused`: this event is not wanted there. `failed`: trouble that may pass. `busy`: asked us to wait.
#: `gone`: asked us never to come back. `forbidden`: the address is not allowed. `lost`: we died, or were too slow.
Outcome = Literal["ok", "refused", "failed", "busy", "gone", "forbidden", "lost"]

_MINUTE, _HOUR = 60, 3600
#: Seconds between attempts: ten attempts within three days and some hours.
RETRY_SECONDS = (5, 5 * _MINUTE, 30 * _MINUTE, *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)))
#: For an event that is refused as such: waiting days for a change of mind would hold up its whole chat.
REFUSED_RETRIES = 3
JITTER = 0.2
_LONGEST_WAIT_SECONDS = 24 * _HOUR

OPEN_STREAK = 5
OPEN_SECONDS = 30
OPEN_CAP_SECONDS = 600


class Rng(Protocol):
    """Where chance comes from."""

    def random(self) -> float:
        """A number from 0 to 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where a delivery goes after an attempt. `wait_ms` only when it is queued again."""

    state: Literal["queued", "done", "dead"]
    reason: str
    wait_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How a hook has been doing: failures in a row, rests since the last success, and until when it rests."""

    streak: int = 0
    openings: int = 0
    open_until_ms: int = 0


def following(outcome: Outcome, attempts: int, *, retry_after_seconds: float | None, rng: Rng) -> Next:
    """What becomes of a delivery after `attempts` of them, the last of which ended so."""
    if outcome == "ok":
        return Next(state="done", reason="ok")
    tries = REFUSED_RETRIES if outcome == "refused" else len(RETRY_SECONDS)
    if attempts > tries:
        return Next(state="dead", reason=outcome)
    seconds = RETRY_SECONDS[max(attempts, 1) - 1] * (1 - JITTER + 2 * JITTER * rng.random())
    if outcome == "lost":
        seconds = min(seconds, RETRY_SECONDS[0])
    if retry_after_seconds is not None:
        seconds = max(seconds, min(retry_after_seconds, _LONGEST_WAIT_SECONDS))
    return Next(state="queued", reason=outcome, wait_ms=round(seconds * 1000))


def of_status(status: int) -> Outcome:
    """What an HTTP status means for the delivery. A redirect is not followed, so it has failed."""
    if 200 <= status < 300:
        return "ok"
    if status == 410:
        return "gone"
    if status in (429, 503):
        return "busy"
    return "refused" if status in (400, 413, 415, 422) else "failed"


def after(circuit: Circuit, outcome: Outcome, *, now_ms: int, rng: Rng) -> Circuit:
    """The circuit of a hook after an attempt: after five failures in a row it rests, longer each time."""
    if outcome == "ok":
        return Circuit()
    if outcome in ("refused", "lost"):
        # The hook answered, or we have ourselves to blame.
        return circuit if outcome == "lost" else Circuit(openings=circuit.openings)
    streak = circuit.streak + 1
    if streak < OPEN_STREAK or now_ms < circuit.open_until_ms:
        return Circuit(streak=streak, openings=circuit.openings, open_until_ms=circuit.open_until_ms)
    seconds = min(OPEN_CAP_SECONDS, OPEN_SECONDS << min(circuit.openings, 10))
    rest_ms = round(seconds * 1000 * (1 - JITTER + 2 * JITTER * rng.random()))
    return Circuit(streak=streak, openings=circuit.openings + 1, open_until_ms=now_ms + rest_ms)


def needs_probe(circuit: Circuit) -> bool:
    """Whether the next attempt only finds out if the hook is back: any delivery will do, even before its time."""
    return circuit.streak >= OPEN_STREAK


def slots(circuit: Circuit, concurrency: int, *, now_ms: int) -> int:
    """How many deliveries of a hook may be under way: none while it rests, one to try it, else its concurrency."""
    if now_ms < circuit.open_until_ms:
        return 0
    return 1 if needs_probe(circuit) else concurrency
