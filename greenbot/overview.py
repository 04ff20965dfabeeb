"""One look at everything: what the terminal, the JSON and the page show. One read-only pass; views never query.

It costs about the same for three instances and for three hundred: figures come from one row that the service keeps,
and only what is out of the ordinary is looked up one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.now import NOTHING, Figures, Minute
from greenbot.metrics.now import take as take_figures

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

#: Worst first, as people look at a fleet.
Standing = Literal["down", "trouble", "waiting", "fine", "silent"]
STANDINGS: tuple[Standing, ...] = ("down", "trouble", "waiting", "fine", "silent")
_RANK: Mapping[str, int] = {standing: rank for rank, standing in enumerate(STANDINGS)}
SEVERITIES = ("critical", "high", "medium", "low")

#: A part of a service that was not seen for so long is gone.
BEAT_MS = 45_000
#: How many instances with a queue are asked for their oldest message.
MOST_AGES = 20

HEALTH = "select instance, state, account, reason, since_at_ms from instance_health"
OPEN = """
select instance, state, messages from message_counts
 where messages > 0 and state in ('queued', 'claimed', 'sending', 'uncertain', 'stalled')
"""
OLDEST = """
select max(scheduled_at_ms, created_at_ms) from messages indexed by messages_by_instance
 where instance = :instance and state = 'queued' and held_reason is null and scheduled_at_ms <= :now
 order by id limit 1
"""
ALERTS = """
select alerts.rule, alerts.instance, alerts.state, alerts.since_at_ms, alerts.firing_since_ms, alerts.value,
       alerts.reason, alerts.acked_by, rules.severity, rules.metric, rules.op, rules.threshold, rules.description
  from alerts indexed by alerts_active join alert_rules as rules on rules.name = alerts.rule
 where alerts.state in ('pending', 'firing', 'recovering', 'nodata')
"""
BREAKERS = "select instance, host, state, reason from breakers where state <> 'closed'"
PAUSES = "select instance, reason from pauses"
MESSAGES = "select id, instance, chat_id, kind, state, delivery, state_at_ms, reason, cause from messages "
RECENT = MESSAGES + "order by id desc limit :most"
TROUBLED = MESSAGES + "where state = :state order by id desc limit :most"
EVENTS = "select id, instance, type, chat_id, state, received_at_ms, reason from events order by id desc limit :most"
BAD_EVENTS = "select state, count(*) as events from events where state in ('dead', 'quarantined') group by state"
WAITING_EVENTS = "select count(*) from (select 1 from events where state in ('stored', 'processing') limit 10000)"
BEATS = "select part, max(at_ms) as at_ms from metric_beats group by part"


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """One instance now. `health` and `account` are its own and GREEN-API's word for its state."""

    name: str
    standing: Standing
    health: str
    account: str
    reason: str
    since_at_ms: int | None
    figures: Figures
    queued: int = 0
    uncertain: int = 0
    stalled: int = 0
    oldest_age_ms: int | None = None
    paused: str | None = None
    #: Hosts whose breaker is not closed, with its state.
    breakers: dict[str, str] = msgspec.field(default_factory=dict)
    alerts: int = 0
    severity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert that is not over. `value` is in the unit of its metric."""

    rule: str
    instance: str
    state: str
    severity: str
    metric: str
    op: str
    threshold: float
    value: float | None
    since_at_ms: int
    reason: str
    acked_by: str | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message without its text. `chat_id` is a guest's number: faces mask it."""

    id: int
    instance: str
    chat_id: str
    kind: str
    state: str
    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One event without its text."""

    id: int
    instance: str
    chat_id: str
    type: str
    state: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a service, and when it last showed life."""

    name: str
    seen_at_ms: int
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything the faces show, as of `at_ms`. `figures_at_ms` is when the figures were made: old ones are stale."""

    at_ms: int
    figures_at_ms: int
    fleet: Figures
    instances: Sequence[InstanceView]
    alerts: Sequence[AlertView]
    messages: Sequence[MessageView]
    problems: Sequence[MessageView]
    events: Sequence[EventView]
    trend: Sequence[Minute]
    #: How often each kind of error came in the last hour, the most frequent first.
    errors: Sequence[tuple[str, int]]
    parts: Sequence[Part]
    queued: int
    uncertain: int
    stalled: int
    oldest_age_ms: int | None
    events_waiting: int
    events_dead: int
    events_quarantined: int

    @property
    def service_alive(self) -> bool:
        """Whether a service is running: some part of one showed life lately."""
        return any(part.alive for part in self.parts)


def take(db: "Db", names: Names, at_ms: int, known: Iterable[str], *, most: int = 12) -> Overview:
    """Look once. `known` are the configured instances, `most` limits each list of latest things.

    Raises Busy, StoreError.
    """
    now = take_figures(db, names, at_ms)
    queue = _queue(db)
    ages = _ages(db, queue, at_ms)
    alerts = _alerts(db)
    bad_events = {row["state"]: row["events"] for row in db.all(BAD_EVENTS)}
    waiting = db.scalar(WAITING_EVENTS)
    return Overview(
        at_ms=at_ms,
        figures_at_ms=now.at_ms,
        fleet=now.fleet,
        instances=_instances(db, known, now.instances, queue, ages, alerts),
        alerts=alerts,
        messages=[_message(row) for row in db.all(RECENT, most=most)],
        problems=_problems(db, most),
        events=[_event(row) for row in db.all(EVENTS, most=most)],
        trend=now.trend,
        errors=now.errors,
        parts=[
            Part(name=row["part"], seen_at_ms=row["at_ms"], alive=at_ms - row["at_ms"] <= BEAT_MS)
            for row in db.all(BEATS)
        ],
        queued=_count(queue, "queued"),
        uncertain=_count(queue, "uncertain"),
        stalled=_count(queue, "stalled"),
        oldest_age_ms=max(ages.values(), default=None),
        events_waiting=waiting if isinstance(waiting, int) else 0,
        events_dead=bad_events.get("dead", 0),
        events_quarantined=bad_events.get("quarantined", 0),
    )


#: What is known of an instance that was never asked.
_UNKNOWN = ("unknown", "", "", None)
_Queue = Mapping[str, Mapping[str, int]]


def _queue(db: "Db") -> _Queue:
    """How many messages of each instance stand in each open state."""
    queue: dict[str, dict[str, int]] = {}
    for row in db.all(OPEN):
        queue.setdefault(row["instance"], {})[row["state"]] = row["messages"]
    return queue


def _count(queue: _Queue, state: str) -> int:
    return sum(states.get(state, 0) for states in queue.values())


def _ages(db: "Db", queue: _Queue, at_ms: int) -> dict[str, int]:
    """How long the first message of the longest queues has been waiting."""
    longest = sorted(queue, key=lambda instance: -queue[instance].get("queued", 0))[:MOST_AGES]
    ages: dict[str, int] = {}
    for instance in longest:
        since = db.scalar(OLDEST, instance=instance, now=at_ms) if queue[instance].get("queued") else None
        if isinstance(since, int):
            ages[instance] = max(0, at_ms - since)
    return ages


def _alerts(db: "Db") -> list[AlertView]:
    views = [
        AlertView(
            rule=row["rule"],
            instance=row["instance"],
            state=row["state"],
            severity=row["severity"],
            metric=row["metric"],
            op=row["op"],
            threshold=row["threshold"],
            value=row["value"],
            since_at_ms=row["firing_since_ms"] or row["since_at_ms"],
            reason=row["reason"],
            acked_by=row["acked_by"],
            description=row["description"],
        )
        for row in db.all(ALERTS)
    ]
    return sorted(views, key=lambda view: (view.state == "pending", SEVERITIES.index(view.severity), view.since_at_ms))


def _instances(
    db: "Db",
    known: Iterable[str],
    figures: Mapping[str, Figures],
    queue: _Queue,
    ages: Mapping[str, int],
    alerts: Sequence[AlertView],
) -> list[InstanceView]:
    """Every configured instance, and any other that has messages waiting; the worst first."""
    health = {name: facts for name, *facts in db.all(HEALTH)}
    pauses = {row["instance"]: row["reason"] or "paused" for row in db.all(PAUSES)}
    breakers: dict[str, dict[str, str]] = {}
    for row in db.all(BREAKERS):
        breakers.setdefault(row["instance"], {})[row["host"]] = row["state"]
    firing: dict[str, list[str]] = {}
    for alert in alerts:
        if alert.state != "pending" and alert.instance != FLEET:
            firing.setdefault(alert.instance, []).append(alert.severity)
    views = []
    for name in dict.fromkeys([*known, *queue]):
        state, account, reason, since_at_ms = health.get(name, _UNKNOWN)
        states, numbers = queue.get(name, {}), figures.get(name, NOTHING)
        open_breakers, severities = breakers.get(name, {}), firing.get(name, [])
        views.append(
            InstanceView(
                name=name,
                standing=_standing(state, numbers, states, is_blocked=bool(open_breakers), severities=severities),
                health=state,
                account=account,
                reason=reason,
                since_at_ms=since_at_ms,
                figures=numbers,
                queued=states.get("queued", 0),
                uncertain=states.get("uncertain", 0),
                stalled=states.get("stalled", 0),
                oldest_age_ms=ages.get(name),
                paused=pauses.get(name),
                breakers=open_breakers,
                alerts=len(severities),
                severity=severities[0] if severities else None,
            )
        )
    return sorted(views, key=lambda view: (_RANK[view.standing], -view.alerts, -view.figures.error_share, view.name))


def _standing(
    health: str, figures: Figures, states: Mapping[str, int], *, is_blocked: bool, severities: Sequence[str]
) -> Standing:
    """How an instance stands, in one word."""
    if health in ("not_sendable", "auth_failed", "unreachable") or "critical" in severities:
        return "down"
    if is_blocked or severities or health in ("quota", "degraded") or figures.error_share >= 0.1:
        return "trouble"
    if states.get("queued") or states.get("uncertain") or states.get("stalled"):
        return "waiting"
    return "fine" if figures.calls or figures.events or health == "authorized" else "silent"


def _message(row: "Row") -> MessageView:
    return MessageView(
        id=row["id"],
        instance=row["instance"],
        chat_id=row["chat_id"],
        kind=row["kind"],
        state=row["delivery"] if row["state"] == "delivered" and row["delivery"] else row["state"],
        at_ms=row["state_at_ms"],
        reason=row["cause"] or row["reason"],
    )


def _problems(db: "Db", most: int) -> list[MessageView]:
    """The latest messages that came to a bad end, or whose fate is open."""
    rows = [row for state in ("failed", "uncertain", "stalled") for row in db.all(TROUBLED, state=state, most=most)]
    return sorted(map(_message, rows), key=lambda view: -view.at_ms)[:most]


def _event(row: "Row") -> EventView:
    return EventView(
        id=row["id"],
        instance=row["instance"],
        chat_id=row["chat_id"],
        type=row["type"],
        state=row["state"],
        at_ms=row["received_at_ms"],
    )
