"""The limiter on a real store: what the server sees, whatever the callers do."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.resilience.limiter import LATE_MS, give_back, reserve, reserve_in, slow_down, waiting, when_due
from greenbot.resilience.limits import PAD_MS, Limit, Scope, message_scopes, method_scope, per_minute, per_second
from greenbot.resilience.line_files import LineFiles
from greenbot.resilience.lines import Lines
from greenbot.resilience.store_lines import TxLines
from tests.resilience.callers import Caller, Door, run
from tests.resilience.stores import Half

HOTEL = message_scopes("hotel", "sendMessage", minute_count=60, second_rate=2.0, method_rate=50.0)
SMALL = (Scope(key="small", limits=(Limit(count=2, window_ms=100), Limit(count=5, window_ms=700))),)

CALLERS = st.lists(
    st.builds(
        Caller,
        gap_ms=st.sampled_from((0, 0, 0, 1, 30, 120, 400)),
        late_ms=st.sampled_from((0, 0, 0, 0, 3, 5, 6, 40, 300)),
        limited=st.sampled_from((False,) * 8 + (True,)),
        leaves=st.sampled_from((False,) * 5 + (True,)),
    ),
    min_size=1,
    max_size=25,
)


def simulated(scopes: tuple[Scope, ...], callers: list[Caller]) -> Door:
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock()
        lines = LineFiles(Path(folder), clock)
        try:
            return run(lines, clock, scopes, callers)
        finally:
            lines.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(callers=CALLERS)
def test_no_window_is_exceeded_whoever_comes_oversleeps_leaves_or_is_refused(callers: list[Caller]) -> None:
    door = simulated(SMALL, callers)
    assert len(door.moments) + sum(caller.leaves for caller in callers) >= len(callers)
    for limit in SMALL[0].limits:
        gap_ms = door.worst_gap_ms(limit)
        assert gap_ms is None or gap_ms >= limit.window_ms + PAD_MS - LATE_MS


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(gaps=st.lists(st.sampled_from((0, 0, 1, 30, 120)), min_size=1, max_size=25), limited=st.integers(0, 24))
def test_who_comes_first_calls_first_also_when_a_429_moves_everybody(gaps: list[int], limited: int) -> None:
    callers = [Caller(gap_ms=gap, limited=name == limited) for name, gap in enumerate(gaps)]
    assert simulated(SMALL, callers).order == list(range(len(callers)))


def test_everybody_sleeps_exactly_once_while_nothing_happens(lines: Lines, clock: ManualClock) -> None:
    door = run(lines, clock, HOTEL, [Caller()] * 12)
    assert set(door.sleeps.values()) == {1}


def test_a_short_burst_leaves_at_two_per_second(lines: Lines, clock: ManualClock) -> None:
    assert [reserve(lines, HOTEL, clock).wait_ms(clock) for _ in range(5)] == [0, 508, 1017, 1525, 2034]


def test_all_scopes_of_a_call_are_taken_together_or_not_at_all(lines: Lines, clock: ManualClock) -> None:
    narrow = Scope(key="hotel/setProfilePicture", limits=(per_second(0.1),))
    both = (*HOTEL, narrow)
    assert reserve(lines, both, clock).wait_ms(clock) == 0
    assert reserve(lines, both, clock).wait_ms(clock) == per_second(0.1).padded_ms
    # The wait for the narrow scope does not hold up what needs the broad one only.
    assert reserve(lines, HOTEL, clock).wait_ms(clock) == 508


def test_scopes_do_not_slow_each_other_down(lines: Lines, clock: ManualClock) -> None:
    for instance in "abcd":
        scope = method_scope(instance, "getSettings", method_rate=1.0)
        assert reserve(lines, (scope,), clock).wait_ms(clock) == 0
        assert reserve(lines, (scope,), clock).wait_ms(clock) > 0


def test_without_scopes_nothing_is_limited_and_nothing_written(lines: Lines, clock: ManualClock) -> None:
    made = reserve(lines, (), clock)
    assert made.wait_ms(clock) == 0
    assert when_due(lines, made, clock) is made
    assert not give_back(lines, made, clock)
    assert lines.version("hotel", clock.boot_id()) is None


def test_a_reservation_in_a_transaction_is_gone_when_that_is_rolled_back(db: Db, clock: ManualClock) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as tx:
        reserve_in(TxLines(tx), HOTEL, clock)
        raise ZeroDivisionError
    with db.write() as tx:
        assert reserve_in(TxLines(tx), HOTEL, clock).wait_ms(clock) == 0


def test_what_is_given_back_is_free_again_unless_somebody_waits_behind_it(lines: Lines, clock: ManualClock) -> None:
    for _ in range(2):
        reserve(lines, HOTEL, clock)
    third = reserve(lines, HOTEL, clock)
    assert give_back(lines, third, clock)
    assert not give_back(lines, third, clock)  # it is not there any more
    again = reserve(lines, HOTEL, clock)
    assert again.moment_ms == third.moment_ms
    reserve(lines, HOTEL, clock)
    assert not give_back(lines, again, clock)


def test_what_is_given_back_in_one_scope_only_is_not_given_back_at_all(lines: Lines, clock: ManualClock) -> None:
    narrow = Scope(key="hotel/sendPoll", limits=(per_second(0.1),))
    both = reserve(lines, (*HOTEL, narrow), clock)
    reserve(lines, HOTEL, clock)
    assert not give_back(lines, both, clock)
    assert reserve(lines, (narrow,), clock).wait_ms(clock) > 0


def test_another_boot_begins_with_free_limits(
    lines: Lines, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        made = reserve(lines, HOTEL, clock)
    slow_down(lines, made, clock, retry_after_seconds=500, rng=Half())
    monkeypatch.setattr(clock, "boot_id", lambda: "the next boot")
    assert not give_back(lines, made, clock)
    assert reserve(lines, HOTEL, clock).wait_ms(clock) == 0
    assert when_due(lines, made, clock).boot_id == "the next boot"


class TestAfter429:
    def test_nobody_calls_before_the_time_the_server_named(self, lines: Lines, clock: ManualClock) -> None:
        made = [reserve(lines, HOTEL, clock) for _ in range(6)]
        pause = slow_down(lines, made[0], clock, retry_after_seconds=20, rng=Half())
        assert (pause.reason, pause.wait_ms) == ("server", 20_000)
        assert reserve(lines, HOTEL, clock).wait_ms(clock) >= 20_000
        for one in made:
            assert when_due(lines, one, clock).wait_ms(clock) >= 20_000 or one.moment_ms <= clock.boot_ms()

    def test_who_was_due_but_had_not_called_yet_waits_too(self, lines: Lines, clock: ManualClock) -> None:
        first, second = reserve(lines, HOTEL, clock), reserve(lines, HOTEL, clock)
        clock.advance(second.wait_ms(clock) / 1000)
        slow_down(lines, first, clock, retry_after_seconds=20, rng=Half())
        assert when_due(lines, second, clock).wait_ms(clock) >= 20_000

    def test_without_a_named_time_the_pause_doubles_from_strike_to_strike(
        self, lines: Lines, clock: ManualClock
    ) -> None:
        waits = []
        for _ in range(7):
            made = reserve(lines, HOTEL, clock)
            clock.advance(made.wait_ms(clock) / 1000)
            made = when_due(lines, made, clock)
            waits.append(slow_down(lines, made, clock, retry_after_seconds=None, rng=Half()).wait_ms)
        assert waits == [1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500]

    def test_a_quiet_minute_later_it_begins_anew(self, lines: Lines, clock: ManualClock) -> None:
        for wait_ms in (1500, 1500):
            made = reserve(lines, HOTEL, clock)
            assert slow_down(lines, made, clock, retry_after_seconds=None, rng=Half()).wait_ms == wait_ms
            clock.advance(120)

    def test_the_rate_is_halved_and_comes_back_within_a_minute(self, lines: Lines, clock: ManualClock) -> None:
        made = reserve(lines, HOTEL, clock)
        slow_down(lines, made, clock, retry_after_seconds=1, rng=Half())
        clock.advance(2)
        slow = [reserve(lines, HOTEL, clock).wait_ms(clock) for _ in range(3)]
        assert slow[1] - slow[0] >= 950  # one a second now, a little more already
        clock.advance(120)
        assert [reserve(lines, HOTEL, clock).wait_ms(clock) for _ in range(2)] == [0, 508]

    def test_calls_that_were_under_way_together_halve_the_rate_only_once(
        self, lines: Lines, clock: ManualClock
    ) -> None:
        made = [reserve(lines, HOTEL, clock) for _ in range(2)]
        clock.advance(0.6)
        for one in made:
            slow_down(lines, one, clock, retry_after_seconds=1, rng=Half())
        line = lines.load("hotel", clock.boot_id())
        assert (line.share, line.strikes) == (0.5, 1)

    def test_only_the_narrowest_scope_pauses(self, lines: Lines, clock: ManualClock) -> None:
        narrow = Scope(key="hotel/sendPoll", limits=(per_second(0.5),))
        made = reserve(lines, (*HOTEL, narrow), clock)
        slow_down(lines, made, clock, retry_after_seconds=60, rng=Half())
        assert reserve(lines, HOTEL, clock).wait_ms(clock) == 508
        assert reserve(lines, (*HOTEL, narrow), clock).wait_ms(clock) >= 60_000

    def test_a_call_without_limits_only_learns_how_long_to_wait(self, lines: Lines, clock: ManualClock) -> None:
        made = reserve(lines, (), clock)
        assert slow_down(lines, made, clock, retry_after_seconds=None, rng=Half()).wait_ms == 1500


class TestOversleeping:
    def test_a_little_lateness_is_what_the_pad_is_for(self, lines: Lines, clock: ManualClock) -> None:
        made = reserve(lines, HOTEL, clock)
        clock.advance(LATE_MS / 1000)
        assert when_due(lines, made, clock) is made

    def test_who_comes_too_late_goes_at_once_and_the_others_keep_their_distance(
        self, lines: Lines, clock: ManualClock
    ) -> None:
        made = [reserve(lines, HOTEL, clock) for _ in range(4)]
        assert when_due(lines, made[0], clock).wait_ms(clock) == 0
        clock.advance(made[1].wait_ms(clock) / 1000 + 0.3)
        assert when_due(lines, made[1], clock).wait_ms(clock) == 0
        clock.advance(made[2].wait_ms(clock) / 1000)
        moved = when_due(lines, made[2], clock)
        assert moved.moment_ms == made[2].moment_ms + 299  # the spacings had a millisecond to spare
        clock.advance(moved.wait_ms(clock) / 1000)
        assert when_due(lines, moved, clock) is moved
        assert when_due(lines, made[3], clock).moment_ms == made[3].moment_ms + 300

    def test_who_oversleeps_by_an_hour_holds_nobody_up(self, lines: Lines, clock: ManualClock) -> None:
        lost = reserve(lines, HOTEL, clock)
        clock.advance(3600)
        assert when_due(lines, lost, clock).wait_ms(clock) == 0
        assert reserve(lines, HOTEL, clock).wait_ms(clock) == 508
        assert reserve(lines, HOTEL, clock).wait_ms(clock) == per_second(2).padded_ms


class TestExplaining:
    def test_nothing_is_to_be_explained_when_a_call_may_go_now(self, lines: Lines, clock: ManualClock) -> None:
        assert waiting(lines, HOTEL, clock) is None
        assert lines.version("hotel", clock.boot_id()) is None

    def test_the_limit_that_is_used_up_is_named_with_the_time_it_is_free_again(
        self, lines: Lines, clock: ManualClock
    ) -> None:
        assert reserve(lines, HOTEL, clock).waiting is None
        why = waiting(lines, HOTEL, clock)
        assert why is not None
        assert (why.reason, why.limit, str(why)) == ("limit", per_second(2), "the limit of 2 per second")
        assert why.until_at_ms == clock.now_ms() + 508
        assert reserve(lines, HOTEL, clock).waiting == why

    def test_after_sixty_messages_it_is_the_minute(self, lines: Lines, clock: ManualClock) -> None:
        for _ in range(60):
            clock.advance(reserve(lines, HOTEL, clock).wait_ms(clock) / 1000)
        clock.advance(2)
        why = waiting(lines, HOTEL, clock)
        assert why is not None
        assert why.limit == per_minute(60)

    def test_a_pause_is_explained_by_the_server_and_what_follows_by_the_lower_rate(
        self, lines: Lines, clock: ManualClock
    ) -> None:
        slow_down(lines, reserve(lines, HOTEL, clock), clock, retry_after_seconds=20, rng=Random(1))
        why = waiting(lines, HOTEL, clock)
        assert why is not None
        assert (why.reason, why.wait_ms, str(why)) == ("server", 20_000, "GREEN-API asked for a pause (429)")
        reserve(lines, HOTEL, clock)
        clock.advance(20.5)
        why = waiting(lines, HOTEL, clock)
        assert why is not None
        assert (why.reason, why.limit) == ("slowed", per_second(2))
        assert "slowed down" in str(why)
