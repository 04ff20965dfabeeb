"""Looks at all alerts every fifteen seconds: one process for all, at the same instants whoever it is.

A look that finds nothing new writes its sign of life alone, and does not wait for the disk.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot import failpoints
from greenbot.alerts import readings, states, table
from greenbot.alerts.defaults import install
from greenbot.alerts.duty import Duty, Held
from greenbot.alerts.evaluate import EVALUATE_EVERY_MS, Move
from greenbot.alerts.look import Change, Look, begins, ends
from greenbot.alerts.rule import Rule
from greenbot.alerts.silence import Silences
from greenbot.alerts.watch import Watch
from greenbot.clock import Clock
from greenbot.errors import Busy
from greenbot.logs.notes import note
from greenbot.metrics.cell import Cell
from greenbot.metrics.fold import fold
from greenbot.metrics.names import Names
from greenbot.metrics.query import Stretch, reading
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

DUTY = "evaluator"
#: A process that shows no life for so long is followed by another.
LEASE_MS = 3 * EVALUATE_EVERY_MS
#: Figures of more than an hour are read this seldom.
LONG_READ_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a turn did: the instant it was for, and the alerts it changed. Not on duty: nothing."""

    at_ms: int
    on_duty: bool
    changes: tuple[Change, ...] = ()


def _nobody() -> None:
    """Nobody waits for notices."""


class Evaluator:
    """One of them in each service; the one that has the duty looks, the others wait for it.

    `instances` names those that exist now, None for whatever the store knows. `on_notices` is called after
    notices were written. `is_alive` tells of another owner whether its process still runs: a dead one is followed at
    the next look, and not after its lease.
    """

    name = "evaluator"

    def __init__(
        self,
        db: "Db",
        *,
        clock: Clock,
        owner: str,
        instances: Callable[[], Collection[str]] | None = None,
        on_notices: Callable[[], None] = _nobody,
        is_alive: Callable[[str], bool] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._instances = instances
        self._on_notices = on_notices
        self._duty = Duty(DUTY, owner=owner, clock=clock, lease_ms=LEASE_MS, is_alive=is_alive)
        self._names = Names()
        self._silences = Silences(clock.now_ms())
        self._rules: Sequence[Rule] = ()
        self._watch: Watch | None = None
        self._long: dict[tuple[str, tuple[Series, ...], int], tuple[int, Cell]] = {}
        self._turned_at_ms: int | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until `stop`; the rules of the beginning are stored first. Raises StoreError."""
        while not self._stopping.is_set():
            with suppress(Busy):
                install(self._db, self._clock)
                _note(self.turn().changes)
            now_ms = self._clock.now_ms()
            with suppress(TimeoutError):
                async with asyncio.timeout((EVALUATE_EVERY_MS - now_ms % EVALUATE_EVERY_MS) / 1000 + 0.01):
                    await self._stopping.wait()
        with suppress(Busy), self._db.write(durable=False) as tx:
            self._duty.release(tx)

    def stop(self) -> None:
        """Finish the look that is under way, leave the duty to others, and end."""
        self._stopping.set()

    def wake(self) -> None:
        """Nothing hurries it: it looks when it is time."""

    def turn(self) -> Turned:
        """The look that is due now, if there is one. Raises Busy, StoreError; then nothing of it is kept."""
        at_ms = self._clock.now_ms() // EVALUATE_EVERY_MS * EVALUATE_EVERY_MS
        if at_ms == self._turned_at_ms:
            return Turned(at_ms=at_ms, on_duty=False)
        if not self._duty.is_free(self._db):
            self._watch = None  # it would grow old
            return Turned(at_ms=at_ms, on_duty=False)
        begun = self._clock.monotonic()
        look = self._look(at_ms)
        rules, kept = self._rules, states.load(self._db)
        changes = look.changes(rules, kept, self._duty.done_at_ms(self._db))
        with self._db.write(durable=any(change.moves or change.repeats for change in changes)) as tx:
            held = self._duty.hold(tx)
            if held is None:
                return Turned(at_ms=at_ms, on_duty=False)
            if changes:
                changes = self._again(tx, look, held, rules, kept, changes)
                for change in changes:
                    _write(tx, change, held.epoch, at_ms)
            self._duty.done(tx, at_ms, round((self._clock.monotonic() - begun) * 1000))
        self._turned_at_ms = at_ms
        if changes:
            failpoints.hit("alert.after_commit")
            self._tell(changes)
        return Turned(at_ms=at_ms, on_duty=True, changes=tuple(changes))

    def _look(self, at_ms: int) -> Look:
        """Everything there is to judge by."""
        fold(self._db, self._names)
        rules = table.all_of(self._db)
        if self._watch is None or [*rules] != [*self._rules]:
            self._watch, self._rules = Watch(rules, self._silences), rules
        self._watch.follow(self._db, self._names, at_ms // 1000)
        known = None if self._instances is None else self._instances()
        names = self._watch.instances() if known is None else known
        facts = readings.take(self._db, self._clock, at_ms, known)
        self._silences.learn(self._db, self._names, names, at_ms)
        for instance, gaps in self._silences.now(at_ms).items():
            if known is None or instance in known:
                facts.put("webhook_silence", instance, gaps)
        return Look(self._watch, facts, at_ms, known=names, read_long=self._read_long)

    def _again(
        self,
        tx: "Tx",
        look: Look,
        held: Held,
        rules: Sequence[Rule],
        kept: dict[states.Spot, states.Kept],
        changes: list[Change],
    ) -> list[Change]:
        """The same changes, or what they are after somebody changed a rule or an alert at this very moment."""
        rules_now, kept_now = table.all_of(tx), states.load(tx)
        if (rules_now, kept_now) == ([*rules], kept):
            return changes
        return look.changes(rules_now, kept_now, held.done_at_ms)

    def _read_long(self, instance: str, series: Sequence[Series], seconds: int) -> Cell:
        """A figure of more than an hour, from the store, and not at every look."""
        now_ms = self._clock.now_ms()
        key = (instance, tuple(series), seconds)
        read_at_ms, cell = self._long.get(key, (0, Cell()))
        if not 0 <= now_ms - read_at_ms < LONG_READ_MS:
            stretch = Stretch(since_s=now_ms // 1000 - seconds, until_s=now_ms // 1000)
            cell = reading(self._db, self._names, stretch, series, instance)
            self._long[key] = (now_ms, cell)
        return cell

    def _tell(self, changes: Sequence[Change]) -> None:
        if any(change.repeats or any(map(_is_told, change.moves)) for change in changes):
            self._on_notices()


def _note(changes: Sequence[Change]) -> None:
    """A line of the log for each alert that begins or ends; a trial on a stage takes turns and writes none."""
    for change in changes:
        for move in filter(_is_told, change.moves):
            note(
                "warning" if begins(move) else "info",
                "alert",
                instance=change.instance,
                rule=change.rule.name,
                outcome=move.to_state,
                reason=move.reason,
                from_=move.from_state,
            )


def _is_told(move: Move) -> bool:
    return begins(move) or ends(move)


def _write(tx: "Tx", change: Change, epoch: int, at_ms: int) -> None:
    """One alert as it stands now, what led there, and what people are owed for it."""
    rule, instance, after = change.rule, change.instance, change.after
    owed = {"at_ms": at_ms, "n": change.total, "bad": change.bad}
    for move in change.moves:
        if (move.from_state, move.to_state) != ("unknown", "inactive"):
            states.log_move(tx, rule, instance, move, at_ms, after.alert.value)
        if ends(move):
            states.write_notice(tx, rule, instance, "resolved", change.before, reason=move.reason, **owed)
        if begins(move):
            states.write_notice(tx, rule, instance, "firing", after, reason=move.reason, **owed)
        if begins(move) or ends(move):
            tx.run(states.FORGET_ACK, rule=rule.name, instance=instance)
    if change.repeats:
        states.write_notice(tx, rule, instance, "repeat", after, reason=after.alert.reason, **owed)
    states.save(tx, rule, instance, states.with_epoch(after, epoch))
