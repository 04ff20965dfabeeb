"""What a shell command asked GREEN-API, and its waits for a limit, are counted when it ends.

Its messages count themselves, in their own rows.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenbot.errors import GreenbotError

if TYPE_CHECKING:
    from greenbot.api.client import CallRecord
    from greenbot.cli.run import Run


def count_calls(run: "Run", calls: Sequence["CallRecord"], waits: Sequence[tuple[str, int]] = ()) -> None:
    """Leave the calls and waits of this command in the store, where there is one. Counting never fails a command."""
    from greenbot.api.endpoints import ENDPOINTS

    sent = {record.method for record in calls if (about := ENDPOINTS.get(record.method)) and about.sends}
    asked = [record for record in calls if record.method not in sent]
    if not (asked or waits) or run.read_only:
        return
    try:
        if run.settings.paths.store_file.exists():
            _count(run, asked, waits)
    except GreenbotError:
        return


def _count(run: "Run", asked: Sequence["CallRecord"], waits: Sequence[tuple[str, int]]) -> None:
    if waits:
        from greenbot.metrics.feed import note_waits

        note_waits(run.store, waits, run.clock.now_ms())
    if asked:
        from greenbot.metrics.names import Names
        from greenbot.metrics.recorder import Recorder

        recorder = Recorder(run.clock)
        for record in asked:
            recorder.call(record)
        recorder.flush(run.store, Names())
