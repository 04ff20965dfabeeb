"""Every figure with a name: what `greenbot metrics` shows and a rule can watch. A new figure is a row here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from greenbot.metrics.cell import Cell
from greenbot.metrics.series import CALLS, RATE_LIMITED, TIMED_CALLS, Series

#: percent 0 to 100; ms milliseconds; count a number of things.
Unit = Literal["percent", "ms", "count"]
#: `ratio` is bad of n, in per cent; what it needs before it says anything is the rule's business.
Shape = Literal["ratio", "duration", "count", "sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure: from which series it is read, and how. `value` is None where nothing happened to judge by."""

    name: str
    unit: Unit
    shape: Shape
    series: Sequence[Series]
    value: Callable[[Cell], float | None]
    doc: str


def _n(cell: Cell) -> float:
    return cell.n


def _bad(cell: Cell) -> float:
    return cell.bad


def _bad_share(cell: Cell) -> float | None:
    return 100 * cell.bad / cell.n if cell.n else None


def _good_share(cell: Cell) -> float | None:
    return 100 * (cell.n - cell.bad) / cell.n if cell.n else None


def _mean(cell: Cell) -> float | None:
    return cell.mean_ms


def _percentile(share: float) -> Callable[[Cell], float | None]:
    return lambda cell: cell.percentiles(share)[0]


def _labelled(*labels: str) -> Callable[[Cell], float]:
    return lambda cell: sum(cell.labels.get(label, 0) for label in labels)


def _beginning(word: str) -> Callable[[Cell], float]:
    return lambda cell: sum(count for label, count in cell.labels.items() if label.split()[0] == word)


def _delivered_share(cell: Cell) -> float | None:
    sent, failed = cell.labels.get("sent", 0), sum(cell.labels.get(word, 0) for word in ("noAccount", "failed"))
    return 100 * cell.labels.get("delivered", 0) / (sent + failed) if sent + failed else None


def _waited(cell: Cell) -> float:
    return cell.sum_ms


def _ratio(name: str, series: Sequence[Series], doc: str) -> Metric:
    return Metric(name=name, unit="percent", shape="ratio", series=series, value=_bad_share, doc=doc)


def _count(name: str, series: Sequence[Series], value: Callable[[Cell], float | None], doc: str) -> Metric:
    return Metric(name=name, unit="count", shape="count", series=series, value=value, doc=doc)


def _time(name: str, series: Sequence[Series], value: Callable[[Cell], float | None], doc: str) -> Metric:
    return Metric(name=name, unit="ms", shape="duration", series=series, value=value, doc=doc)


_MESSAGE, _DELIVERY, _EVENT = (Series.MESSAGE,), (Series.DELIVERY,), (Series.EVENT,)

_ALL = (
    _count("requests", CALLS, _n, "calls to GREEN-API, long polls aside"),
    _count("errors", CALLS, _bad, "failed calls"),
    _ratio("error_rate", CALLS, "failed calls of all calls"),
    Metric(
        name="success_rate",
        unit="percent",
        shape="ratio",
        series=CALLS,
        value=_good_share,
        doc="calls that did not fail, of all calls",
    ),
    _time("response_time", TIMED_CALLS, _mean, "average time of a call; uploads and long polls aside"),
    _time("response_time_p50", TIMED_CALLS, _percentile(0.5), "half of the calls are faster"),
    _time("response_time_p95", TIMED_CALLS, _percentile(0.95), "95 % of the calls are faster"),
    _time("response_time_p99", TIMED_CALLS, _percentile(0.99), "99 % of the calls are faster"),
    _count("rate_limit_hits", CALLS, _labelled(RATE_LIMITED), "calls answered with 429"),
    _count("rate_limit_waits", (Series.WAIT,), _n, "calls held back by our own limits"),
    _time("rate_limit_wait_time", (Series.WAIT,), _waited, "how long they were held back, altogether"),
    _count("messages", _MESSAGE, _n, "messages that came to an end, or into doubt that lasted"),
    _count("messages_sent", _MESSAGE, _beginning("accepted"), "messages GREEN-API took"),
    _count("messages_failed", _MESSAGE, _beginning("failed"), "messages that failed"),
    _count("messages_expired", _MESSAGE, _beginning("expired"), "messages that were not sent in time"),
    _count("messages_uncertain", _MESSAGE, _beginning("uncertain"), "messages whose fate is not known"),
    _ratio("message_failure_rate", _MESSAGE, "failed, expired and uncertain messages of all that ended"),
    _count("messages_delivered", _DELIVERY, _labelled("delivered"), "messages that reached a phone"),
    _count("messages_read", _DELIVERY, _labelled("read"), "messages that were read"),
    _count("no_account", _DELIVERY, _labelled("noAccount"), "messages to numbers without WhatsApp"),
    Metric(
        name="delivery_ratio",
        unit="percent",
        shape="count",
        series=_DELIVERY,
        value=_delivered_share,
        doc="deliveries per message that was sent or refused",
    ),
    _time("time_to_delivered", _DELIVERY, _mean, "average time from accepted to delivered"),
    _count("messages_received", _EVENT, _beginning("incomingMessageReceived"), "messages from guests"),
    _count("events", _EVENT, _n, "events whose fate is known"),
    _count("events_failed", _EVENT, _bad, "events that became dead or quarantined, or were not answered with 200"),
    _ratio("event_failure_rate", _EVENT, "failed events of all"),
    _time("event_lag", _EVENT, _mean, "average time from arrival until an event was processed"),
    _count("webhook_requests", (Series.WEBHOOK,), _n, "requests to our webhook with right credentials"),
    _count("webhook_errors", (Series.WEBHOOK,), _bad, "of these, not answered with 200"),
    _count("auth_failures", (Series.AUTH,), _n, "requests with wrong credentials"),
    Metric(
        name="queue_depth",
        unit="count",
        shape="sample",
        series=(Series.QUEUE,),
        value=_mean,
        doc="messages that wait, sampled once a minute",
    ),
    Metric(
        name="oldest_age",
        unit="ms",
        shape="sample",
        series=(Series.AGE,),
        value=_mean,
        doc="how long the oldest message has been waiting, sampled once a minute",
    ),
)

#: By name.
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
