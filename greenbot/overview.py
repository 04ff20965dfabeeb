"""One look at everything: what the terminal, the JSON and the page show. One read-only pass; views never query.

It costs about the same for three instances and for three hundred: figures come from one row that the service keeps,
and only what is out of the ordinary is looked up one by one.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from greenbot import board
from greenbot.board import STANDINGS, Board, InstanceView, Standing
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.now import Figures, Minute, Now
from greenbot.metrics.now import take as take_figures

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

__all__ = [
    "BEAT_MS", "SEVERITIES", "STANDINGS", "AlertView", "EventView", "Figures", "InstanceView", "MessageView", "Minute",
    "Overview", "Part", "Standing", "keeping_board", "take",
]  # fmt: skip

SEVERITIES = ("critical", "high", "medium", "low")

#: Whether the process of an owner, known of one boot or of none, may still run.
Lives = Callable[[str, str], bool]

#: A part of a service that was not seen for so long is gone.
BEAT_MS = 45_000

#: As one value, in the order of `AlertView`: a storm of alerts costs little.
ALERTS = """
select json_group_array(json_array(
         alerts.rule, alerts.instance, alerts.state, rules.severity, rules.metric, rules.op, rules.threshold,
         alerts.value, coalesce(alerts.firing_since_ms, alerts.since_at_ms), alerts.reason, alerts.acked_by,
         rules.description))
  from alerts indexed by alerts_active join alert_rules as rules on rules.name = alerts.rule
 where alerts.state in ('pending', 'firing', 'recovering', 'nodata')
"""
MESSAGES = "select id, instance, chat_id, kind, state, delivery, state_at_ms, reason, cause from messages "
RECENT = MESSAGES + "order by id desc limit :most"
TROUBLED = MESSAGES + "where state = :state order by id desc limit :most"
EVENTS = "select id, instance, type, chat_id, state, received_at_ms, reason from events order by id desc limit :most"
# The index of what is not done holds little; the table holds a month.
BAD_EVENTS = """
select state, count(*) as events from events indexed by events_open
 where state <> 'done' and state in ('dead', 'quarantined') group by state
"""
WAITING_EVENTS = """
select count(*) from (select 1 from events indexed by events_open
                       where state <> 'done' and state in ('stored', 'processing') limit 10000)
"""
#: Of the evaluator counts that it looked at all alerts, not that it runs.
BEATS = """
select part, owner, '' as boot_id, at_ms from metric_beats where part <> 'evaluator'
 union all select name, owner, boot_id, done_at_ms from duties where name = 'evaluator'
 order by part, at_ms
"""


class AlertView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
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


_ALERTS = msgspec.json.Decoder(list[AlertView])


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
    #: How often each type of event came in the last hour, the most frequent first.
    event_types: Sequence[tuple[str, int]] = ()

    @property
    def service_alive(self) -> bool:
        """Whether a service is running: some part of one showed life lately."""
        return any(part.alive for part in self.parts)


def _anybody(_owner: str, _boot_id: str) -> bool:
    return True


def take(
    db: "Db", names: Names, at_ms: int, known: Iterable[str], *, most: int = 12, lives: Lives = _anybody
) -> Overview:
    """Look once. `known` are the configured instances, `most` limits each list of latest things.

    `lives` tells of an owner whether its process still runs: one that ended is gone before its last sign is old.
    Raises Busy, StoreError.
    """
    firing = _firing(db)
    alerts = firing.alerts
    now = _board(db, names, at_ms, known if isinstance(known, tuple) else tuple(known), firing.facts)
    bad_events = {row["state"]: row["events"] for row in db.all(BAD_EVENTS)}
    waiting = db.scalar(WAITING_EVENTS)
    return Overview(
        at_ms=at_ms,
        figures_at_ms=now.at_ms,
        fleet=now.fleet,
        instances=now.views,
        alerts=alerts,
        messages=[_message(row) for row in db.all(RECENT, most=most)],
        problems=_problems(db, most),
        events=[_event(row) for row in db.all(EVENTS, most=most)],
        trend=now.trend,
        errors=now.errors,
        event_types=now.event_types,
        parts=_parts(db, at_ms, lives),
        queued=now.queued,
        uncertain=now.uncertain,
        stalled=now.stalled,
        oldest_age_ms=now.oldest_age_ms,
        events_waiting=waiting if isinstance(waiting, int) else 0,
        events_dead=bad_events.get("dead", 0),
        events_quarantined=bad_events.get("quarantined", 0),
    )


def keeping_board(known: Callable[[], Collection[str]]) -> "Callable[[Db, Now], None]":
    """What a service does with new figures, so that `take` has little left to do."""

    def keep(db: "Db", figures: Now) -> None:
        board.prepare(db, figures, known(), _firing(db).facts)

    return keep


def _board(db: "Db", names: Names, at_ms: int, known: Collection[str], alerts: Collection[board.Fact]) -> Board:
    found = board.prepared(db, at_ms, known, alerts)
    return found or board.made(db, take_figures(db, names, at_ms), known, alerts, at_ms)


def _facts(alerts: "Iterable[AlertView]") -> list[board.Fact]:
    """The alerts that mark an instance on the board."""
    return [
        (alert.instance, "alert", alert.rule, alert.severity)
        for alert in alerts
        if alert.state != "pending" and alert.instance != FLEET
    ]


def _parts(db: "Db", at_ms: int, lives: Lives) -> list[Part]:
    """Each part once, though several processes may have had it."""
    found: dict[str, Part] = {}
    for row in db.all(BEATS):
        name, seen_at_ms = row["part"], row["at_ms"]
        before = name in found and found[name].alive
        alive = before or (at_ms - seen_at_ms <= BEAT_MS and lives(row["owner"], row["boot_id"]))
        found[name] = Part(name=name, seen_at_ms=seen_at_ms, alive=alive)
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Firing:
    """The alerts that are not over, what they are to the board, and the text they were read from."""

    text: str
    alerts: Sequence[AlertView]
    facts: tuple[board.Fact, ...]


#: What each open store said last: mostly it says the same again.
_read_before: "WeakKeyDictionary[Db, _Firing]" = WeakKeyDictionary()


def _firing(db: "Db") -> _Firing:
    text = db.scalar(ALERTS)
    assert isinstance(text, str)
    before = _read_before.get(db)
    if before is None or before.text != text:
        alerts = sorted(
            _ALERTS.decode(text),
            key=lambda view: (view.state == "pending", SEVERITIES.index(view.severity), view.since_at_ms),
        )
        before = _read_before[db] = _Firing(text=text, alerts=alerts, facts=tuple(_facts(alerts)))
    return before


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
