"""Tables for a terminal: the screen's width goes to what a person needs to recognise a row."""

from collections.abc import Sequence
from typing import TextIO

GAP = 2
#: A shortened column keeps this much, so that a beginning can still be recognised.
_LEAST = 8


def write_table(
    stream: TextIO, columns: Sequence[str], rows: Sequence[Sequence[str]], *, full: bool, no_color: bool
) -> None:
    """Write rows below their headings; long values end with `…` unless `full`."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Without colours no bold either: whoever asked for that reads or parses the bytes.
    plain = False if no_color else None
    console = Console(file=stream, force_terminal=plain, highlight=False, markup=False, emoji=False)
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    if full:
        # The terminal wraps what is too long: nothing may be cut.
        console.width = max(console.width, sum(widths) + GAP * len(widths))
    else:
        widths = fitted(widths, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for name, width in zip(columns, widths, strict=True):
        table.add_column(Text(name), width=width, overflow="ellipsis", no_wrap=True)
    for cells in rows:
        table.add_row(*map(Text, cells))
    console.print(table, soft_wrap=full)


def fitted(widths: Sequence[int], screen: int) -> list[int]:
    """How wide each column may be: the longest are shortened first, the first one (what a row is called) last."""
    chosen = list(widths)
    for least in (_LEAST, 1):
        for may_shorten in (range(1, len(chosen)), range(len(chosen))):
            _shorten(chosen, screen, may_shorten, least)
    return chosen


def _shorten(widths: list[int], screen: int, columns: Sequence[int], least: int) -> None:
    while sum(widths) + GAP * (len(widths) - 1) > screen:
        widest = max(columns, key=lambda column: widths[column], default=None)
        if widest is None or widths[widest] <= least:
            return
        widths[widest] -= 1
