"""Telegram, as a bot. The text is plain: no mode of Telegram's is asked to read it."""

from greenbot.alerts.notify.http import facts_of, post_json, told_by
from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told

#: Telegram docs: sendMessage takes 4096.
MOST_LETTERS = 4000
API_URL = "https://api.telegram.org"


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One attempt; the number of Telegram's message is the proof."""
    token = reach.sources.need(settings, "token").reveal()
    base = str(settings.get("api_url", API_URL)).rstrip("/")
    value = {
        "chat_id": settings["chat"],
        "text": f"{telling.title}\n\n{telling.text}"[:MOST_LETTERS],
        "link_preview_options": {"is_disabled": True},
    }
    reply = await post_json(f"{base}/bot{token}/sendMessage", value, reach)
    if isinstance(reply, Told):
        return reply
    result = facts_of(reply).get("result")
    number = result.get("message_id") if isinstance(result, dict) else None
    return told_by(reply, reach, proof=None if not isinstance(number, int) else f"Telegram message {number}")


KIND = KindOf(
    name="telegram",
    doc="Writes to a Telegram chat as a bot.",
    deliver=deliver,
    fields=(
        Field(name="token", type="secret", needed=True, doc="The bot's token, from @BotFather."),
        Field(name="chat", type="word", needed=True, doc="The chat: its number, or @name of a channel."),
        Field(name="api_url", type="url", default=API_URL, doc="Another Bot API server."),
    ),
)
