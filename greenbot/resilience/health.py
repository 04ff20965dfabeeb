"""What is known of an instance, and whether it may send. Pure.

    unknown       nothing fresh is known; ask before sending, and send after 10 s without an answer
    authorized    linked and working
    degraded      GREEN-API says sleepMode or starting
    not_sendable  notAuthorized, blocked, yellowCard, suspended, or nothing of the kind at this address
    quota         466: the month's quota is used up
    auth_failed   two refused tokens in a row; only a person's word ends it
    unreachable   three questions in a row without an answer; the circuit breaker decides

A word of GREEN-API that contradicts what is known is a rumour first: it is believed after a second look that agrees,
or after one event and one look. Messages wait from the first bad word on, so a number that flaps sends nothing and
alarms nobody. A question without an answer says nothing about the number. What a refused send says, and the first
word about a number of which nothing was known, is believed at once. Moments are UTC milliseconds.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypedDict

#: Who said it: an answer to getStateInstance, a stateInstanceChanged event, an outcome of a call, a person here.
Source = Literal["look", "event", "send", "person"]
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
#: How soon a bad word is asked for once more, and how far apart the two answers are at least.
ASK_ONCE_MORE_MS = 10_000
_APART_MS = 5_000
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


class _Heard(TypedDict):
    heard: str
    heard_from: str
    heard_at_ms: int


_NOTHING_HEARD: _Heard = {"heard": "", "heard_from": "", "heard_at_ms": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The row of one instance. `account` is GREEN-API's own word, and `source` who said it last; `heard` is a word
    that contradicts it and is not believed yet."""

    state: State = "unknown"
    account: str = ""
    reason: str = ""
    since_at_ms: int = 0
    seen_at_ms: int = 0
    event_at_ms: int = 0
    refusals: int = 0
    heard: str = ""
    heard_from: str = ""
    heard_at_ms: int = 0
    misses: int = 0
    until_at_ms: int = 0
    asked_at_ms: int = 0
    queue_length: int = 0
    queue_at_ms: int = 0
    source: str = ""


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
    return _learned(health, account, "look", now_ms)


def told(health: Health, account: str, *, event_at_ms: int, now_ms: int) -> Health:
    """After a stateInstanceChanged event; one that is older than the last that counted changes nothing."""
    if event_at_ms < health.event_at_ms:
        return health
    health = replace(health, event_at_ms=event_at_ms)
    found = _ACCOUNTS.get(account, "degraded")
    if health.state == "auth_failed" or (health.state == "quota" and found != "not_sendable"):
        return health
    return _learned(health, account, "event", now_ms)


def _learned(health: Health, account: str, source: Source, now_ms: int) -> Health:
    """After somebody said how the account stands."""
    found = _ACCOUNTS.get(account, "degraded")
    if found == health.state:
        said = source if account != health.account else health.source
        return _seen(replace(health, account=account, source=said, **_NOTHING_HEARD), now_ms)
    if state_at(health, now_ms) == "unknown" or (health.state == "unreachable" and health.account in ("", account)):
        return _moved(health, found, now_ms, account=account, reason=account, source=source)
    if not _is_confirmed(health, account, source, now_ms):
        return _heard(health, account, source, now_ms)
    reason = "confirmed twice" if found == "authorized" and source == health.heard_from else account
    return _moved(
        health,
        found,
        now_ms,
        account=account,
        reason=reason,
        source="event" if "event" in (source, health.heard_from) else "look",
    )


def _is_confirmed(health: Health, account: str, source: Source, now_ms: int) -> bool:
    """Whether this word agrees with what was heard before, and two words are enough."""
    if not is_doubted(health, now_ms) or (health.heard == "authorized") != (account == "authorized"):
        return False
    if source != health.heard_from:
        return True
    apart_ms = CONFIRM_MS - 1_000 if health.state == "not_sendable" else _APART_MS
    # The same event may come twice; two answers are two looks when some time lies between them.
    return source == "look" and now_ms - health.heard_at_ms >= apart_ms


def _heard(health: Health, account: str, source: Source, now_ms: int) -> Health:
    """A word that is not believed yet; the first of several that agree says since when."""
    known = is_doubted(health, now_ms) and (health.heard == "authorized") == (account == "authorized")
    if known:
        return _seen(health, now_ms)
    return _seen(replace(health, heard=account, heard_from=source, heard_at_ms=now_ms), now_ms)


def is_doubted(health: Health, now_ms: int) -> bool:
    """Whether a word that contradicts what is known was heard lately, and waits for a second one."""
    return bool(health.heard) and 0 <= now_ms - health.heard_at_ms <= FRESH_MS


def missed(health: Health, now_ms: int) -> Health:
    """After a question that brought no answer. It neither confirms nor denies what was heard."""
    health = replace(health, misses=health.misses + 1)
    if health.misses >= MISSES and health.state in ("unknown", "authorized", "degraded"):
        away = _moved(health, "unreachable", now_ms, reason="no answer", source="look")
        return replace(away, heard=health.heard, heard_from=health.heard_from, heard_at_ms=health.heard_at_ms)
    return health


def put_off(health: Health) -> Health:
    """After a question that GREEN-API did not want to hear now (429): the next one comes later."""
    return replace(health, misses=health.misses + 1)


def refused(health: Health, reason: str, now_ms: int) -> Health:
    """After a 401 or 403 to anything."""
    health = replace(health, refusals=min(health.refusals + 1, REFUSALS))
    if health.refusals < REFUSALS or health.state == "auth_failed":
        return health
    return _moved(health, "auth_failed", now_ms, reason=reason, source="send")


def worked(health: Health, now_ms: int) -> Health:
    """After GREEN-API took a message. The same object in the usual case: nothing to write down."""
    if health.refusals:
        health = replace(health, refusals=0)
    if health.state in ("quota", "unknown", "unreachable"):
        return _moved(
            health, "authorized", now_ms, account="authorized", reason="a message was accepted", source="send"
        )
    if health.state == "authorized" and now_ms - health.seen_at_ms > _SEEN_GRAIN_MS:
        return _seen(health, now_ms)
    return health


def out_of_quota(health: Health, reason: str, now_ms: int) -> Health:
    """After a 466."""
    until_at_ms = now_ms + QUOTA_MS
    if health.state == "quota":
        return replace(_seen(health, now_ms), until_at_ms=until_at_ms)
    return replace(_moved(health, "quota", now_ms, reason=reason, source="send"), until_at_ms=until_at_ms)


def not_ready(health: Health, account: str, reason: str, now_ms: int) -> Health:
    """After a send that was refused because of the state of the instance; `account` is the state that explains it."""
    found = _ACCOUNTS.get(account, "not_sendable")
    if found == health.state and account == health.account:
        return _seen(replace(health, **_NOTHING_HEARD), now_ms)
    return _moved(health, found, now_ms, account=account, reason=reason, source="send")


def resumed(health: Health, now_ms: int) -> Health:
    """A person says it is worth a try: nothing is known any more, and the next step is to ask."""
    return _moved(
        replace(health, refusals=0, misses=0, asked_at_ms=0), "unknown", now_ms, reason="resumed", source="person"
    )


def by_person(health: Health, account: str, reason: str, now_ms: int) -> Health:
    """After a person linked, unlinked or restarted the number from here, and GREEN-API said so: no rumour any more."""
    found = _ACCOUNTS.get(account, "degraded")
    if health.state in ("auth_failed", "quota") and found != "not_sendable":
        return health
    if (found, account) == (health.state, health.account):
        return _seen(replace(health, **_NOTHING_HEARD), now_ms)
    return _moved(health, found, now_ms, account=account, reason=reason, source="person")


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
    if is_doubted(health, now_ms) and health.heard not in ("authorized", "sleepMode"):
        why = f"GREEN-API said {health.heard}; asking once more"
        return Permission(go=False, why=why, until_at_ms=health.heard_at_ms + FRESH_MS)
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
    if is_doubted(health, now_ms) and state not in ("auth_failed", "quota"):
        return _ask_once_more_at_ms(health)
    wait_ms = _ASK_AGAIN_NOWHERE_MS if health.account == NOWHERE else _ASK_AGAIN_MS[state]
    if state in ("unknown", "unreachable"):
        wait_ms = min(_ASK_AGAIN_MOST_MS, wait_ms << min(health.misses, 10))
    last_ms = health.asked_at_ms if state == "unknown" else max(health.asked_at_ms, health.seen_at_ms)
    return last_ms + wait_ms


_WHY = {
    "auth_failed": "GREEN-API refused the token twice, so nothing is tried until somebody stores the right one",
}


def _after(until_at_ms: int, now_ms: int, why: str) -> Permission:
    return Permission(go=True) if now_ms >= until_at_ms else Permission(go=False, why=why, until_at_ms=until_at_ms)


def _ask_once_more_at_ms(health: Health) -> int:
    """What an event says is asked for at once; what an answer said, after a moment, and less often without answers."""
    if health.heard_from == "event" and health.asked_at_ms < health.heard_at_ms:
        return health.heard_at_ms
    first_ms = CONFIRM_MS if health.state == "not_sendable" else ASK_ONCE_MORE_MS
    return health.asked_at_ms + min(_ASK_AGAIN_MOST_MS, first_ms << min(health.misses, 10))


def _seen(health: Health, now_ms: int) -> Health:
    return replace(health, seen_at_ms=now_ms)


def _moved(
    health: Health, state: State, now_ms: int, *, reason: str, source: Source, account: str | None = None
) -> Health:
    return replace(
        health,
        state=state,
        account=health.account if account is None else account,
        reason=reason,
        since_at_ms=now_ms,
        seen_at_ms=0 if state == "unknown" else now_ms,
        until_at_ms=0,
        source=source,
        **_NOTHING_HEARD,
    )
