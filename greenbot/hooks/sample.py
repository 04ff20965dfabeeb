"""An event that never happened, to try a hook with. Pure."""

import json

from greenbot.hooks.body import body_of, webhook_id
from greenbot.hooks.hook import Rule
from greenbot.hooks.job import Job
from greenbot.inbox.arrival import digest_of
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.states import State
from greenbot.messages.incoming.parse import parse

#: From the range that is kept for examples: nobody has this number.
_NOBODY = "12025550100@c.us"


def sample_job(rule: Rule, *, instance: str, instance_id: str, now_ms: int) -> Job:
    """A guest's text as a delivery of this hook, marked as a test; a new one each millisecond."""
    raw = _raw(instance_id, now_ms)
    event = _stored(instance, raw, now_ms)
    incoming = parse(raw)
    return Job(
        rule=rule,
        event=event,
        incoming=incoming,
        webhook_id=webhook_id(instance, event.digest),
        body=body_of(event, incoming, is_test=True),
        attempt=1,
        is_test=True,
    )


def _raw(instance_id: str, now_ms: int) -> bytes:
    wire = {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": {"idInstance": int(instance_id), "wid": "12025550199@c.us", "typeInstance": "whatsapp"},
        "timestamp": now_ms // 1000,
        "idMessage": f"TEST{now_ms}",
        "senderData": {"chatId": _NOBODY, "sender": _NOBODY, "chatName": "Test Guest", "senderName": "Test Guest"},
        "messageData": {
            "typeMessage": "textMessage",
            "textMessageData": {"textMessage": "This is a test of a hook. Nobody wrote it."},
        },
    }
    return json.dumps(wire).encode()


def _stored(instance: str, raw: bytes, now_ms: int) -> StoredEvent:
    return StoredEvent(
        id=0,
        instance=instance,
        source="webhook",
        received_at_ms=now_ms,
        digest=digest_of(raw),
        type="incomingMessageReceived",
        chat_id=_NOBODY,
        remote_id=f"TEST{now_ms}",
        semantic_key=None,
        at_ms=now_ms // 1000 * 1000,
        deliveries=1,
        state=State.DONE,
        epoch=0,
        state_at_ms=now_ms,
        reason="test",
        detail=None,
        actor="test",
        duplicate_of=None,
        attempts=0,
        next_at_ms=0,
        owner=None,
        boot_id=None,
        lease_until_boot_ms=None,
        done_at_ms=None,
        raw=raw,
    )
