"""The kinds of receivers: one line each. A new one is a small file beside this one and a line here."""

from greenbot.alerts.notify import apprise, command, email, pagerduty, slack, telegram, webhook, whatsapp
from greenbot.alerts.notify.telling import KindOf

_ALL = (
    command.KIND,
    webhook.KIND,
    email.KIND,
    slack.KIND,
    telegram.KIND,
    pagerduty.KIND,
    whatsapp.KIND,
    apprise.KIND,
)

KINDS: dict[str, KindOf] = {kind.name: kind for kind in _ALL}
