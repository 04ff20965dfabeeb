"""GREEN-API docs, section Statuses (stories, beta)."""

from greenbot.api.endpoint import MESSAGE_ID, MIB, MINUTES, Endpoint, may, need

_VIEWERS = may("participants", "who may see it; everyone if not given", kind="array")
_COLOUR = may("backgroundColor", "its background, such as #228B22")
_FILE = (
    need("urlFile", "a direct http(s) link", limit="100 MB"),
    need("fileName", "its extension decides the type"),
)

STATUSES = (
    Endpoint(
        name="sendTextStatus",
        summary="Publish a text status",
        group="statuses",
        params=(
            need("message", "the text", limit="500 characters"),
            _COLOUR,
            may("font", "its font", limit="SERIF, SANS_SERIF, NORICAN_REGULAR, BRYNDAN_WRITE, OSWALD_HEAVY"),
            _VIEWERS,
        ),
        rate_per_second=5.0,
        sends=True,
        call_class="send",
        answer="id",
        beta=True,
    ),
    Endpoint(
        name="sendVoiceStatus",
        summary="Publish a voice status",
        group="statuses",
        params=(*_FILE, _COLOUR, _VIEWERS),
        rate_per_second=5.0,
        sends=True,
        call_class="send",
        answer="id",
        beta=True,
    ),
    Endpoint(
        name="sendMediaStatus",
        summary="Publish a picture or a video",
        group="statuses",
        params=(*_FILE, may("caption", "text under it", limit="1024 characters"), _VIEWERS),
        rate_per_second=5.0,
        sends=True,
        call_class="send",
        answer="id",
        beta=True,
    ),
    Endpoint(
        name="deleteStatus",
        summary="Take a status back",
        group="statuses",
        params=(MESSAGE_ID,),
        rate_per_second=10.0,
        repeat_safe=True,
        answer="empty",
        beta=True,
    ),
    Endpoint(
        name="getStatusStatistic",
        summary="Read who saw a status",
        group="statuses",
        verb="GET",
        params=(MESSAGE_ID,),
        repeat_safe=True,
        body="query",
        answer="list",
        reply_limit_bytes=16 * MIB,
        beta=True,
    ),
    *(
        Endpoint(
            name=name,
            summary=summary,
            group="statuses",
            verb="GET",
            params=(MINUTES,),
            repeat_safe=True,
            body="query",
            answer="list",
            reply_limit_bytes=16 * MIB,
            beta=True,
        )
        for name, summary in (
            ("getIncomingStatuses", "Read recent statuses of others"),
            ("getOutgoingStatuses", "Read our recent statuses"),
        )
    ),
)
