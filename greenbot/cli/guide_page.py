"""A page of the guide on a terminal: nothing on it is cut off, however narrow the terminal is."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

#: A table with so many columns becomes a list where the screen is narrower than `WIDE`.
MANY_COLUMNS = 4
WIDE = 110
WIDEST = 120
#: Headings of columns whose cells speak for themselves.
_PROSE = ("what it is", "what it does", "what it means", "meaning")


def write_page(text: str, stream: TextIO, *, no_color: bool, width: int | None = None) -> None:
    """Show the Markdown on a terminal, `width` columns wide or as wide as it is."""
    from rich.console import Console
    from rich.markdown import Markdown, TableElement
    from rich.table import Table

    class Folded(TableElement):
        """Rich cuts long words in a table off with an ellipsis; here they go on in the next line."""

        def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
            for part in super().__rich_console__(console, options):
                if isinstance(part, Table):
                    for column in part.columns:
                        column.overflow = "fold"
                yield part

    class Page(Markdown):
        elements = Markdown.elements | {"table_open": Folded}

    columns = min(WIDEST, width or Console().width)
    console = Console(file=stream, force_terminal=False if no_color else None, width=columns)
    console.print(Page(text if columns >= WIDE else narrowed(text), hyperlinks=False))


def narrowed(text: str) -> str:
    """The same page with each table of many columns as a list."""
    return "\n".join(_narrowed(text.split("\n")))


def _narrowed(lines: Sequence[str]) -> Iterator[str]:
    head: list[str] = []
    is_code = False
    for line in lines:
        is_code ^= line.startswith("```")
        cells = [] if is_code else _cells(line)
        begins = bool(cells) and not head
        head = (head or cells) if cells else []
        if len(head) < MANY_COLUMNS:
            yield line
        elif not begins and not re.fullmatch(r"[-:| ]+", line):
            yield _item(head, cells)


def _cells(line: str) -> list[str]:
    if not line.startswith("|"):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _item(head: Sequence[str], cells: Sequence[str]) -> str:
    """`- api.max_retries · default: 3 · How often …`"""
    named = [
        cell if name in _PROSE else f"{name}: {cell}"
        for name, cell in zip(head[1:], cells[1:], strict=False)
        if cell not in ("", "-")
    ]
    return "- " + " · ".join([cells[0], *named]).replace("\\|", "|")
