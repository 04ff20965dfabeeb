"""What the store says besides metrics, and how long an instance usually goes without an event."""

from collections.abc import Mapping

import pytest

from greenbot.alerts import readings
from greenbot.alerts.silence import SHORTEST_MS, Silences, expected
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.metrics.names import FLEET, Names
from greenbot.metrics.recorder import Recorder
from greenbot.metrics.rollup import roll_up
from greenbot.metrics.series import Series

HEALTH = """
insert into instance_health (instance, state, account, since_at_ms) values (:instance, :state, :account, :since)
"""
MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms,
                      scheduled_at_ms, held_reason, state_at_ms)
values ('kyiv', :chat, 'text', 'sendMessage', '{}', 'f', 'd', :created, :scheduled, :held, :created)
"""
BREAKER = """
insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms) values ('kyiv', :host, :boot, 0, 0)
"""
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("state", "account", "minutes", "told"),
    [
        ("authorized", "authorized", 999, False), ("unknown", "", 999, False),
        ("not_sendable", "blocked", 0, True), ("quota", "authorized", 0, True), ("auth_failed", "", 0, True),
        ("unreachable", "", 2.9, False), ("unreachable", "", 3, True),
        ("degraded", "sleepMode", 9.9, False), ("degraded", "sleepMode", 10, True),
        ("degraded", "starting", 4.9, False), ("degraded", "starting", 5, True),
    ],
)  # fmt: skip
def test_a_number_that_cannot_send_is_told_after_so_long(
    db: Db, clock: ManualClock, state: str, account: str, minutes: float, told: bool
) -> None:
    with db.write() as tx:
        tx.run(HEALTH, instance="kyiv", state=state, account=account, since=clock.now_ms() - round(minutes * 60_000))
    facts = readings.take(db, clock, clock.now_ms())

    assert facts.get("instance_not_sendable", "kyiv").value == told
    assert facts.get("instance_not_sendable", FLEET).value == told
    assert ("kyiv" in facts.cut_off) is (state in ("auth_failed", "unreachable"))
    assert readings.take(db, clock, clock.now_ms(), {"lviv"}).cut_off == set()


@pytest.mark.parametrize(
    ("host", "moves", "boot", "cut_off"),
    [
        ("api", [], "manual", False), ("api", ["open"], "manual", True), ("api", ["open", "half_open"], "manual", True),
        ("api", ["open", "half_open", "closed"], "manual", False), ("media", ["open"], "manual", False),
        ("api", ["open"], "the boot before", False), ("api", ["forced_open"], "the boot before", True),
    ],
)  # fmt: skip
def test_an_open_breaker_of_this_boot_cuts_off(
    db: Db, clock: ManualClock, host: str, moves: list[str], boot: str, cut_off: bool
) -> None:
    with db.write() as tx:
        tx.run(BREAKER, host=host, boot=boot)
        for state in moves:
            tx.run("update breakers set state = :state, epoch = epoch + 1", state=state)

    assert readings.take(db, clock, clock.now_ms()).cut_off == ({"kyiv"} if cut_off else set())


def test_the_oldest_message_that_could_leave_counts(db: Db, clock: ManualClock) -> None:
    now = clock.now_ms()
    with db.write() as tx:
        for chat, created, scheduled, held in (
            ("a", now - 9 * HOUR_MS, 0, "paused"),
            ("b", now - 8 * HOUR_MS, now + HOUR_MS, None),
            ("c", now - 7 * HOUR_MS, now - HOUR_MS, None),
            ("d", now - 60_000, 0, None),
        ):
            tx.run(MESSAGE, chat=chat, created=created, scheduled=scheduled, held=held)
    facts = readings.take(db, clock, now)

    assert facts.get("outbox_oldest_age", "kyiv").value == HOUR_MS
    assert facts.get("outbox_oldest_age", FLEET).value == HOUR_MS
    assert facts.get("outbox_oldest_age", "lviv").value == 0


def test_doubts_of_the_fleet_are_those_of_all(db: Db, clock: ManualClock) -> None:
    with db.write() as tx:
        for instance, messages in (("kyiv", 2), ("lviv", 3)):
            tx.run("insert into message_counts values (:i, 'uncertain', :m)", i=instance, m=messages)
    facts = readings.take(db, clock, clock.now_ms())

    assert [facts.get("uncertain_messages", who).value for who in ("kyiv", "lviv", FLEET)] == [2, 3, 5]


@pytest.mark.parametrize(("size_gb", "reserve_mb"), [(1, 256), (5, 256), (20, 1024), (100, 5120), (4000, 5120)])
def test_the_reserve_of_a_disk(size_gb: int, reserve_mb: int) -> None:
    assert readings.reserve_bytes(size_gb * 1024**3) == reserve_mb * 1024**2


def test_the_disk_and_the_log_of_the_store_are_looked_at(db: Db, clock: ManualClock) -> None:
    facts = readings.take(db, clock, clock.now_ms())

    assert facts.get("disk_reserve", FLEET).value > 0
    assert 0 <= facts.get("db_guard", FLEET).value < 64


DAY_EVENTS: Mapping[int, int] = {7: 1, 8: 6, 12: 12, 18: 6}


def a_week(db: Db, clock: ManualClock, per_hour: Mapping[int, int]) -> None:
    """Seven days of events, so many in each hour of the day; the clock is at the end of it."""
    names, counted = Names(), Recorder(clock)
    begin_ms = clock.now_ms()
    for hour in range(7 * 24):
        for number in range(per_hour.get((12 + hour) % 24, 0)):
            counted.count("kyiv", Series.EVENT, at_ms=begin_ms + hour * HOUR_MS + number * 60_000)
    counted.flush(db, names)
    roll_up(db, names)
    clock.advance(7 * 86_400)


@pytest.mark.parametrize(("silent_hours", "gaps"), [(0.4, None), (1, 12), (7, 18), (18, 18), (20.5, 22), (24, 25)])
def test_a_silence_is_measured_in_events_that_should_have_come(
    db: Db, clock: ManualClock, silent_hours: float, gaps: float | None
) -> None:
    a_week(db, clock, DAY_EVENTS)
    silences = Silences(0)
    silences.learn(db, Names(), ["kyiv", "lviv"], clock.now_ms())
    silences.heard("kyiv", clock.now_ms())
    found = silences.now(clock.now_ms() + round(silent_hours * HOUR_MS))

    assert found == ({} if gaps is None else {"kyiv": pytest.approx(gaps)})


def test_too_few_events_say_nothing(db: Db, clock: ManualClock) -> None:
    a_week(db, clock, {12: 2})
    silences = Silences(0)
    silences.learn(db, Names(), ["kyiv"], clock.now_ms())

    assert silences.now(clock.now_ms() + 24 * HOUR_MS) == {}


def test_a_silence_begins_when_somebody_listens(db: Db, clock: ManualClock) -> None:
    a_week(db, clock, DAY_EVENTS)
    begun_ms = clock.now_ms() + 6 * HOUR_MS
    silences = Silences(begun_ms)
    silences.learn(db, Names(), ["kyiv"], begun_ms)

    assert silences.now(begun_ms + SHORTEST_MS - 1) == {}
    assert silences.now(begun_ms + SHORTEST_MS)["kyiv"] == pytest.approx(3)


def test_days_of_silence_are_counted_whole() -> None:
    per_hour = tuple(float(hour) for hour in range(24))

    assert expected(per_hour, 5 * HOUR_MS, 5 * HOUR_MS + 3 * 86_400_000) == 3 * sum(range(24))
    assert expected(per_hour, round(5.5 * HOUR_MS), 7 * HOUR_MS) == pytest.approx(2.5 + 6)
