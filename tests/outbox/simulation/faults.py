"""What goes wrong in one run: chosen by its seed, a different mixture each time, so that no fault hides another."""

import random
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often each fault comes, per call, commit or second."""

    refused: float = 0.0  # no connection
    too_many: float = 0.0  # 429
    unavailable: float = 0.0  # 503
    lost_before: float = 0.0  # the connection breaks, nothing was carried out
    lost_after: float = 0.0  # carried out, the answer is lost
    late: float = 0.0  # the connection breaks, carried out up to a minute and a half later
    silent: float = 0.0  # no answer for a minute; carried out or not
    broken_gateway: float = 0.0  # 502; carried out or not
    portal: float = 0.0  # 200 with HTML, nothing was carried out
    blind: float = 0.0  # a question without answer
    killed_in_commit: float = 0.0  # before the transaction is on the disk
    killed_after_commit: float = 0.0
    killed_in_call: float = 0.0  # before, during or after a POST
    killed: float = 0.0  # at any moment, per second
    stopped: float = 0.0  # SIGTERM, per second
    unlinked: float = 0.0  # the phone is unlinked for a while, per second
    clogged: float = 0.0  # the queue of an authorized instance stands still for minutes, per second
    omission: float = 0.0  # the journal forgets a message
    storm: float = 0.0  # one answer to everything, for up to two and a half minutes; per second


MOST = Rates(
    refused=0.1,
    too_many=0.05,
    unavailable=0.1,
    lost_before=0.15,
    lost_after=0.15,
    late=0.1,
    silent=0.05,
    broken_gateway=0.1,
    portal=0.05,
    blind=0.15,
    killed_in_commit=0.02,
    killed_after_commit=0.03,
    killed_in_call=0.15,
    killed=0.02,
    stopped=0.01,
    unlinked=0.004,
    clogged=0.01,
    omission=0.15,
    storm=0.02,
)
LATEST_SECONDS = 90.0
MOST_LAG_SECONDS = 15.0


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults of one run. `over` ends them all: then everything has to come to rest."""

    rng: random.Random
    rates: Rates
    journal_lag: float
    #: GREEN-API's pause between two messages, and how far its clock runs ahead of ours.
    pace: float = 0.5
    skew: float = 0.0
    over: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_seed(cls, seed: int, *, omissions: bool = True, only: tuple[str, ...] = ()) -> "Faults":
        """About half of the faults, each at a rate of its own; or `only` these, three times as often."""
        rng = random.Random(f"faults {seed}")
        chosen = {one.name: getattr(MOST, one.name) * rng.random() * (rng.random() < 0.5) for one in fields(Rates)}
        if only:
            chosen = {one.name: getattr(MOST, one.name) * 3 * (one.name in only) for one in fields(Rates)}
        if not omissions:
            chosen["omission"] = 0.0
        return cls(
            rng=rng,
            rates=Rates(**chosen),
            journal_lag=rng.random() * MOST_LAG_SECONDS,
            pace=rng.choice((0.5, 0.5, 5.0, 15.0)),
            skew=rng.choice((0.0, 0.0, 60.0, -60.0)) * rng.random(),
        )

    def strikes(self, name: str) -> bool:
        """Whether this fault comes now."""
        comes = not self.over and self.rng.random() < getattr(self.rates, name)
        if comes:
            self.counts[name] = self.counts.get(name, 0) + 1
        return comes

    def one_of(self, *names: str) -> str:
        """The first of these faults that comes now; empty when none does."""
        return next((name for name in names if self.strikes(name)), "")
