"""GREEN-API docs, section Journals: what was said, for history and not for real time."""

from greenbot.api.endpoint import CHAT, MESSAGE_ID, MIB, MINUTES, Endpoint, may

#: Lists reach about 10,000 items, some with a thumbnail inside.
_LONG = 64 * MIB

JOURNALS = (
    Endpoint(
        name="getChatHistory",
        summary="Read the messages of a chat, newest first",
        group="journals",
        params=(CHAT, may("count", "how many; 100 if not given", kind="integer")),
        repeat_safe=True,
        answer="list",
        reply_limit_bytes=_LONG,
    ),
    Endpoint(
        name="getMessage",
        summary="Read one message",
        group="journals",
        params=(CHAT, MESSAGE_ID),
        rate_per_second=10.0,
        repeat_safe=True,
    ),
    *(
        Endpoint(
            name=name,
            summary=summary,
            group="journals",
            verb="GET",
            params=(MINUTES,),
            repeat_safe=True,
            body="query",
            answer="list",
            reply_limit_bytes=_LONG,
            beta=beta,
        )
        for name, summary, beta in (
            ("lastIncomingMessages", "Read recent incoming messages of all chats", False),
            ("lastOutgoingMessages", "Read recent outgoing messages of all chats", False),
            ("lastIncomingCalls", "Read recent incoming calls", True),
            ("lastOutgoingCalls", "Read recent outgoing calls", True),
        )
    ),
    Endpoint(
        name="getCallRecording",
        summary="Get a link to the recording of a call",
        group="journals",
        params=(MESSAGE_ID,),
        repeat_safe=True,
        beta=True,
    ),
)
