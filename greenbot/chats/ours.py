"""A message of either side by its number or GREEN-API's id, and what we did to one of ours later."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.chats.chat import Direction, Reader
from greenbot.chats.conversation import Line, Part, read
from greenbot.chats.find import by_chat_id
from greenbot.errors import UnknownMessage, UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Tx

BY_ID = """
select id, instance, chat_id, remote_id, kind, coalesce(accepted_at_ms, created_at_ms) as at_ms, state
  from messages where id = :id
"""
BY_REMOTE_ID = """
select id, instance, chat_id, remote_id, kind, coalesce(accepted_at_ms, created_at_ms) as at_ms, state
  from messages where remote_id = :remote_id and (:instance is null or instance = :instance)
"""
HEARD = """
select null as id, instance, wire_chat_id as chat_id, remote_id, kind, at_ms, direction
  from chat_entries where remote_id = :remote_id and (:instance is null or instance = :instance)
"""
NOTE = """
insert into chat_changes (chat, target_id, kind, remote_id, wire_chat_id, direction, at_ms, text)
select id, :remote_id, :kind, :own, :wire_chat_id, 'us', :at, :text from chats where id = :chat
    on conflict do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands. `message_id`: one of ours; its `state` then, and `at_ms` when GREEN-API took it."""

    instance: str
    chat_id: str
    remote_id: str | None
    direction: Direction
    kind: str
    at_ms: int
    message_id: int | None = None
    state: str | None = None


def place_of(reader: Reader, given: str, instance: str | None) -> Place:
    """The message of this number, or of this id of GREEN-API's. Raises `UnknownMessage`, `UsageError` for several."""
    rows = reader.all(BY_ID, id=int(given)) if given.isascii() and given.isdigit() and len(given) < 16 else []
    rows = rows or reader.all(BY_REMOTE_ID, remote_id=given, instance=instance)
    found = [_ours(row) for row in rows]
    found = found or [_heard(row) for row in reader.all(HEARD, remote_id=given, instance=instance)]
    if not found:
        raise UnknownMessage(
            "greenbot knows no message of that number or id.",
            hint="See: greenbot outbox list. Or name its chat as well: --chat NUMBER",
        )
    if len(found) > 1:
        names = ", ".join(one.instance for one in found)
        raise UsageError(f"Several instances have a message of that id: {names}.", hint="Name one with -i INSTANCE.")
    return found[0]


def _ours(row: "Row") -> Place:
    return Place(
        instance=row["instance"],
        chat_id=row["chat_id"],
        remote_id=row["remote_id"],
        direction="us",
        kind=row["kind"],
        at_ms=row["at_ms"],
        message_id=row["id"],
        state=row["state"],
    )


def _heard(row: "Row") -> Place:
    return Place(
        instance=row["instance"],
        chat_id=row["chat_id"],
        remote_id=row["remote_id"],
        direction=row["direction"],
        kind=row["kind"],
        at_ms=row["at_ms"],
    )


def line_of(reader: Reader, place: Place) -> Line | None:
    """How the thread shows it now, with its edits; None where there is no thread."""
    for chat in by_chat_id(reader, place.chat_id, place.instance):
        for line in read(reader, chat, Part(since_ms=place.at_ms, before_ms=place.at_ms + 1)):
            if place.message_id is not None and line.message_id == place.message_id:
                return line
            if place.message_id is None and line.remote_id == place.remote_id:
                return line
    return None


def note_edit(tx: "Tx", place: Place, text: str, *, at_ms: int) -> None:
    """Our message says something else from now on, also when no event tells it."""
    _note(tx, place, "edit", text, at_ms)


def note_deletion(tx: "Tx", place: Place, *, at_ms: int) -> None:
    """Our message is gone for everyone, also when no event tells it."""
    _note(tx, place, "delete", None, at_ms)


def _note(tx: "Tx", place: Place, kind: str, text: str | None, at_ms: int) -> None:
    for chat in by_chat_id(tx, place.chat_id, place.instance):
        tx.run(
            NOTE,
            chat=chat.id,
            remote_id=place.remote_id,
            kind=kind,
            own=f"greenbot {at_ms}",
            wire_chat_id=place.chat_id,
            at=at_ms,
            text=text,
        )
