"""What happened in a stretch of time: how many, how many badly, how long they took, and how the latest ones went."""

from dataclasses import dataclass, field

from greenbot.metrics.histogram import Bins, bin_of, merge_into, quantiles

#: Cells are this long.
CELL_SECONDS = 10


@dataclass(slots=True, kw_only=True)
class Cell:
    """Sums over a stretch of time. Only `add` and `merge` change one.

    `tail` counts the latest outcomes in a row: 3 means the last three were good, -3 bad; `tail_from_ms` and `last_ms`
    are when the first and the last of them were, UTC milliseconds.
    """

    n: int = 0
    bad: int = 0
    sum_ms: int = 0
    max_ms: int = 0
    tail: int = 0
    tail_from_ms: int = 0
    last_ms: int = 0
    bins: Bins = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def add(self, at_ms: int, *, ok: bool = True, value_ms: int | None = None, label: str = "", count: int = 1) -> None:
        """Count one that ended at `at_ms`, and took `value_ms` where that means something; or several like it."""
        self.n += count
        self.bad += 0 if ok else count
        if value_ms is not None:
            self.sum_ms += value_ms * count
            self.max_ms = max(self.max_ms, value_ms)
            number = bin_of(value_ms)
            self.bins[number] = self.bins.get(number, 0) + count
        if label:
            self.labels[label] = self.labels.get(label, 0) + count
        self._follow(count if ok else -count, at_ms, at_ms)

    def merge(self, other: "Cell") -> None:
        """Add another stretch, earlier, later or of the same time."""
        if not other.n:
            return
        self._follow_all(other)
        self.n += other.n
        self.bad += other.bad
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)
        merge_into(self.bins, other.bins)
        for label, count in other.labels.items():
            self.labels[label] = self.labels.get(label, 0) + count

    def _follow(self, step: int, first_ms: int, last_ms: int) -> None:
        if self.tail * step <= 0:
            self.tail, self.tail_from_ms = 0, first_ms
        self.tail += step
        self.last_ms = max(self.last_ms, last_ms)

    def _follow_all(self, other: "Cell") -> None:
        """Both tails as one. Where the two lie across each other in time, only what is certain is in a row."""
        if not self.tail:
            self.tail, self.tail_from_ms, self.last_ms = other.tail, other.tail_from_ms, other.last_ms
            return
        before, after = (self, other) if self.last_ms <= other.last_ms else (other, self)
        sign = 1 if after.tail > 0 else -1
        length, from_ms, last_ms = abs(after.tail), after.tail_from_ms, after.last_ms
        if before.tail * sign < 0:
            # The other one went the other way until its end.
            if from_ms <= before.last_ms:
                length, from_ms = 1, last_ms
        elif after.is_uniform or before.tail_from_ms > from_ms:
            if before.is_uniform or from_ms >= before.tail_from_ms:
                length, from_ms = length + abs(before.tail), min(from_ms, before.tail_from_ms)
            else:
                length, from_ms = abs(before.tail) + 1, before.tail_from_ms
        self.tail, self.tail_from_ms, self.last_ms = sign * length, from_ms, last_ms

    @property
    def is_uniform(self) -> bool:
        """Whether all of them went the same way."""
        return self.bad in (0, self.n)

    @property
    def timed(self) -> int:
        """How many of them took time."""
        return sum(self.bins.values())

    @property
    def mean_ms(self) -> float | None:
        """Of those that took time."""
        timed = self.timed
        return self.sum_ms / timed if timed else None

    def percentiles(self, *shares: float) -> list[float | None]:
        """Milliseconds below which each share (0 to 1) stayed, within one per cent; None when nothing took time."""
        return quantiles(self.bins, shares)


def begin_of(at_ms: int, seconds: int = CELL_SECONDS) -> int:
    """Where the stretch that holds a moment begins, in UTC seconds."""
    return at_ms // (seconds * 1000) * seconds
