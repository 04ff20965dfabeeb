"""Every instance as the faces draw it, the worst first: made by the service with its figures, put right at each look.

Three hundred instances are decoded in one step that costs little more than ten; only those of which something was
learned since (a queue, a breaker, an alert, a state) are made anew.
"""

from bisect import insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import msgspec

from greenbot.metrics.now import FRESH_MS, NOTHING, Figures, Minute, Now, left

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Worst first, as people look at a fleet.
Standing = Literal["down", "trouble", "waiting", "fine", "silent"]
STANDINGS: tuple[Standing, ...] = ("down", "trouble", "waiting", "fine", "silent")
_RANK: Mapping[str, int] = {standing: rank for rank, standing in enumerate(STANDINGS)}

#: When failing calls are trouble.
TROUBLE_SHARE, LEAST_CALLS, LEAST_FAILED = 0.1, 20, 3

#: How many instances with a queue are asked for their oldest message: by the service, and by a look for new ones.
MOST_AGES = 50
MOST_NEW_AGES = 5

EDITION = "select edition from metric_board where id = 1 and at_ms between :since and :now"
READ = "select edition, body from metric_board where id = 1"
WRITE = """
insert into metric_board (id, edition, at_ms, body) values (1, 1, :at, :body)
    on conflict do update set edition = edition + 1, at_ms = excluded.at_ms, body = excluded.body
"""
#: What is out of the ordinary, as one value: SQLite and msgspec are quicker than a row at a time.
LIVE = """
select json_group_array(json_array(instance, kind, name, value)) from (
  select instance, state as kind, '' as name, cast(messages as text) as value from message_counts
   where messages > 0 and state in ('queued', 'claimed', 'sending', 'uncertain', 'stalled')
  union all select instance, 'breaker', host, state from breakers where state <> 'closed'
  union all select instance, 'paused', '', reason from pauses)
"""
HEALTH = "select instance, state, account, reason, since_at_ms from instance_health where since_at_ms >= :since"
OLDEST = """
select max(scheduled_at_ms, created_at_ms) from messages indexed by messages_by_instance
 where instance = :instance and state = 'queued' and held_reason is null and scheduled_at_ms <= :now
 order by id limit 1
"""

#: Instance, kind, name, value.
Fact = tuple[str, str, str, str]
_FACTS = msgspec.json.Decoder(set[Fact])


class InstanceView(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
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


class Board(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """All instances, and the figures they were made of."""

    at_ms: int
    fleet: Figures
    views: Sequence[InstanceView]
    trend: tuple[Minute, ...]
    errors: tuple[tuple[str, int], ...]
    event_types: tuple[tuple[str, int], ...]
    #: Of the whole queue.
    queued: int
    uncertain: int
    stalled: int
    oldest_age_ms: int | None


class _Kept(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The board as it stands in the store, and what it was made of, besides figures and health."""

    board: Board
    live: str
    alerts: tuple[Fact, ...]
    known: tuple[str, ...]


_DECODER = msgspec.msgpack.Decoder(_Kept)


def prepare(db: "Db", now: Now, known: Collection[str], alerts: Iterable[Fact]) -> None:
    """Leave the board for all readers, with every figure of `now`. Raises Busy, StoreError."""
    asked = _Asked(live=_live(db), health={}, known=tuple(known), alerts=tuple(alerts))
    facts = asked.facts
    found = _board(now, _made(db, now, facts, known), facts)
    kept = _Kept(board=found, live=asked.live, alerts=asked.alerts, known=asked.known)
    with db.write(durable=False) as tx:
        tx.run(WRITE, at=now.at_ms, body=msgspec.msgpack.encode(kept))


def prepared(db: "Db", at_ms: int, known: Collection[str], alerts: Collection[Fact]) -> Board | None:
    """The board the service left, with what was learned since; None when it left none lately."""
    seen = _read(db, at_ms)
    if seen is None:
        return None
    # A second more: the row may have been made right after the change.
    health = _health(db, seen.board.at_ms - 1000)
    asked = _Asked(live=_live(db), health=health, known=tuple(known), alerts=tuple(alerts))
    if asked == seen.made_of:
        return seen.board
    facts = asked.facts
    return _board(seen.board, _put_right(db, seen, asked, facts, at_ms), facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Everything by which a board is put right: where that is what the board was made of, there is nothing to do."""

    live: str
    health: Mapping[str, "_Health"]
    known: tuple[str, ...]
    alerts: tuple[Fact, ...]

    @property
    def facts(self) -> set[Fact]:
        """What is out of the ordinary, alerts included."""
        return _FACTS.decode(self.live) | set(self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A board that was read, what it was made of, and as it is when nothing was learned since."""

    edition: int
    board: Board
    made_of: _Asked


#: What each open store had on its board when it was last read.
_read_before: "WeakKeyDictionary[Db, _Seen]" = WeakKeyDictionary()


def _read(db: "Db", at_ms: int) -> _Seen | None:
    edition = db.scalar(EDITION, since=at_ms - FRESH_MS, now=at_ms)
    if not isinstance(edition, int):
        return None
    seen = _read_before.get(db)
    if seen is None or seen.edition != edition:
        row = db.one(READ)
        assert row is not None
        try:
            kept = _DECODER.decode(row["body"])
        except msgspec.DecodeError:
            return None  # a service of another version left it
        made_of = _Asked(live=kept.live, health={}, known=kept.known, alerts=kept.alerts)
        seen = _Seen(edition=row["edition"], board=kept.board, made_of=made_of)
        _read_before[db] = seen
    return seen


def made(db: "Db", now: Now, known: Collection[str], alerts: Iterable[Fact], at_ms: int) -> Board:
    """The board made from nothing but the store and the figures. Raises Busy, StoreError."""
    facts = live_facts(db) | set(alerts)
    views = _made(db, now, facts, known, at_ms=at_ms)
    return _board(now, views, facts)


def live_facts(db: "Db") -> set[Fact]:
    """What is out of the ordinary now: queues, breakers, pauses. Raises Busy, StoreError."""
    return _FACTS.decode(_live(db))


def _live(db: "Db") -> str:
    text = db.scalar(LIVE)
    assert isinstance(text, str)
    return text


def _board(now: "Board | Now", views: Sequence[InstanceView], facts: Iterable[Fact]) -> Board:
    sums = {"queued": 0, "uncertain": 0, "stalled": 0}
    for _, kind, _, value in facts:
        if kind in sums:
            sums[kind] += int(value)
    return Board(
        at_ms=now.at_ms,
        fleet=now.fleet,
        views=views,
        trend=now.trend,
        errors=now.errors,
        event_types=now.event_types,
        oldest_age_ms=max((view.oldest_age_ms for view in views if view.oldest_age_ms is not None), default=None),
        **sums,
    )


@dataclass(slots=True)
class _Live:
    """What is out of the ordinary with one instance."""

    counts: dict[str, int] = field(default_factory=dict)
    breakers: dict[str, str] = field(default_factory=dict)
    paused: str | None = None
    severities: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, value: str) -> None:
        """One more fact."""
        if kind == "breaker":
            self.breakers[name] = value
        elif kind == "paused":
            self.paused = value or "paused"
        elif kind == "alert":
            self.severities.append(value)
        else:
            self.counts[kind] = int(value)


#: The worst first.
_SEVERITIES = ("critical", "high", "medium", "low")
_Health = tuple[str, str, str, int | None]
#: What is known of an instance that was never asked.
_UNKNOWN: _Health = ("unknown", "", "", None)


def _grouped(facts: Iterable[Fact], names: Collection[str]) -> dict[str, _Live]:
    live: dict[str, _Live] = {name: _Live() for name in names}
    for instance, kind, name, value in facts:
        if instance in live:
            live[instance].add(kind, name, value)
    return live


def _queued_in(facts: Iterable[Fact]) -> dict[str, int]:
    return {instance: int(value) for instance, kind, _, value in facts if kind == "queued"}


def _made(
    db: "Db", now: Now, facts: set[Fact], known: Collection[str], *, at_ms: int | None = None
) -> list[InstanceView]:
    """Every configured instance, and any other with messages under way; the worst first."""
    health = _health(db, 0)
    queued = _queued_in(facts)
    names = dict.fromkeys([*known, *sorted(instance for instance, kind, _, _ in facts if kind in _OF_QUEUE)])
    live = _grouped(facts, names)
    longest = sorted(queued, key=lambda name: -queued[name])[:MOST_AGES]
    ages = _ages(db, longest, now.at_ms if at_ms is None else at_ms)
    views = [
        _view(name, health.get(name, _UNKNOWN), now.instances.get(name, NOTHING), live[name], ages.get(name))
        for name in names
    ]
    return sorted(views, key=_order)


_OF_QUEUE = ("queued", "claimed", "sending", "uncertain", "stalled")


def _put_right(db: "Db", seen: _Seen, asked: _Asked, facts: set[Fact], at_ms: int) -> Sequence[InstanceView]:
    """The views as they are now."""
    kept, health = seen.board, asked.health
    names = {view.name for view in kept.views}
    wanted = {*asked.known, *(instance for instance, kind, _, _ in facts if kind in _OF_QUEUE)}
    changed = {fact[0] for fact in facts ^ seen.made_of.facts} | (health.keys() & names) | (wanted ^ names)
    if not changed:
        return kept.views
    old = {view.name: view for view in kept.views if view.name in changed}
    views = [view for view in kept.views if view.name not in changed]
    unknown = {name for name in changed & wanted if name not in old}
    if unknown:
        health = {name: state for name, state in _health(db, 0).items() if name in unknown} | {**health}
    # An instance that came just now may have figures all the same.
    now = left(db, at_ms) if unknown else None
    figures = {} if now is None else now.instances
    live = _grouped(facts, changed & wanted)
    ages = _ages(db, [name for name, one in live.items() if "queued" in one.counts][:MOST_NEW_AGES], at_ms)
    for name, one in live.items():
        before = old.get(name)
        age_ms = ages.get(name, before.oldest_age_ms if before and "queued" in one.counts else None)
        figure = before.figures if before else figures.get(name, NOTHING)
        insort(views, _view(name, _health_of(name, health, before), figure, one, age_ms), key=_order)
    return views


def _health_of(name: str, health: Mapping[str, _Health], before: InstanceView | None) -> _Health:
    if name in health:
        return health[name]
    return _UNKNOWN if before is None else (before.health, before.account, before.reason, before.since_at_ms)


def _health(db: "Db", since_ms: int) -> dict[str, _Health]:
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in db.all(HEALTH, since=since_ms)}


def _ages(db: "Db", instances: Iterable[str], at_ms: int) -> dict[str, int]:
    """How long the first message of each queue has been waiting."""
    ages: dict[str, int] = {}
    for instance in instances:
        since = db.scalar(OLDEST, instance=instance, now=at_ms)
        if isinstance(since, int):
            ages[instance] = max(0, at_ms - since)
    return ages


def _view(name: str, health: _Health, figures: Figures, live: _Live, age_ms: int | None) -> InstanceView:
    state, account, reason, since_at_ms = health
    severities = sorted(live.severities, key=_SEVERITIES.index)
    return InstanceView(
        name=name,
        standing=_standing(state, figures, live.counts, is_blocked=bool(live.breakers), severities=severities),
        health=state,
        account=account,
        reason=reason,
        since_at_ms=since_at_ms,
        figures=figures,
        queued=live.counts.get("queued", 0),
        uncertain=live.counts.get("uncertain", 0),
        stalled=live.counts.get("stalled", 0),
        oldest_age_ms=age_ms,
        paused=live.paused,
        breakers=live.breakers,
        alerts=len(severities),
        severity=severities[0] if severities else None,
    )


def _order(view: InstanceView) -> tuple[int, int, float, str]:
    return _RANK[view.standing], -view.alerts, -view.figures.error_share, view.name


def fails_often(figures: Figures) -> bool:
    """Whether so many calls of five minutes fail that it is trouble; of a few calls nobody can tell.

    The same share and the same least numbers as of the rule `high_error_rate` in its beginning (alerts/defaults.py).
    """
    return (
        figures.calls >= LEAST_CALLS and figures.failed_calls >= LEAST_FAILED and figures.error_share >= TROUBLE_SHARE
    )


def _standing(
    health: str, figures: Figures, counts: Mapping[str, int], *, is_blocked: bool, severities: Sequence[str]
) -> Standing:
    """How an instance stands, in one word."""
    if health in ("not_sendable", "auth_failed", "unreachable") or "critical" in severities:
        return "down"
    if is_blocked or severities or health in ("quota", "degraded") or fails_often(figures):
        return "trouble"
    if counts.get("queued") or counts.get("uncertain") or counts.get("stalled"):
        return "waiting"
    return "fine" if figures.calls or figures.events or health == "authorized" else "silent"
