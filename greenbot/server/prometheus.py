"""The figures in Prometheus' text format 0.0.4.

Written here, not with its client library: that one keeps a registry of its own beside the store, and takes ten times as
long for three hundred instances. Labels are configured instances and words of ours, so nobody outside can make more.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.messages.incoming.parse import KNOWN_TYPES
from greenbot.metrics.names import FLEET, OTHER, Names
from greenbot.metrics.rollup import Total, totals
from greenbot.metrics.series import CALLS, Series
from greenbot.overview import SEVERITIES, STANDINGS, Figures, InstanceView, Overview

if TYPE_CHECKING:
    from greenbot.db.connect import Db

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: HTTP statuses of errors that are told apart; `none` is no answer at all.
STATUSES = frozenset({"none", "400", "401", "403", "404", "413", "429", "466", "499", "500", "502", "503", "504"})
_ALERT_STATES = ("pending", "firing", "recovering", "nodata")
#: The parts a service may have.
PARTS = frozenset({"server", "inbox", "worker", "processor", "hooks", "metrics", "evaluator", "teller", "heartbeat"})

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gauge:
    """One figure of an instance, None where there is nothing to tell."""

    name: str
    help: str
    value: Callable[[InstanceView], float | None]


def _seconds(name: str, help_: str, of: Callable[[Figures], int | None]) -> _Gauge:
    def value(view: InstanceView) -> float | None:
        found = of(view.figures)
        return None if found is None else found / 1000

    return _Gauge(name=name, help=help_, value=value)


def _oldest(view: InstanceView) -> float:
    return (view.oldest_age_ms or 0) / 1000 if view.queued else 0


_GAUGES = (
    _Gauge(name="up", help="1 while the instance can send.", value=lambda view: float(view.standing != "down")),
    _Gauge(name="queued_messages", help="Messages that wait.", value=lambda view: view.queued),
    _Gauge(name="uncertain_messages", help="Messages whose fate is not known.", value=lambda view: view.uncertain),
    _Gauge(name="stalled_messages", help="Messages GREEN-API took and never sent.", value=lambda view: view.stalled),
    _Gauge(name="oldest_message_age_seconds", help="How long the oldest message has been waiting.", value=_oldest),
    _Gauge(name="open_breakers", help="Hosts that are not called now.", value=lambda view: len(view.breakers)),
    _Gauge(name="paused", help="1 while somebody stopped it.", value=lambda view: float(view.paused is not None)),
    _Gauge(name="error_ratio", help="Failed calls of all, 5 minutes.", value=lambda view: view.figures.error_share),
    _Gauge(name="delivery_ratio", help="Delivered messages of those that left, last 5 minutes.",
           value=lambda view: view.figures.delivery_share),
    _seconds("last_request_timestamp_seconds", "The last call to GREEN-API.", lambda of: of.last_call_at_ms or None),
    _seconds("response_time_p50_seconds", "Half of the calls were faster, last 5 minutes.", lambda of: of.p50_ms),
    _seconds("response_time_p95_seconds", "95 % of the calls were faster, last 5 minutes.", lambda of: of.p95_ms),
    _seconds("response_time_p99_seconds", "99 % of the calls were faster, last 5 minutes.", lambda of: of.p99_ms),
    _seconds("time_to_delivered_seconds", "From accepted to delivered, 5 minutes.", lambda of: of.delivery_mean_ms),
    _seconds("event_lag_seconds", "From an event's arrival until it was worked, last 5 minutes.",
             lambda of: of.event_lag_ms),
)  # fmt: skip

#: What is counted for ever: name, series, of what, help.
_COUNTERS: tuple[tuple[str, tuple[Series, ...], Callable[[Total], float], str], ...] = (
    ("requests_total", CALLS, lambda total: total.n, "Calls to GREEN-API, long polls aside."),
    ("request_errors_total", CALLS, lambda total: total.bad, "Failed calls."),
    ("request_duration_seconds_total", CALLS, lambda total: total.sum_ms / 1000, "How long they took, altogether."),
    ("rate_limit_waits_total", (Series.WAIT,), lambda total: total.n, "Calls held back by our own limits."),
    ("rate_limit_wait_seconds_total", (Series.WAIT,), lambda total: total.sum_ms / 1000, "For how long, altogether."),
    ("messages_total", (Series.MESSAGE,), lambda total: total.n, "Messages that came to an end, or into doubt."),
    ("message_failures_total", (Series.MESSAGE,), lambda total: total.bad, "Of these failed, expired or uncertain."),
    ("events_total", (Series.EVENT,), lambda total: total.n, "Events whose fate is known."),
    ("event_failures_total", (Series.EVENT,), lambda total: total.bad, "Of these dead, quarantined or not kept."),
    ("webhook_requests_total", (Series.WEBHOOK,), lambda total: total.n, "Requests to our webhook, authenticated."),
    ("webhook_errors_total", (Series.WEBHOOK,), lambda total: total.bad, "Of these not answered with 200."),
)


def exposition(db: "Db", names: Names, overview: Overview, known: frozenset[str]) -> bytes:
    """Everything for one scrape. Raises Busy, StoreError."""
    lines: list[str] = []
    views = [view for view in overview.instances if view.name in known]
    for gauge in _GAUGES:
        samples = [((("instance", view.name),), found) for view in views if (found := gauge.value(view)) is not None]
        _family(lines, f"instance_{gauge.name}", "gauge", gauge.help, samples)
    _counters(lines, totals(db, names), known)
    _fleet(lines, overview)
    return ("\n".join(lines) + "\n").encode()


def _counters(lines: list[str], counted: dict[tuple[str, Series], Total], known: frozenset[str]) -> None:
    for name, series, value, help_ in _COUNTERS:
        sums = dict.fromkeys(sorted(known), 0.0)
        rest = 0.0
        for (instance, one), total in counted.items():
            if one in series and instance in sums:
                sums[instance] += value(total)
            elif one in series:
                rest += value(total)
        # What instances did that are no longer configured; it must not vanish from a counter either.
        samples = [((("instance", instance),), found) for instance, found in [*sums.items(), (OTHER, rest)]]
        _family(lines, name, "counter", help_, samples)
    refused = counted.get((FLEET, Series.AUTH), Total())
    _family(lines, "auth_failures_total", "counter", "Requests with wrong credentials.", [((), refused.n)])


def _fleet(lines: list[str], overview: Overview) -> None:
    standings = [
        ((("standing", word),), sum(view.standing == word for view in overview.instances)) for word in STANDINGS
    ]
    _family(lines, "instances", "gauge", "How many instances stand how.", standings)
    _family(lines, "alerts", "gauge", "Alerts that are not over.", _alerts(overview))
    statuses = _closed("status", overview.errors, STATUSES)
    _family(lines, "recent_errors", "gauge", "Errors of the last hour, by HTTP status.", statuses)
    types = _closed("type", overview.event_types, KNOWN_TYPES)
    _family(lines, "recent_events", "gauge", "Events of the last hour, by type.", types)
    _family(lines, "events_waiting", "gauge", "Events that are not worked yet.", [((), overview.events_waiting)])
    _family(lines, "events_dead", "gauge", "Events nobody could work.", [((), overview.events_dead)])
    parts = [
        ((("part", part.name),), (overview.at_ms - part.seen_at_ms) / 1000)
        for part in overview.parts
        if part.name in PARTS
    ]
    _family(lines, "part_seen_seconds", "gauge", "How long ago a part of the service showed life.", parts)
    age = [((), (overview.at_ms - overview.figures_at_ms) / 1000)]
    _family(lines, "figures_age_seconds", "gauge", "How old the figures of the last 5 minutes are.", age)


def _alerts(overview: Overview) -> Iterator[Sample]:
    for severity in SEVERITIES:
        for state in _ALERT_STATES:
            count = sum(alert.severity == severity and alert.state == state for alert in overview.alerts)
            yield (("severity", severity), ("state", state)), count


def _closed(label: str, counts: Iterable[tuple[str, int]], allowed: Iterable[str]) -> Iterator[Sample]:
    """Counts by the first word of what was counted, which can only be one of these, or `other`."""
    words = frozenset(allowed)
    sums: dict[str, int] = {}
    for text, count in counts:
        word = text.partition(" ")[0]
        shown = "none" if word == "-" else word
        shown = shown if shown in words else OTHER
        sums[shown] = sums.get(shown, 0) + count
    for word in sorted(sums):
        yield ((label, word),), sums[word]


def _family(lines: list[str], name: str, kind: str, help_: str, samples: Iterable[Sample]) -> None:
    full = f"greenbot_{name}"
    lines.append(f"# HELP {full} {help_}")
    lines.append(f"# TYPE {full} {kind}")
    for labels, value in samples:
        shown = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels)
        lines.append(f"{full}{{{shown}}} {value:.10g}" if shown else f"{full} {value:.10g}")


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
