"""Evidence that a hidden id (`155508384256027@lid`) and a number (`11001234568@c.us`) are one guest. Pure.

GREEN-API docs: with enableLidMode no field of an event carries the number, so a link comes from what names both at
once: a field with the phone number, or an answer such as checkWhatsapp's. Names link nobody: two guests called
Anna are two guests. Nor does one idMessage that is seen in two chats: it is unique in its chat only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from greenbot.messages.incoming.model import Incoming, MessageEvent

_LID: Final = re.compile(r"[0-9]{5,20}@lid")
_PERSON: Final = re.compile(r"[1-9][0-9]{6,15}@c\.us")
_ID_FIELDS: Final = ("chatId", "newChatId", "id", "lid", "phoneNumber", "senderPhoneNumber")
_NUMBER: Final = re.compile(r"\+?([1-9][0-9]{6,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One guest under two ids, and what says so."""

    lid: str
    person: str
    evidence: str


def evidence(incoming: Incoming) -> tuple[Link, ...]:
    """What one event says about two spellings of a guest; mostly nothing."""
    if not isinstance(incoming, MessageEvent) or incoming.direction != "in":
        return ()
    found = (_by_phone(incoming), _by_sender(incoming))
    # The instance's own number is nobody's guest.
    return tuple(each for each in found if each is not None and incoming.wid not in (each.lid, each.person))


def link(one: str, other: str, evidence_name: str) -> Link | None:
    """A link of a hidden id and a number in either order; None for any other two ids."""
    lid, person = (one, other) if one.endswith("@lid") else (other, one)
    if not (_LID.fullmatch(lid) and _PERSON.fullmatch(person)):
        return None
    return Link(lid=lid, person=person, evidence=evidence_name)


def _by_phone(event: MessageEvent) -> Link | None:
    number = _NUMBER.fullmatch(event.sender_phone)
    return link(event.sender_id, f"{number.group(1)}@c.us", "senderPhoneNumber") if number else None


def _by_sender(event: MessageEvent) -> Link | None:
    # In a chat of two, who writes in is the chat. The id of a group is neither of the two kinds.
    return link(event.chat_id, event.sender_id, "chatAndSender")


def of_answer(method: str, params: Mapping[str, object], answer: object) -> list[Link]:
    """The links in what GREEN-API answered to a question; mostly none.

    GREEN-API docs: checkWhatsapp answers `{chatId}`, and was seen to add `phoneNumber`; getGroupData's participants are
    `{id, lid}`; getContacts and getChats give `{id, newChatId}`. Names in an answer are not looked at.
    """
    match method, answer:
        case "checkWhatsapp", Mapping():
            records: list[object] = [{"id": params.get("chatId"), **answer}]
        case "getContactInfo", Mapping():
            records = [answer]
        case "getGroupData", {"participants": [*participants]}:
            records = participants
        case (("getContacts" | "getChats"), [*items]):
            records = items
        case _:
            records = []
    found = (_of_record(one) for one in records if isinstance(one, Mapping))
    return [one for one in found if one is not None]


def _of_record(record: Mapping[str, object]) -> Link | None:
    """What names exactly one hidden id and one number; whatever contradicts itself says nothing."""
    ids = {_as_id(record.get(name)) for name in _ID_FIELDS} - {""}
    lids = [each for each in ids if _LID.fullmatch(each)]
    people = [each for each in ids if _PERSON.fullmatch(each)]
    return link(lids[0], people[0], "answer") if len(lids) == len(people) == 1 else None


def _as_id(value: object) -> str:
    """An id, or a bare number as one."""
    text = str(value) if isinstance(value, str | int) else ""
    number = _NUMBER.fullmatch(text)
    return f"{number.group(1)}@c.us" if number else text
