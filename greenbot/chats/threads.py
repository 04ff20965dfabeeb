"""Writing events into their threads: an effect of the inbox, in the transaction that marks the event done.

Coming twice changes nothing: every entry and every change has a key from the wire. What greenbot sent
itself is not written down again; it stands in `messages`, and a thread reads it from there.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from greenbot.chats import changes, links, tally
from greenbot.chats.chat import folded, kind_of
from greenbot.chats.said import Event, Said, Sense, call_said, message_said, storable
from greenbot.messages.incoming.identity import evidence
from greenbot.messages.incoming.model import CallEvent, Incoming, MessageEvent, StatusEvent

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

OURS = "select 1 from messages where instance = :instance and remote_id = :remote_id"
MEET = """
insert into chats (instance, chat_id, kind, name, is_contact, name_key, last_at_ms, last_direction)
values (:instance, :chat_id, :kind, :name, :is_contact, :name_key, :at, :direction)
    on conflict (instance, chat_id) do update
       set name = case when excluded.name is null or (chats.is_contact and not excluded.is_contact) then chats.name
                       else excluded.name end,
           name_key = case when excluded.name is null or (chats.is_contact and not excluded.is_contact)
                           then chats.name_key else excluded.name_key end,
           is_contact = max(chats.is_contact, excluded.is_contact)
returning id
"""
HEARD = """
update chats
   set last_direction = case when :at >= last_at_ms then :direction else last_direction end,
       language = case when :at >= last_at_ms then coalesce(:language, language) else language end,
       intent = case when :at >= last_at_ms then coalesce(:intent, intent) else intent end,
       urgency = case when settled_at_ms <= :at then max(coalesce(urgency, :urgency), coalesce(:urgency, urgency))
                      else urgency end,
       last_at_ms = max(last_at_ms, :at)
 where id = :chat
"""
ADD = """
insert into chat_entries (chat, instance, wire_chat_id, remote_id, event_id, direction, at_ms, sender_id, sender_name,
                          kind, text, quoted_id, waits, file_url, file_name, mime_type, language, intent, urgency)
values (:chat, :instance, :wire_chat_id, :remote_id, :event_id, :direction, :at, :sender_id, :sender_name,
        :kind, :text, :quoted_id, :waits, :file_url, :file_name, :mime_type, :language, :intent, :urgency)
    on conflict do nothing
"""
CALL_GOES_ON = "update chat_entries set text = :text, waits = :waits where chat = :chat and remote_id = :remote_id"
STATUS_OF = """
select id, status from chat_entries
 where instance = :instance and remote_id = :remote_id and direction <> 'in' and wire_chat_id = :chat_id
"""
SET_STATUS = "update chat_entries set status = :status where id = :id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """What is known beforehand of those who write to an instance."""

    #: The setting `understand.words`.
    words: tuple[str, ...] = ()
    country_code: str = ""


ANY_HOTEL = Hotel()

#: Upwards; what is none of these is a refusal, and final.
LADDER = ("pending", "sent", "delivered", "read")


def record(tx: "Tx", event: Event, incoming: Incoming, *, hotel: Hotel = ANY_HOTEL) -> None:
    """Write an event into its thread. Events that say nothing in a chat change nothing."""
    match incoming:
        case MessageEvent(chat_id=chat_id) if chat_id:
            _message(tx, event, incoming, hotel)
        case StatusEvent(direction="out"):
            _status(tx, event, incoming)
        case CallEvent(chat_id=chat_id) if chat_id:
            _call(tx, event, incoming)
        case _:
            pass


def _message(tx: "Tx", event: Event, message: MessageEvent, hotel: Hotel) -> None:
    _link(tx, event, message)
    is_ours = message.direction == "api" and _is_ours(tx, event.instance, message.remote_id)
    said = message_said(event, message, partial(sense_of, hotel))
    chat = _chat_of(tx, event.instance, said, name=name_of(message), is_contact=_is_contact(message))
    if said.change is not None:
        changes.add(tx, chat, event, said)
    elif not is_ours and _add(tx, chat, event, said):
        changes.apply(tx, chat, said.remote_id)
        _tell(tx, chat, said)


def _link(tx: "Tx", event: Event, message: MessageEvent) -> None:
    """Where the wire itself says that a hidden id and a number are one guest, they become one thread."""
    for found in evidence(message):
        link = links.Link(instance=event.instance, lid=found.lid, chat_id=found.person, evidence=found.evidence)
        links.link_in(tx, link, now_ms=event.received_at_ms)


def _call(tx: "Tx", event: Event, call: CallEvent) -> None:
    said = call_said(event, call)
    chat = _chat_of(tx, event.instance, said, name=None, is_contact=False)
    if _add(tx, chat, event, said):
        _tell(tx, chat, said)
        return
    tx.run(CALL_GOES_ON, chat=chat, remote_id=said.remote_id, text=said.text, waits=said.waits)
    tally.recount(tx, chat)


def _status(tx: "Tx", event: Event, news: StatusEvent) -> None:
    """How far a message came that somebody else sent from this number; our own are followed by the outbox."""
    row = tx.one(STATUS_OF, instance=event.instance, remote_id=news.remote_id, chat_id=news.chat_id)
    if row is not None and is_news(row["status"], news.status):
        tx.run(SET_STATUS, id=row["id"], status=news.status)


def is_news(known: str | None, told: str) -> bool:
    """Whether a status says more than what is known: they come late, twice and in any order."""
    if not told or known == told:
        return False
    if known is None:
        return True
    if told not in LADDER:
        return known in LADDER and known not in ("delivered", "read")
    return known in LADDER and LADDER.index(told) > LADDER.index(known)


def sense_of(hotel: Hotel, text: str, day: date) -> Sense:
    """What the rules make of a text."""
    from greenbot.messages.understand import understand
    from greenbot.messages.understanding.rules import extended

    found = understand(text, today=day, rules=extended(hotel.words), country_code=hotel.country_code)
    return Sense(
        language=found.language if found.language != "unknown" else None, intent=found.intent, urgency=found.urgency
    )


def _is_ours(tx: "Tx", instance: str, remote_id: str) -> bool:
    return tx.one(OURS, instance=instance, remote_id=remote_id) is not None


def _chat_of(tx: "Tx", instance: str, said: Said, *, name: str | None, is_contact: bool) -> int:
    chat_id = links.canonical(tx, instance, said.wire_chat_id)
    row = tx.one(
        MEET,
        instance=instance,
        chat_id=chat_id,
        kind=kind_of(chat_id),
        name=name,
        is_contact=is_contact,
        name_key=None if name is None else folded(name),
        at=said.at_ms,
        direction=said.direction,
    )
    assert row is not None, "met or made"
    return int(row["id"])


def name_of(message: MessageEvent) -> str | None:
    """What to call the chat. An outgoing event's sender is the hotel itself."""
    if message.is_group:
        return storable(message.chat_name) or None
    own = message.sender_name if message.direction == "in" else ""
    return storable(message.contact_name or message.chat_name or own) or None


def _is_contact(message: MessageEvent) -> bool:
    return bool(message.contact_name) and not message.is_group


def _add(tx: "Tx", chat: int, event: Event, said: Said) -> bool:
    file = said.attachment
    added = tx.run(
        ADD,
        chat=chat,
        instance=event.instance,
        wire_chat_id=said.wire_chat_id,
        remote_id=said.remote_id,
        event_id=event.id,
        direction=said.direction,
        at=said.at_ms,
        sender_id=said.sender_id,
        sender_name=said.sender_name,
        kind=said.kind,
        text=said.text or None,
        quoted_id=said.quoted_id,
        waits=said.waits,
        file_url=None if file is None else file.url,
        file_name=None if file is None else file.name,
        mime_type=None if file is None else file.mime_type,
        language=said.sense.language,
        intent=said.sense.intent,
        urgency=said.sense.urgency,
    )
    return added == 1


def _tell(tx: "Tx", chat: int, said: Said) -> None:
    """The chat hears of a new entry: who spoke last, and who waits for whom."""
    tx.run(
        HEARD,
        chat=chat,
        at=said.at_ms,
        direction=said.direction,
        language=said.sense.language,
        intent=said.sense.intent,
        urgency=said.sense.urgency if said.waits else None,
    )
    if said.direction != "in" and said.kind != "call":
        tally.settle(tx, chat, said.at_ms)
    elif said.waits:
        tally.waits(tx, chat, said.at_ms)
