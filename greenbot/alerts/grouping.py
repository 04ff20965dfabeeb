"""Who is told what, and when: from the notices that are owed to the texts that leave now. Pure.

Nothing here changes the state of an alert. An episode is one alert from its firing to its end; what is owed for it is
held back while it is silenced, inhibited or cooling down, and is told when that ends before the episode does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from greenbot.alerts.evaluate import OF_CALLS
from greenbot.alerts.rule import Rule
from greenbot.alerts.silences import Silence, covers
from greenbot.metrics.names import FLEET

#: Rule and instance; the instance `*` is the fleet.
Spot = tuple[str, str]
Kind = Literal["firing", "repeat", "resolved", "acked", "drill", "test"]
TextKind = Literal["alert", "ack", "drill", "test"]
#: Where a notice stands. `silenced`, `inhibited`, `cooled` and `failed` hold it back for as long as it is open.
NoticeState = Literal["waiting", "told", "silenced", "inhibited", "cooled", "dropped", "failed"]
HELD: tuple[NoticeState, ...] = ("silenced", "inhibited", "cooled", "failed")

#: While one of these fires for the same instance or for the fleet, the other is not told.
INHIBITED_BY: Mapping[str, tuple[str, ...]] = {
    "high_error_rate": ("critical_error_rate",),
    "slow_response": ("very_slow_response",),
    "message_send_failures": ("instance_not_sendable",),
}
#: A number with an open alert this severe is not relied upon to carry notices.
_TROUBLE = ("high", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How patient it is; milliseconds."""

    #: What begins together is told together.
    group_wait_ms: int = 30_000
    #: At most one text of a rule in this time.
    group_interval_ms: int = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What people are owed. `episode` tells the firings of an alert apart; None for drills and tests."""

    id: int
    at_ms: int
    rule: str
    instance: str
    kind: Kind
    severity: str
    episode: int | None = None
    receivers: tuple[str, ...] = ()
    cooldown_ms: int = 300_000
    metric: str = ""
    state: NoticeState = "waiting"
    not_before_ms: int = 0

    @property
    def spot(self) -> Spot:
        """What it is about."""
        return self.rule, self.instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an alert stands, as far as telling depends on it."""

    is_open: bool
    severity: str = "medium"
    acked_by: str | None = None
    resolved_told_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A receiver, as far as choosing it depends on it. `travels_over`: the instance that carries its texts."""

    name: str
    enabled: bool = True
    is_default: bool = False
    fallback: str | None = None
    travels_over: str | None = None
    hears_acks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the decision rests upon, besides the notices."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    alerts: Mapping[Spot, Standing] = field(default_factory=dict)
    silences: Sequence[Silence] = ()
    doors: Mapping[str, Door] = field(default_factory=dict)
    #: When a text of each rule was last made.
    told_at_ms: Mapping[str, int] = field(default_factory=dict)
    #: Who was told that an episode began: by spot and episode.
    told_to: Mapping[tuple[Spot, int | None], Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Where a notice goes."""

    id: int
    state: NoticeState
    why: str = ""
    is_open: bool = False
    not_before_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text to one receiver, made of these notices of a rule."""

    receiver: str
    rule: str
    kind: TextKind
    notice_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What leaves now, what became of notices, and when to look again at the latest."""

    texts: tuple[Text, ...] = ()
    fates: tuple[Fate, ...] = ()
    #: Alerts whose end is told now: their cooldowns begin.
    ended: tuple[Spot, ...] = ()
    look_at_ms: int | None = None


def decide(notices: Iterable[Notice], world: World, now_ms: int, times: Times) -> Decision:
    """What becomes of the notices that are open."""
    draft = _Draft(world, now_ms, times)
    episodes: dict[tuple[Spot, int | None], list[Notice]] = {}
    for notice in sorted(notices, key=lambda one: one.id):
        if notice.kind in ("drill", "test"):
            draft.drill(notice)
        else:
            episodes.setdefault((notice.spot, notice.episode), []).append(notice)
    for owed in episodes.values():
        draft.episode(owed)
    return draft.finished()


def inhibitor(rule: str, instance: str, alerts: Mapping[Spot, Standing]) -> str | None:
    """What makes this alert not worth telling, in words; None when nothing does."""
    if instance != FLEET and _fires(alerts, (rule, FLEET)):
        return "the same fires for the whole fleet"
    for other in INHIBITED_BY.get(rule, ()):
        if _fires(alerts, (other, instance)) or _fires(alerts, (other, FLEET)):
            return f"{other} fires"
    return None


def is_in_trouble(carrier: str, about: Notice, alerts: Mapping[Spot, Standing]) -> bool:
    """Whether a text about this alert should not travel over the instance `carrier`."""
    if about.instance == carrier or (about.instance == FLEET and about.metric in OF_CALLS):
        return True
    return any(
        instance == carrier and alert.is_open and alert.severity in _TROUBLE for (_, instance), alert in alerts.items()
    )


def _fires(alerts: Mapping[Spot, Standing], spot: Spot) -> bool:
    return spot in alerts and alerts[spot].is_open


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """Notices of one episode that may leave, and to whom."""

    notices: tuple[Notice, ...]
    receivers: tuple[str, ...]

    @property
    def has_end(self) -> bool:
        return any(notice.kind == "resolved" for notice in self.notices)


class _Draft:
    def __init__(self, world: World, now_ms: int, times: Times) -> None:
        self._world = world
        self._now_ms = now_ms
        self._times = times
        self._ready: dict[str, list[_Ready]] = {}
        self._texts: list[Text] = []
        self._fates: list[Fate] = []
        self._ended: list[Spot] = []
        self._moments: list[int] = []

    def drill(self, notice: Notice) -> None:
        """A drill waits for nothing and is silenced by nothing."""
        receivers = self._receivers(notice)
        if not receivers:
            self._close([notice], "failed", _NOBODY)
            return
        kind: TextKind = "drill" if notice.kind == "drill" else "test"
        for receiver in receivers:
            self._texts.append(Text(receiver=receiver, rule=notice.rule, kind=kind, notice_ids=(notice.id,)))
        self._close([notice], "told")

    def episode(self, owed: Sequence[Notice]) -> None:
        """Everything that is owed for one firing of an alert."""
        begins = [notice for notice in owed if notice.kind in ("firing", "repeat")]
        ends = [notice for notice in owed if notice.kind == "resolved"]
        self._acks([notice for notice in owed if notice.kind == "acked"], begun=bool(begins))
        if begins:
            self._close(begins[1:], "dropped", "what it repeats is still to be told")
            self._begin(begins[0], ends)
        elif ends:
            self._end(ends)

    def _acks(self, acks: Sequence[Notice], *, begun: bool) -> None:
        for ack in acks:
            told = [] if begun else self._told(ack)
            listeners = [name for name in told if self._world.doors[name].hears_acks]
            for name in listeners:
                self._texts.append(Text(receiver=name, rule=ack.rule, kind="ack", notice_ids=(ack.id,)))
            self._close([ack], "told" if listeners else "dropped", "" if listeners else "no receiver keeps track of it")

    def _begin(self, begin: Notice, ends: Sequence[Notice]) -> None:
        hold = self._hold(begin)
        if ends and (hold is not None or begin.state in HELD):
            state = hold.state if hold is not None else begin.state
            self._close([begin], state, "over before it was told")
            self._close(ends, "dropped", "nobody was told that it began")
        elif hold is not None:
            self._keep(begin, hold)
        elif begin.state == "inhibited" and begin.not_before_ms == 0:
            # When the greater alert ends, the lesser one is about to: it gets a moment for that.
            until_ms = self._now_ms + self._times.group_interval_ms
            self._look_at(until_ms)
            self._keep(begin, Fate(id=begin.id, state="inhibited", why="it ends soon", not_before_ms=until_ms))
        elif begin.not_before_ms > self._now_ms:
            self._look_at(begin.not_before_ms)
        elif not ends and self._acked_by(begin) is not None:
            self._close([begin], "dropped", f"{self._acked_by(begin)} has taken note of it")
        else:
            self._offer([begin, *ends], self._receivers(begin))

    def _end(self, ends: Sequence[Notice]) -> None:
        told = self._told(ends[0])
        silence = self._silence(ends[0])
        if not told:
            self._close(ends, "dropped", "nobody was told that it began")
        elif silence is not None:
            for end in ends:
                self._keep(end, silence)
        else:
            self._offer(ends, told)

    def _offer(self, notices: Sequence[Notice], receivers: Sequence[str]) -> None:
        first = notices[0]
        if receivers:
            self._ready.setdefault(first.rule, []).append(_Ready(notices=tuple(notices), receivers=tuple(receivers)))
        elif len(notices) > 1:
            self._close(notices, "failed", _NOBODY)
        else:
            self._keep(first, Fate(id=first.id, state="failed", why=_NOBODY, is_open=True))

    # What holds a beginning back.

    def _hold(self, begin: Notice) -> Fate | None:
        silence = self._silence(begin)
        if silence is not None:
            return silence
        reason = inhibitor(begin.rule, begin.instance, self._world.alerts)
        if reason is not None:
            return Fate(id=begin.id, state="inhibited", why=reason, is_open=True)
        return self._cooldown(begin)

    def _silence(self, notice: Notice) -> Fate | None:
        for silence in self._world.silences:
            if covers(
                silence, rule=notice.rule, instance=notice.instance, severity=notice.severity, now_ms=self._now_ms
            ):
                self._look_at(silence.until_at_ms)
                return Fate(id=notice.id, state="silenced", why=f"silence {silence.id}", is_open=True)
        return None

    def _cooldown(self, begin: Notice) -> Fate | None:
        alert = self._world.alerts.get(begin.spot)
        told_ms = None if alert is None else alert.resolved_told_ms
        if told_ms is None or begin.kind != "firing" or told_ms > self._now_ms:
            return None
        rule = self._world.rules.get(begin.rule)
        until_ms = told_ms + (begin.cooldown_ms if rule is None else rule.cooldown_s * 1000)
        if self._now_ms >= until_ms:
            return None
        self._look_at(until_ms)
        return Fate(id=begin.id, state="cooled", why="told to be over a moment ago", is_open=True)

    def _acked_by(self, notice: Notice) -> str | None:
        alert = self._world.alerts.get(notice.spot)
        return None if alert is None or not alert.is_open else alert.acked_by

    # Whom to tell.

    def _receivers(self, notice: Notice) -> list[str]:
        """Those of the rule, or the default ones; those that cannot be relied upon now are replaced."""
        rule = self._world.rules.get(notice.rule)
        named = notice.receivers if rule is None or notice.kind in ("drill", "test") else rule.receivers
        doors = self._world.doors
        wanted = [doors[name] for name in named if name in doors] or [
            door for door in doors.values() if door.is_default and notice.kind != "test"
        ]
        chosen = [self._usable(door, notice) for door in wanted if door.enabled]
        return list(dict.fromkeys(door.name for door in chosen if door is not None))

    def _usable(self, door: Door, notice: Notice) -> Door | None:
        if not self._is_blocked(door, notice):
            return door
        spare = self._world.doors.get(door.fallback or "")
        return spare if spare is not None and spare.enabled and not self._is_blocked(spare, notice) else None

    def _is_blocked(self, door: Door, notice: Notice) -> bool:
        if door.travels_over is None or notice.kind == "test":
            return False
        return is_in_trouble(door.travels_over, notice, self._world.alerts)

    def _told(self, notice: Notice) -> list[str]:
        told = self._world.told_to.get((notice.spot, notice.episode), ())
        return [name for name in sorted(told) if name in self._world.doors and self._world.doors[name].enabled]

    # What comes of it.

    def _keep(self, notice: Notice, fate: Fate) -> None:
        self._fates.append(Fate(id=notice.id, state=fate.state, why=fate.why, is_open=True,
                                not_before_ms=fate.not_before_ms))  # fmt: skip

    def _close(self, notices: Iterable[Notice], state: NoticeState, why: str = "") -> None:
        self._fates += [Fate(id=notice.id, state=state, why=why) for notice in notices]

    def _look_at(self, moment_ms: int) -> None:
        self._moments.append(moment_ms)

    def finished(self) -> Decision:
        """The groups whose time has come leave."""
        for rule, ready in self._ready.items():
            due_ms = self._due_ms(rule, ready)
            if due_ms > self._now_ms:
                self._look_at(due_ms)
            else:
                self._tell(rule, ready)
        return Decision(
            texts=tuple(self._texts),
            fates=tuple(self._fates),
            ended=tuple(self._ended),
            look_at_ms=min(self._moments, default=None),
        )

    def _due_ms(self, rule: str, ready: Sequence[_Ready]) -> int:
        first_ms = min(notice.at_ms for one in ready for notice in one.notices)
        due_ms = min(first_ms, self._now_ms) + self._times.group_wait_ms
        told_ms = self._world.told_at_ms.get(rule)
        # A text from the future is one from before the clock was set back.
        if told_ms is not None and told_ms <= self._now_ms:
            due_ms = max(due_ms, told_ms + self._times.group_interval_ms)
        return due_ms

    def _tell(self, rule: str, ready: Sequence[_Ready]) -> None:
        by_receiver: dict[str, list[int]] = {}
        for one in ready:
            for receiver in one.receivers:
                by_receiver.setdefault(receiver, []).extend(notice.id for notice in one.notices)
            self._close(one.notices, "told")
            if one.has_end:
                self._ended.append(one.notices[0].spot)
        self._texts += [
            Text(receiver=receiver, rule=rule, kind="alert", notice_ids=tuple(sorted(ids)))
            for receiver, ids in by_receiver.items()
        ]


_NOBODY = "there is nobody to tell: no receiver is usable"
