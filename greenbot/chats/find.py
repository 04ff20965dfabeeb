"""Which conversations there are: a list with filters, and the one a person means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenbot.chats.chat import URGENT, Chat, Reader, folded
from greenbot.chats.links import canonical
from greenbot.errors import NotFound, UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Value

_THE_REST = """
   and (:is_closed is null or (closed_at_ms is not null) = :is_closed)
   and (:assignee is null or assignee = :assignee)
   and (:since is null or last_at_ms >= :since)
   and (:urgency is null or urgency >= :urgency)
   and (:intent is null or intent = :intent)
"""
# Whom nobody answered stands first, the one who waits longest at the top; each part in the order of an index.
_WAITING_ORDER = " order by unanswered_since_ms, id limit :limit"
_QUIET_ORDER = " order by last_at_ms desc, id desc limit :limit"
_WHICH = {
    "waiting": "select * from chats where unanswered_since_ms is not null",
    "waiting of": "select * from chats where instance = :instance and unanswered_since_ms is not null",
    "quiet": "select * from chats indexed by chats_recent where unanswered_since_ms is null",
    "quiet of": """
select * from chats indexed by chats_recent_of where instance = :instance and unanswered_since_ms is null""",
}
WAITING = _WHICH["waiting"] + _THE_REST + _WAITING_ORDER
WAITING_OF = _WHICH["waiting of"] + _THE_REST + _WAITING_ORDER
QUIET = _WHICH["quiet"] + _THE_REST + _QUIET_ORDER
QUIET_OF = _WHICH["quiet of"] + _THE_REST + _QUIET_ORDER
BY_CHAT = (
    "select * from chats where chat_id = :chat_id and (:instance is null or instance = :instance) order by instance"
)
BY_ID = "select * from chats where id = :id"
BY_NAME = """
select * from chats
 where name_key = :key and (:instance is null or instance = :instance) and (is_contact or not :contacts_only)
 order by is_contact desc, last_at_ms desc limit 20
"""
LINKED = "select instance, chat_id from chat_links where lid = :lid and (:instance is null or instance = :instance)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which chats to list; what is None does not matter. `urgent`: only where something urgent waits."""

    instance: str | None = None
    state: Literal["open", "closed"] | None = None
    unanswered: bool = False
    assignee: str | None = None
    since_ms: int | None = None
    urgent: bool = False
    intent: str | None = None
    limit: int = 50


def listed(reader: Reader, filters: Filters) -> list[Chat]:
    """Who waits longest for an answer first, then the others, the latest first."""
    params: dict[str, Value] = {
        "is_closed": None if filters.state is None else filters.state == "closed",
        "assignee": filters.assignee,
        "since": filters.since_ms,
        "urgency": URGENT if filters.urgent else None,
        "intent": filters.intent,
    }
    waiting, quiet = (WAITING, QUIET) if filters.instance is None else (WAITING_OF, QUIET_OF)
    if filters.instance is not None:
        params["instance"] = filters.instance
    rows = reader.all(waiting, **params, limit=filters.limit)
    if not filters.unanswered and len(rows) < filters.limit:
        rows += reader.all(quiet, **params, limit=filters.limit - len(rows))
    return [Chat.from_row(row) for row in rows]


def order(chat: Chat) -> tuple[int, int]:
    """For lists of several instances: the same order as `listed`."""
    return (0, chat.unanswered_since_ms) if chat.unanswered_since_ms is not None else (1, -chat.last_at_ms)


def by_id(reader: Reader, number: int) -> Chat | None:
    """The chat of that number."""
    row = reader.one(BY_ID, id=number)
    return None if row is None else Chat.from_row(row)


def by_chat_id(reader: Reader, chat_id: str, instance: str | None = None) -> list[Chat]:
    """The threads of this id, one for each instance that has one; a linked `@lid` means its guest's thread."""
    rows = reader.all(BY_CHAT, chat_id=chat_id, instance=instance)
    found = [Chat.from_row(row) for row in rows]
    for link in reader.all(LINKED, lid=chat_id, instance=instance):
        linked = canonical(reader, link["instance"], chat_id)
        found += [Chat.from_row(row) for row in reader.all(BY_CHAT, chat_id=linked, instance=link["instance"])]
    return found


def by_name(reader: Reader, name: str, instance: str | None = None, *, contacts_only: bool = False) -> list[Chat]:
    """The threads of this whole name, capitals and accents aside.

    Guests choose their own names, so whoever is to be written to is looked up with `contacts_only`: then the name
    is the one in the hotel's phone book.
    """
    rows = reader.all(BY_NAME, key=folded(name), instance=instance, contacts_only=contacts_only)
    return [Chat.from_row(row) for row in rows]


def contact(reader: Reader, name: str, instance: str) -> str | None:
    """The chat id of the one contact of this name, for `@name` as a recipient; None when there is none here.

    Raises `UsageError` when several are called so.
    """
    found = by_name(reader, name, instance, contacts_only=True)
    if len(found) > 1:
        ids = ", ".join(sorted(chat.chat_id for chat in found))
        raise UsageError(f"{len(found)} contacts are called '{name}': {ids}.", hint="Use one of these ids.")
    return found[0].chat_id if found else None


def only(found: list[Chat], wanted: str) -> Chat:
    """The one chat that is meant. Raises `NotFound`, or `UsageError` when it could be several."""
    if not found:
        raise NotFound(f"There is no conversation with {wanted}.", hint="See them with: greenbot chats list")
    if len(found) > 1:
        names = ", ".join(f"{chat.instance} {chat.chat_id}" for chat in found)
        raise UsageError(
            f"{wanted} has several conversations: {names}.", hint="Name one with -i INSTANCE, or by its id."
        )
    return found[0]
