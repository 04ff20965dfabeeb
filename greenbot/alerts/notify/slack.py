"""Slack, through an incoming webhook. Its text knows three signs, and nobody is called by name."""

from greenbot.alerts.notify.http import post_json, told_by
from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told

#: Slack docs: longer texts are cut.
MOST_LETTERS = 3500


def escaped(text: str) -> str:
    """What Slack reads as text alone: no link, no mention (`<!channel>`), no mark (Slack docs: escape &, < and >)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One attempt."""
    url = reach.sources.need(settings, "url").reveal()
    value = {
        "text": escaped(f"{telling.title}\n{telling.text}"[:MOST_LETTERS]),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    reply = await post_json(url, value, reach)
    return reply if isinstance(reply, Told) else told_by(reply, reach)


KIND = KindOf(
    name="slack",
    doc="Writes to Slack through an incoming webhook.",
    deliver=deliver,
    fields=(Field(name="url", type="secret", needed=True, doc="The address of the incoming webhook."),),
)
