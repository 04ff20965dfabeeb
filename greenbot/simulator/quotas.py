"""Monthly quotas of a tariff: counting calls and chats, and the 466 answer when they are used up.

GREEN-API docs: the Developer tariff may talk to three chats a month and call some methods a limited
number of times; counters start again on the 1st.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenbot.simulator import events
from greenbot.simulator.limits import DEVELOPER_CORRESPONDENTS, quota_of
from greenbot.simulator.replies import quota_refusal

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

CHANGE_TARIFF = "Please go to your personal account and change the tariff to business https://console.green-api.com"


def check(instance: Instance, method: str, chat_id: str) -> None:
    """Let a call pass that the tariff still allows; nothing is counted yet.

    Raises:
        ApiRefusal: a quota is used up (HTTP 466); a used up number of chats is also told by webhook.
    """
    total = quota_of(method, instance.tariff)
    if total is None and instance.tariff != "developer":
        return
    _start_new_month(instance)
    if total is not None and instance.usage[method] >= total:
        raise quota_refusal({"invokeStatus": _exceeded_calls(method, instance.usage[method], total)})
    if writes_to_chat(method, chat_id) and not _has_room(instance, chat_id):
        announce_exceeded(instance)
        allowed = _allowed_calls(instance, method)
        raise quota_refusal({"invokeStatus": allowed, "correspondentsStatus": _exceeded_chats(instance, "QUOTE")})


def count(instance: Instance, method: str, chat_id: str) -> None:
    """Count one executed call, and the chat it wrote to."""
    if instance.tariff == "developer" or quota_of(method, instance.tariff) is not None:
        instance.usage[method] += 1
    if instance.tariff == "developer" and writes_to_chat(method, chat_id):
        instance.correspondents.add(chat_id)


def admit_guest(instance: Instance, chat_id: str) -> bool:
    """Count a chat that a guest writes in; False when the tariff has no room for it: nothing is received."""
    if instance.tariff != "developer":
        return True
    _start_new_month(instance)
    if not _has_room(instance, chat_id):
        announce_exceeded(instance)
        return False
    instance.correspondents.add(chat_id)
    return True


def writes_to_chat(method: str, chat_id: str) -> bool:
    """True for methods that make the chat one of the month's correspondents."""
    return bool(chat_id) and (method.startswith("send") or method == "forwardMessages")


def announce_exceeded(instance: Instance) -> None:
    """Tell by webhook that the month's chats are used up."""
    now = instance.world.clock.now()
    instance.emit("quotaExceeded", events.quota_exceeded(instance, now, _exceeded_chats(instance, "QUOTA")))


def _has_room(instance: Instance, chat_id: str) -> bool:
    known = instance.correspondents
    return instance.tariff != "developer" or chat_id in known or len(known) < DEVELOPER_CORRESPONDENTS


def _allowed_calls(instance: Instance, method: str) -> dict[str, object]:
    return {
        "method": method.lower(),
        "used": instance.usage[method],
        "total": quota_of(method, instance.tariff) or 0,
        "status": "QUOTE_ALLOWED",
        "description": "",
    }


def _exceeded_calls(method: str, used: int, total: int) -> dict[str, object]:
    return {
        "method": method.lower(),
        "used": used,
        "total": total,
        "status": "QUOTE_EXCEEDED",
        "description": f"Monthly quota has been exceeded. {CHANGE_TARIFF}",
    }


def _exceeded_chats(instance: Instance, spelling: str) -> dict[str, object]:
    """The HTTP answer spells QUOTE, the webhook QUOTA; the text names the chats that still work."""
    chats = ", ".join(sorted(instance.correspondents))
    return {
        "method": "correspondents",
        "used": len(instance.correspondents),
        "total": DEVELOPER_CORRESPONDENTS,
        "status": f"CORRESPONDENTS_{spelling}_EXCEEDED",
        "description": "Monthly quota has been exceeded. You can only send or receive messages from"
        f" following chats: {chats}. {CHANGE_TARIFF}",
    }


def _start_new_month(instance: Instance) -> None:
    today = datetime.fromtimestamp(instance.world.clock.now(), UTC)
    month = (today.year, today.month)
    if month != instance.usage_month:
        instance.usage_month = month
        instance.usage.clear()
        instance.correspondents.clear()
