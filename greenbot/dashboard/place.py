"""A place in a list that changes under the reader: it follows the thing, not the number of its row."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

Key = Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`key` is what the cursor stands on, None while nobody has moved it; `row` is where it last stood in the list.

    `above` is how many rows of the window stood over it, so that the eye finds it where it was.
    """

    key: Key | None = None
    row: int = 0
    above: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a list that is shown: rows `first` up to `last`, and the row of the cursor."""

    first: int
    last: int
    cursor: int | None


def found(place: Place, keys: Sequence[Key]) -> int | None:
    """The row of the cursor now; where the thing is gone, what took its row. None in an empty list, or unmoved."""
    if place.key is None or not keys:
        return None
    return keys.index(place.key) if place.key in keys else min(place.row, len(keys) - 1)


def moved(place: Place, keys: Sequence[Key], by: int) -> Place:
    """The cursor so many rows on; the first move from nowhere lands on the first row (or the last, upwards)."""
    if not keys:
        return place
    now = found(place, keys)
    row = (0 if by > 0 else len(keys) - 1) if now is None else min(max(now + by, 0), len(keys) - 1)
    step = 0 if now is None else row - now
    return replace(place, key=keys[row], row=row, above=place.above + step)


def window(place: Place, keys: Sequence[Key], height: int) -> Window:
    """What to show in `height` rows: the cursor stays on the screen, and at its height where that is possible."""
    cursor = found(place, keys)
    if cursor is None:
        return Window(first=0, last=min(height, len(keys)), cursor=None)
    above = min(max(place.above, 0), height - 1)
    first = min(max(cursor - above, 0), max(0, len(keys) - height))
    return Window(first=first, last=min(first + height, len(keys)), cursor=cursor)


def settled(place: Place, keys: Sequence[Key], height: int) -> Place:
    """The same place after it was shown in `height` rows: what the next move starts from."""
    shown = window(place, keys, height)
    if shown.cursor is None:
        return place
    return replace(place, key=keys[shown.cursor], row=shown.cursor, above=shown.cursor - shown.first)
