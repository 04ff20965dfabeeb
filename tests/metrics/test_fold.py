"""Messages, calls and events count themselves: whatever is committed is counted, once, and nothing else is."""

import pytest

from greenbot.db.connect import Db
from greenbot.metrics.cell import Cell
from greenbot.metrics.fold import fold
from greenbot.metrics.keeper import Keeper
from greenbot.metrics.names import MOST_NAMES, OTHER, Names
from greenbot.metrics.now import take
from greenbot.metrics.query import Stretch, reading
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.series import Series
from tests.metrics.counting import NOW_S, StandingClock

HOUR = Stretch(since_s=NOW_S - 3600, until_s=NOW_S + 10)

FEED = """
insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
values (:at, :instance, :kind, :name, :label, :value)
"""


def feed(db: Db, kind: str, label: str, *, name: str = "sendMessage", value: int | None = 80, many: int = 1) -> None:
    with db.write() as tx:
        for _ in range(many):
            tx.run(FEED, at=NOW_S * 1000, instance="kyiv", kind=kind, name=name, label=label, value=value)


def counted(db: Db, series: Series, instance: str = "kyiv") -> Cell:
    fold(db, Names())
    return reading(db, Names(), HOUR, [series], instance)


@pytest.mark.parametrize(
    ("label", "bad", "labels"),
    [
        ("accepted 200 ", 0, {}),
        ("ok 200 ", 0, {}),
        ("ambiguous 502 http_502", 1, {"502 http_502": 1}),
        ("ambiguous - read_timeout", 1, {"- read_timeout": 1}),
        ("not_sent - connect_failed", 1, {"- connect_failed": 1}),
        ("not_sent 400 not_authorized", 1, {"400 not_authorized": 1}),
        ("auth 401 unauthorized", 1, {"401 unauthorized": 1}),
        ("quota 466 quota_exceeded", 1, {"466 quota_exceeded": 1}),
        ("config 404 not_found", 1, {"404 not_found": 1}),
        ("limited 429 rate_limited", 0, {"429 rate_limited": 1}),
        ("permanent 400 bad_request", 0, {"400 bad_request": 1}),
        ("not_sent - cancelled", 0, {"- cancelled": 1}),
    ],
)
def test_a_call_counts_as_failed_when_green_api_failed(db: Db, label: str, bad: int, labels: dict[str, int]) -> None:
    feed(db, "call", label)
    cell = counted(db, Series.SEND)
    assert (cell.n, cell.bad, cell.labels) == (1, bad, labels)


@pytest.mark.parametrize(
    ("label", "n", "bad"),
    [
        ("accepted response", 1, 0),
        ("accepted journal", 1, 0),
        ("failed rejected", 1, 1),
        ("expired expired", 1, 1),
        ("uncertain look", 1, 1),
        ("failed failed", 1, 1),
        ("failed noAccount", 0, 0),
    ],
)
def test_a_message_counts_when_it_comes_to_an_end(db: Db, label: str, n: int, bad: int) -> None:
    feed(db, "message", label, value=None)
    cell = counted(db, Series.MESSAGE)
    assert (cell.n, cell.bad) == (n, bad)


@pytest.mark.parametrize(
    ("method", "series"),
    [
        ("sendMessage", Series.SEND),
        ("getStateInstance", Series.QUERY),
        ("uploadFile", Series.TRANSFER),
        ("receiveNotification", Series.POLL),
        ("aMethodOfNextYear", Series.SEND),
    ],
)
def test_a_call_belongs_to_the_class_of_its_method(db: Db, method: str, series: Series) -> None:
    feed(db, "call", "ok 200 ", name=method)
    assert counted(db, series).n == 1


def test_what_was_rolled_back_is_not_counted(db: Db) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as tx:
        tx.run(FEED, at=NOW_S * 1000, instance="kyiv", kind="call", name="sendMessage", label="ok 200 ", value=1)
        raise ZeroDivisionError
    assert counted(db, Series.SEND).n == 0


def test_a_fold_that_breaks_off_loses_nothing_and_counts_nothing_twice(db: Db) -> None:
    feed(db, "call", "ok 200 ", many=20)

    class Broken(Names):
        def pack(self, tx: object, labels: object) -> bytes | None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fold(db, Broken())
    for _ in range(3):
        assert counted(db, Series.SEND).n == 20


def test_more_than_one_mouthful_is_folded_at_once(db: Db) -> None:
    feed(db, "call", "ok 200 ", many=5001)
    assert counted(db, Series.SEND).n == 5001
    assert db.scalar("select count(*) from metric_feed") == 0


def test_strangers_cannot_make_labels_without_end(db: Db) -> None:
    names = Names()
    with db.write() as tx:
        for number in range(MOST_NAMES + 50):
            names.number(tx, f"type {number}")
        assert names.name(tx, names.number(tx, "one more")) == OTHER
    known = db.scalar("select count(*) from metric_names")
    assert isinstance(known, int)
    assert known <= MOST_NAMES + 1
    assert len(names.name(db, names.find(db, "type 7") or 0)) < 80


def test_the_keeper_leaves_figures_that_every_face_reads(db: Db, clock: StandingClock) -> None:
    feed(db, "call", "ok 200 ", many=18)
    feed(db, "call", "ambiguous 502 http_502", many=2)
    feed(db, "message", "accepted response", many=18)
    recorder = Recorder(clock)
    recorder.wait("kyiv", 700)
    keeper = Keeper(db, clock=clock, owner="me", recorders=[recorder], alive=lambda: ["worker"])
    clock.seconds += 20
    keeper.turn()
    left = take(db, Names(), clock.now_ms())
    with db.write() as tx:
        tx.run("delete from metric_now")
    made = take(db, Names(), clock.now_ms())
    for now in (left, made):
        kyiv = now.instances["kyiv"]
        assert (kyiv.calls, kyiv.failed_calls, kyiv.messages) == (20, 2, 18)
        assert (kyiv.p50_ms, kyiv.waits, kyiv.waited_ms) == (80, 1, 700)
        assert now.fleet == kyiv
        assert (now.trend[-1].calls, now.trend[-1].failed_calls) == (20, 2)
        assert now.errors == (("502 http_502", 2),)
    assert db.scalar("select part from metric_beats") == "worker"


def test_figures_of_a_keeper_that_stopped_are_not_shown(db: Db, clock: StandingClock) -> None:
    feed(db, "call", "ok 200 ")
    keeper = Keeper(db, clock=clock, owner="me", recorders=[])
    clock.seconds += 20
    keeper.turn()
    clock.seconds += 3600
    assert take(db, Names(), clock.now_ms()).instances == {}


async def test_the_keeper_flushes_once_more_when_it_ends(db: Db, clock: StandingClock) -> None:
    recorder = Recorder(clock)
    keeper = Keeper(db, clock=clock, owner="me", recorders=[recorder])
    keeper.turn()
    recorder.count("kyiv", Series.AUTH, ok=False)
    keeper.stop()
    await keeper.run()
    assert reading(db, Names(), HOUR, [Series.AUTH], "kyiv").bad == 1
