"""PagerDuty, through Events API v2: an incident for each alert, opened, taken note of and closed by the same key."""

from greenbot.alerts.notify.http import post_json, told_by
from greenbot.alerts.notify.telling import Field, Item, KindOf, Reach, Settings, Telling, Told, Word
from greenbot.clock import iso_utc

API_URL = "https://events.pagerduty.com"
#: PagerDuty docs: dedup_key and summary are limited.
_KEY_LETTERS, _SUMMARY_LETTERS = 255, 1024
_ACTIONS: dict[Word, str] = {
    "firing": "trigger", "resolved": "resolve", "acked": "acknowledge", "drill": "trigger", "test": "trigger",
}  # fmt: skip
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One event for each alert of the text; events that arrive twice are one to PagerDuty, by their key."""
    key = reach.sources.need(settings, "key").reveal()
    url = str(settings.get("api_url", API_URL)).rstrip("/") + "/v2/enqueue"
    told = Told(outcome="ok", words="nothing to tell", proof="nothing to tell", is_proved=True)
    for event in events_of(telling, key):
        reply = await post_json(url, event, reach)
        told = reply if isinstance(reply, Told) else told_by(reply, reach, proof=f"PagerDuty took {event['dedup_key']}")
        if told.outcome != "ok":
            return told
    return told


def events_of(telling: Telling, routing_key: str) -> list[dict[str, object]]:
    """The events of a text. A drill or test opens an incident and closes it again."""
    events = [_event(telling, item, _ACTIONS[item.word], routing_key) for item in telling.items]
    if telling.word in ("drill", "test"):
        events += [_event(telling, item, "resolve", routing_key) for item in telling.items]
    return events


def _event(telling: Telling, item: Item, action: str, routing_key: str) -> dict[str, object]:
    key = item.key if telling.word not in ("drill", "test") else f"{item.key} {telling.id}"
    event: dict[str, object] = {"routing_key": routing_key, "event_action": action, "dedup_key": key[:_KEY_LETTERS]}
    if action == "trigger":
        event["payload"] = {
            "summary": telling.title[:_SUMMARY_LETTERS] if len(telling.items) == 1 else _summary(item),
            "source": item.instance,
            "severity": _SEVERITIES.get(item.severity, "warning"),
            "timestamp": iso_utc(item.since_ms or telling.at_ms),
            "component": "greenbot",
            "class": item.rule,
            "custom_details": {"value": item.value, "threshold": item.threshold, "id": telling.id},
        }
    return event


def _summary(item: Item) -> str:
    return f"{item.rule} for {item.whom}: {item.value} (threshold {item.threshold})"[:_SUMMARY_LETTERS]


KIND = KindOf(
    name="pagerduty",
    doc="Opens, acknowledges and resolves incidents at PagerDuty (Events API v2).",
    deliver=deliver,
    hears_acks=True,
    fields=(
        Field(name="key", type="secret", needed=True, doc="The integration key (routing key) of the service."),
        Field(name="api_url", type="url", default=API_URL, doc="Another address, such as that of the EU region."),
    ),
)
