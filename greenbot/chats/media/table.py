"""The files of guests that were fetched, and those that could be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenbot.chats.chat import Reader
from greenbot.errors import NotFound

if TYPE_CHECKING:
    from greenbot.db.connect import Row

DAY_MS = 86_400_000

_WANTED = """
select chat_entries.id, chat_entries.chat, chat_entries.instance, chat_entries.wire_chat_id, chat_entries.remote_id,
       chat_entries.event_id, chat_entries.at_ms, chat_entries.kind, chat_entries.file_url, chat_entries.file_name,
       media.name as stored_name
  from chat_entries left join media on media.entry_id = chat_entries.id
 where chat_entries.file_url is not null
"""
BY_EVENT = _WANTED + " and chat_entries.event_id = :event_id"
BY_REMOTE_ID = (
    _WANTED + " and chat_entries.remote_id = :remote_id and (:instance is null or chat_entries.instance = :instance)"
)
OF_CHAT = _WANTED + " and chat_entries.chat = :chat order by chat_entries.at_ms"
FETCHED_TODAY = """
select coalesce(sum(size_bytes), 0) as bytes from media where instance = :instance and at_ms > :since
"""
LISTED = """
select media.*, chats.chat_id, chats.name as chat_name, chat_entries.remote_id, chat_entries.kind
  from media cross join chats on chats.id = media.chat cross join chat_entries on chat_entries.id = media.entry_id
 where (:instance is null or media.instance = :instance) and (:chat is null or media.chat = :chat)
 order by media.id desc limit :most
"""
NAMED = "select 1 from media where name = :name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that a guest sent, and where it lies; `stored_name` once it was fetched."""

    entry_id: int
    chat: int
    instance: str
    wire_chat_id: str
    remote_id: str
    kind: str
    url: str
    given_name: str | None
    stored_name: str | None

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """From a row of the queries above."""
        return cls(
            entry_id=row["id"],
            chat=row["chat"],
            instance=row["instance"],
            wire_chat_id=row["wire_chat_id"],
            remote_id=row["remote_id"],
            kind=row["kind"],
            url=row["file_url"],
            given_name=row["file_name"],
            stored_name=row["stored_name"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A fetched file: `name` in our folder, what its bytes are, what the guest called it."""

    id: int
    instance: str
    chat_id: str
    chat_name: str | None
    remote_id: str
    kind: str
    name: str
    type: str
    size_bytes: int
    given_name: str | None
    at_ms: int


def wanted(reader: Reader, word: str, instance: str | None = None) -> list[Wanted]:
    """The files of one event (its number) or one message (its remote id). Raises `NotFound`."""
    rows = reader.all(BY_EVENT, event_id=int(word)) if word.isascii() and word.isdigit() and len(word) < 19 else []
    rows = rows or reader.all(BY_REMOTE_ID, remote_id=word, instance=instance)
    if not rows:
        raise NotFound(
            f"No event or message {word} has a file.",
            hint="See a thread with: greenbot chats show TO --columns at,id,file",
        )
    return [Wanted.from_row(row) for row in rows]


def wanted_of_chat(reader: Reader, chat: int) -> list[Wanted]:
    """Every file of a conversation, oldest first."""
    return [Wanted.from_row(row) for row in reader.all(OF_CHAT, chat=chat)]


def fetched_bytes(reader: Reader, instance: str, *, now_ms: int) -> int:
    """How much was fetched for an instance in the last 24 hours."""
    row = reader.one(FETCHED_TODAY, instance=instance, since=now_ms - DAY_MS)
    return 0 if row is None else int(row["bytes"])


def listed(reader: Reader, *, instance: str | None, chat: int | None, most: int) -> list[Stored]:
    """Fetched files, the newest first."""
    rows = reader.all(LISTED, instance=instance, chat=chat, most=most)
    return [
        Stored(
            id=row["id"],
            instance=row["instance"],
            chat_id=row["chat_id"],
            chat_name=row["chat_name"],
            remote_id=row["remote_id"],
            kind=row["kind"],
            name=row["name"],
            type=row["type"],
            size_bytes=row["size_bytes"],
            given_name=row["given_name"],
            at_ms=row["at_ms"],
        )
        for row in rows
    ]
