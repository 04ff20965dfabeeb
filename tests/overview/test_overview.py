"""The overview says what counting by hand says, whether a service prepared it or not, and whatever changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot import board
from greenbot.alerts.defaults import SEVEN
from greenbot.clock import ManualClock
from greenbot.dashboard.fleet import why
from greenbot.dashboard.ink import Ink
from greenbot.db.connect import Db, connect
from greenbot.metrics.keeper import Keeper
from greenbot.metrics.names import Names
from greenbot.metrics.now import Figures
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import CALLS, TIMED_CALLS, Series
from greenbot.overview import BAD_EVENTS, STANDINGS, WAITING_EVENTS, InstanceView, Overview, keeping_board, take
from tests.metrics.counting import percentile

KNOWN = ("kyiv", "lviv", "odesa", "empty")
STATES = ("authorized", "degraded", "not_sendable", "quota", "unreachable", "unknown")
SEVERITIES = ("low", "medium", "high", "critical")

MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms,
                      scheduled_at_ms, held_reason)
values (:instance, '380671112233@c.us', 'text', 'sendMessage', '{}', 'f', 'd', :at, :at, :later, :held)
"""
HEALTH = """
insert into instance_health (instance, state, account, since_at_ms) values (:instance, :state, 'word', :at)
    on conflict do update set state = excluded.state, since_at_ms = excluded.since_at_ms
"""
PAUSE = """
insert into pauses (instance, since_at_ms, reason, actor) values (:instance, :at, :why, 'x') on conflict do nothing
"""
RULE = """
insert into alert_rules (name, metric, op, threshold, window_s, severity, created_at_ms, changed_at_ms, changed_by)
values (:severity, 'error_rate', '>=', 10, 300, :severity, 0, 0, 'test')
"""
ALERT = """
insert into alerts (rule, instance, rule_version, state, since_at_ms) values (:rule, :instance, 1, :state, :at)
    on conflict do update set state = excluded.state, since_at_ms = excluded.since_at_ms
"""


@pytest.mark.parametrize("statement", [BAD_EVENTS, WAITING_EVENTS])
def test_a_month_of_events_that_are_done_costs_nothing(tmp_path: Path, statement: str) -> None:
    db = connect(tmp_path / "greenbot.db", clock=ManualClock())
    plan = [row["detail"] for row in db.all("explain query plan " + statement)]
    assert any("COVERING INDEX events_open" in line for line in plan)
    assert not any(line.startswith("SCAN events") or "TEMP" in line for line in plan), plan
    db.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that happens to an instance."""

    kind: str
    instance: str
    word: str = ""
    seconds_ago: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call."""

    instance: str
    series: Series
    ok: bool
    value_ms: int
    seconds_ago: int


INSTANCES = st.sampled_from(["kyiv", "lviv", "odesa", "gone"])
ACTS = st.lists(
    st.one_of(
        st.builds(Act, kind=st.just("queue"), instance=INSTANCES, word=st.sampled_from(["now", "later", "held"]),
                  seconds_ago=st.integers(0, 5000)),
        st.builds(Act, kind=st.just("health"), instance=INSTANCES, word=st.sampled_from(STATES)),
        st.builds(Act, kind=st.just("pause"), instance=INSTANCES, word=st.sampled_from(["", "holidays"])),
        st.builds(Act, kind=st.just("unpause"), instance=INSTANCES),
        st.builds(Act, kind=st.just("alert"), instance=st.sampled_from(["kyiv", "lviv", "*", "gone"]),
                  word=st.sampled_from([f"{severity} {state}" for severity in SEVERITIES
                                        for state in ("firing", "pending", "resolved")])),
    ),
    max_size=14,
)  # fmt: skip
CALLS_MADE = st.lists(
    st.builds(
        Call,
        instance=INSTANCES,
        series=st.sampled_from([Series.SEND, Series.QUERY, Series.TRANSFER, Series.POLL]),
        ok=st.booleans(),
        value_ms=st.integers(2, 20_000),
        seconds_ago=st.integers(1, 420),
    ),
    max_size=25,
)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "greenbot.db"
        db = connect(path, clock=ManualClock())
        with db.write() as tx:
            for severity in SEVERITIES:
                tx.run(RULE, severity=severity)
        db.close()
        return path.read_bytes()


class Store:
    """A store with what happened in it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        # Migrated once: that takes longer than everything else here.
        (folder / "greenbot.db").write_bytes(_migrated())
        (folder / "greenbot.db").chmod(0o600)
        self.db: Db = connect(folder / "greenbot.db", clock=self.clock)
        self.recorder = Recorder(self.clock)

    def act(self, acts: Sequence[Act]) -> None:
        now_ms = self.clock.now_ms()
        with self.db.write(durable=False) as tx:
            for act in acts:
                if act.kind == "queue":
                    later = now_ms + 9000 if act.word == "later" else 0
                    held = "by hand" if act.word == "held" else None
                    tx.run(MESSAGE, instance=act.instance, at=now_ms - act.seconds_ago * 1000, later=later, held=held)
                elif act.kind == "health":
                    tx.run(HEALTH, instance=act.instance, state=act.word, at=now_ms)
                elif act.kind == "pause":
                    tx.run(PAUSE, instance=act.instance, at=now_ms, why=act.word)
                elif act.kind == "unpause":
                    tx.run("delete from pauses where instance = :instance", instance=act.instance)
                else:
                    severity, state = act.word.split()
                    tx.run(ALERT, rule=severity, instance=act.instance, state=state, at=now_ms)

    def count(self, calls: Sequence[Call]) -> None:
        for call in sorted(calls, key=lambda call: -call.seconds_ago):
            at_ms = self.clock.now_ms() - call.seconds_ago * 1000
            self.recorder.count(call.instance, call.series, ok=call.ok, value_ms=call.value_ms, at_ms=at_ms)

    def keep(self) -> None:
        Keeper(
            self.db, clock=self.clock, owner="test", recorders=[self.recorder], prepare=keeping_board(lambda: KNOWN)
        ).turn()

    def forget_board(self) -> None:
        with self.db.write() as tx:
            tx.run("delete from metric_board")

    def look(self) -> Overview:
        return take(self.db, Names(), self.clock.now_ms(), KNOWN)


@settings(max_examples=40, deadline=None)
@given(ACTS, ACTS, CALLS_MADE)
def test_what_changed_since_the_service_looked_is_seen_as_if_it_looked_now(
    before: list[Act], after: list[Act], calls: list[Call]
) -> None:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.count(calls)
        store.act(before)
        store.keep()
        store.look()
        store.act(after)
        prepared = store.look()
        store.forget_board()
        assert store.look() == prepared
        store.db.close()


@settings(max_examples=40, deadline=None)
@given(ACTS, CALLS_MADE)
def test_the_overview_is_what_counting_by_hand_says(acts: list[Act], calls: list[Call]) -> None:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.count(calls)
        store.act(acts)
        store.keep()
        overview = store.look()
        now_s = store.clock.now_ms() // 1000
        store.db.close()
    queued = [act for act in acts if act.kind == "queue"]
    assert {view.name for view in overview.instances} == {*KNOWN, *(act.instance for act in queued)}
    assert overview.queued == len(queued)
    ranks = [STANDINGS.index(view.standing) for view in overview.instances]
    assert ranks == sorted(ranks), "worst first"
    for view in overview.instances:
        _check_view(view, acts, calls, now_s)


def _check_view(view: InstanceView, acts: Sequence[Act], calls: Sequence[Call], now_s: int) -> None:
    mine = [act for act in acts if act.instance == view.name]
    states = [act.word for act in mine if act.kind == "health"]
    assert view.health == (states[-1] if states else "unknown")
    assert view.queued == sum(act.kind == "queue" for act in mine)
    due = [act.seconds_ago for act in mine if act.kind == "queue" and act.word == "now"]
    if due:
        first = next(act.seconds_ago for act in mine if act.kind == "queue" and act.word == "now")
        assert view.oldest_age_ms == first * 1000
    else:
        assert view.oldest_age_ms is None
    alerts = {act.word.split()[0]: act.word.split()[1] for act in mine if act.kind == "alert"}
    firing = [severity for severity in reversed(SEVERITIES) if alerts.get(severity) == "firing"]
    assert (view.alerts, view.severity) == (len(firing), firing[0] if firing else None)
    assert view.paused == _paused(mine)
    # The ten seconds that are not over yet are in it.
    until_s = now_s // 10 * 10 + 10
    inside = [
        call
        for call in calls
        if call.instance == view.name and until_s - 300 <= (now_s - call.seconds_ago) // 10 * 10 < until_s
    ]
    counted = [call for call in inside if call.series in CALLS]
    assert (view.figures.calls, view.figures.failed_calls) == (len(counted), sum(not call.ok for call in counted))
    timed = [call.value_ms for call in inside if call.series in TIMED_CALLS]
    exact = percentile(timed, 0.95)
    told = view.figures.p95_ms
    assert (told is None) == (exact is None)
    assert told is None or exact is None or abs(told - exact) <= 0.01 * exact + 0.5
    expected = _standing(view, firing, counted)
    assert view.standing == expected


def _paused(acts: Sequence[Act]) -> str | None:
    paused: str | None = None
    for act in acts:
        if act.kind == "pause" and paused is None:
            paused = act.word or "paused"
        elif act.kind == "unpause":
            paused = None
    return paused


def _standing(view: InstanceView, firing: Sequence[str], calls: Sequence[Call]) -> str:
    bad = sum(not call.ok for call in calls)
    if view.health in ("not_sendable", "unreachable") or "critical" in firing:
        return "down"
    if firing or view.health in ("quota", "degraded") or (len(calls) >= 20 and bad >= 3 and bad / len(calls) >= 0.1):
        return "trouble"
    if view.queued:
        return "waiting"
    return "fine" if calls or view.health == "authorized" else "silent"


def test_a_board_nobody_keeps_up_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.count([Call(instance="kyiv", series=Series.SEND, ok=True, value_ms=5, seconds_ago=20)])
    store.keep()
    assert store.look().fleet.calls == 1
    store.clock.advance(3600)
    assert store.look().fleet.calls == 0
    assert not store.look().service_alive
    store.db.close()


def test_what_two_looks_share_is_read_once_and_new_figures_are_seen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seen in (1, 2, 3):
        store.clock.advance(10)
        store.count([Call(instance="kyiv", series=Series.SEND, ok=True, value_ms=5, seconds_ago=10)])
        store.keep()
        assert [store.look().fleet.calls for _ in range(2)] == [seen, seen]
    store.db.close()


@pytest.mark.parametrize(
    ("calls", "failed", "said"),
    [
        (6, 4, None),
        (20, 2, None),
        (40, 3, None),
        (20, 3, "15.0 % of 20 calls fail"),
    ],
)
def test_failing_calls_are_trouble_when_there_are_enough_of_them_and_it_is_said(
    calls: int, failed: int, said: str | None
) -> None:
    rule = next(one for one in SEVEN if one.name == "high_error_rate")
    assert (rule.min_total, rule.min_bad, rule.threshold) == (
        board.LEAST_CALLS, board.LEAST_FAILED, 100 * board.TROUBLE_SHARE,
    )  # fmt: skip
    figures = Figures(calls=calls, failed_calls=failed)
    assert board.fails_often(figures) == (said is not None)
    view = InstanceView(
        name="kyiv", standing="fine", health="authorized", account="", reason="", since_at_ms=None, figures=figures
    )
    assert why(view, Ink(now_ms=0)) == said
