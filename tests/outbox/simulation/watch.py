"""Watches every call at the moment it leaves: what the breaker, the health and the retry budget promise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from greenbot.api.endpoints import ENDPOINTS
from greenbot.clock import Clock
from greenbot.db.connect import Db
from greenbot.resilience import circuits
from greenbot.resilience.health import may_send
from greenbot.resilience.shared_health import health_of

#: Over any minute: attempts of an instance, against the messages that they were for.
WINDOW_SECONDS = 60.0
SHARE, MORE = 1.1, 10


@dataclass(slots=True)
class Watch:
    """Looks into the store, as it is for all processes, whenever one of them calls."""

    db: Db
    clock: Clock
    #: Told what was not as promised.
    on_broken: Callable[[str], None]
    #: Instance -> when, and which message.
    sends: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    #: Messages on their way in half-open circuits.
    trials: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def call(self, instance: str, method: str, text: str) -> Iterator[None]:
        """From before the first byte to the answer, or to the death of the process."""
        if not ENDPOINTS[method].sends:
            yield
            return
        self.sends.setdefault(instance, []).append((self.clock.monotonic(), text))
        is_trial = self._check(instance)
        self.trials[instance] = self.trials.get(instance, 0) + is_trial
        try:
            yield
        finally:
            self.trials[instance] -= is_trial

    def _check(self, instance: str) -> bool:
        """Whether this message tries out a half-open circuit."""
        now = self.clock.monotonic()
        permission = may_send(health_of(self.db, instance), self.clock.now_ms())
        if not permission.go:
            self.on_broken(f"{now:.3f} a message of {instance} leaves although: {permission.why}")
        circuit, _ = circuits.load(self.db, instance, ENDPOINTS["sendMessage"].host, self.clock)
        if circuit.state in ("open", "forced_open"):
            self.on_broken(f"{now:.3f} a message of {instance} leaves through an open breaker")
        if circuit.state != "half_open":
            return False
        if not circuit.probed:
            self.on_broken(f"{now:.3f} a message of {instance} leaves where a question was due")
        if self.trials.get(instance, 0):
            self.on_broken(f"{now:.3f} two messages of {instance} try out a breaker at once")
        return True

    def judge_amplification(self) -> None:
        """Over any minute: no more attempts than a tenth, and ten, above the messages they were for."""
        for instance, sends in self.sends.items():
            for first, (begun, _) in enumerate(sends):
                window = [text for at, text in sends[first:] if at < begun + WINDOW_SECONDS]
                if len(window) > SHARE * len(set(window)) + MORE:
                    self.on_broken(f"{begun:.3f} {len(window)} attempts of {instance} for {len(set(window))} messages")
                    break
