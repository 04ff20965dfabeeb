"""What may be done how often: limits, and the scopes they hold in.

A limit is exact for any window, wherever it begins. All decisions are taken on the moment a call is
reserved for; at the server's door calls arrive a little later, each by another delay. The pad keeps
the promise there too: two calls that are a window apart may drift towards each other by so much.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

#: What waking up, committing and connecting may add to one call and not to another.
PAD_MS = 15
#: Long windows can afford more at no loss worth mentioning: one part in so many.
PAD_PART = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `count` calls in any `window_ms`.

    A `spaced` one also spreads them evenly: this is easier on WhatsApp, and when many processes wait
    each gets its turn. `original` is the full limit where this is a part of it.
    """

    count: int
    window_ms: int
    spaced: bool = False
    original: "Limit | None" = None
    #: Pairs (n, ms): every call and the n-th after it are so far apart.
    distances_ms: tuple[tuple[int, int], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.count < 1 or self.window_ms < 1:
            raise ValueError(f"a limit of {self.count} in {self.window_ms} ms lets nothing pass")
        object.__setattr__(self, "distances_ms", self._distances_ms())

    @property
    def padded_ms(self) -> int:
        """How far apart a call and the `count`-th after it are kept."""
        return self.window_ms + PAD_MS + self.window_ms // PAD_PART

    def _distances_ms(self) -> tuple[tuple[int, int], ...]:
        if self.spaced and self.count > 1:
            return (1, self.padded_ms // self.count), (self.count, self.padded_ms)
        return ((self.count, self.padded_ms),)

    def implies(self, other: "Limit") -> bool:
        """Whether who keeps to this limit keeps to the other one by that alone."""
        return self.count <= other.count and self.window_ms >= other.window_ms

    def at_share(self, share: float) -> "Limit":
        """The same limit at a part of its rate: fewer calls, and a longer window where there is only one left."""
        count = max(1, int(self.count * share))
        window_ms = round(self.window_ms * count / (self.count * share))
        return Limit(count=count, window_ms=window_ms, spaced=self.spaced, original=self)

    def __str__(self) -> str:
        windows = {1000: "second", 60_000: "minute"}
        return f"{self.count} per {windows.get(self.window_ms, f'{self.window_ms / 1000:g} seconds')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Limits that hold together for everything done under one key, by all processes of the machine."""

    key: str
    limits: tuple[Limit, ...]


def per_second(rate: float) -> Limit:
    """A rate as a limit, evenly spaced: whole calls in any second, or one call in several seconds.

    A rate of 2.5 allows 2 in any second: with 3 there would be a second with more than the rate.
    """
    if rate >= 1:
        return Limit(count=int(rate), window_ms=1000, spaced=True)
    return Limit(count=1, window_ms=round(1000 / rate), spaced=True)


def per_minute(count: int) -> Limit:
    """So many calls in any minute; a quiet instance may use them up at once, as fast as other limits let it."""
    return Limit(count=count, window_ms=60_000)


def message_scopes(
    instance: str, method: str, *, minute_count: int, second_rate: float, method_rate: float
) -> tuple[Scope, ...]:
    """The scopes of a call that sends a message: the instance's own limits, and GREEN-API's for the method.

    The broadest comes first. GREEN-API's limit is left out where the instance's are stricter anyway.
    """
    own = Scope(key=instance, limits=(per_second(second_rate), per_minute(minute_count)))
    return tuple(_needed((own, method_scope(instance, method, method_rate=method_rate))))


def method_scope(instance: str, method: str, *, method_rate: float) -> Scope:
    """The scope of every other call: GREEN-API limits each method of each instance (GREEN-API docs: Rate limiter)."""
    return Scope(key=f"{instance}/{method}", limits=(per_second(method_rate),))


def _needed(scopes: Iterable[Scope]) -> Iterable[Scope]:
    stricter: list[Limit] = []
    for scope in scopes:
        limits = tuple(limit for limit in scope.limits if not any(known.implies(limit) for known in stricter))
        if limits:
            yield Scope(key=scope.key, limits=limits)
        stricter += limits
