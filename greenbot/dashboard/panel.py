"""A panel: a list of things with a cursor, of which only the visible rows are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from greenbot.dashboard.columns import Column, fitted, heading, row
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, Span
from greenbot.dashboard.place import Key, Place, window
from greenbot.overview import Overview

Item = TypeVar("Item")
#: Before every row: the sign of the cursor, or nothing.
MARGIN = 2


class Panel(Protocol):
    """What the frame knows of a panel. `note` is what its tab says beside its title."""

    @property
    def title(self) -> str: ...

    def keys(self, overview: Overview) -> Sequence[Key]:
        """What the cursor can stand on, in the order of the rows."""
        ...

    def rows(self, height: int) -> int:
        """How many of so many lines are rows of the list."""
        ...

    def note(self, overview: Overview) -> Span: ...

    def draw(self, overview: Overview, place: Place, size: tuple[int, int], ink: Ink) -> list[Line]:
        """At most `size[1]` lines, each at most `size[0]` cells wide."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPanel(Generic[Item]):
    """A panel that is a table with one row for each item."""

    title: str
    columns: tuple[Column, ...]
    items: Callable[[Overview], Sequence[Item]]
    key: Callable[[Item], Key]
    cells: Callable[[Item, Ink], Sequence[Span]]
    note_of: Callable[[Overview], Span]
    empty: str
    #: Lines above the table.
    top: Callable[[Overview, int, Ink], Sequence[Line]] | None = None
    #: Lines below it: more about what the cursor stands on. None of them on a low screen.
    detail: Callable[[Item, int, Ink], Sequence[Line]] | None = None
    detail_lines: int = 0
    top_lines: int = 0

    def keys(self, overview: Overview) -> Sequence[Key]:
        return [self.key(item) for item in self.items(overview)]

    def note(self, overview: Overview) -> Span:
        return self.note_of(overview)

    def rows(self, height: int) -> int:
        spare = height - 1 - self.top_lines * self._is_high(height) - self.detail_lines * self._is_high(height)
        return max(1, spare)

    def _is_high(self, height: int) -> bool:
        return height >= 10 + self.detail_lines + self.top_lines

    def draw(self, overview: Overview, place: Place, size: tuple[int, int], ink: Ink) -> list[Line]:
        width, height = size
        items, is_high = self.items(overview), self._is_high(height)
        lines = list(self.top(overview, width, ink)) if self.top and is_high else []
        shown = fitted(self.columns, width - MARGIN)
        if not items:
            return [*lines, (("  ", ""), (self.empty, "dim"))]
        lines.append((("  ", ""), *heading(shown)))
        part = window(place, self.keys(overview), self.rows(height))
        for number in range(part.first, part.last):
            cells = row(shown, self.cells(items[number], ink))
            lines.append(_marked(cells, ink) if number == part.cursor else (("  ", ""), *cells))
        if self.detail and is_high:
            item = items[part.cursor if part.cursor is not None else 0]
            lines += [()] * (height - len(lines) - self.detail_lines)
            lines += self.detail(item, width, ink)
        return lines


def _marked(cells: Line, ink: Ink) -> Line:
    (text, _), *rest = cells
    return ((f"{ink.marks.cursor} ", "cursor"), (text, "chosen"), *rest)
