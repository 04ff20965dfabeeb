"""The overview as JSON: what the page reads, and whoever else watches. Names and units are those of `metrics list`.

Guests' numbers are masked, and nothing here is a guest's word: texts are not in the overview at all.
"""

from collections.abc import Iterable

from greenbot.alerts.measures import unit_of
from greenbot.alerts.units import value_text
from greenbot.chat_id import parse_chat_id
from greenbot.clock import iso_utc
from greenbot.errors import UsageError
from greenbot.metrics.now import WINDOW_SECONDS
from greenbot.overview import (
    STANDINGS,
    AlertView,
    EventView,
    Figures,
    InstanceView,
    MessageView,
    Minute,
    Overview,
    Part,
)
from greenbot.safe_text import safe_text

Document = dict[str, object]
#: Reasons and types come from outside; longer ones tell nothing more.
LONGEST = 200


def overview_document(overview: Overview) -> Document:
    """Everything at once."""
    return {
        "v": 1,
        "at": iso_utc(overview.at_ms),
        "at_ms": overview.at_ms,
        "figures_at_ms": overview.figures_at_ms,
        "window_s": WINDOW_SECONDS,
        "service": service_document(overview),
        "fleet": figures_document(overview.fleet),
        "queue": _queue(overview),
        "inbox": {
            "waiting": overview.events_waiting,
            "dead": overview.events_dead,
            "quarantined": overview.events_quarantined,
        },
        "standings": standings_document(overview.instances),
        "instances": [instance_document(view) for view in overview.instances],
        "alerts": [alert_document(alert) for alert in overview.alerts],
        "messages": [_message(message) for message in overview.messages],
        "problems": [_message(message) for message in overview.problems],
        "events": [_event(event) for event in overview.events],
        "trend": [minute_document(minute) for minute in overview.trend],
        "errors": errors_document(overview.errors),
        "event_types": types_document(overview.event_types),
    }


def service_document(overview: Overview) -> Document:
    """Whether a service runs, and which of its parts showed life."""
    return {"alive": overview.service_alive, "parts": [_part(part) for part in overview.parts]}


def standings_document(views: Iterable[InstanceView]) -> Document:
    """How many instances stand how, the worst standing first."""
    counts: dict[str, object] = dict.fromkeys(STANDINGS, 0)
    for view in views:
        counts[view.standing] = int(str(counts[view.standing])) + 1
    return counts


def health_document(view: InstanceView) -> Document:
    """One instance: its state, its queue, what blocks it."""
    return {
        "name": view.name,
        "standing": view.standing,
        "health": view.health,
        "account": _safe(view.account),
        "reason": _safe(view.reason),
        "since_at_ms": view.since_at_ms,
        "queue": _queue(view),
        "paused": None if view.paused is None else _safe(view.paused),
        "breakers": view.breakers,
        "alerts": view.alerts,
        "severity": view.severity,
    }


def instance_document(view: InstanceView) -> Document:
    """The same with its figures."""
    return health_document(view) | {"figures": figures_document(view.figures)}


def figures_document(figures: Figures) -> Document:
    """Figures of a stretch of time. Rates are per cent, None where nothing happened to judge by."""
    failed = figures.failed_messages - figures.expired - figures.uncertain
    return {
        "requests": figures.calls,
        "errors": figures.failed_calls,
        "error_rate": _percent(figures.failed_calls, figures.calls),
        "success_rate": _percent(figures.calls - figures.failed_calls, figures.calls),
        "last_request_at_ms": figures.last_call_at_ms or None,
        "response_time_ms": figures.mean_ms,
        "response_time_p50_ms": figures.p50_ms,
        "response_time_p95_ms": figures.p95_ms,
        "response_time_p99_ms": figures.p99_ms,
        "rate_limit_hits": figures.rate_limited,
        "rate_limit_waits": figures.waits,
        "rate_limit_wait_time_ms": figures.waited_ms,
        "messages": figures.messages,
        "messages_sent": figures.accepted,
        "messages_failed": failed,
        "messages_expired": figures.expired,
        "messages_uncertain": figures.uncertain,
        "message_failure_rate": _percent(figures.failed_messages, figures.messages),
        "messages_delivered": figures.delivered,
        "messages_read": figures.read,
        "no_account": figures.no_account,
        "delivery_ratio": None if figures.delivery_share is None else round(100 * figures.delivery_share, 2),
        "time_to_delivered_ms": figures.delivery_mean_ms,
        "messages_received": figures.received,
        "events": figures.events,
        "events_failed": figures.failed_events,
        "event_failure_rate": _percent(figures.failed_events, figures.events),
        "event_lag_ms": figures.event_lag_ms,
        "webhook_requests": figures.webhooks,
        "webhook_errors": figures.failed_webhooks,
        "webhook_time_ms": figures.webhook_mean_ms,
        "auth_failures": figures.auth_failures,
    }


def minute_document(minute: Minute) -> Document:
    """One step of a trend; `at_s` is where it begins."""
    return {
        "at_s": minute.at_s,
        "requests": minute.calls,
        "errors": minute.failed_calls,
        "response_time_p50_ms": minute.p50_ms,
        "response_time_p95_ms": minute.p95_ms,
        "response_time_p99_ms": minute.p99_ms,
        "messages": minute.messages,
        "message_failures": minute.failed_messages,
        "events": minute.events,
    }


def alert_document(alert: AlertView) -> Document:
    """One alert that is not over."""
    unit = unit_of(alert.metric)
    return {
        "rule": alert.rule,
        "instance": alert.instance,
        "state": alert.state,
        "severity": alert.severity,
        "metric": alert.metric,
        "op": alert.op,
        "threshold": alert.threshold,
        "value": alert.value,
        "unit": unit,
        "value_text": None if alert.value is None else value_text(alert.value, unit),
        "threshold_text": value_text(alert.threshold, unit),
        "since_at_ms": alert.since_at_ms,
        "reason": _safe(alert.reason),
        "acked_by": None if alert.acked_by is None else _safe(alert.acked_by),
        "description": _safe(alert.description),
    }


def errors_document(errors: Iterable[tuple[str, int]]) -> list[Document]:
    """Kinds of errors with the HTTP status they came with, None where there was no answer."""
    found: list[Document] = []
    for label, count in errors:
        status, _, kind = label.partition(" ")
        found.append({"status": int(status) if status.isdecimal() else None, "kind": _safe(kind), "count": count})
    return found


def types_document(types: Iterable[tuple[str, int]]) -> list[Document]:
    """Types of events; a second word says that it came to a bad end."""
    return [{"type": _safe(label), "count": count} for label, count in types]


def masked(chat_id: str) -> str:
    """A guest's id that can be recognised and not be called."""
    if not chat_id:
        return ""
    try:
        return parse_chat_id(chat_id).masked
    except UsageError:
        return "***"


def _queue(of: Overview | InstanceView) -> Document:
    return {
        "queued": of.queued,
        "uncertain": of.uncertain,
        "stalled": of.stalled,
        "oldest_age_ms": of.oldest_age_ms,
    }


def _part(part: Part) -> Document:
    return {"name": part.name, "seen_at_ms": part.seen_at_ms, "alive": part.alive}


def _message(message: MessageView) -> Document:
    return {
        "id": message.id,
        "instance": message.instance,
        "chat": masked(message.chat_id),
        "kind": message.kind,
        "state": message.state,
        "at_ms": message.at_ms,
        "reason": _safe(message.reason),
    }


def _event(event: EventView) -> Document:
    return {
        "id": event.id,
        "instance": event.instance,
        "chat": masked(event.chat_id),
        "type": _safe(event.type),
        "state": event.state,
        "at_ms": event.at_ms,
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _safe(text: str) -> str:
    return safe_text(text, limit=LONGEST)
