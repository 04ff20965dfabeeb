"""What the fleet looks like now, in one row of the store: every face reads it, whatever the number of instances.

The keeper writes it every ten seconds. Where no keeper runs, `take` makes it from the cells.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from greenbot.metrics.cell import CELL_SECONDS, Cell
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.series import CALLS, RATE_LIMITED, TIMED_CALLS, Series
from greenbot.metrics.window import FLEET_SECONDS, Window, aligned

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Figures of "now" are those of the last five minutes.
WINDOW_SECONDS = 300
TREND_MINUTES = 60
#: A row that is older was left by a keeper that has stopped.
FRESH_MS = 30_000
#: Kinds of errors that are told apart.
MOST_ERRORS = 20

READ = "select at_ms, body from metric_now where id = 1"
WRITE = """
insert into metric_now (id, at_ms, body) values (1, :at, :body)
    on conflict do update set at_ms = excluded.at_ms, body = excluded.body
"""


class Figures(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Five minutes of one instance, or of the fleet. Durations are milliseconds, None where nothing took time."""

    calls: int = 0
    failed_calls: int = 0
    mean_ms: int | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None
    last_call_at_ms: int = 0
    rate_limited: int = 0
    waits: int = 0
    waited_ms: int = 0
    messages: int = 0
    failed_messages: int = 0
    delivered: int = 0
    delivery_mean_ms: int | None = None
    events: int = 0
    failed_events: int = 0
    event_lag_ms: int | None = None
    accepted: int = 0
    expired: int = 0
    uncertain: int = 0
    read: int = 0
    no_account: int = 0
    #: Messages WhatsApp took or refused: what `delivered` is a share of.
    departed: int = 0
    received: int = 0
    webhooks: int = 0
    failed_webhooks: int = 0
    webhook_mean_ms: int | None = None
    auth_failures: int = 0

    @property
    def delivery_share(self) -> float | None:
        """Delivered messages of those WhatsApp took or refused, 0 to 1; None when there was none."""
        return min(1.0, self.delivered / self.departed) if self.departed else None

    @property
    def error_share(self) -> float:
        """Failed calls of all calls, 0 to 1."""
        return self.failed_calls / self.calls if self.calls else 0.0


class Minute(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One minute of the fleet, which begins at `at_s`, UTC seconds."""

    at_s: int
    calls: int = 0
    failed_calls: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None
    messages: int = 0
    failed_messages: int = 0
    events: int = 0


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the fleet and of every instance that did anything lately, and the fleet's last hour."""

    at_ms: int
    fleet: Figures
    instances: dict[str, Figures]
    trend: tuple[Minute, ...] = ()
    #: How often each kind of error came in the last hour, the most frequent first.
    errors: tuple[tuple[str, int], ...] = ()
    #: The same for the types of events.
    event_types: tuple[tuple[str, int], ...] = ()


NOTHING = Figures()


def look(window: Window, at_s: int) -> Now:
    """What a window that follows the store says at a moment; the ten seconds that are not over yet included."""
    until_s = aligned(at_s) + CELL_SECONDS
    instances = {name: _figures(window, name, until_s) for name in window.instances()}
    trend, errors = _last_hour(window, at_s)
    events = window.total(FLEET, (Series.EVENT,), until_s, TREND_MINUTES * 60)
    return Now(
        at_ms=at_s * 1000,
        fleet=_figures(window, FLEET, until_s),
        instances={name: figures for name, figures in instances.items() if figures != NOTHING},
        trend=trend,
        errors=errors,
        event_types=tuple(most_frequent(events.labels)),
    )


def write(db: "Db", now: Now) -> None:
    """Leave it for all readers. Raises Busy, StoreError."""
    with db.write(durable=False) as tx:
        tx.run(WRITE, at=now.at_ms, body=msgspec.json.encode(now))


def take(db: "Db", names: Names, at_ms: int) -> Now:
    """What the keeper left, or, when it left nothing lately, what the cells say. Raises Busy, StoreError."""
    found = left(db, at_ms)
    if found is not None:
        return found
    window = new_window()
    window.follow(db, names, at_ms // 1000)
    return look(window, at_ms // 1000)


def left(db: "Db", at_ms: int) -> Now | None:
    """What a keeper left lately. Raises Busy, StoreError."""
    row = db.one(READ)
    if row is not None and 0 <= at_ms - row["at_ms"] <= FRESH_MS:
        return msgspec.json.decode(row["body"], type=Now)
    return None


def new_window() -> Window:
    """A window as long as `look` looks back."""
    return Window(seconds=WINDOW_SECONDS + 20, fleet_seconds=FLEET_SECONDS)


def _figures(window: Window, who: str, until_s: int) -> Figures:
    return figures_of(lambda series: window.total(who, series, until_s, WINDOW_SECONDS))


def figures_of(total: Callable[[Sequence[Series]], Cell]) -> Figures:
    """The figures of whatever stretch of time `total` sums up a series over."""
    calls, timed, wait = total(CALLS), total(TIMED_CALLS), total((Series.WAIT,))
    message, delivery, event = total((Series.MESSAGE,)), total((Series.DELIVERY,)), total((Series.EVENT,))
    webhook = total((Series.WEBHOOK,))
    met = delivery.labels
    p50, p95, p99 = timed.percentiles(0.5, 0.95, 0.99)
    return Figures(
        calls=calls.n,
        failed_calls=calls.bad,
        mean_ms=_whole(timed.mean_ms),
        p50_ms=_whole(p50),
        p95_ms=_whole(p95),
        p99_ms=_whole(p99),
        last_call_at_ms=calls.last_ms,
        rate_limited=calls.labels.get(RATE_LIMITED, 0),
        waits=wait.n,
        waited_ms=wait.sum_ms,
        messages=message.n,
        failed_messages=message.bad,
        delivered=delivery.labels.get("delivered", 0),
        delivery_mean_ms=_whole(delivery.mean_ms),
        events=event.n,
        failed_events=event.bad,
        event_lag_ms=_whole(event.mean_ms),
        accepted=_beginning(message, "accepted"),
        expired=_beginning(message, "expired"),
        uncertain=_beginning(message, "uncertain"),
        read=met.get("read", 0),
        no_account=met.get("noAccount", 0),
        departed=met.get("sent", 0) + met.get("noAccount", 0) + met.get("failed", 0),
        received=_beginning(event, "incomingMessageReceived"),
        webhooks=webhook.n,
        failed_webhooks=webhook.bad,
        webhook_mean_ms=_whole(webhook.mean_ms),
        auth_failures=total((Series.AUTH,)).n,
    )


def _beginning(cell: Cell, word: str) -> int:
    return sum(count for label, count in cell.labels.items() if label.partition(" ")[0] == word)


def _last_hour(window: Window, at_s: int) -> tuple[tuple[Minute, ...], tuple[tuple[str, int], ...]]:
    minutes: list[Minute] = []
    errors: dict[str, int] = {}
    first = at_s // 60 * 60 - (TREND_MINUTES - 1) * 60
    for at in range(first, at_s + 1, 60):
        calls, timed, message, event = (
            window.total(FLEET, series, at + 60, 60)
            for series in (CALLS, TIMED_CALLS, (Series.MESSAGE,), (Series.EVENT,))
        )
        minutes.append(minute_of(at, calls, timed, message, event))
        for label, count in calls.labels.items():
            errors[label] = errors.get(label, 0) + count
    return tuple(minutes), tuple(most_frequent(errors))


def minute_of(at_s: int, calls: Cell, timed: Cell, message: Cell, event: Cell) -> Minute:
    """One step of a trend."""
    p50, p95, p99 = timed.percentiles(0.5, 0.95, 0.99)
    return Minute(
        at_s=at_s,
        calls=calls.n,
        failed_calls=calls.bad,
        p50_ms=_whole(p50),
        p95_ms=_whole(p95),
        p99_ms=_whole(p99),
        messages=message.n,
        failed_messages=message.bad,
        events=event.n,
    )


def most_frequent(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The labels that came most often, with how often."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ERRORS]


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
