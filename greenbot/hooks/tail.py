"""Watching events as they are stored, whoever stores them."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from greenbot.inbox.event import StoredEvent

if TYPE_CHECKING:
    from greenbot.db.connect import Db

LAST = "select coalesce(max(id), 0) as id from events"
NEW = "select * from events where id > :after order by id limit :limit"
_MOST = 100


class Tail:
    """Events of these instances from now on, each once."""

    def __init__(self, db: "Db", instances: Collection[str]) -> None:
        self._db = db
        self._instances = instances
        row = db.one(LAST)
        self._after = 0 if row is None else int(row["id"])

    def new(self) -> list[StoredEvent]:
        """What was stored since the last look, in the order of arrival, without what was quarantined."""
        events = [StoredEvent.from_row(row) for row in self._db.all(NEW, after=self._after, limit=_MOST)]
        if events:
            self._after = events[-1].id
        return [event for event in events if event.instance in self._instances and event.state != "quarantined"]
