"""Lines that a shell command writes into the feed by itself: as cheap as a trigger, with nothing else to load."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenbot.db.connect import Db

WAIT = """
insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
values (:at, :instance, 'wait', '', '', :wait_ms)
"""


def note_waits(db: "Db", waits: Iterable[tuple[str, int]], now_ms: int) -> None:
    """Messages that waited for a rate limit: their instances, and how many milliseconds. Raises Busy, StoreError."""
    with db.write(durable=False) as tx:
        for instance, wait_ms in waits:
            tx.run(WAIT, at=now_ms, instance=instance, wait_ms=wait_ms)
