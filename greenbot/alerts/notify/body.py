"""A text as JSON, for programs and webhooks."""

import json

from greenbot.alerts.notify.telling import Item, Telling
from greenbot.clock import iso_utc

VERSION = 1


def body_of(telling: Telling) -> bytes:
    """`v`, `id`, `type` (alert.firing …), `timestamp`, the text, and each alert in fields. ASCII alone."""
    value = {
        "v": VERSION,
        "id": telling.id,
        "type": f"alert.{telling.word}",
        "timestamp": iso_utc(telling.at_ms),
        "rule": telling.rule,
        "severity": telling.severity,
        "title": telling.title,
        "text": telling.text,
        "alerts": [_alert(item) for item in telling.items],
    }
    return json.dumps(value, separators=(",", ":")).encode()


def _alert(item: Item) -> dict[str, object]:
    return {
        "rule": item.rule,
        "instance": item.instance,
        "state": item.word,
        "severity": item.severity,
        "value": item.value,
        "threshold": item.threshold,
        "since": None if item.since_ms is None else iso_utc(item.since_ms),
        "ended": None if item.ended_ms is None else iso_utc(item.ended_ms),
        "reason": item.reason,
        "acked_by": item.acked_by or None,
        "key": item.key,
    }
