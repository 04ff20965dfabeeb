"""One process's hand on a circuit that all processes share.

    admission = breaker.admit()
    "probe": call getStateInstance, report it with the admission, ask again
    "wait":  leave the message in the queue until admission.until_ms
    "go":    call, and report the result with the admission

Failures are told to the others at once, successes within a second. While the store is busy or
broken the breaker goes on by itself, on what it knows and sees: more careful, never less.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import Busy, StoreError
from greenbot.resilience import circuits
from greenbot.resilience.breaker import (
    DEFAULT_RULES,
    Admission,
    Circuit,
    Result,
    Rules,
    Tally,
    admitted,
    forced,
    merged,
    resumed,
    settled,
    tallied,
    timed,
)
from greenbot.resilience.retry import Rng
from greenbot.resilience.store_lines import writing

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

MERGE_MS = 1_000
#: As long as the lease of a message: longer than any call may take.
CALL_LEASE_MS = 90_000


class Breaker:
    """The breaker of one host (`api`, `media`, `partner`) of one instance, as `owner` sees it."""

    def __init__(
        self,
        db: "Db",
        *,
        instance: str,
        host: str,
        owner: str,
        clock: Clock,
        rng: Rng,
        rules: Rules = DEFAULT_RULES,
    ) -> None:
        self._db = db
        self._instance = instance
        self._host = host
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._rules = rules
        # What the others have not been told, and what is not in `_known` yet.
        self._pending = Tally()
        self._news = Tally()
        self._tried_at_ms = clock.boot_ms()
        self._known = Circuit(since_ms=clock.boot_ms())
        self._alone = False

    @property
    def alone(self) -> bool:
        """Whether the store could not be used last time, so that only this process's own view counts."""
        return self._alone

    def circuit(self) -> Circuit:
        """The circuit as it stands, for people to look at."""
        try:
            stored, _ = circuits.load(self._db, self._instance, self._host, self._clock)
        except (Busy, StoreError):
            self._go_alone()
            return timed(self._known, now_ms=self._clock.boot_ms())
        self._known, self._news = stored, self._pending
        return timed(stored, now_ms=self._clock.boot_ms())

    def admit(self, *, lease_ms: int = CALL_LEASE_MS) -> Admission:
        """May a call go out that takes `lease_ms` at most? In a closed or resting state this only reads."""
        if self._is_overdue():
            self.flush()
        if not self._alone:
            _, admission = self._ask(self.circuit(), lease_ms)
            if not self._alone and admission.ticket is None:
                return admission
        answers: list[Admission] = []

        def lease(circuit: Circuit) -> Circuit:
            circuit, answer = self._ask(circuit, lease_ms)
            answers.append(answer)
            return circuit

        self._change(lease)
        return answers[-1]

    def report(self, admission: Admission, result: Result, *, elapsed_ms: int = 0) -> None:
        """What became of the call that `admission` let out."""
        now_ms = self._clock.boot_ms()
        if admission.ticket is not None:
            ticket = admission.ticket
            self._change(
                lambda circuit: settled(circuit, ticket, result, now_ms=now_ms, rng=self._rng, rules=self._rules)
            )
            return
        pending = tallied(self._pending, result, elapsed_ms=elapsed_ms, now_ms=now_ms, rules=self._rules)
        if self._news is self._pending:
            self._news = pending
        else:
            self._news = tallied(self._news, result, elapsed_ms=elapsed_ms, now_ms=now_ms, rules=self._rules)
        self._pending = pending
        if result in ("failed", "unreachable") or self._is_overdue():
            self.flush()

    def flush(self) -> None:
        """Tell the others what this process has seen; a process that ends does this last."""
        if self._pending != Tally():
            self._change(lambda circuit: circuit)

    def force_open(self, reason: str) -> Circuit:
        """Let nothing out any more, until `resume`. Raises Busy, StoreError."""
        return self._insist(lambda circuit: forced(circuit, reason, now_ms=self._clock.boot_ms()))

    def resume(self) -> Circuit:
        """Let the next caller probe. Raises Busy, StoreError."""
        return self._insist(lambda circuit: resumed(circuit, now_ms=self._clock.boot_ms()))

    def _ask(self, circuit: Circuit, lease_ms: int) -> tuple[Circuit, Admission]:
        return admitted(circuit, owner=self._owner, now_ms=self._clock.boot_ms(), lease_ms=lease_ms, rules=self._rules)

    def _is_overdue(self) -> bool:
        return self._pending != Tally() and self._clock.boot_ms() - self._tried_at_ms >= MERGE_MS

    def _insist(self, change: Callable[[Circuit], Circuit]) -> Circuit:
        # A person's word has to outlast a power cut, unlike everything else here.
        with self._db.write() as tx:
            circuit = self._change_in(tx, change)
        self._told()
        return circuit

    def _change(self, change: Callable[[Circuit], Circuit]) -> None:
        """Apply a change to what all share; to what this process knows when the store cannot be used."""
        if self._alone and self._clock.boot_ms() - self._tried_at_ms < MERGE_MS:
            self._change_known(change)
            return
        try:
            with writing(self._db) as tx:
                self._known = self._change_in(tx, change)
        except (Busy, StoreError):
            self._go_alone()
            self._change_known(change)
            return
        self._told()

    def _change_known(self, change: Callable[[Circuit], Circuit]) -> None:
        self._known = change(self._current(self._known, self._news))
        self._news = Tally()

    def _go_alone(self) -> None:
        self._alone = True
        self._tried_at_ms = self._clock.boot_ms()

    def _change_in(self, tx: "Tx", change: Callable[[Circuit], Circuit]) -> Circuit:
        """Step by step, because the store checks and logs every move."""
        stored, epoch = circuits.load(tx, self._instance, self._host, self._clock)
        in_time = self._current(stored, self._pending)
        for circuit in (in_time, change(in_time)):
            if circuit != stored:
                epoch = circuits.save(tx, self._instance, self._host, self._clock, circuit, epoch)
                stored = circuit
        return stored

    def _current(self, circuit: Circuit, tally: Tally) -> Circuit:
        """What a circuit has become by time and by what this process has seen."""
        now_ms = self._clock.boot_ms()
        return timed(merged(circuit, tally, now_ms=now_ms, rng=self._rng, rules=self._rules), now_ms=now_ms)

    def _told(self) -> None:
        self._pending = self._news = Tally()
        self._tried_at_ms = self._clock.boot_ms()
        self._alone = False
