"""Figures in few characters, trends in few cells, columns that fit."""

import pytest

from greenbot.dashboard import words
from greenbot.dashboard.columns import Column, fitted
from greenbot.dashboard.line import clean, cut, fit, listed, plain
from greenbot.dashboard.marks import ASCII, UNICODE, marks_for
from greenbot.dashboard.spark import chart, spark


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (words.took(None), None),
        (words.took(0), "0 ms"),
        (words.took(999), "999 ms"),
        (words.took(1200), "1.2 s"),
        (words.took(95_000), "1 m"),
        (words.age(59_999), "59 s"),
        (words.age(3_600_000 * 5), "5 h"),
        (words.age(-5), "0 s"),
        (words.count(9_999), "9999"),
        (words.count(12_345), "12.3k"),
        (words.count(456_789), "456k"),
        (words.count(7_000_000), "7.0M"),
        (words.rate(0), "0"),
        (words.rate(1020), "3.4/s"),
        (words.rate(60), "12/min"),
        (words.rate(2), "24/h"),
        (words.rate(90_000), "300/s"),
        (words.share(0, 0), None),
        (words.share(0, 7), "0 %"),
        (words.share(1, 80), "1.2 %"),
        (words.share(7, 7), "100 %"),
    ],
)
def test_figures(told: str | None, said: str | None) -> None:
    assert told == said


@pytest.mark.parametrize(
    ("values", "width", "bars"),
    [
        ([], 4, "    "),
        ([], 0, ""),
        ([1, 2], 0, ""),
        ([0, 0], 4, "  ▁▁"),
        ([1, 2, 4, 8], 4, "▁▂▄█"),
        ([1, None, 8], 3, "▁ █"),
        ([1, 8, 1, 1, 8, 1], 3, "██▁"[:1] + "▁█"),
    ],
)
def test_a_trend(values: list[float | None], width: int, bars: str) -> None:
    assert spark(values, width, UNICODE) == bars


def test_a_chart_is_the_trend_in_more_rows() -> None:
    assert chart([1, 8, 16], 3, 2, UNICODE) == ["  █", "▁██"]
    assert chart([1, 8], 2, 1, ASCII) == ["_#"]


@pytest.mark.parametrize(
    ("text", "width", "right", "fitting"),
    [
        ("abc", 5, False, "abc  "),
        ("abc", 5, True, "  abc"),
        ("abcdef", 4, False, "abc…"),
        ("東京東京", 5, False, "東京…"),
        ("東京東京", 4, False, "東 …"),
        ("abc", 0, False, ""),
    ],
)
def test_a_text_in_so_many_cells(text: str, width: int, right: bool, fitting: str) -> None:
    assert fit(text, width, right=right) == fitting


def test_a_cut_line_says_so() -> None:
    assert plain(cut((("abc", ""), ("def", "bad")), 5)) == "abcd…"
    assert plain(cut((("abc", ""),), 5)) == "abc"
    assert plain(listed([("one", ""), ("two", ""), ("three", "")], 11, "-")) == "one - two …"


def test_columns_go_by_rank_and_grow_to_their_most() -> None:
    columns = (
        Column(title="a", least=5, most=9),
        Column(title="b", least=5, rank=2),
        Column(title="c", least=5, rank=1),
    )
    assert fitted(columns, 60).widths == (9, 5, 5)
    assert fitted(columns, 19).widths == (5, 5, 5)
    assert fitted(columns, 18).places == (0, 2)
    assert fitted(columns, 3).places == (0,)


def test_texts_of_strangers_are_harmless_and_secrets_masked() -> None:
    assert clean("\x1b[31mred\x9b") == "\\e[31mred\\x9b"
    assert clean("отель", ascii_only=True).isascii()
    assert len(clean("a" * 100_000)) <= 401


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", UNICODE), ("ascii", ASCII), ("latin-1", ASCII), (None, ASCII)]
)
def test_the_alphabet_of_a_stream(encoding: str | None, marks: object) -> None:
    assert marks_for(encoding) is marks
