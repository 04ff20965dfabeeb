"""GREEN-API docs, section Receiving: polling, and files of incoming messages."""

from greenbot.api.endpoint import CHAT, MESSAGE_ID, MIB, Endpoint, may, need

RECEIVING = (
    Endpoint(
        name="receiveNotification",
        summary="Wait for the oldest notification; it returns until it is deleted",
        group="receiving",
        verb="GET",
        params=(may("receiveTimeout", "seconds to wait; 5 if not given", kind="integer", limit="5-60"),),
        rate_per_second=100.0,
        repeat_safe=True,
        call_class="poll",
        body="query",
        answer="poll",
        reply_limit_bytes=16 * MIB,
    ),
    Endpoint(
        name="deleteNotification",
        summary="Delete a received notification, so that the next one can come",
        group="receiving",
        verb="DELETE",
        params=(need("receiptId", "its receipt", kind="integer"),),
        rate_per_second=100.0,
        repeat_safe=True,
        body="path",
    ),
    Endpoint(
        name="downloadFile",
        summary="Get a fresh link to the file of a message",
        group="receiving",
        params=(CHAT, MESSAGE_ID),
        rate_per_second=5.0,
        repeat_safe=True,
        call_class="transfer",
        answer="download",
        reply_limit_bytes=64 * MIB,
    ),
)
