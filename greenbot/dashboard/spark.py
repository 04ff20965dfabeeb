"""Trends in a line: the last hour as a row of bars, or as a chart of a few rows."""

from collections.abc import Sequence
from itertools import pairwise

from greenbot.dashboard.marks import Marks

#: None is a minute without a measurement.
Values = Sequence[float | None]


def spark(values: Values, width: int, marks: Marks) -> str:
    """The latest values as bars, `width` cells wide, the newest at the right; gaps stay blank."""
    return chart(values, width, 1, marks)[0]


def chart(values: Values, width: int, height: int, marks: Marks) -> list[str]:
    """The same, `height` rows high, the top row first."""
    columns = squeezed(values, width)
    top = max((value for value in columns if value is not None), default=0)
    levels = [_level(value, top, height * len(marks.steps)) for value in columns]
    return ["".join(_cell(level, row, marks.steps) for level in levels) for row in reversed(range(height))]


def squeezed(values: Values, width: int) -> list[float | None]:
    """So many values of a longer or shorter row: the largest of each group, or gaps before the first."""
    if width <= 0:
        return []
    if len(values) <= width:
        return [None] * (width - len(values)) + list(values)
    edges = [round(column * len(values) / width) for column in range(width + 1)]
    return [_largest(values[begin:end]) for begin, end in pairwise(edges)]


def _largest(values: Values) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _level(value: float | None, top: float, most: int) -> int:
    """How many eighths of the chart are filled: none for a gap, at least one for a zero."""
    if value is None:
        return 0
    return max(1, round(value / top * most)) if top > 0 else 1


def _cell(level: int, row: int, steps: str) -> str:
    inside = level - row * len(steps)
    return " " if inside <= 0 else steps[min(inside, len(steps)) - 1]
