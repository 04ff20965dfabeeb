"""receiveNotification, deleteNotification and the two methods about the notification queue."""

from typing import Final

from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import BAD_REQUEST, CUSTOM_WEBHOOK, ApiRefusal

# GREEN-API docs: ReceiveNotification. A value outside is taken as the nearest one allowed (assumed).
SHORTEST_WAIT_SECONDS: Final = 5
LONGEST_WAIT_SECONDS: Final = 60
CLEAR_PAUSE_SECONDS: Final = 60
CYRILLIC_COUNT: Final = "\u0441ount"


@method("receiveNotification", needs="any")
async def receive_notification(call: Call) -> Answer:
    """The head of the queue with its receipt id, or null after the wait; the head stays until deleted."""
    queue = call.instance.notifications
    if queue.webhook_url:
        raise ApiRefusal(400, CUSTOM_WEBHOOK, shape="code")
    head = await queue.receive(timeout_seconds=_wait_seconds(call.query.get("receiveTimeout")))
    return None if head is None else {"receiptId": head.receipt_id, "body": head.body}


def _wait_seconds(text: str | None) -> float:
    if text is None:
        return SHORTEST_WAIT_SECONDS
    if not text.isdecimal():
        raise ApiRefusal(400, BAD_REQUEST)
    return min(LONGEST_WAIT_SECONDS, max(SHORTEST_WAIT_SECONDS, int(text)))


@method("deleteNotification", verb="DELETE", needs="any")
async def delete_notification(call: Call) -> Answer:
    """Takes one notification off the queue; `result` is false when it is not there."""
    if not call.receipt.isdecimal():
        raise ApiRefusal(400, "Parameter receiptId must be a Number")
    return {"result": call.instance.notifications.delete(int(call.receipt)), "reason": ""}


@method("getWebhooksCount", needs="any")
async def get_webhooks_count(call: Call) -> Answer:
    """How many notifications wait; some pages print the key with a Cyrillic letter (a knob)."""
    key = CYRILLIC_COUNT if call.instance.knobs.cyrillic_count else "count"
    return {key: call.instance.notifications.count_shown(call.world.timings.counter_refresh)}


@method("clearWebhooksQueue", verb="DELETE", needs="any")
async def clear_webhooks_queue(call: Call) -> Answer:
    """Drops everything that waits, at most once in 60 seconds."""
    last = call.instance.last_webhook_clear_at
    left = 0.0 if last is None else last + CLEAR_PAUSE_SECONDS - call.now
    if left > 0:
        return {"isCleared": False, "reason": "Too many requests", "leftTime": -int(-left // 1)}
    call.instance.last_webhook_clear_at = call.now
    call.instance.notifications.clear()
    return {"isCleared": True, "reason": ""}
