"""Reading a thread: what came by events and what greenbot sent, in the order in which it was said."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.chats.chat import Chat, Direction, Reader
from greenbot.chats.links import wire_ids
from greenbot.chats.words import reaction_of, words_of

if TYPE_CHECKING:
    from greenbot.db.connect import Row

ENTRIES = """
select chat_entries.*, media.name as stored_name
  from chat_entries left join media on media.entry_id = chat_entries.id
 where chat_entries.chat = :chat and chat_entries.at_ms >= :since and chat_entries.at_ms < :before
 order by chat_entries.at_ms desc, chat_entries.id desc limit :most
"""
# A message of ours stands where GREEN-API took it; one that waits stands where it was accepted here.
SENT = """
select id, kind, draft, state, delivery, remote_id, coalesce(accepted_at_ms, created_at_ms) as at_ms
  from messages indexed by messages_by_chat
 where chat_id = :chat_id and instance = :instance and kind <> 'typing' and kind <> 'reaction'
   and coalesce(accepted_at_ms, created_at_ms) >= :since and coalesce(accepted_at_ms, created_at_ms) < :before
 order by at_ms desc, id desc limit :most
"""
OUR_REACTIONS = """
select draft from messages indexed by messages_by_chat
 where chat_id = :chat_id and instance = :instance and kind = 'reaction' and accepted_at_ms is not null order by id
"""
CHANGES = """
select target_id, kind, direction, sender_id, at_ms, text from chat_changes
 where chat = :chat and target_id = :target_id order by at_ms, id
"""
_FOREVER_MS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji and whose it is: ours, or the guest's."""

    emoji: str
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a message said before it said something else, from then on."""

    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message or call of a thread.

    `status` is the most telling word about one that left here (queued, sent, read ...), None for a guest's.
    `earlier` are the texts it had before, the first one first. `votes` are the options of a poll with their numbers.
    """

    at_ms: int
    direction: Direction
    sender_name: str | None
    kind: str
    text: str
    remote_id: str | None
    status: str | None = None
    quoted_id: str | None = None
    file_name: str | None = None
    file_url: str | None = None
    stored_name: str | None = None
    deleted_at_ms: int | None = None
    earlier: tuple[Edit, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    votes: tuple[tuple[str, int], ...] = ()
    entry_id: int | None = None
    message_id: int | None = None
    event_id: int | None = None
    intent: str | None = None
    urgency: int | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a thread: from `since_ms` until before `before_ms`, of that the last `most` lines (None: all)."""

    since_ms: int = 0
    before_ms: int = _FOREVER_MS
    most: int | None = None


def read(reader: Reader, chat: Chat, part: Part | None = None) -> list[Line]:
    """The thread, oldest line first."""
    wanted = part or Part()
    ids = wire_ids(reader, chat)
    most = -1 if wanted.most is None else wanted.most
    span = {"since": wanted.since_ms, "before": wanted.before_ms, "most": most}
    rows = [_entry(row) for row in reader.all(ENTRIES, chat=chat.id, **span)]
    for chat_id in ids:
        sent = reader.all(SENT, chat_id=chat_id, instance=chat.instance, **span)
        rows += [_message(row) for row in sent]
    rows.sort(key=lambda line: (line.at_ms, line.entry_id or 0, line.message_id or 0))
    shown = rows if wanted.most is None else rows[-wanted.most :]
    ours = _our_reactions(reader, chat, ids)
    return [_changed(reader, chat, line, ours) for line in shown]


def _entry(row: "Row") -> Line:
    earlier = () if row["edited_at_ms"] is None else (Edit(at_ms=row["at_ms"], text=row["original_text"] or ""),)
    return Line(
        at_ms=row["at_ms"],
        direction=row["direction"],
        sender_name=row["sender_name"],
        kind=row["kind"],
        text=row["text"] or "",
        remote_id=row["remote_id"],
        status=row["status"] if row["direction"] != "in" else None,
        quoted_id=row["quoted_id"],
        file_name=row["file_name"],
        file_url=row["file_url"],
        stored_name=row["stored_name"],
        deleted_at_ms=row["deleted_at_ms"],
        earlier=earlier,
        entry_id=row["id"],
        event_id=row["event_id"],
        intent=row["intent"],
        urgency=row["urgency"],
        language=row["language"],
    )


def _message(row: "Row") -> Line:
    words = words_of(row["kind"], row["draft"])
    shows_delivery = row["state"] in ("accepted", "delivered") and row["delivery"]
    return Line(
        at_ms=row["at_ms"],
        direction="us",
        sender_name=None,
        kind=words.kind,
        text=words.text,
        remote_id=row["remote_id"],
        status=row["delivery"] if shows_delivery else row["state"],
        quoted_id=words.quoted_id,
        file_name=words.file_name,
        message_id=row["id"],
    )


def _our_reactions(reader: Reader, chat: Chat, ids: Iterable[str]) -> dict[str, str]:
    """The last emoji we put on each message."""
    rows = [row for one in ids for row in reader.all(OUR_REACTIONS, chat_id=one, instance=chat.instance)]
    return dict(reaction_of(row["draft"]) for row in rows)


def _changed(reader: Reader, chat: Chat, line: Line, ours: Mapping[str, str]) -> Line:
    from dataclasses import replace

    changes = reader.all(CHANGES, chat=chat.id, target_id=line.remote_id) if line.remote_id else []
    own = ours.get(line.remote_id or "", "")
    if not changes and not own:
        return line
    reactions = [(row["text"], row["direction"] != "in") for row in _latest(changes, "reaction") if row["text"]]
    reactions += [(own, True)] if own else []
    votes = _latest(changes, "votes")
    edited = _edited(line, [row for row in changes if row["kind"] == "edit" and _is_its(row, line)])
    gone = [row["at_ms"] for row in changes if row["kind"] == "delete" and _is_its(row, line)]
    return replace(
        edited,
        reactions=tuple(Reaction(emoji=emoji, is_ours=is_ours) for emoji, is_ours in dict.fromkeys(reactions)),
        votes=tuple((str(name), int(count)) for name, count in json.loads(votes[-1]["text"])) if votes else (),
        deleted_at_ms=min(gone, default=line.deleted_at_ms),
    )


def _is_its(change: "Row", line: Line) -> bool:
    """A side changes only what it wrote itself."""
    return bool((change["direction"] == "in") == (line.direction == "in"))


def _latest(changes: "list[Row]", kind: str) -> "list[Row]":
    """Of each sender the last one of this kind, in the order of time."""
    latest: dict[str, Row] = {}
    for row in changes:
        if row["kind"] == kind:
            latest.pop(row["sender_id"], None)
            latest[row["sender_id"]] = row
    return list(latest.values())


def _edited(line: Line, edits: "list[Row]") -> Line:
    """With every text it had. An entry reads as edited already, a message of ours still as it was sent."""
    from dataclasses import replace

    if not edits or (line.entry_id is not None and not line.earlier):
        return line
    # greenbot writes down its own edits, and the event that tells one later says the same once more.
    edits = [row for number, row in enumerate(edits) if not number or row["text"] != edits[number - 1]["text"]]
    first = line.earlier or (Edit(at_ms=line.at_ms, text=line.text),)
    earlier = (*first, *(Edit(at_ms=row["at_ms"], text=row["text"]) for row in edits[:-1]))
    return replace(line, earlier=earlier, text=line.text if line.entry_id is not None else edits[-1]["text"])
