"""Queue methods: what waits to be sent. The queue of notifications is in `polling`."""

from __future__ import annotations

from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.sendqueue import QueuedMessage

# GREEN-API's documentation prints the key with a Cyrillic letter; real answers have the Latin one.
CYRILLIC_COUNT = "\u0441ount"


@method("showMessagesQueue", needs="any")
async def show_messages_queue(call: Call) -> Answer:
    return [_queue_item(item) for item in call.instance.send_queue.shown()]


def _queue_item(item: QueuedMessage) -> dict[str, object]:
    id_message = item.message.id_message
    return {"messageID": id_message, "messagesIDs": [id_message], "type": item.kind, "body": item.body}


@method("clearMessagesQueue", needs="any")
async def clear_messages_queue(call: Call) -> Answer:
    call.instance.send_queue.clear()
    return {"isCleared": True}


@method("getMessagesCount", needs="any")
async def get_messages_count(call: Call) -> Answer:
    key = CYRILLIC_COUNT if call.instance.knobs.cyrillic_count else "count"
    return {key: call.instance.send_queue.count_shown(call.world.timings.counter_refresh)}
