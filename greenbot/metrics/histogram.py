"""How long things took, kept so that any percentile is within one per cent.

A histogram with logarithmic bins, as in DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019): bin i holds the values in
(g^(i-1), g^i], and the value told for it is off by at most (g - 1) / (g + 1). Two of them merge by adding their bins.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

#: The largest relative error of a percentile.
ERROR = 0.0095
_G = (1 + ERROR) / (1 - ERROR)
_PER_LOG = 1 / math.log(_G)
#: Bin 0 holds everything up to a millisecond.
_MIDDLE = 2 / (1 + _G)

Bins = dict[int, int]


def bin_of(value_ms: float) -> int:
    """The bin of a duration in milliseconds; everything up to 1 ms is bin 0."""
    return 0 if value_ms <= 1 else math.ceil(math.log(value_ms) * _PER_LOG)


def value_of(number: int) -> float:
    """The duration told for a bin, in milliseconds."""
    return float(_G**number * _MIDDLE) if number else 1.0


def merge_into(bins: Bins, others: Mapping[int, int]) -> None:
    """Add the counts of `others`."""
    for number, count in others.items():
        bins[number] = bins.get(number, 0) + count


def quantiles(bins: Mapping[int, int], shares: Iterable[float]) -> list[float | None]:
    """The values, in milliseconds, below which each share (0 to 1) of all values lies; None when there are none."""
    total = sum(bins.values())
    if not total:
        return [None for _ in shares]
    ordered = sorted(bins.items())
    return [_at_rank(ordered, max(1, math.ceil(share * total))) for share in shares]


def _at_rank(ordered: list[tuple[int, int]], rank: int) -> float:
    seen = 0
    for number, count in ordered:
        seen += count
        if seen >= rank:
            return value_of(number)
    return value_of(ordered[-1][0])


def pack(pairs: Mapping[int, int]) -> bytes | None:
    """Bins, or any other counts by small numbers, in as few bytes as possible; None for none."""
    if not pairs:
        return None
    packed = bytearray()
    before = 0
    for number, count in sorted(pairs.items()):
        _put(packed, number - before)
        _put(packed, count)
        before = number
    return bytes(packed)


def unpack(packed: bytes | None) -> Bins:
    """What `pack` packed."""
    if not packed:
        return {}
    numbers = _numbers(packed)
    pairs: Bins = {}
    at = 0
    for step, count in zip(numbers[::2], numbers[1::2], strict=True):
        at += step
        pairs[at] = count
    return pairs


def _put(packed: bytearray, number: int) -> None:
    # Seven bits a byte, the eighth says that more follow.
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)


def _numbers(packed: bytes) -> Sequence[int]:
    # Nearly always only the first bin is beyond 127: all others are a byte each, and bytes are numbers already.
    if packed.isascii():
        return packed
    if packed[0] > 0x7F and packed[1:].isascii():
        return [packed[0] & 0x7F | packed[1] << 7, *packed[2:]]
    numbers: list[int] = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            numbers.append(number)
            number = shift = 0
    return numbers
