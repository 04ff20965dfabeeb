"""Finding words in all conversations, in what guests wrote and in what greenbot sent.

What a person types is never query language: each word is quoted. Words must all be there, in any order;
"several words" in quotes must stand together; a word that ends with * finds all that begin with it.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenbot.chats.chat import Chat, Direction, Reader
from greenbot.chats.links import wire_ids
from greenbot.chats.words import words_of
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Value

# The index walks its rows from the newest: a common word costs no more than a rare one.
IN_ENTRIES = """
select chat_entries.id, chat_entries.at_ms, chat_entries.direction, chat_entries.sender_name, chat_entries.kind,
       chat_entries.text, chat_entries.event_id, chats.instance, chats.chat_id, chats.name
  from chat_entries_fts
 cross join chat_entries on chat_entries.id = chat_entries_fts.rowid
 cross join chats on chats.id = chat_entries.chat
 where chat_entries_fts match :query and (:instance is null or chat_entries.instance = :instance)
   and chat_entries.at_ms >= :since
 order by chat_entries_fts.rowid desc limit :most
"""
IN_SENT = """
select messages.id, messages.accepted_at_ms as at_ms, messages.kind, messages.draft, messages.instance,
       messages.chat_id, chats.name
  from chat_sent_fts
 cross join messages on messages.id = chat_sent_fts.rowid
  left join chats on chats.instance = messages.instance and chats.chat_id = messages.chat_id
 where chat_sent_fts match :query and (:instance is null or messages.instance = :instance)
   and messages.accepted_at_ms >= :since
 order by chat_sent_fts.rowid desc limit :most
"""
# Within one chat: its own lines are walked, not everything that has the word.
IN_ENTRIES_OF_CHAT = """
select chat_entries.id, chat_entries.at_ms, chat_entries.direction, chat_entries.sender_name, chat_entries.kind,
       chat_entries.text, chat_entries.event_id, chats.instance, chats.chat_id, chats.name
  from chat_entries indexed by chat_entries_by_time cross join chats on chats.id = chat_entries.chat
 where chat_entries.chat = :chat and chat_entries.at_ms >= :since
   and exists (select 1 from chat_entries_fts where chat_entries_fts match :query and rowid = chat_entries.id)
 order by chat_entries.at_ms desc limit :most
"""
IN_SENT_OF_CHAT = """
select messages.id, messages.accepted_at_ms as at_ms, messages.kind, messages.draft, messages.instance,
       messages.chat_id, null as name
  from messages indexed by messages_by_chat
 where chat_id = :chat_id and instance = :instance and accepted_at_ms >= :since
   and exists (select 1 from chat_sent_fts where chat_sent_fts match :query and rowid = messages.id)
 order by messages.id desc limit :most
"""
# What a message of ours was edited to, and not to something else after that.
IN_EDITED = """
select messages.id, messages.accepted_at_ms as at_ms, messages.kind, messages.draft, messages.instance,
       messages.chat_id, chats.name, chat_changes.text as now
  from chat_changes_fts
 cross join chat_changes on chat_changes.id = chat_changes_fts.rowid
 cross join chats on chats.id = chat_changes.chat
 cross join messages on messages.instance = chats.instance and messages.remote_id = chat_changes.target_id
 where chat_changes_fts match :query and (:instance is null or chats.instance = :instance)
   and (:chat is null or chats.id = :chat) and messages.accepted_at_ms >= :since
   and not exists (
     select 1 from chat_changes as later
      where later.chat = chat_changes.chat and later.target_id = chat_changes.target_id and later.kind = 'edit'
        and later.direction <> 'in' and (later.at_ms, later.id) > (chat_changes.at_ms, chat_changes.id))
 order by chat_changes_fts.rowid desc limit :most
"""
_TERM = re.compile(r'"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line that has the words."""

    at_ms: int
    instance: str
    chat_id: str
    name: str | None
    direction: Direction
    sender_name: str | None
    kind: str
    text: str
    event_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for, and where."""

    text: str
    instance: str | None = None
    chat: Chat | None = None
    since_ms: int = 0
    most: int = 50


def search(reader: Reader, wanted: Wanted) -> list[Found]:
    """The lines that have all the words, the newest first. Raises `UsageError` when there is no word in the text."""
    query = query_of(wanted.text)
    span: dict[str, Value] = {"query": query, "since": wanted.since_ms, "most": wanted.most}
    if wanted.chat is None:
        found = [_entry(row) for row in reader.all(IN_ENTRIES, instance=wanted.instance, **span)]
        found += [_sent(row, row["name"]) for row in reader.all(IN_SENT, instance=wanted.instance, **span)]
    else:
        chat = wanted.chat
        found = [_entry(row) for row in reader.all(IN_ENTRIES_OF_CHAT, chat=chat.id, **span)]
        for chat_id in wire_ids(reader, chat):
            rows = reader.all(IN_SENT_OF_CHAT, chat_id=chat_id, instance=chat.instance, **span)
            found += [_sent(row, chat.name) for row in rows]
    chat_number = None if wanted.chat is None else wanted.chat.id
    edited = reader.all(IN_EDITED, instance=wanted.instance, chat=chat_number, **span)
    found = _with_edits(found, [replace(_sent(row, row["name"]), text=row["now"]) for row in edited])
    return sorted(found, key=lambda line: -line.at_ms)[: wanted.most]


def _with_edits(found: list[Found], edited: list[Found]) -> list[Found]:
    """Each message of ours once, as it reads now where its new words were found."""
    again = {one.message_id: one for one in edited}
    return [*(one for one in found if one.message_id is None or one.message_id not in again), *again.values()]


def query_of(text: str) -> str:
    """The words as an FTS5 query in which nothing a person typed is syntax. Raises `UsageError`."""
    parts = [_quoted(match) for match in _TERM.finditer(text.replace("\0", " "))]
    query = " ".join(part for part in parts if part)
    if not query:
        raise UsageError("There is no word to look for.", hint='Write: greenbot chats search "late check-out"')
    return query


def _quoted(match: re.Match[str]) -> str:
    word = match["word"]
    given = match["phrase"] if word is None else word
    if not any(_is_searchable(sign) for sign in given):
        return ""
    star = " *" if word is not None and word.endswith("*") else ""
    clean = given.encode("utf-8", "replace").decode()
    return f'"{clean}"{star}'


def _is_searchable(sign: str) -> bool:
    """Letters and digits; signs alone are in no index."""
    return unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co"


def excerpt(text: str, wanted: str, width: int) -> str:
    """The part of a text around the first word that was looked for, on one line of `width` characters at most."""
    flat = " ".join(text.split())
    if len(flat) <= width:
        return flat
    plain = flat.casefold()
    words = [word.strip('"*').casefold() for word in wanted.split()]
    places = [place for word in words if word and (place := plain.find(word)) >= 0]
    start = max(0, min(min(places, default=0) - width // 3, len(flat) - width + 1))
    cut = flat[start : start + width - (1 if start else 0)]
    end = "…" if start + len(cut) < len(flat) else ""
    return ("…" if start else "") + (cut[: len(cut) - 1] + end if end else cut)


def _entry(row: "Row") -> Found:
    return Found(
        at_ms=row["at_ms"],
        instance=row["instance"],
        chat_id=row["chat_id"],
        name=row["name"],
        direction=row["direction"],
        sender_name=row["sender_name"],
        kind=row["kind"],
        text=row["text"] or "",
        event_id=row["event_id"],
    )


def _sent(row: "Row", name: str | None) -> Found:
    words = words_of(row["kind"], row["draft"])
    return Found(
        at_ms=row["at_ms"],
        instance=row["instance"],
        chat_id=row["chat_id"],
        name=name,
        direction="us",
        sender_name=None,
        kind=words.kind,
        text=words.text or words.file_name or "",
        message_id=row["id"],
    )
