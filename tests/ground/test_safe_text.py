"""Strangers' text reaches a terminal or a spreadsheet as something to read, never as something to obey."""

import csv
import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.safe_text import csv_cell, safe_text

# Written here independently of the module: what no terminal may receive (guarantees E1).
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

ANY_TEXT = st.text(alphabet=st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=60)

HOSTILE = [
    ("\x1b[2J", "\\e[2J"),  # clear the screen
    ("\x1b]0;owned\x07", "\\e]0;owned\\x07"),  # set the title
    (
        "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
        "\\e]8;;https://evil.example\\e\\click\\e]8;;\\e\\",
    ),  # OSC 8 link
    ("\x1b]52;c;cm0gLXJm\x07", "\\e]52;c;cm0gLXJm\\x07"),  # OSC 52 clipboard
    ("\x9b2J", "\\x9b2J"),  # the same as one C1 byte
    ("\x90q\x9c", "\\x90q\\x9c"),  # device control string
    ("\u202egnp.exe", "\\u202egnp.exe"),  # right-to-left override
    ("\u2067x\u2069", "\\u2067x\\u2069"),
    ("a\u200eb\u200fc\u061cd", "a\\u200eb\\u200fc\\u061cd"),
    ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
    ("a\x00b", "a\\x00b"),
    ("a\x08\x08\x08b", "a\\x08\\x08\\x08b"),
    ("50%\rdone", "50%\\rdone"),
    ("\n2026-11-22 ERROR forged", "\\n2026-11-22 ERROR forged"),
    ("tab\there", "tab\\there"),
    ("\x7f", "\\x7f"),
    ("\x85next", "\\x85next"),
    ("\ufeffbom", "\\ufeffbom"),
    ("zero\u200bwidth\u2060", "zero\\u200bwidth\\u2060"),
    ("\ud800lone", "\\ud800lone"),
    ("\U000e0041tag", "\\U000e0041tag"),
    ("\ufff9a\ufffa\ufffb", "\\ufff9a\\ufffa\\ufffb"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE, ids=[shown for _, shown in HOSTILE])
def test_what_steers_is_shown_instead(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Anna Kovalenko",
        "Дякуємо, до зустрічі!",
        "こんにちは",
        "مرحبا",
        "שלום",
        "👨\u200d👩\u200d👧 family, joined by ZWJ",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 (Persian, joined by ZWNJ)",
        "❤\ufe0f",
        "[bold]not markup[/x] [link=https://x]",
        "C:\\new\\table",
        "50 % & <b>",
        "soft\u00adhyphen, no\u00a0break",
        "Z͑ͫa̴lgo",
    ],
)
def test_what_only_shows_is_left_alone(text: str) -> None:
    assert safe_text(text) == text


def test_lines_and_tabs_stay_where_they_are_allowed() -> None:
    assert safe_text("a\n\tb\r\n\x1b", keep_lines=True) == "a\n\tb\\r\n\\e"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("hello", 10, "hello"),
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("hello", 1, "…"),
        ("", 0, ""),
        ("\x1b\x1b\x1b", 5, "\\e\\e…"),
        ("ab\x1bcd", 6, "ab\\ecd"),
        ("x" * 1_000_000, 3, "xx…"),
    ],
)
def test_long_text_is_cut_at_the_limit(text: str, limit: int, shown: str) -> None:
    assert safe_text(text, limit=limit) == shown


@given(ANY_TEXT, st.booleans(), st.none() | st.integers(1, 30))
def test_no_text_keeps_a_steering_character(text: str, keep_lines: bool, limit: int | None) -> None:
    shown = safe_text(text, keep_lines=keep_lines, limit=limit)
    left = shown.replace("\n", "").replace("\t", "") if keep_lines else shown
    assert not FORBIDDEN.search(left)
    assert not [
        c
        for c in left
        if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in BIDI_CONTROLS
    ]
    assert limit is None or len(shown) <= limit
    assert json.loads(json.dumps(shown)) == shown
    assert json.loads(json.dumps(shown, ensure_ascii=False).encode()) == shown
    assert safe_text(shown, keep_lines=keep_lines, limit=limit) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), max_size=40))
def test_letters_digits_and_signs_are_never_touched(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+380441234567", "'+380441234567"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\\r=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff201", "'\uff201"),
        ("\u200b=1", "\\u200b=1"),
        ("\x1b[2J", "\\e[2J"),
        ("Anna", "Anna"),
        ("12", "12"),
        ("", ""),
        ("a=1", "a=1"),
    ],
)
def test_no_spreadsheet_cell_becomes_a_formula(text: str, cell: str) -> None:
    assert csv_cell(text) == cell
    assert csv_cell(cell) == cell


@given(ANY_TEXT)
def test_a_cell_comes_back_from_csv_as_it_was_written(text: str) -> None:
    cell = csv_cell(text)
    sheet = io.StringIO()
    csv.writer(sheet).writerow([cell, "next"])
    assert next(csv.reader(io.StringIO(sheet.getvalue(), newline=""))) == [cell, "next"]
    assert cell[:1] not in tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
