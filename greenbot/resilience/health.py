"""What is known of an instance, and whether it may send. Pure.

    unknown       nothing fresh is known; ask before sending, and send after 10 s without an answer
    authorized    linked and working
    degraded      GREEN-API says sleepMode or starting
    not_sendable  notAuthorized, blocked, yellowCard, suspended, or nothing of the kind at this address
    quota         466: the month's quota is used up
    auth_failed   two refused tokens in a row; only a person's word ends it
    unreachable   three questions in a row without an answer; the circuit breaker decides

Down is believed at once, up only when it is confirmed. Moments are UTC milliseconds.
"""

from dataclasses import dataclass, replace
from typing import Literal

State = Literal["unknown", "authorized", "degraded", "not_sendable", "quota", "auth_failed", "unreachable"]

#: GREEN-API's words for the state of an instance (GREEN-API docs: GetStateInstance). yellowCard is the older suspended.
_ACCOUNTS: dict[str, State] = {
    "authorized": "authorized",
    "sleepMode": "degraded",
    "starting": "degraded",
    "notAuthorized": "not_sendable",
    "blocked": "not_sendable",
    "yellowCard": "not_sendable",
    "suspended": "not_sendable",
}
#: Known for so long, a state is believed without asking again.
FRESH_MS = 180_000
PATIENCE_MS = 10_000
REFUSALS = 2
MISSES = 3
#: How far apart the two answers are that make an instance sendable again.
CONFIRM_MS = 30_000
#: A quota is tried again with one message this often: who was written to before may still be.
QUOTA_MS = 3_600_000
#: In sleepMode GREEN-API keeps messages until the phone wakes, at most so long.
SLEEP_KEEPS_MS = 86_400_000
_SEEN_GRAIN_MS = 20_000

_ASK_AGAIN_MS: dict[State, int] = {
    "unknown": 5_000,
    "authorized": 60_000,
    "degraded": 15_000,
    "not_sendable": CONFIRM_MS,
    "quota": 60_000,
    "auth_failed": 900_000,
    "unreachable": 5_000,
}
_ASK_AGAIN_MOST_MS = 60_000
_ASK_AGAIN_NOWHERE_MS = 300_000
NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The row of one instance. `account` is GREEN-API's own word; `agreeing` answers contradict the state."""

    state: State = "unknown"
    account: str = ""
    reason: str = ""
    since_at_ms: int = 0
    seen_at_ms: int = 0
    event_at_ms: int = 0
    refusals: int = 0
    agreeing: int = 0
    agreeing_at_ms: int = 0
    misses: int = 0
    until_at_ms: int = 0
    asked_at_ms: int = 0
    queue_length: int = 0
    queue_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether messages may leave: all, only those that live `least_ttl_ms` longer, or none, and why not."""

    go: bool
    why: str = ""
    until_at_ms: int | None = None
    least_ttl_ms: int = 0


def answered(health: Health, account: str, now_ms: int) -> Health:
    """After getStateInstance answered: the token is good, and this is how the account stands."""
    health = replace(health, refusals=0, misses=0)
    found = _ACCOUNTS.get(account, "degraded")
    if health.state == "auth_failed" or (health.state == "quota" and found != "not_sendable"):
        # A good answer of another method says nothing about these.
        return _seen(health, now_ms)
    if found == health.state:
        return _seen(replace(health, account=account, agreeing=0), now_ms)
    if found != "authorized" or health.state in ("unknown", "unreachable"):
        return _moved(health, found, now_ms, account=account, reason=account)
    return _confirmed(health, account, now_ms)


def told(health: Health, account: str, *, event_at_ms: int, now_ms: int) -> Health:
    """After a stateInstanceChanged event; one that is older than the last that counted changes nothing."""
    if event_at_ms < health.event_at_ms:
        return health
    health = replace(health, event_at_ms=event_at_ms)
    found = _ACCOUNTS.get(account, "degraded")
    if health.state == "auth_failed" or found == health.state:
        return _seen(replace(health, account=account), now_ms)
    return _moved(health, found, now_ms, account=account, reason=account)


def missed(health: Health, now_ms: int) -> Health:
    """After a question that brought no answer."""
    health = replace(health, misses=health.misses + 1, agreeing=0)
    if health.misses >= MISSES and health.state in ("unknown", "authorized", "degraded"):
        return _moved(replace(health, misses=health.misses), "unreachable", now_ms, reason="no answer")
    return health


def put_off(health: Health) -> Health:
    """After a question that GREEN-API did not want to hear now (429): the next one comes later."""
    return replace(health, misses=health.misses + 1)


def refused(health: Health, reason: str, now_ms: int) -> Health:
    """After a 401 or 403 to anything."""
    health = replace(health, refusals=min(health.refusals + 1, REFUSALS))
    if health.refusals < REFUSALS or health.state == "auth_failed":
        return health
    return _moved(health, "auth_failed", now_ms, reason=reason)


def worked(health: Health, now_ms: int) -> Health:
    """After GREEN-API took a message. The same object in the usual case: nothing to write down."""
    if health.refusals:
        health = replace(health, refusals=0)
    if health.state in ("quota", "unknown", "unreachable"):
        return _moved(health, "authorized", now_ms, account="authorized", reason="a message was accepted")
    if health.state == "authorized" and now_ms - health.seen_at_ms > _SEEN_GRAIN_MS:
        return _seen(health, now_ms)
    return health


def out_of_quota(health: Health, reason: str, now_ms: int) -> Health:
    """After a 466."""
    until_at_ms = now_ms + QUOTA_MS
    if health.state == "quota":
        return replace(_seen(health, now_ms), until_at_ms=until_at_ms)
    return replace(_moved(health, "quota", now_ms, reason=reason), until_at_ms=until_at_ms)


def not_ready(health: Health, account: str, reason: str, now_ms: int) -> Health:
    """After a send that was refused because of the state of the instance; `account` is the state that explains it."""
    found = _ACCOUNTS.get(account, "not_sendable")
    if found == health.state and account == health.account:
        return _seen(health, now_ms)
    return _moved(health, found, now_ms, account=account, reason=reason)


def resumed(health: Health, now_ms: int) -> Health:
    """A person says it is worth a try: nothing is known any more, and the next step is to ask."""
    return _moved(replace(health, refusals=0, misses=0, asked_at_ms=0), "unknown", now_ms, reason="resumed")


def may_send(health: Health, now_ms: int) -> Permission:
    """Whether messages may leave now."""
    state = state_at(health, now_ms)
    if state in ("not_sendable", "auth_failed"):
        return Permission(go=False, why=_WHY.get(state, "") or health.reason)
    if state == "quota":
        return _after(health.until_at_ms, now_ms, "the quota of this month is used up")
    if state == "unknown":
        # Asked at once by whoever wants to send; without an answer only the breaker still decides.
        since = max(health.since_at_ms, health.seen_at_ms + FRESH_MS if health.seen_at_ms else 0)
        return _after(since + PATIENCE_MS, now_ms, "asking GREEN-API for the state of the instance")
    if state == "degraded" and health.account == "starting":
        return Permission(go=False, why="the instance is starting")
    if state == "degraded" and health.account == "sleepMode":
        return Permission(go=True, why="the phone sleeps", least_ttl_ms=SLEEP_KEEPS_MS)
    return Permission(go=True)


def state_at(health: Health, now_ms: int) -> State:
    """The state as it counts now: what was good three minutes ago is not known to be good."""
    if health.state in ("authorized", "degraded") and now_ms - health.seen_at_ms > FRESH_MS:
        return "unknown"
    return health.state


def ask_at_ms(health: Health, now_ms: int) -> int:
    """When getStateInstance is due again. Its answers are for all processes, so `asked_at_ms` counts, not who asked."""
    state = state_at(health, now_ms)
    wait_ms = _ASK_AGAIN_NOWHERE_MS if health.account == NOWHERE else _ASK_AGAIN_MS[state]
    if state in ("unknown", "unreachable"):
        wait_ms = min(_ASK_AGAIN_MOST_MS, wait_ms << min(health.misses, 10))
    last_ms = health.asked_at_ms if state == "unknown" else max(health.asked_at_ms, health.seen_at_ms)
    return last_ms + wait_ms


_WHY = {
    "auth_failed": "GREEN-API refused the token twice; put it right, then: greenbot instances resume",
}


def _after(until_at_ms: int, now_ms: int, why: str) -> Permission:
    return Permission(go=True) if now_ms >= until_at_ms else Permission(go=False, why=why, until_at_ms=until_at_ms)


def _confirmed(health: Health, account: str, now_ms: int) -> Health:
    """One more answer that says `authorized` where something worse was known: the second one counts."""
    if not health.agreeing:
        return replace(_seen(health, now_ms), agreeing=1, agreeing_at_ms=now_ms)
    apart_ms = CONFIRM_MS - 1_000 if health.state == "not_sendable" else 0
    if now_ms - health.agreeing_at_ms < apart_ms:
        return _seen(health, now_ms)
    return _moved(health, "authorized", now_ms, account=account, reason="confirmed twice")


def _seen(health: Health, now_ms: int) -> Health:
    return replace(health, seen_at_ms=now_ms)


def _moved(health: Health, state: State, now_ms: int, *, reason: str, account: str | None = None) -> Health:
    return replace(
        health,
        state=state,
        account=health.account if account is None else account,
        reason=reason,
        since_at_ms=now_ms,
        seen_at_ms=0 if state == "unknown" else now_ms,
        agreeing=0,
        until_at_ms=0,
    )
