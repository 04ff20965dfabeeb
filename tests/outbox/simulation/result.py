"""What one simulated run came to, and how a message is told from its twins."""

import hashlib
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Result:
    """What one run came to. `lost`, `false` and `doubled` are numbers of messages; `explained` those doubled
    because the journal forgot a copy; `asked` those about which a person had to decide. `openings` of circuit
    breakers, `refusals`: how often an instance was stopped because of its token."""

    seed: int
    trace: list[str] = field(default_factory=list)
    messages: int = 0
    executions: int = 0
    deaths: int = 0
    uncertain: int = 0
    storms: int = 0
    openings: int = 0
    refusals: int = 0
    lost: list[int] = field(default_factory=list)
    false: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    explained: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Of everything that happened, in its order."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    @property
    def is_sound(self) -> bool:
        """No promise was broken."""
        return not (self.lost or self.false or self.broken or set(self.doubled) - set(self.explained))

    def __str__(self) -> str:
        facts = ", ".join(
            f"{name} {value}"
            for name in ("lost", "false", "doubled", "explained", "asked", "broken")
            if (value := getattr(self, name))
        )
        return (
            f"seed {self.seed}: {self.messages} messages, {self.executions} executions, {self.deaths} deaths, "
            f"{self.uncertain} in doubt, {self.storms} storms, {self.openings} openings, "
            f"{self.refusals} tokens refused, {facts or 'sound'}; "
            f"replay: python -m tests.outbox.simulation.run {self.seed}"
        )


def tail(number: int) -> str:
    """Spaces and tabs that tell which message a request is for; WhatsApp, the journal and the outbox ignore them."""
    return "".join("\t" if bit == "1" else " " for bit in f"{number:016b}")


def number_in(text: str) -> int:
    """The number in the tail."""
    return int("".join("1" if character == "\t" else "0" for character in text[len(text.rstrip()) :]), 2)
