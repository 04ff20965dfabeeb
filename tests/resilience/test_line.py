"""The earliest moment no limit forbids, compared with trying every millisecond."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.resilience.limits import Limit, per_minute, per_second
from greenbot.resilience.line import Line, earliest, first_free, given_back, joined, limited, without

LIMITS = st.lists(st.builds(Limit, count=st.integers(1, 4), window_ms=st.integers(1, 60)), min_size=1, max_size=3).map(
    tuple
)


def breaks(moments: list[int], limit: Limit) -> bool:
    """Whether some window has too many calls, or two calls of a spaced limit are too close: every pair is looked at."""
    ordered = sorted(moments)
    spacing_ms = limit.padded_ms // limit.count if limit.spaced else 0
    return any(
        later - sooner < (limit.padded_ms if place - begin >= limit.count else spacing_ms)
        for begin, sooner in enumerate(ordered)
        for place, later in enumerate(ordered)
        if place > begin
    )


def by_trying(moments: list[int], limits: tuple[Limit, ...], start_ms: int) -> int:
    return next(
        moment_ms for moment_ms in count(start_ms) if not any(breaks([*moments, moment_ms], limit) for limit in limits)
    )


@given(limits=LIMITS, gaps=st.lists(st.integers(0, 80), max_size=12), start_ms=st.integers(0, 300))
def test_the_earliest_moment_is_the_first_that_trying_finds(
    limits: tuple[Limit, ...], gaps: list[int], start_ms: int
) -> None:
    moments: list[int] = []
    for gap in gaps:
        moments.append(by_trying(moments, limits, max(moments, default=0) + gap))
    assert earliest(sorted(moments), limits, start_ms)[0] == by_trying(moments, limits, start_ms)


@given(limits=LIMITS, arrivals=st.lists(st.integers(0, 30), max_size=40))
def test_who_comes_first_goes_first_and_no_window_is_ever_exceeded(
    limits: tuple[Limit, ...], arrivals: list[int]
) -> None:
    now_ms, moments = 0, list[int]()
    for gap in arrivals:
        now_ms += gap
        moment_ms, because = earliest(moments, limits, now_ms)
        assert moment_ms == by_trying(moments, limits, now_ms)
        assert (because is None) == (moment_ms == now_ms)
        assert moments == [] or moment_ms >= moments[-1]
        moments.append(moment_ms)
    assert not any(breaks(moments, limit) for limit in limits)


@given(limits=LIMITS, arrivals=st.lists(st.integers(0, 60), max_size=15), start_ms=st.integers(0, 600))
def test_the_short_way_for_a_line_in_which_nobody_waits_finds_the_same(
    limits: tuple[Limit, ...], arrivals: list[int], start_ms: int
) -> None:
    line, now_ms = Line(), 0
    for gap in arrivals:
        now_ms += gap
        line, _ = joined(line, limits, now_ms, earliest(line.moments(), limits, now_ms)[0])
    start_ms = max(now_ms, start_ms)
    assert first_free(line.slots, limits, start_ms)[0] == earliest(line.moments(), limits, start_ms)[0]


def calls_of(limits: tuple[Limit, ...], *, until_ms: int) -> list[int]:
    moments: list[int] = []
    while (moment_ms := earliest(moments, limits, 0)[0]) <= until_ms:
        moments.append(moment_ms)
    return moments


HOTEL = (per_second(2), per_minute(60))


def test_a_quiet_instance_sends_ten_messages_in_five_seconds() -> None:
    assert len([moment for moment in calls_of(HOTEL, until_ms=5_000) if moment <= 5_000]) >= 10


def test_a_busy_instance_uses_ninety_eight_percent_of_its_minutes() -> None:
    hour = calls_of(HOTEL, until_ms=3_600_000)
    assert len(hour) >= 0.98 * 3600
    assert max(sum(begin <= moment <= begin + 60_000 for moment in hour) for begin in hour) == 60


def test_in_seventy_five_seconds_ninety_messages_leave_and_no_second_has_three() -> None:
    moments = calls_of(HOTEL, until_ms=75_000)
    assert len(moments) >= 0.98 * 90
    assert max(sum(begin <= moment <= begin + 1000 for moment in moments) for begin in moments) == 2


def line_of(*moments: int) -> Line:
    line = Line()
    for moment_ms in moments:
        line, _ = joined(line, (), -1, moment_ms)
    return line


def test_a_reservation_is_found_by_its_number_wherever_it_was_moved() -> None:
    line = line_of(300, 100, 200)
    assert line.moments() == [100, 200, 300]
    assert [line.moment_of(number) for number in range(4)] == [300, 100, 200, None]
    assert without(line, 1).moments() == [200, 300]


def test_only_the_newest_reservation_can_be_given_back() -> None:
    line = line_of(100, 200, 300)
    assert given_back(line, 0) is None
    assert given_back(line, 1) is None
    shorter = given_back(line, 2)
    assert shorter is not None
    assert shorter.moments() == [100, 200]
    assert given_back(shorter, 1) == line_of(100)


def test_numbers_begin_anew_after_a_million() -> None:
    line, number = joined(Line(next_number=(1 << 20) - 1), (), 0, 5)
    assert (number, line.next_number) == ((1 << 20) - 1, 0)
    back = given_back(line, number)
    assert back is not None
    assert back.next_number == number


def test_what_no_limit_asks_for_any_more_is_forgotten() -> None:
    line = line_of(0, 100, 30_000)
    assert joined(line, HOTEL, 60_134, 60_134)[0].moments() == [0, 100, 30_000, 60_134]
    assert joined(line, HOTEL, 60_236, 60_236)[0].moments() == [30_000, 60_236]
    slowed = line._replace(share=1 / 120, paused_until_ms=60_236)
    assert joined(slowed, HOTEL, 60_236, 60_236)[0].moments() == [0, 100, 30_000, 60_236]


@pytest.mark.parametrize(("elapsed_ms", "share"), [(0, 0.5), (30_000, 0.75), (60_000, 1.0), (600_000, 1.0)])
def test_after_a_pause_the_rate_grows_steadily_back_to_all_of_it(elapsed_ms: int, share: float) -> None:
    line = Line(share=0.5, paused_until_ms=7_000)
    assert line.share_at(7_000 + elapsed_ms) == pytest.approx(share)
    assert line.share_at(2_000) == 0.5


def test_every_429_halves_the_rate_but_a_sixteenth_of_it_is_left() -> None:
    line, shares = Line(), []
    for _ in range(6):
        line = limited(line, HOTEL, 5_000, wait_ms=1_000, is_new=True)
        shares.append(line.share)
    assert shares == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]
    assert line.strikes == 6


def test_those_who_wait_keep_their_order_and_their_distance_behind_a_pause() -> None:
    line = limited(line_of(100, 5_000, 5_400, 9_000), (per_second(2),), 200, wait_ms=20_000, is_new=False)
    assert line.moments() == [100, 20_200, 20_708, 20_200 + per_second(2).padded_ms]
    assert [line.moment_of(number) for number in range(4)] == line.moments()
    assert line.version == 2
