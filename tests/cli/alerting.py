"""Alerts as an evaluator would have left them in a desk's store, without waiting for one."""

from collections.abc import Iterator
from contextlib import contextmanager

from greenbot.alerts import states, table
from greenbot.alerts.defaults import install
from greenbot.alerts.evaluate import Alert, Move, State
from greenbot.alerts.states import Kept
from greenbot.clock import SystemClock
from greenbot.db.connect import Db, connect
from greenbot.metrics.cell import Cell, begin_of
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series
from tests.cli.harness import Desk

CLOCK = SystemClock()
MINUTE_MS = 60_000
DAY_S = 86_400


@contextmanager
def store(desk: Desk) -> Iterator[Db]:
    """The desk's store with the rules every installation begins with."""
    desk.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = connect(desk.store, clock=CLOCK)
    try:
        install(db, CLOCK)
        yield db
    finally:
        db.close()


def alert(desk: Desk, rule: str, instance: str, state: State = "firing", *, value: float = 34.0) -> None:
    """Let an alert stand like that since five minutes, with its move in the log and its notice when it fires."""
    since_ms = CLOCK.now_ms() - 5 * MINUTE_MS
    with store(desk) as db, db.write() as tx:
        found = table.get(tx, rule)
        made = Alert(
            rule_version=found.version,
            state=state,
            since_at_ms=since_ms,
            active_since_ms=since_ms,
            firing_since_ms=None if state == "pending" else since_ms,
            evaluated_at_ms=since_ms,
            value=value,
            reason="value",
        )
        kept = Kept(alert=made)
        states.save(tx, found, instance, kept)
        move = Move(from_state="inactive", to_state=state, reason="value")
        states.log_move(tx, found, instance, move, since_ms, value)
        if state == "firing":
            states.write_notice(tx, found, instance, "firing", kept, since_ms, reason="value")


def evaluator(desk: Desk, *, seconds_ago: int = 5) -> None:
    """Let an evaluator have looked so long ago."""
    with store(desk) as db, db.write() as tx:
        tx.run("delete from duties where name = 'evaluator'")
        tx.run(
            "insert into duties (name, owner, boot_id, lease_until_boot_ms, epoch, done_at_ms)"
            " values ('evaluator', 'test', 'test', 0, 1, :at)",
            at=CLOCK.now_ms() - seconds_ago * 1000,
        )


def calls(desk: Desk, instance: str, *, from_s: int, minutes: int, bad: int, good: int = 0) -> None:
    """So many bad and good calls in each minute of a stretch that began so long ago."""
    begin_s = (CLOCK.now_ms() // 1000 - from_s) // 60 * 60
    cells: dict[Key, Cell] = {}
    for minute in range(minutes):
        for number in range(bad + good):
            at_ms = (begin_s + minute * 60) * 1000 + number * MINUTE_MS // (bad + good)
            key = Key(at_s=begin_of(at_ms), instance=instance, series=Series.SEND)
            cells.setdefault(key, Cell()).add(at_ms, ok=number >= bad, value_ms=100, label="")
    with store(desk) as db, db.write() as tx:
        append(tx, Names(), cells)


def private_file(desk: Desk, name: str, text: str) -> str:
    """A file of the desk's folder that only its owner can read."""
    path = desk.folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)
