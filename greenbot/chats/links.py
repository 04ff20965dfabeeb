"""One guest under two ids: the phone number's (`@c.us`) and the hidden one (`@lid`) become one thread.

Nothing is rewritten by a link: each entry keeps the id it came with, so a link can be taken back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.chats import tally
from greenbot.chats.chat import Chat, Reader, kind_of
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, UsageError

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

LINK_OF = "select chat_id from chat_links where instance = :instance and lid = :lid"
LIDS_OF = "select lid from chat_links where instance = :instance and chat_id = :chat_id order by lid"
SET = """
insert into chat_links (instance, lid, chat_id, evidence, at_ms) values (:instance, :lid, :chat_id, :evidence, :now)
    on conflict do nothing
"""
REMOVE = "delete from chat_links where instance = :instance and lid = :lid"
BY_WIRE = "select * from chats where instance = :instance and chat_id = :chat_id"
BEGIN = """
insert into chats (instance, chat_id, kind, name, is_contact, name_key, last_at_ms, last_direction, settled_at_ms)
select instance, :chat_id, :kind, name, is_contact, name_key, last_at_ms, last_direction, settled_at_ms
  from chats where id = :model
    on conflict do nothing
"""
RENAME = "update chats set chat_id = :chat_id, kind = :kind where id = :id"
INHERIT = """
update chats
   set name = case when chats.is_contact or chats.name is not null and not other.is_contact then chats.name
                   else other.name end,
       name_key = case when chats.is_contact or chats.name is not null and not other.is_contact then chats.name_key
                       else other.name_key end,
       is_contact = max(chats.is_contact, other.is_contact),
       assignee = coalesce(chats.assignee, other.assignee),
       closed_at_ms = case when chats.closed_at_ms is null or other.closed_at_ms is null then null
                           else max(chats.closed_at_ms, other.closed_at_ms) end,
       language = coalesce(chats.language, other.language), intent = coalesce(chats.intent, other.intent),
       settled_at_ms = max(chats.settled_at_ms, other.settled_at_ms),
       last_direction = case when other.last_at_ms > chats.last_at_ms then other.last_direction
                             else chats.last_direction end,
       last_at_ms = max(chats.last_at_ms, other.last_at_ms)
  from chats as other where chats.id = :to and other.id = :origin
"""
# What both ids brought (a journal says one, a webhook the other) stays once.
MOVE_ENTRIES = "update or ignore chat_entries set chat = :to where chat = :origin"
MOVE_CHANGES = "update or ignore chat_changes set chat = :to where chat = :origin"
MOVE_MEDIA = (
    "update media set chat = :to where chat = :origin and entry_id in (select id from chat_entries where chat = :to)"
)
TAKE_ENTRIES = "update chat_entries set chat = :to where chat = :origin and wire_chat_id = :lid"
TAKE_CHANGES = "update chat_changes set chat = :to where chat = :origin and wire_chat_id = :lid"
TAKE_MEDIA = "update media set chat = :to where entry_id in (select id from chat_entries where chat = :to)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`lid` and `chat_id` are the same guest of this instance; `evidence` says why that is believed."""

    instance: str
    lid: str
    chat_id: str
    evidence: str


def canonical(reader: Reader, instance: str, chat_id: str) -> str:
    """The id of the thread that messages of this chat belong to."""
    if not chat_id.endswith("@lid"):
        return chat_id
    row = reader.one(LINK_OF, instance=instance, lid=chat_id)
    return chat_id if row is None else str(row["chat_id"])


def wire_ids(reader: Reader, chat: Chat) -> list[str]:
    """Every id under which messages of this thread came and went; the thread's own first."""
    rows = reader.all(LIDS_OF, instance=chat.instance, chat_id=chat.chat_id)
    return [chat.chat_id, *(str(row["lid"]) for row in rows)]


def link(db: "Db", wanted: Link, by: Operator) -> bool:
    """Make one thread of the two; False when they were linked so already.

    Raises `UsageError` for ids that cannot be the same guest, or when `lid` is linked to another one.
    """
    check(wanted)
    with db.write() as tx:
        found = canonical(tx, wanted.instance, wanted.lid)
        if found not in (wanted.lid, wanted.chat_id):
            raise UsageError(
                f"{wanted.lid} is linked to {found} already.",
                hint=f"Take that back: greenbot chats link {wanted.lid} --remove",
            )
        if not link_in(tx, wanted, now_ms=by.clock.now_ms()):
            return False
        note(tx, by, action="chats.link", subject=f"instance {wanted.instance}", after={"evidence": wanted.evidence})
    return True


def check(wanted: Link) -> None:
    """Raises `UsageError` unless this is a hidden id and a phone number's."""
    if kind_of(wanted.lid) != "lid" or kind_of(wanted.chat_id) != "person":
        raise UsageError(
            "A link joins a hidden id (…@lid) with a phone number (…@c.us).",
            hint="Write: greenbot chats link 155508384256027@lid +380441234567",
        )


def link_in(tx: "Tx", wanted: Link, *, now_ms: int) -> bool:
    """The same inside the caller's transaction; a link that exists, even to another guest, stays as it is."""
    facts = {"instance": wanted.instance, "lid": wanted.lid, "chat_id": wanted.chat_id}
    if not tx.run(SET, **facts, evidence=wanted.evidence, now=now_ms):
        return False
    hidden = tx.one(BY_WIRE, instance=wanted.instance, chat_id=wanted.lid)
    if hidden is None:
        return True
    known = tx.one(BY_WIRE, instance=wanted.instance, chat_id=wanted.chat_id)
    if known is None:
        tx.run(RENAME, id=hidden["id"], chat_id=wanted.chat_id, kind="person")
        return True
    _merge(tx, origin=hidden["id"], to=known["id"])
    return True


def learn(db: "Db", found: Iterable[Link], *, now_ms: int) -> int:
    """Join the threads of guests whom GREEN-API named by both ids; how many were news. Raises Busy, StoreError."""
    with db.write() as tx:
        return sum(link_in(tx, one, now_ms=now_ms) for one in found)


def _merge(tx: "Tx", *, origin: int, to: int) -> None:
    tx.run(INHERIT, origin=origin, to=to)
    for statement in (MOVE_ENTRIES, MOVE_CHANGES, MOVE_MEDIA):
        tx.run(statement, origin=origin, to=to)
    tx.run("delete from chats where id = :origin", origin=origin)
    tally.recount(tx, to)


def unlink(db: "Db", instance: str, lid: str, by: Operator) -> str:
    """Take a link back: what came from `lid` is a thread of its own again. The id it was linked to.

    Raises `NotFound` when there is no such link.
    """
    with db.write() as tx:
        row = tx.one(LINK_OF, instance=instance, lid=lid)
        if row is None:
            raise NotFound(f"{lid} is linked to nobody.", hint=None)
        tx.run(REMOVE, instance=instance, lid=lid)
        joined = tx.one(BY_WIRE, instance=instance, chat_id=row["chat_id"])
        if joined is not None:
            _split(tx, joined["id"], instance, lid)
        note(tx, by, action="chats.unlink", subject=f"instance {instance}")
    return str(row["chat_id"])


def _split(tx: "Tx", origin: int, instance: str, lid: str) -> None:
    tx.run(BEGIN, model=origin, chat_id=lid, kind="lid")
    own = tx.one(BY_WIRE, instance=instance, chat_id=lid)
    assert own is not None, "just made"
    for statement in (TAKE_ENTRIES, TAKE_CHANGES):
        tx.run(statement, origin=origin, to=own["id"], lid=lid)
    tx.run(TAKE_MEDIA, to=own["id"])
    for chat in (origin, own["id"]):
        tally.recount(tx, chat)
