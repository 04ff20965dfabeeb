"""GREEN-API docs, section Queues: what waits at GREEN-API, in both directions."""

from greenbot.api.endpoint import MIB, Endpoint

QUEUES = (
    Endpoint(
        name="showMessagesQueue",
        summary="Read the messages that wait to be sent; the next one is hidden",
        group="queues",
        verb="GET",
        repeat_safe=True,
        body="none",
        answer="list",
        reply_limit_bytes=64 * MIB,
    ),
    Endpoint(
        name="clearMessagesQueue",
        summary="Throw away every message that waits to be sent",
        group="queues",
        verb="GET",
        body="none",
        answer="flag",
        flag="isCleared",
    ),
    Endpoint(
        name="getMessagesCount",
        summary="Count the messages that wait to be sent",
        group="queues",
        verb="GET",
        repeat_safe=True,
        body="none",
    ),
    Endpoint(
        name="getWebhooksCount",
        summary="Count the notifications that wait to be delivered",
        group="queues",
        verb="GET",
        repeat_safe=True,
        body="none",
    ),
    Endpoint(
        name="clearWebhooksQueue",
        summary="Throw away every notification that waits; once a minute",
        group="queues",
        verb="DELETE",
        rate_per_second=1 / 60,
        body="none",
        answer="flag",
        flag="isCleared",
    ),
)
