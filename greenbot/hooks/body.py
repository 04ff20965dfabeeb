"""What a hook receives: the event in greenbot's words, and GREEN-API's own bytes beside it. Pure."""

import dataclasses
import json
from collections.abc import Mapping

from greenbot.clock import iso_utc
from greenbot.digests import blake2b
from greenbot.hooks.words import content_kind, kind_of
from greenbot.inbox.event import StoredEvent
from greenbot.messages.incoming.model import Incoming
from greenbot.messages.incoming.text import summary_of

VERSION = 1
_NOT_SHOWN = ("raw", "problems", "at_ms", "type")


def webhook_id(instance: str, digest: bytes) -> str:
    """The id of an event for its receivers, the same however often it is sent: they may forget what they had before."""
    return "evt_" + str(blake2b(instance.encode() + b"\0" + digest, digest_size=16).hexdigest())


def body_of(event: StoredEvent, incoming: Incoming, *, is_test: bool = False) -> bytes:
    """The JSON that is delivered: `v`, `type`, `timestamp`, `event` in greenbot's words, `raw` byte for byte.

    Raises nothing for an event that was parsed: its bytes are JSON, so they can stand inside JSON as they are.
    """
    head = {
        "v": VERSION,
        "type": _dotted(incoming),
        "timestamp": iso_utc(incoming.at_ms or event.received_at_ms),
        **({"test": True} if is_test else {}),
        "event": _facts(event, incoming),
    }
    text = json.dumps(head, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text[:-1].encode() + b',"raw":' + event.raw.strip(b" \t\r\n") + b"}"


def _dotted(incoming: Incoming) -> str:
    """`message.text`, `status.delivered`, `state` …"""
    content = getattr(incoming, "content", None)
    detail = content_kind(content) if content is not None else getattr(incoming, "status", "")
    return f"{kind_of(incoming)}.{detail}" if detail else kind_of(incoming)


def _facts(event: StoredEvent, incoming: Incoming) -> dict[str, object]:
    known = {
        "id": webhook_id(event.instance, event.digest),
        "instance": event.instance,
        "kind": kind_of(incoming),
        "type_webhook": incoming.type,
        "at": None if incoming.at_ms is None else iso_utc(incoming.at_ms),
        "received_at": iso_utc(event.received_at_ms),
        "source": event.source,
        "summary": summary_of(incoming),
    }
    return known | {
        name: value for name, value in _fields(incoming).items() if name not in _NOT_SHOWN and name not in known
    }


def _fields(value: object) -> dict[str, object]:
    """The fields of a dataclass as JSON takes them; a content also says of which kind it is."""
    assert dataclasses.is_dataclass(value)
    found = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return {"kind": content_kind(value), **found}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return None
    return value
