"""Every dialect in which Excel and LibreOffice write CSV means the same list."""

import codecs
import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.campaigns.csv_text import read_sheet
from greenbot.errors import UsageError

ROWS = [
    ("phone", "name", "note"),
    ("+380 44 123 4567", "Олена", "1; 2, 3"),
    ("380441234568", "O'Neil", 'says "hi"'),
    ("380441234569", "", "two\nlines"),
    ("380441234570", "Ünal, Ş", "a\tb"),
]


def written(delimiter: str, *, newline: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows(ROWS)  # type: ignore[arg-type]  # typeshed wants a literal
    return out.getvalue()


DIALECTS: dict[str, Callable[[], bytes]] = {
    "Excel, CSV UTF-8, English": lambda: codecs.BOM_UTF8 + written(",").encode(),
    "Excel, CSV UTF-8, German": lambda: codecs.BOM_UTF8 + written(";").encode(),
    "Excel, Unicode text": lambda: codecs.BOM_UTF16_LE + written("\t").encode("utf-16-le"),
    "LibreOffice, UTF-8": lambda: written(",", newline="\n").encode(),
    "LibreOffice, all text quoted": lambda: written(";", newline="\n", quoting=csv.QUOTE_ALL).encode(),
    "LibreOffice, UTF-16 with mark": lambda: codecs.BOM_UTF16_LE + written(",", newline="\n").encode("utf-16-le"),
    "LibreOffice, UTF-16 without mark": lambda: written(",", newline="\n").encode("utf-16-le"),
    "big-endian UTF-16": lambda: codecs.BOM_UTF16_BE + written(";").encode("utf-16-be"),
    "big-endian UTF-16 without mark": lambda: written(";").encode("utf-16-be"),
    "UTF-32": lambda: written(";").encode("utf-32"),
    "tabs": lambda: written("\t").encode(),
    "bars": lambda: written("|").encode(),
    "old Macintosh line ends": lambda: written(",", quoting=csv.QUOTE_ALL).replace("\r\n", "\r").encode(),
    "sep=;": lambda: b"sep=;\r\n" + written(";").encode(),
    'quoted "sep=,"': lambda: b'"sep=,"\r\n' + written(",").encode(),
    "sep= tab": lambda: b"sep=\t\r\n" + written("\t").encode(),
    "empty lines between": lambda: written(";").replace("\r\n3804412345", "\r\n;;\r\n\r\n3804412345").encode(),
    "no line end at the end": lambda: written(",").rstrip("\r\n").encode(),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_dialect_does_not_matter(dialect: str) -> None:
    sheet = read_sheet(DIALECTS[dialect]())
    assert [record.cells for record in sheet.records] == ROWS
    assert sheet.guessed is None


@pytest.mark.parametrize(
    ("language", "page", "name"),
    [
        ("uk", "cp1251", "Олена"),
        ("ru", "cp1251", "Ольга"),
        ("de", "cp1252", "Jürgen"),
        ("en", "cp1252", "José"),
        ("pl", "cp1250", "Łukasz"),
        ("el", "cp1253", "Ελένη"),
        ("tr", "cp1254", "Ayşe"),
        ("he", "cp1255", "אולנה"),
        ("ar", "cp1256", "سارة"),
        ("pt-BR", "cp1252", "João"),
    ],
)
def test_a_file_without_unicode_is_read_in_the_code_page_of_the_hotels_language(
    language: str, page: str, name: str
) -> None:
    sheet = read_sheet(f"phone;name\r\n380441234567;{name}\r\n".encode(page), language=language)
    assert sheet.records[1].cells == ("380441234567", name)
    assert sheet.guessed == page


def test_an_encoding_that_is_said_is_not_guessed() -> None:
    sheet = read_sheet("phone;name\r\n1;Олена".encode("koi8-u"), encoding="koi8-u")
    assert (sheet.records[1].cells[1], sheet.guessed) == ("Олена", None)


def test_lines_are_counted_as_an_editor_counts() -> None:
    sheet = read_sheet(b'sep=,\nphone,note\n\n1,"a\nb\nc"\n2,x\n')
    assert [record.line for record in sheet.records] == [2, 4, 7]


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"phone\n1\n2\n", ","),
        (b"phone;name\n1;a,b,c\n2;d,e,f\n", ";"),
        (b"phone,name\n1,a;b\n2,c\n", ","),
        (b"Guests, all;phone\na, b;1\n", ";"),
        (b"phone\tname\n1\ta;b,c\n", "\t"),
        (b"'phone';'na;me'\n'1';'a'\n", ";"),
    ],
)
def test_the_separator_is_the_one_that_makes_a_table(content: bytes, delimiter: str) -> None:
    assert read_sheet(content).delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf", "The file is empty"),
        (b"\r\n\r\n;;\r\n", "The file is empty"),
        (b"PK\x03\x04rest of a workbook", "a workbook of a spreadsheet program"),
        (b"\xd0\xcf\x11\xe0rest of an old workbook", "a workbook of a spreadsheet program"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"phone\n380\n44\x00\n", "Line 3 of the file has a zero byte"),
        (b'phone;name\n1;a\n2;"open\n3;b\n', "Line 3 of the file cannot be read"),
        (b'phone;name\n1;"a"b\n', "Line 2 of the file cannot be read"),
        (codecs.BOM_UTF16_LE + b"a", "is not utf-16 text"),
        (codecs.BOM_UTF8 + b"phone\n\xff", "Line 2 of the file is not utf-8-sig text"),
    ],
)
def test_what_is_no_csv_file_is_said_in_words(content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_sheet(content)


def test_an_unknown_encoding_is_said() -> None:
    with pytest.raises(UsageError, match="no encoding called 'klingon'"):
        read_sheet(b"phone\n1\n", encoding="klingon")


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_writes_comes_back(
    rows: list[tuple[str, str, str]], delimiter: str, encoding: str, newline: str
) -> None:
    rows = [("phone", "name", "note"), *(row for row in rows if any(cell.strip().strip(";,| ") for cell in row))]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows(rows)
    sheet = read_sheet(out.getvalue().encode(encoding))
    assert [record.cells for record in sheet.records] == rows


@given(st.binary(max_size=400))
def test_no_file_can_do_worse_than_be_refused(content: bytes) -> None:
    try:
        assert read_sheet(content).records
    except UsageError as error:
        assert str(error)
