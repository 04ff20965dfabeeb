"""Columns of a table: which fit, and how wide each may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from greenbot.dashboard.line import Line, Span, fit

GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`rank` says what goes first on a narrow screen: the largest. A column grows up to `most`."""

    title: str
    least: int
    most: int = 0
    right: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The columns that are shown: their places in the table, and their widths."""

    columns: tuple[Column, ...]
    places: tuple[int, ...]
    widths: tuple[int, ...]


@lru_cache(maxsize=256)
def fitted(columns: tuple[Column, ...], width: int) -> Fitted:
    """Leave out columns until the rest fits, then share what is left among those that may grow."""
    places = list(range(len(columns)))
    while len(places) > 1 and _needed(columns, places) > width:
        places.remove(max(places, key=lambda place: (columns[place].rank, place)))
    widths = {place: columns[place].least for place in places}
    spare = width - _needed(columns, places)
    growing = [place for place in places if columns[place].most > columns[place].least]
    while spare > 0 and growing:
        for place in list(growing):
            if spare <= 0:
                break
            widths[place] += 1
            spare -= 1
            if widths[place] >= columns[place].most:
                growing.remove(place)
    return Fitted(
        columns=tuple(columns[place] for place in places), places=tuple(places), widths=tuple(widths.values())
    )


def _needed(columns: Sequence[Column], places: Sequence[int]) -> int:
    return sum(columns[place].least for place in places) + GAP * (len(places) - 1)


@lru_cache(maxsize=64)
def heading(shown: Fitted) -> Line:
    """The titles."""
    pieces = [
        fit(column.title, width, right=column.right)
        for column, width in zip(shown.columns, shown.widths, strict=True)
    ]  # fmt: skip
    return (((" " * GAP).join(pieces), "head"),)


def row(shown: Fitted, cells: Sequence[Span]) -> Line:
    """One row: the cells of all columns, of which those that are shown are taken."""
    return _row(shown, tuple(cells[place] for place in shown.places))


@lru_cache(maxsize=4096)
def _row(shown: Fitted, cells: tuple[Span, ...]) -> Line:
    line: list[Span] = []
    for (text, style), column, width in zip(cells, shown.columns, shown.widths, strict=True):
        if line:
            line.append((" " * GAP, ""))
        line.append((fit(text, width, right=column.right), style))
    return tuple(line)
