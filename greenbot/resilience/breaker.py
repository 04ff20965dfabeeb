"""The circuit breaker of one host of one instance, as a state machine. Pure.

    closed       calls go out; their outcomes are counted
    open         nothing goes out until `open_until_ms`
    half_open    one call at a time, fleet-wide: first the probe (getStateInstance, never a guest's
                 message, whose lost answer would leave it in doubt), then two real calls
    forced_open  nothing goes out until somebody says so

Moments are milliseconds since boot.
"""

from dataclasses import dataclass, replace
from typing import Literal

from greenbot.resilience.retry import Rng

State = Literal["closed", "open", "half_open", "forced_open"]

#: What a call says about the host. `ok`: it answered, also if it refused the call (4xx, 466).
#: `failed`: it answered with a 5xx or something unreadable. `unreachable`: a transport error or a
#: timeout. `ignored`: a 429, a call we gave up ourselves, one the breaker itself did not let out.
Result = Literal["ok", "failed", "unreachable", "ignored"]

#: Every move there is. A trigger in the store holds the same list.
MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        ("closed", "open"),
        ("closed", "forced_open"),
        ("open", "half_open"),
        ("open", "forced_open"),
        ("half_open", "closed"),
        ("half_open", "open"),
        ("half_open", "forced_open"),
        ("forced_open", "half_open"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a breaker opens, for how long, and what closes it again."""

    bucket_ms: int = 6_000
    buckets: int = 10
    min_calls: int = 10
    failed_percent: int = 50
    streak: int = 5
    slow_ms: int = 30_000
    #: None switches the rule for slow calls off; 80 is a sensible value.
    slow_percent: int | None = None
    open_ms: int = 30_000
    open_cap_ms: int = 300_000
    jitter: float = 0.2
    calm_ms: int = 600_000
    trials: int = 2
    probe_lease_ms: int = 30_000
    ask_again_ms: int = 1_000


DEFAULT_RULES = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The calls of six seconds; `number` counts buckets since boot."""

    number: int
    calls: int = 0
    failures: int = 0
    slow: int = 0

    def plus(self, other: "Bucket") -> "Bucket":
        """Both together."""
        return Bucket(
            number=self.number,
            calls=self.calls + other.calls,
            failures=self.failures + other.failures,
            slow=self.slow + other.slow,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one process has seen since it last told the others."""

    buckets: tuple[Bucket, ...] = ()
    #: Some call did reach the host: a streak of others ends there.
    answered: bool = False
    #: Transport failures in a row, up to now.
    streak: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Everything the processes of a machine share about one host of one instance."""

    state: State = "closed"
    since_ms: int = 0
    buckets: tuple[Bucket, ...] = ()
    streak: int = 0
    openings: int = 0
    open_until_ms: int = 0
    lease_owner: str | None = None
    lease_until_ms: int = 0
    ticket: int = 0
    probed: bool = False
    good_trials: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a call may go out.

    `go`; `probe`: call getStateInstance first, report it with this admission, and ask again; `wait`:
    not before `until_ms` (None: only somebody's word will open the way). `ticket` marks the one call
    of a half-open breaker.
    """

    answer: Literal["go", "probe", "wait"]
    ticket: int | None = None
    until_ms: int | None = None


def tallied(tally: Tally, result: Result, *, elapsed_ms: int, now_ms: int, rules: Rules = DEFAULT_RULES) -> Tally:
    """The tally with one more call."""
    if result == "ignored":
        return tally
    call = Bucket(
        number=now_ms // rules.bucket_ms,
        calls=1,
        failures=int(result != "ok"),
        slow=int(elapsed_ms > rules.slow_ms),
    )
    unreachable = result == "unreachable"
    return Tally(
        buckets=_with(tally.buckets, call, now_ms, rules),
        answered=tally.answered or not unreachable,
        streak=tally.streak + 1 if unreachable else 0,
    )


def _with(buckets: tuple[Bucket, ...], call: Bucket, now_ms: int, rules: Rules) -> tuple[Bucket, ...]:
    if len(buckets) == 1 and buckets[0].number == call.number:
        return (buckets[0].plus(call),)  # nearly every call: there is nothing to sort and nothing to forget
    return _together(buckets, (call,), now_ms, rules)


def merged(circuit: Circuit, tally: Tally, *, now_ms: int, rng: Rng, rules: Rules = DEFAULT_RULES) -> Circuit:
    """The circuit with a process's tally; opens it when enough has gone wrong.

    Only a closed circuit counts: what comes back later had left before it opened.
    """
    if circuit.state != "closed":
        return circuit
    circuit = replace(
        circuit,
        buckets=_together(circuit.buckets, tally.buckets, now_ms, rules),
        streak=tally.streak if tally.answered else circuit.streak + tally.streak,
    )
    reason = _why_open(circuit, rules)
    return circuit if reason is None else _opened(circuit, reason, now_ms, rng, rules)


def timed(circuit: Circuit, *, now_ms: int) -> Circuit:
    """The circuit as time alone has made it: whoever held the one call of a half-open circuit may have died."""
    if circuit.state != "half_open" or circuit.lease_owner is None or now_ms < circuit.lease_until_ms:
        return circuit
    # Nothing was learnt, so the wait does not double: the next one may probe at once.
    return replace(_moved(circuit, "open", now_ms, "the probe did not come back"), open_until_ms=now_ms)


def admitted(
    circuit: Circuit, *, owner: str, now_ms: int, lease_ms: int, rules: Rules = DEFAULT_RULES
) -> tuple[Circuit, Admission]:
    """May a call go out? Together with the circuit that follows from the answer.

    `lease_ms` is how long the call may take; a probe has its own lease. Ask after `timed`.
    """
    if circuit.state == "closed":
        return circuit, Admission(answer="go")
    if circuit.state == "forced_open":
        return circuit, Admission(answer="wait")
    if circuit.state == "open":
        if now_ms < circuit.open_until_ms:
            return circuit, Admission(answer="wait", until_ms=circuit.open_until_ms)
        circuit = _moved(circuit, "half_open", now_ms, "time to probe")
    if circuit.lease_owner is not None:
        # The one call may come back any moment, long before its lease is over.
        return circuit, Admission(answer="wait", until_ms=min(circuit.lease_until_ms, now_ms + rules.ask_again_ms))
    leased = replace(
        circuit,
        lease_owner=owner,
        lease_until_ms=now_ms + (lease_ms if circuit.probed else rules.probe_lease_ms),
        ticket=circuit.ticket + 1,
    )
    return leased, Admission(answer="go" if circuit.probed else "probe", ticket=leased.ticket)


def settled(
    circuit: Circuit, ticket: int, result: Result, *, now_ms: int, rng: Rng, rules: Rules = DEFAULT_RULES
) -> Circuit:
    """The circuit after the one call of its half-open state came back.

    One that comes so late that its lease was over says nothing any more.
    """
    if circuit.state != "half_open" or circuit.lease_owner is None or circuit.ticket != ticket:
        return circuit
    if result == "ignored":
        return _released(circuit)
    if result != "ok":
        return _opened(circuit, f"the {_trial(circuit)} failed", now_ms, rng, rules)
    if not circuit.probed:
        return replace(_released(circuit), probed=True)
    if circuit.good_trials + 1 < rules.trials:
        return replace(_released(circuit), good_trials=circuit.good_trials + 1)
    return _moved(circuit, "closed", now_ms, f"the probe and {rules.trials} calls went well")


def forced(circuit: Circuit, reason: str, *, now_ms: int) -> Circuit:
    """Open until somebody resumes it: an operator's word, or refused credentials."""
    return (
        replace(circuit, reason=reason)
        if circuit.state == "forced_open"
        else _moved(circuit, "forced_open", now_ms, reason)
    )


def resumed(circuit: Circuit, *, now_ms: int) -> Circuit:
    """Somebody says it is worth a try: the next caller probes. A closed or half-open circuit stays as it is."""
    if circuit.state == "forced_open":
        return _moved(circuit, "half_open", now_ms, "resumed")
    if circuit.state == "open":
        return replace(circuit, open_until_ms=now_ms)
    return circuit


def rebooted(circuit: Circuit) -> Circuit:
    """The circuit in a new boot, whose clock begins at 0: what was forced stays so, what was open may probe at once."""
    return replace(circuit, since_ms=0, buckets=(), streak=0, open_until_ms=0, lease_until_ms=0)


def queue_until_ms(until_ms: int, rng: Rng) -> int:
    """When a message that met an open breaker leaves the queue again: not all of them in the same moment."""
    return until_ms + round(10_000 * rng.random())


def _why_open(circuit: Circuit, rules: Rules) -> str | None:
    if circuit.streak >= rules.streak:
        return f"{circuit.streak} calls in a row did not get through"
    calls = sum(bucket.calls for bucket in circuit.buckets)
    failures = sum(bucket.failures for bucket in circuit.buckets)
    slow = sum(bucket.slow for bucket in circuit.buckets)
    if calls < rules.min_calls:
        return None
    if failures * 100 >= rules.failed_percent * calls:
        return f"{failures} of {calls} calls failed within a minute"
    if rules.slow_percent is not None and slow * 100 >= rules.slow_percent * calls:
        return f"{slow} of {calls} calls were slow within a minute"
    return None


def _opened(circuit: Circuit, reason: str, now_ms: int, rng: Rng, rules: Rules) -> Circuit:
    calm = circuit.state == "closed" and now_ms - circuit.since_ms >= rules.calm_ms
    openings = 0 if calm else circuit.openings
    wait_ms = min(rules.open_cap_ms, rules.open_ms << min(openings, 20))
    wait_ms = round(wait_ms * (1 - rules.jitter + 2 * rules.jitter * rng.random()))
    return replace(_moved(circuit, "open", now_ms, reason), openings=openings + 1, open_until_ms=now_ms + wait_ms)


def _moved(circuit: Circuit, state: State, now_ms: int, reason: str) -> Circuit:
    """Another state, with nothing left of the old one but the number of openings and of tickets."""
    return Circuit(state=state, since_ms=now_ms, openings=circuit.openings, ticket=circuit.ticket, reason=reason)


def _released(circuit: Circuit) -> Circuit:
    return replace(circuit, lease_owner=None, lease_until_ms=0)


def _trial(circuit: Circuit) -> str:
    return "call" if circuit.probed else "probe"


def _together(buckets: tuple[Bucket, ...], more: tuple[Bucket, ...], now_ms: int, rules: Rules) -> tuple[Bucket, ...]:
    """Both, without buckets that are over, or of a future that a clock made up."""
    newest = now_ms // rules.bucket_ms
    sums: dict[int, Bucket] = {}
    for bucket in (*buckets, *more):
        if newest - rules.buckets < bucket.number <= newest:
            known = sums.get(bucket.number)
            sums[bucket.number] = bucket if known is None else known.plus(bucket)
    return tuple(sums[number] for number in sorted(sums))
