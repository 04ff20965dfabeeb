"""A URL: JSON, signed as Standard Webhooks."""

from greenbot.alerts.notify.body import body_of
from greenbot.alerts.notify.http import post, told_by
from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told
from greenbot.hooks.signature import checked_secret, headers


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One attempt; any status from 200 to 299 says that it arrived."""
    is_signed = any(name.startswith("secret_") for name in settings)
    secrets = (checked_secret(reach.sources.need(settings, "secret")),) if is_signed else ()
    body = body_of(telling)
    signed = headers(secrets, webhook_id=telling.id, at_ms=reach.clock.now_ms(), body=body)
    reply = await post(str(settings["url"]), body, reach, headers={"Idempotency-Key": telling.id, **signed})
    return reply if isinstance(reply, Told) else told_by(reply, reach)


KIND = KindOf(
    name="webhook",
    doc="Posts JSON to a URL, signed as Standard Webhooks.",
    deliver=deliver,
    fields=(
        Field(name="url", type="url", needed=True, doc="Where to post."),
        Field(name="secret", type="secret", doc="The signing secret (whsec_...); one is made when none is named."),
    ),
)
