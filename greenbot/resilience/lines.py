"""What the limiter needs of the place where lines are kept; there are two of them, `store_lines` and `line_files`."""

from contextlib import AbstractContextManager
from typing import Protocol

from greenbot.resilience.line import Line


class LineReader(Protocol):
    """Lines can be looked at."""

    def load(self, key: str, boot_id: str) -> Line:
        """The line of that key; an empty one when there is none of this boot. Raises Busy, StoreError."""
        ...

    def version(self, key: str, boot_id: str) -> int | None:
        """The version of that line, None when there is none of this boot. Raises Busy, StoreError."""
        ...


class LineWriter(LineReader, Protocol):
    """Lines that nobody else can change meanwhile."""

    def save(self, key: str, boot_id: str, line: Line) -> None:
        """Keep the line. Raises StoreError."""
        ...


class Lines(LineReader, Protocol):
    """All lines of a machine."""

    def change(self) -> AbstractContextManager[LineWriter]:
        """Hold all lines for the block. What was saved in a block that fails may be kept or not."""
        ...
