"""Progress of an upload, on stderr: a bar for a person, silence elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.messages.outgoing import OutgoingFile

OnProgress = Callable[[int, int], None]

#: Smaller files are gone before a bar could be read.
_WORTH_SHOWING_BYTES = 512 * 1024


@contextmanager
def upload_bar(run: Run, file: "OutgoingFile | None") -> Iterator[OnProgress]:
    """A function to call with (sent, total) bytes; shows a bar while the block runs."""
    shown = not (run.flags.quiet or run.flags.json) and run.out.stderr.isatty()
    if file is None or not shown or file.size_bytes < _WORTH_SHOWING_BYTES:
        yield ignore_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(file=run.out.stderr, no_color=run.out.no_color, markup=False, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(safe_text(file.file_name, limit=40), total=file.size_bytes)

        def update(sent: int, total: int) -> None:
            progress.update(task, completed=sent, total=total)

        yield update


def ignore_progress(sent: int, total: int) -> None:
    """Nobody watches."""
