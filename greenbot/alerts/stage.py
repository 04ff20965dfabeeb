"""Plays a test of alerts: the evaluator of the service over a store of its own, on a clock that leaps on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.alerts import table
from greenbot.alerts.evaluate import EVALUATE_EVERY_MS
from greenbot.alerts.evaluator import Evaluator
from greenbot.alerts.fields import rule_from
from greenbot.alerts.vectors import Condition, Edit, Expected, Happening, Vector
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.metrics.cell import Cell, begin_of
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

#: Where timelines begin: a Sunday at noon, a whole hour.
BEGIN_MS = 1_795_348_800_000

MOVES = "select * from alert_log where id > :after order by id"
NOTICES = "select rule, instance, kind from notices order by id"
BREAKER = (
    "insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms) values (:instance, 'api', :boot, 0, 0)"
)
MOVE_BREAKER = "update breakers set state = :state, epoch = epoch + 1, boot_id = :boot where instance = :instance"
HEALTH = """
insert into instance_health (instance, state, account, since_at_ms) values (:instance, :state, '', :now)
    on conflict (instance) do update set state = excluded.state, since_at_ms = excluded.since_at_ms
"""
COUNT = """
insert into message_counts (instance, state, messages) values (:instance, :state, :messages)
    on conflict (instance, state) do update set messages = excluded.messages
"""
TABLES = (
    "metric_cells", "metric_feed", "alert_rules", "alerts", "alert_log", "notices", "duties", "breakers",
    "instance_health", "message_counts",
)  # fmt: skip

#: Puts what happened into the store.
Write = Callable[["Tx", Names, Sequence[tuple[int, Happening]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A move that came, so many seconds after the beginning."""

    after_s: int
    rule: str
    instance: str
    from_state: str
    to_state: str
    reason: str

    def __str__(self) -> str:
        return f"{self.to_state} at {self.after_s}s because {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a test; no problems: it passed."""

    moves: Sequence[Moved]
    notices: Sequence[tuple[str, str, str]]
    problems: Sequence[str]


class _Clock(ManualClock):
    """The wall clock can be set; what counts from the boot does not notice."""

    def __init__(self) -> None:
        super().__init__(BEGIN_MS)
        self._set_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._set_ms

    def set_by(self, seconds: int) -> None:
        self._set_ms += seconds * 1000


def write_cells(tx: "Tx", names: Names, happened: Sequence[tuple[int, Happening]]) -> None:
    """As processes flush them."""
    cells: dict[Key, Cell] = {}
    for at_ms, one in happened:
        key = Key(at_s=begin_of(at_ms), instance=one.instance, series=one.series)
        cells.setdefault(key, Cell()).add(at_ms, ok=one.ok, value_ms=one.value_ms, label=one.label)
    append(tx, names, cells)


class Stage:
    """A store for tests, one after the other."""

    def __init__(self, db: "Db", *, write: Write = write_cells, restarts: bool = False) -> None:
        """`restarts`: a fresh evaluator for every look, so that all it knows has to be in the store."""
        self._db = db
        self._write = write
        self._restarts = restarts

    def play(self, vector: Vector) -> Report:
        """Everything that follows from a timeline, held against what has to. Raises `BadVector`, Busy, StoreError."""
        self._clear()
        play = _Play(self._db, vector, self._write, restarts=self._restarts)
        for after_s in range(0, vector.length_s + 1, EVALUATE_EVERY_MS // 1000):
            play.until(after_s)
        notices = [(row["rule"], row["instance"], row["kind"]) for row in self._db.all(NOTICES)]
        return Report(
            moves=play.moves,
            notices=notices,
            problems=[*_wrong_moves(vector, play.moves), *_wrong_notices(vector, notices)],
        )

    def _clear(self) -> None:
        with self._db.write(durable=False) as tx:
            for name in TABLES:
                tx.run(f"delete from {name}")  # noqa: S608 - names of ours


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage over a store in a folder that is removed at the end. Raises StoreError."""
    from tempfile import TemporaryDirectory

    from greenbot.db.connect import connect

    with TemporaryDirectory(prefix="greenbot-alerts-") as folder:
        db = connect(Path(folder) / "greenbot.db", clock=_Clock())
        try:
            yield Stage(db)
        finally:
            db.close()


class _Play:
    """One timeline under way."""

    def __init__(self, db: "Db", vector: Vector, write: Write, *, restarts: bool) -> None:
        self.moves: list[Moved] = []
        self._db = db
        self._vector = vector
        self._write = write
        self._restarts = restarts
        self._clock = _Clock()
        self._by = Operator(name="test", clock=self._clock)
        self._names = Names()
        self._evaluator: Evaluator | None = None
        self._starts = 0
        self._next = 0
        self._logged = 0
        self._jumps = sorted(vector.jumps)
        self._edits = sorted(vector.edits, key=lambda edit: edit.at_s)
        self._conditions: list[tuple[int, Condition, bool]] = sorted(
            [(one.from_s, one, True) for one in vector.conditions]
            + [(one.until_s, one, False) for one in vector.conditions],
            key=lambda item: item[0],
        )
        for rule in vector.rules:
            table.add(db, rule, self._by)

    def until(self, after_s: int) -> None:
        """Everything up to a look, and the look."""
        self._happen(after_s)
        self._clock.advance(after_s - self._clock.monotonic())
        while self._jumps and self._jumps[0][0] <= after_s:
            self._clock.set_by(self._jumps.pop(0)[1])
        while self._conditions and self._conditions[0][0] <= after_s:
            _, condition, begins = self._conditions.pop(0)
            self._turn_over(condition, begins=begins)
        while self._edits and self._edits[0].at_s <= after_s:
            self._edit(self._edits.pop(0))
        if any(away <= after_s < back for away, back in self._vector.away):
            self._evaluator = None
        else:
            self._evaluate()
        self._note(after_s)

    def _happen(self, after_s: int) -> None:
        begun_ms = self._clock.now_ms() - self._clock.boot_ms()
        happened: list[tuple[int, Happening]] = []
        timeline = self._vector.happenings
        while self._next < len(timeline) and timeline[self._next].after_ms < after_s * 1000:
            happened.append((begun_ms + timeline[self._next].after_ms, timeline[self._next]))
            self._next += 1
        if happened:
            with self._db.write(durable=False) as tx:
                self._write(tx, self._names, happened)

    def _evaluate(self) -> None:
        if self._evaluator is None or self._restarts:
            # The one before may have died without a word.
            with self._db.write(durable=False) as tx:
                tx.run("update duties set lease_until_boot_ms = -1")
            self._starts += 1
            self._evaluator = Evaluator(self._db, clock=self._clock, owner=f"evaluator {self._starts}")
        self._evaluator.turn()

    def _turn_over(self, condition: Condition, *, begins: bool) -> None:
        instance, boot = condition.instance, self._clock.boot_id()
        with self._db.write(durable=False) as tx:
            if condition.what == "breaker":
                if begins:
                    tx.run("delete from breakers where instance = :instance", instance=instance)
                    tx.run(BREAKER, instance=instance, boot=boot)
                for state in ("open",) if begins else ("half_open", "closed"):
                    tx.run(MOVE_BREAKER, instance=instance, state=state, boot=boot)
            elif condition.what == "health":
                state = condition.word if begins else "authorized"
                tx.run(HEALTH, instance=instance, state=state, now=self._clock.now_ms())
            else:
                messages = condition.number if begins else 0
                tx.run(COUNT, instance=instance, state=condition.word, messages=messages)

    def _edit(self, edit: Edit) -> None:
        if edit.removes:
            table.remove(self._db, edit.rule, self._by)
            return
        before = table.get(self._db, edit.rule)
        table.change(self._db, rule_from(edit.fields, before), self._by)

    def _note(self, after_s: int) -> None:
        for row in self._db.all(MOVES, after=self._logged):
            self._logged = row["id"]
            self.moves.append(
                Moved(
                    after_s=after_s,
                    rule=row["rule"],
                    instance=row["instance"],
                    from_state=row["from_state"],
                    to_state=row["to_state"],
                    reason=row["reason"],
                )
            )


def _wrong_moves(vector: Vector, moves: Sequence[Moved]) -> Iterator[str]:
    came: dict[tuple[str, str], list[Moved]] = {}
    for move in moves:
        came.setdefault((move.rule, move.instance), []).append(move)
    for spot in sorted({*came, *vector.expected}):
        wanted, found = vector.expected.get(spot, ()), came.get(spot, [])
        if len(wanted) != len(found) or not all(map(_fits, wanted, found)):
            yield (
                f"{spot[0]} for {spot[1]}: expected {_joined([one.text for one in wanted])}; "
                f"came {_joined([str(one) for one in found])}"
            )


def _fits(wanted: Expected, found: Moved) -> bool:
    return (
        wanted.to_state == found.to_state
        and wanted.from_s <= found.after_s <= wanted.until_s
        and wanted.reason in ("", found.reason)
    )


def _wrong_notices(vector: Vector, notices: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for (rule, instance), wanted in vector.notices.items():
        found = [kind for name, about, kind in notices if (name, about) == (rule, instance)]
        if list(wanted) != found:
            yield f"{rule} for {instance}: expected notices {_joined(wanted)}; came {_joined(found)}"


def _joined(lines: Sequence[str]) -> str:
    return ", ".join(lines) or "nothing"
