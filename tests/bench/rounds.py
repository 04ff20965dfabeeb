"""Whole processes timed side by side: every round runs each once, every second round in reverse; ratios per round.

Absolute times say little about another machine, and a slow moment hits all of a round, so only ratios count.
"""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One command line to time. `command()` gives it anew for each round, so no two sends are alike."""

    name: str
    command: Callable[[], Sequence[str]]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`name` must take at most `limit` times as long as `against`."""

    name: str
    against: str
    limit: float


class CommandFailed(Exception):
    """A command that was to be timed did not succeed."""


def measure(contenders: Sequence[Contender], *, rounds: int, warm_up: int = 2) -> dict[str, list[float]]:
    """Seconds of every contender in every round, after rounds that only fill caches. Raises `CommandFailed`."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(-warm_up, rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            taken = _run(contender)
            if number >= 0:
                seconds[contender.name].append(taken)
    return seconds


def _run(contender: Contender) -> float:
    command = list(contender.command())
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=contender.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS
    )
    taken = time.perf_counter() - begun
    if done.returncode != 0:
        raise CommandFailed(f"{contender.name} left with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return taken


def ratio(seconds: Mapping[str, Sequence[float]], target: Target) -> float:
    """The median over all rounds of the ratio within one round."""
    pairs = zip(seconds[target.name], seconds[target.against], strict=True)
    return statistics.median(mine / other for mine, other in pairs)


def report(seconds: Mapping[str, Sequence[float]], targets: Sequence[Target]) -> bool:
    """Print the table; True when every target is met."""
    print(f"{'command':<28}{'median':>10}{'fastest':>10}")
    for name, taken in seconds.items():
        print(f"{name:<28}{statistics.median(taken) * 1000:>7.0f} ms{min(taken) * 1000:>7.0f} ms")
    print(f"\n{'ratio':<56}{'measured':>10}{'limit':>8}")
    met = True
    for target in targets:
        measured = ratio(seconds, target)
        verdict = "ok" if measured <= target.limit else "TOO SLOW"
        met = met and measured <= target.limit
        print(f"{target.name + ' / ' + target.against:<56}{measured:>10.2f}{target.limit:>8.2f}  {verdict}")
    return met
