"""Closing a gap: events that were never delivered, made from GREEN-API's journals.

Journals forget some messages and know nothing of states and calls' details, so this is best effort. What is made
here looks like the notification that was missed and has the same semantic key, so what was delivered after all
is never worked twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.inbox.arrival import Arrival
from greenbot.inbox.intake import keep_in
from greenbot.messages.incoming.envelope import peek

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: GREEN-API docs: what is not taken within 24 hours is dropped.
KEPT_MS = 86_400_000
#: Journals show a message up to two minutes late; clocks differ.
_MARGIN_MINUTES = 10
MOST_MINUTES = 10_080
#: Entries near which a journal ends.
JOURNAL_LIMIT = 10_000
_AT_ONCE = 200

LAST_HEARD = """
select received_at_ms from events where instance = :instance and source <> 'backfill' order by id desc limit 1
"""
# Of these keys, those that an event has: one that is done, or one whose turn has not come yet.
KNOWN = """
select semantic_key from events
 where instance = :instance and state = 'done' and duplicate_of is null and semantic_key is not null
   and semantic_key in (select value from json_each(:keys))
 union
select semantic_key from events indexed by events_open
 where state in ('stored', 'processing') and state <> 'done' and instance = :instance
   and semantic_key in (select value from json_each(:keys))
"""

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """From when on an instance may have missed something, and how far back its journals are read."""

    since_ms: int
    minutes: int
    #: Whether GREEN-API has dropped notifications meanwhile, so that nothing but the journals can tell.
    is_beyond_queue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What the journals brought: events that were missing, and entries that were known."""

    new: int = 0
    known: int = 0
    is_cut: bool = False


def gap_of(db: "Db", instance: str, *, now_ms: int, since_ms: int | None = None) -> Gap:
    """The time since the last delivered event, or since the moment given. Raises Busy, StoreError."""
    if since_ms is None:
        row = db.one(LAST_HEARD, instance=instance)
        since_ms = now_ms - KEPT_MS if row is None else int(row["received_at_ms"])
    minutes = -(-(now_ms - since_ms) // 60_000) + _MARGIN_MINUTES
    return Gap(since_ms=since_ms, minutes=min(MOST_MINUTES, minutes), is_beyond_queue=now_ms - since_ms > KEPT_MS)


def missing(db: "Db | Tx", instance: str, entries: Iterable[Entry], *, instance_id: str) -> tuple[list[bytes], int]:
    """The notifications that are not in the store, the oldest first, and how many are."""
    told = [as_notification(entry, instance_id) for entry in sorted(entries, key=_moment)]
    raws = [raw for raw in told if raw is not None]
    found = _unknown(db, instance, raws)
    return found, len(raws) - len(found)


def fill(db: "Db", instance: str, entries: Sequence[Entry], *, instance_id: str, clock: Clock) -> Filled:
    """Keep what is missing, as events of source `backfill`. Raises Busy, StoreError."""
    found, known = missing(db, instance, entries, instance_id=instance_id)
    new = 0
    for begin in range(0, len(found), _AT_ONCE):
        with db.write() as tx:
            # Looked up again: it may have been delivered meanwhile.
            raws = _unknown(tx, instance, found[begin : begin + _AT_ONCE])
            arrivals = [
                Arrival(instance=instance, raw=raw, source="backfill", received_at_ms=clock.now_ms()) for raw in raws
            ]
            kept = keep_in(tx, arrivals, clock=clock, expected_ids={instance: instance_id})
        new += sum(not one.is_duplicate for one in kept)
    return Filled(new=new, known=known + len(found) - new, is_cut=len(entries) >= JOURNAL_LIMIT)


def _unknown(reader: "Db | Tx", instance: str, raws: Sequence[bytes]) -> list[bytes]:
    """Those whose meaning no event has. Where a body has none, its bytes decide when it is kept."""
    keys = [peek(raw).semantic_key for raw in raws]
    rows = reader.all(KNOWN, instance=instance, keys=json.dumps([key for key in keys if key is not None]))
    known = {row["semantic_key"] for row in rows}
    return [raw for raw, key in zip(raws, keys, strict=True) if key not in known]


def _moment(entry: Entry) -> float:
    seconds = entry.get("timestamp")
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def as_notification(entry: Entry, instance_id: str) -> bytes | None:
    """A journal's entry as the notification it was (GREEN-API docs: Journals, Webhook format); None for what was none.

    The entry itself stays in it as `journal`.
    """
    kind, remote_id, type_message = entry.get("type"), entry.get("idMessage"), entry.get("typeMessage")
    if kind not in ("incoming", "outgoing") or not isinstance(remote_id, str) or not remote_id:
        return None
    by_api = entry.get("sendByApi") is True
    outgoing = "outgoingAPIMessageReceived" if by_api else "outgoingMessageReceived"
    sender = {"chatId": entry.get("chatId"), "sender": entry.get("senderId") or "", "chatName": ""}
    if kind == "incoming":
        sender |= {
            "sender": entry.get("senderId") or entry.get("chatId"),
            "senderName": entry.get("senderName") or "",
            "senderContactName": entry.get("senderContactName") or "",
        }
    data: dict[str, object] = {"typeMessage": type_message, **_content(str(type_message), entry)}
    if isinstance(entry.get("quotedMessage"), Mapping):
        data["quotedMessage"] = entry["quotedMessage"]
    body = {
        "typeWebhook": "incomingMessageReceived" if kind == "incoming" else outgoing,
        "instanceData": {"idInstance": int(instance_id) if instance_id.isdecimal() else instance_id},
        "timestamp": entry.get("timestamp"),
        "idMessage": remote_id,
        "senderData": sender,
        "messageData": data,
        "journal": entry,
    }
    return json.dumps(body, separators=(",", ":"), default=str).encode()


_FILES = ("imageMessage", "videoMessage", "documentMessage", "audioMessage", "stickerMessage")
_FILE_KEYS = (
    "downloadUrl",
    "caption",
    "fileName",
    "jpegThumbnail",
    "mimeType",
    "isAnimated",
    "isForwarded",
    "forwardingScore",
)
#: typeMessage -> where a notification has what the journal has under the other name.
_RENAMED = {
    "locationMessage": ("locationMessageData", "location"),
    "contactMessage": ("contactMessageData", "contact"),
    "pollMessage": ("pollMessageData", "pollMessageData"),
    "pollUpdateMessage": ("pollMessageData", "pollMessageData"),
}


def _content(kind: str, entry: Entry) -> dict[str, object]:
    text = entry.get("textMessage") or ""
    extended = entry.get("extendedTextMessage")
    if kind == "textMessage":
        return {"textMessageData": {"textMessage": text}}
    if kind in ("extendedTextMessage", "quotedMessage", "reactionMessage"):
        return {"extendedTextMessageData": extended if isinstance(extended, Mapping) else {"text": text}}
    if kind in _FILES:
        return {"fileMessageData": {key: entry[key] for key in _FILE_KEYS if key in entry}}
    if kind == "editedMessage":
        words = {"caption": entry["caption"]} if entry.get("caption") else {"textMessage": text}
        return {"editedMessageData": {**words, "stanzaId": entry.get("editedMessageId")}}
    if kind == "deletedMessage":
        return {"deletedMessageData": {"stanzaId": entry.get("deletedMessageId")}}
    theirs, ours = _RENAMED.get(kind, (kind, kind))
    return {theirs: entry[ours]} if ours in entry else {}
