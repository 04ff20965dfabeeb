"""Percentiles from bins are within one per cent of those from sorted values; bins pack and merge without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.metrics.cell import Cell
from greenbot.metrics.histogram import bin_of, merge_into, pack, quantiles, unpack, value_of
from tests.metrics.counting import percentile

DURATIONS = st.lists(st.integers(min_value=1, max_value=600_000), min_size=1, max_size=300)


@given(DURATIONS, st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_one_per_cent_of_the_sorted_values(values: list[int], share: float) -> None:
    cell = Cell()
    for value in values:
        cell.add(0, value_ms=value)
    (told,) = cell.percentiles(share)
    exact = percentile(values, share)
    assert told is not None
    assert exact is not None
    assert abs(told - exact) <= exact * 0.01


@given(DURATIONS, DURATIONS)
def test_merged_bins_are_the_bins_of_all_values(some: list[int], others: list[int]) -> None:
    merged = _bins(some)
    merge_into(merged, _bins(others))
    assert merged == _bins([*some, *others])


@given(st.dictionaries(st.integers(0, 5000), st.integers(1, 10**9)))
def test_what_is_packed_comes_out_again(pairs: dict[int, int]) -> None:
    assert unpack(pack(pairs)) == pairs


def test_one_call_takes_two_or_three_bytes() -> None:
    assert len(pack({bin_of(180): 1}) or b"") <= 3


@pytest.mark.parametrize("value_ms", [-5, 0, 0.4, 1])
def test_everything_up_to_a_millisecond_is_a_millisecond(value_ms: float) -> None:
    assert value_of(bin_of(value_ms)) == 1.0


def test_without_values_there_is_no_percentile() -> None:
    assert quantiles({}, [0.5, 0.99]) == [None, None]


def _bins(values: list[int]) -> dict[int, int]:
    cell = Cell()
    for value in values:
        cell.add(0, value_ms=value)
    return cell.bins
