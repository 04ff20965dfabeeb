"""Limits and scopes as data: what a rate means, and which limits a call needs."""

import pytest

from greenbot.resilience.limits import Limit, Scope, message_scopes, method_scope, per_minute, per_second


@pytest.mark.parametrize(
    ("rate", "count", "window_ms"),
    [
        (2.0, 2, 1000),
        (50.0, 50, 1000),
        (1.0, 1, 1000),
        (2.5, 2, 1000),  # with 3 there would be a second with more than the rate
        (0.1, 1, 10_000),
        (0.01, 1, 100_000),
    ],
)
def test_a_rate_per_second_is_whole_calls_in_a_window(rate: float, count: int, window_ms: int) -> None:
    assert per_second(rate) == Limit(count=count, window_ms=window_ms, spaced=True)


def test_a_limit_per_second_spreads_its_calls_and_one_per_minute_does_not() -> None:
    assert per_second(2).distances_ms == ((1, 508), (2, 1017))
    assert per_minute(60).distances_ms == ((60, 60_135),)


def test_the_pad_costs_less_than_two_percent_of_a_second_and_hardly_anything_of_a_minute() -> None:
    assert 1000 / per_second(2).padded_ms >= 0.98
    assert 60_000 / per_minute(60).padded_ms >= 0.997


@pytest.mark.parametrize(
    ("share", "count", "window_ms"),
    [
        (0.5, 30, 60_000),
        (0.25, 15, 60_000),
        (1 / 120, 1, 120_000),  # less than one call in the window: a longer one
    ],
)
def test_a_part_of_a_limit_is_that_part_of_its_rate(share: float, count: int, window_ms: int) -> None:
    limit = per_minute(60)
    assert limit.at_share(share) == Limit(count=count, window_ms=window_ms, original=limit)


@pytest.mark.parametrize("share", [0.07, 0.3, 0.5, 0.61, 0.99])
@pytest.mark.parametrize("limit", [per_second(2), per_minute(60), per_second(0.1), per_second(50)])
def test_a_part_of_a_limit_never_lets_more_pass_than_that_part(limit: Limit, share: float) -> None:
    part = limit.at_share(share)
    assert part.count / part.window_ms == pytest.approx(limit.count / limit.window_ms * share, rel=1e-3)


@pytest.mark.parametrize(("count", "window_ms"), [(0, 1000), (-1, 1000), (1, 0)])
def test_a_limit_that_lets_nothing_pass_is_refused(count: int, window_ms: int) -> None:
    with pytest.raises(ValueError, match="lets nothing pass"):
        Limit(count=count, window_ms=window_ms)


def test_an_ordinary_message_needs_the_instances_own_limits_only() -> None:
    scopes = message_scopes("hotel", "sendMessage", minute_count=60, second_rate=2.0, method_rate=50.0)
    assert scopes == (Scope(key="hotel", limits=(per_second(2), per_minute(60))),)


def test_green_apis_limit_stands_behind_looser_ones_of_the_instance() -> None:
    scopes = message_scopes("hotel", "sendTextStatus", minute_count=3000, second_rate=50.0, method_rate=5.0)
    assert [scope.key for scope in scopes] == ["hotel", "hotel/sendTextStatus"]
    assert scopes[1].limits == (per_second(5),)


def test_other_calls_are_limited_by_method() -> None:
    assert method_scope("hotel", "getSettings", method_rate=1.0) == Scope(
        key="hotel/getSettings", limits=(per_second(1),)
    )


@pytest.mark.parametrize(
    ("limit", "words"),
    [(per_second(2), "2 per second"), (per_minute(60), "60 per minute"), (per_second(0.1), "1 per 10 seconds")],
)
def test_a_limit_reads_as_words(limit: Limit, words: str) -> None:
    assert str(limit) == words
