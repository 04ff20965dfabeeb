"""How long guests waited for the first answer, from the same threads that `greenbot chats` shows.

A guest begins to wait with a message that may want an answer, unless somebody in the chat waits already. The first
message back ends it: from greenbot (a campaign is no answer), from the hotel's phone, or from another program. So does
closing the chat, without an answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from greenbot.db.connect import Db

# What moves a chat: 0 a guest waits, 1 an answer, 2 the moment up to which everything is settled.
# Chats that were quiet since then are not looked at; of the others the whole thread, to know who waited at its edge.
MOVES = """
select chat.id, entry.at_ms, case when entry.direction = 'in' then 0 else 1 end
  from chats as chat indexed by chats_recent_of
  join chat_entries as entry indexed by chat_entries_by_time on entry.chat = chat.id
 where chat.instance = :instance and chat.last_at_ms >= :since
   and (entry.waits = 1 or (entry.direction <> 'in' and entry.kind <> 'call'))
union all
select chat.id, message.accepted_at_ms, 1
  from chats as chat indexed by chats_recent_of
  join messages as message indexed by messages_by_chat
    on message.chat_id = chat.chat_id and message.instance = chat.instance
 where chat.instance = :instance and chat.last_at_ms >= :since and message.accepted_at_ms is not null
   and message.campaign_id is null and message.class = 'service' and message.kind not in ('typing', 'reaction')
union all
select chat.id, message.accepted_at_ms, 1
  from chats as chat indexed by chats_recent_of
  join chat_links as link on link.instance = chat.instance and link.chat_id = chat.chat_id
  join messages as message indexed by messages_by_chat
    on message.chat_id = link.lid and message.instance = chat.instance
 where chat.instance = :instance and chat.last_at_ms >= :since and message.accepted_at_ms is not null
   and message.campaign_id is null and message.class = 'service' and message.kind not in ('typing', 'reaction')
union all
select chat.id, audit.at_ms, 2
  from chats as chat indexed by chats_recent_of
  join audit indexed by audit_by_subject on audit.subject = 'chat ' || chat.id and audit.action = 'chats.close'
 where chat.instance = :instance and chat.last_at_ms >= :since
union all
select id, settled_at_ms, 2 from chats indexed by chats_recent_of
 where instance = :instance and last_at_ms >= :since
 order by 1, 2, 3
"""

End = Literal["answered", "closed", "open"]
_Move = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One guest who waited. `took_ms` is until the first answer, None without one."""

    begun_at_ms: int
    end: End
    took_ms: int | None = None


def waits(db: "Db", instance: str, since_ms: int, until_ms: int) -> list[Wait]:
    """Every wait of an instance's guests that began in a stretch of time. Raises Busy, StoreError."""
    moves: list[_Move] = [(row[0], row[1], row[2]) for row in db.all(MOVES, instance=instance, since=since_ms)]
    return [wait for wait in found_in(moves) if since_ms <= wait.begun_at_ms < until_ms]


def found_in(moves: Iterable[_Move]) -> Iterator[Wait]:
    """The waits in what moved each chat: chat, moment, kind; chat by chat, in the order of time."""
    chat: int | None = None
    begun: int | None = None
    for whose, at_ms, kind in moves:
        if whose != chat:
            if begun is not None:
                yield Wait(begun_at_ms=begun, end="open")
            chat, begun = whose, None
        if kind == 0:
            begun = at_ms if begun is None else begun
        elif begun is not None:
            took_ms = at_ms - begun if kind == 1 else None
            yield Wait(begun_at_ms=begun, end="answered" if kind == 1 else "closed", took_ms=took_ms)
            begun = None
    if begun is not None:
        yield Wait(begun_at_ms=begun, end="open")
