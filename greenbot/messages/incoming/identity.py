"""Evidence that a hidden id (`155508384256027@lid`) and a number (`11001234568@c.us`) are one guest. Pure.

GREEN-API docs: with enableLidMode no field of an event carries the number, so a link comes from what names both at
once: a field with the phone number, checkWhatsapp, the participants of a group, or one idMessage that is known under
both spellings. Names link nobody: two guests called Anna are two guests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from greenbot.messages.incoming.model import CallEvent, Incoming, MessageEvent

#: `certain`: the wire names both as one. `likely`: only ids agree; wait for a second one.
Confidence: TypeAlias = Literal["certain", "likely"]

_LID: Final = re.compile(r"[0-9]{5,20}@lid")
_PERSON: Final = re.compile(r"[1-9][0-9]{6,15}@c\.us")
_NUMBER: Final = re.compile(r"\+?([1-9][0-9]{6,15})")
#: Shorter ids are counters or shortened ones, and could meet by chance.
_UNMISTAKABLE: Final = 16
_SAME_MOMENT_MS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One guest under two ids, and what says so."""

    lid: str
    person: str
    evidence: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where and when a message was seen: in an event, in the journal, or when greenbot sent it."""

    remote_id: str
    chat_id: str
    at_ms: int | None = None


def is_linkable(link: Link, *, agreeing: int = 1) -> bool:
    """True when the evidence is enough to show two chats as one; `agreeing` counts independent likely ones."""
    return link.confidence == "certain" or agreeing >= 2


def evidence(incoming: Incoming) -> tuple[Link, ...]:
    """What one event says about two spellings of a guest; mostly nothing."""
    match incoming:
        case MessageEvent(direction="in"):
            found = [_by_phone(incoming), _by_sender(incoming)]
        case CallEvent(participants=(only,)):
            found = [link(incoming.chat_id, only.id, "callParticipant", "likely")]
        case _:
            found = []
    # The instance's own number is nobody's guest.
    return tuple(each for each in found if each is not None and incoming.wid not in (each.lid, each.person))


def link(one: str, other: str, evidence_name: str, confidence: Confidence) -> Link | None:
    """A link of a hidden id and a number in either order; None for any other two ids."""
    lid, person = (one, other) if one.endswith("@lid") else (other, one)
    if not (_LID.fullmatch(lid) and _PERSON.fullmatch(person)):
        return None
    return Link(lid=lid, person=person, evidence=evidence_name, confidence=confidence)


def _by_phone(event: MessageEvent) -> Link | None:
    number = _NUMBER.fullmatch(event.sender_phone)
    return link(event.sender_id, f"{number.group(1)}@c.us", "senderPhoneNumber", "certain") if number else None


def _by_sender(event: MessageEvent) -> Link | None:
    # In a chat of two, who writes in is the chat. The id of a group is neither of the two kinds.
    return link(event.chat_id, event.sender_id, "chatAndSender", "certain")


def of_message(one: Seen, other: Seen) -> Link | None:
    """The link when one message was seen in two chats.

    An idMessage is unique in its chat only, so a short one says nothing, and without agreeing times a long one is only
    likely.
    """
    if one.remote_id != other.remote_id or len(one.remote_id) < _UNMISTAKABLE:
        return None
    is_same_moment = (
        one.at_ms is not None and other.at_ms is not None and abs(one.at_ms - other.at_ms) <= _SAME_MOMENT_MS
    )
    return link(one.chat_id, other.chat_id, "sameMessage", "certain" if is_same_moment else "likely")


def of_record(record: Mapping[str, object]) -> Link | None:
    """The link in an answer that names both ids: of checkWhatsapp, or one participant of getGroupData.

    GREEN-API docs: checkWhatsapp answers `{chatId, phoneNumber}`, getGroupData's participants are `{id, lid}`. Names in
    the record are not looked at.
    """
    ids = {_as_id(record.get(name)) for name in ("chatId", "id", "lid", "phoneNumber", "senderPhoneNumber")} - {""}
    lids = sorted(each for each in ids if _LID.fullmatch(each))
    people = sorted(each for each in ids if _PERSON.fullmatch(each))
    if len(lids) != 1 or len(people) != 1:
        return None
    return link(lids[0], people[0], "record", "certain")


def _as_id(value: object) -> str:
    """An id, or a bare number as one."""
    text = str(value) if isinstance(value, str | int) else ""
    number = _NUMBER.fullmatch(text)
    return f"{number.group(1)}@c.us" if number else text
