"""Which of the ids that GREEN-API shows belong to messages of ours, and what follows from that."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.outbox.appearance import Sighting
from greenbot.outbox.doubts import Reader
from greenbot.outbox.evidence import Lead, clock_lead
from greenbot.outbox.states import State
from greenbot.outbox.statuses import StatusNews, step

if TYPE_CHECKING:
    from greenbot.outbox.message import Delivery

AMONG = """
select chat_id, remote_id, state, delivery, evidence, last_post_at_ms from messages
 where instance = :instance and remote_id in (select value from json_each(:ids))
"""
# Its time in the journal tells how the clocks differ.
LAST_ANSWERED = """
select last_post_at_ms from messages
 where instance = :instance and state = :state and evidence = 'response' and last_post_at_ms is not null
 order by id desc limit 1
"""
#: The journal's timestamps are whole seconds, rounded down.
_SECOND_MS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A message that GREEN-API accepted, as far as a reading is concerned."""

    chat_id: str
    state: State
    delivery: "Delivery | None"
    evidence: str
    last_post_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """Our messages among those of a reading, by remote id."""

    ours: Mapping[str, Ours]

    def has(self, remote_id: str) -> bool:
        """Whether a message of ours has that id."""
        return remote_id in self.ours

    def can_move(self, news: StatusNews) -> bool:
        """Whether the news is news to one of them."""
        found = self.ours.get(news.remote_id)
        return found is not None and step(found.state, found.delivery, news) is not None

    def aliases(self, sightings: Iterable[Sighting]) -> dict[str, str]:
        """Other ids of our chats: GREEN-API's word for the chat of a message -> the one we sent it to."""
        pairs = ((one.chat_id, self.ours[one.remote_id].chat_id) for one in sightings if one.remote_id in self.ours)
        return {theirs: mine for theirs, mine in pairs if theirs and theirs != mine}

    def clock_lead(self, journal: Sequence[Sighting], *, now_ms: int) -> Lead:
        """How far our clock runs ahead of GREEN-API's."""
        timed = [(one.remote_id, one.timestamp_ms) for one in journal if one.timestamp_ms is not None]
        pairs = ((self._answered_post_ms(remote_id), seen_ms) for remote_id, seen_ms in timed)
        return clock_lead(
            ((posted_ms, seen_ms + _SECOND_MS) for posted_ms, seen_ms in pairs if posted_ms is not None),
            newest_ms=max((seen_ms for _, seen_ms in timed), default=None),
            now_ms=now_ms,
        )

    def _answered_post_ms(self, remote_id: str) -> int | None:
        found = self.ours.get(remote_id)
        return found.last_post_at_ms if found is not None and found.evidence == "response" else None

    def left_after(self, journal: Sequence[Sighting], moment_ms: int) -> bool:
        """Whether a message that we posted after that moment has left GREEN-API's queue already.

        GREEN-API docs: the queue is first in, first out. So everything from before has left, too.
        """
        posts = (self._answered_post_ms(one.remote_id) for one in journal)
        return any(posted_ms is not None and posted_ms >= moment_ms for posted_ms in posts)


def known_among(reader: Reader, instance: str, remote_ids: Iterable[str]) -> Known:
    """Look all of them up at once. Raises Busy, StoreError."""
    ids = sorted({one for one in remote_ids if one})
    rows = reader.all(AMONG, instance=instance, ids=json.dumps(ids)) if ids else []
    return Known(
        {
            row["remote_id"]: Ours(
                chat_id=row["chat_id"],
                state=State(row["state"]),
                delivery=row["delivery"],
                evidence=row["evidence"] or "",
                last_post_at_ms=row["last_post_at_ms"],
            )
            for row in rows
        }
    )


def last_answered_ms(reader: Reader, instance: str) -> int | None:
    """When we last began to send a message that GREEN-API answered properly; None when we never did."""
    rows = [reader.one(LAST_ANSWERED, instance=instance, state=state) for state in (State.ACCEPTED, State.DELIVERED)]
    return max((row["last_post_at_ms"] for row in rows if row is not None), default=None)
