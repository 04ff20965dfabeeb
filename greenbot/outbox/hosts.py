"""The hosts of one instance as one worker sees them: which way is open, and the question that opens it again."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.outbox.consequence import after_question, for_breaker
from greenbot.outbox.deliver import Exchanger
from greenbot.resilience.breaker import Admission
from greenbot.resilience.health import ask_at_ms
from greenbot.resilience.shared_breaker import CALL_LEASE_MS, Breaker
from greenbot.resilience.shared_health import Due, change, take_question

if TYPE_CHECKING:
    from greenbot.api.outcome import Outcome
    from greenbot.db.connect import Db

_STATE = ENDPOINTS["getStateInstance"]
CLOSED = Admission(answer="go")
#: Longer than the longest upload.
_UPLOAD_LEASE_MS = 240_000


class Hosts:
    """The breakers of one instance. `admit` before a turn, `is_open` within it, `settle` after it."""

    def __init__(self, db: "Db", instance: str, clock: Clock, breaker_of: Callable[[str], Breaker]) -> None:
        self._db = db
        self._instance = instance
        self._clock = clock
        self._breaker_of = breaker_of
        self._breakers: dict[str, Breaker] = {}
        self._admitted: dict[str, Admission] = {}
        self._used: set[str] = set()

    def breaker(self, host: str) -> Breaker:
        """The breaker of `api` or `media`."""
        if host not in self._breakers:
            self._breakers[host] = self._breaker_of(host)
        return self._breakers[host]

    async def admit(self, host: str, client: Exchanger) -> Admission:
        """Whether calls to this host may leave; asks the host itself when the breaker wants to know."""
        breaker = self.breaker(host)
        lease_ms = _UPLOAD_LEASE_MS if host == "media" else CALL_LEASE_MS
        admission = breaker.admit(lease_ms=lease_ms)
        if admission.answer == "probe":
            await self._question(client, admission, host)
            admission = breaker.admit(lease_ms=lease_ms)
        self._admitted[host] = admission
        return admission

    def is_open(self, host: str) -> bool:
        """Whether one more message may go there now; a half-open way lets a single one through. Reads only."""
        admission = self._admitted.setdefault(host, CLOSED)
        if admission.answer != "go":
            return False
        if host in self._used:
            return admission.ticket is None
        if not self._still_holds(host, admission):
            return False
        self._used.add(host)
        return True

    def _still_holds(self, host: str, admission: Admission) -> bool:
        """Between an admission and the turn lies the wait for the limits; much can happen in a minute."""
        circuit = self.breaker(host).circuit()
        if admission.ticket is None:
            return circuit.state == "closed"
        return circuit.state == "half_open" and circuit.ticket == admission.ticket

    def settle(self, postings_to: Iterable[str]) -> dict[str, Admission]:
        """After a turn: the admissions its messages go out with; what was not needed is given back."""
        admitted, used = self._admitted, set(postings_to)
        self._admitted, self._used = {}, set()
        for host, admission in admitted.items():
            if host not in used and admission.ticket is not None:
                self.breaker(host).report(admission, "ignored")
        return admitted

    def report(self, host: str, admission: Admission, outcome: "Outcome") -> None:
        """What became of a message that went there."""
        self.breaker(host).report(admission, for_breaker(outcome), elapsed_ms=outcome.elapsed_ms)

    def flush(self) -> None:
        """Tell the other processes what this one has seen, before it ends."""
        for breaker in self._breakers.values():
            breaker.flush()

    async def ask_if_due(self, client: Exchanger, due: Due = ask_at_ms) -> bool:
        """Ask for the state of the instance when it is due and falls to this process; whether it was asked."""
        if self.breaker("api").circuit().state != "closed":
            return False
        if not take_question(self._db, self._instance, self._clock, due):
            return False
        await self._question(client, CLOSED, "api")
        return True

    async def _question(self, client: Exchanger, admission: Admission, host: str) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await client.exchange(_STATE, {})
        finally:
            if outcome is None:
                self.breaker(host).report(admission, "ignored")
            else:
                self._learn(outcome, admission, host)

    def _learn(self, outcome: "Outcome", admission: Admission, host: str) -> None:
        self.breaker(host).report(admission, for_breaker(outcome), elapsed_ms=outcome.elapsed_ms)
        change(self._db, self._instance, lambda health: after_question(health, outcome, self._clock.now_ms()))
