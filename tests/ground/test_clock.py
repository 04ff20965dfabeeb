"""Time is an argument: the real clock tells it, the manual clock is moved by hand."""

import time
from pathlib import Path

import pytest

from greenbot import clock
from greenbot.clock import Clock, ManualClock, SystemClock, iso_utc


@pytest.fixture(params=[SystemClock, ManualClock])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_every_clock_answers_in_the_promised_units(any_clock: Clock) -> None:
    assert isinstance(any_clock.now_ms(), int)
    assert isinstance(any_clock.monotonic(), float)
    assert isinstance(any_clock.boot_ms(), int)
    assert any_clock.boot_id()
    assert any_clock.now_ms() > 1_700_000_000_000  # milliseconds, not seconds


def test_no_clock_runs_backwards_when_asked_to_sleep_less_than_nothing(any_clock: Clock) -> None:
    before = any_clock.monotonic()
    any_clock.sleep(-5.0)
    assert any_clock.monotonic() >= before


def test_the_system_clock_reads_the_clock_that_counts_suspended_time() -> None:
    name = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    before = time.clock_gettime_ns(name) // 1_000_000
    assert before <= SystemClock().boot_ms() <= time.clock_gettime_ns(name) // 1_000_000


def test_the_boot_has_one_name_for_all_processes_of_the_machine() -> None:
    assert SystemClock().boot_id() == SystemClock().boot_id()


def test_a_machine_without_a_boot_id_file_is_named_by_its_moment_of_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    booted_minute = round((time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)) / 60)
    found = clock._boot_id.__wrapped__()
    assert found in {f"boot-{booted_minute + shift}" for shift in (-1, 0, 1)}


@pytest.mark.parametrize(
    ("steps", "elapsed_ms"),
    [
        ([], 0),
        ([1], 1000),
        ([0.25, 0.25], 500),
        ([86_400 * 365], 31_536_000_000),
        ([0.0004] * 5, 2),  # small steps add up instead of vanishing
    ],
)
def test_the_manual_clock_moves_by_exactly_what_passed(steps: list[float], elapsed_ms: int) -> None:
    manual = ManualClock(now_ms=1_000)
    for step in steps:
        manual.sleep(step)
    assert (manual.now_ms(), manual.boot_ms()) == (1_000 + elapsed_ms, elapsed_ms)
    assert manual.monotonic() == pytest.approx(sum(steps))


@pytest.mark.parametrize(
    ("moment_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (999, "1970-01-01T00:00:00.999Z"),
        (1_795_334_400_000, "2026-11-22T08:00:00.000Z"),
        (951_782_400_123, "2000-02-29T00:00:00.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
    ],
)
def test_moments_are_written_as_rfc_3339_in_utc(moment_ms: int, text: str) -> None:
    assert iso_utc(moment_ms) == text
