"""From the bytes of a spreadsheet's export to records with their line numbers: pure.

Excel and LibreOffice write commas, semicolons or tabs by the country of the machine, in UTF-8 with
or without a byte order mark, UTF-16, or the old code page of the language, with line ends of three
kinds; Excel may put `sep=;` first. None of that is the clerk's business.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenbot.errors import UsageError

LARGEST_BYTES = 64_000_000

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
#: What Windows writes as "CSV" where the language is spoken.
_CODE_PAGES = {
    "cp1250": "bs cs hr hu pl ro sk sl sq",
    "cp1251": "be bg kk ky mk ru sr tg uk",
    "cp1253": "el",
    "cp1254": "az tr",
    "cp1255": "he yi",
    "cp1256": "ar fa ur",
    "cp1257": "et lt lv",
    "cp1258": "vi",
}
_DELIMITERS = ";,\t|"
_SAVE_AS = 'Save it as "CSV UTF-8" and try again.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of a sheet. `line` is where it begins in the file, as an editor counts."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file holds. `guessed` is the code page that was assumed because the file does not say, if any."""

    records: tuple[Record, ...]
    delimiter: str
    guessed: str | None = None


def read_sheet(content: bytes, *, language: str = "en", encoding: str | None = None) -> Sheet:
    """Read a CSV file of any dialect; empty lines are left out.

    `language` decides which code page a file without Unicode is in; `encoding` says it outright.
    Raises `UsageError` when this is no CSV file, in words that say what it is.
    """
    _check_content(content)
    text, guessed = _decoded(content, language, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter, body, skipped = _declared(text)
    quote = "'" if body.startswith("'") and '"' not in body.partition("\n")[0] else '"'
    delimiter = delimiter or _sniffed(body, quote)
    records = tuple(_records(body, delimiter, quote, skipped))
    if not records:
        raise UsageError("The file is empty.", hint="It needs one line of headings and one line per guest.")
    return Sheet(records=records, delimiter=delimiter, guessed=guessed)


def _check_content(content: bytes) -> None:
    if not content.strip():
        raise UsageError("The file is empty.", hint="It needs one line of headings and one line per guest.")
    if content.startswith(_SHEETS):
        raise UsageError("This is a workbook of a spreadsheet program, not a CSV file.", hint=_SAVE_AS)
    if content.startswith(b"%PDF"):
        raise UsageError("This is a PDF, not a CSV file.", hint="Export the list from where the PDF was made.")
    if len(content) > LARGEST_BYTES:
        raise UsageError(
            f"The file has {len(content) // 1_000_000} MB; at most {LARGEST_BYTES // 1_000_000} MB are read.",
            hint="Split it into several campaigns.",
        )


def _decoded(content: bytes, language: str, encoding: str | None) -> tuple[str, str | None]:
    chosen = encoding or _marked(content) or _wide(content)
    if chosen is not None:
        return _strictly(content, chosen), None
    try:
        return _without_zeros(content.decode()), None
    except UnicodeDecodeError:
        page = _code_page(language)
        return _without_zeros(content.decode(page, errors="replace")), page


def _marked(content: bytes) -> str | None:
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def _wide(content: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of digits and separators is zero."""
    head = content[:400]
    if len(content) % 2:
        return None
    high, low = head[::2].count(0), head[1::2].count(0)
    if low > len(head) // 8 and low > 4 * high:
        return "utf-16-le"
    return "utf-16-be" if high > len(head) // 8 and high > 4 * low else None


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return _without_zeros(content.decode(encoding)).removeprefix("\ufeff")
    except LookupError:
        raise UsageError(f"There is no encoding called {encoding!r}.", hint="Try utf-8, utf-16 or cp1251.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"Line {line} of the file is not {encoding} text.", hint=_SAVE_AS) from None


def _without_zeros(text: str) -> str:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UsageError(f"Line {line} of the file has a zero byte: this is no CSV file.", hint=_SAVE_AS)
    return text


def _code_page(language: str) -> str:
    short = language.partition("-")[0]
    return next((page for page, languages in _CODE_PAGES.items() if short in languages.split()), "cp1252")


def _declared(text: str) -> tuple[str | None, str, int]:
    """The delimiter that Excel's first line `sep=;` names, what follows that line, and how many lines that skips."""
    first, newline, rest = text.partition("\n")
    bare = first.strip().strip('"')
    if bare[:4].lower() == "sep=" and len(bare) == 5:
        return bare[4], rest, 1
    # A tab at the end of the line would have been stripped.
    if first.strip('" ').lower() == "sep=\t" and newline:
        return "\t", rest, 1
    return None, text, 0


def _sniffed(text: str, quote: str) -> str:
    """The separator that splits the first records into the same number of cells; the most cells win."""

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(record.cells) for record in _head(text, delimiter, quote)]
        headings = widths[0] if widths else 1
        return (sum(1 for width in widths if width == headings), headings) if headings > 1 else (0, 1)

    return max(_DELIMITERS, key=score) if any(score(one)[0] for one in _DELIMITERS) else ","


def _head(text: str, delimiter: str, quote: str, count: int = 20) -> Sequence[Record]:
    found: list[Record] = []
    try:
        for record in _records(text, delimiter, quote, 0):
            found.append(record)
            if len(found) == count:
                break
    except UsageError:
        return found
    return found


def _records(text: str, delimiter: str, quote: str, skipped: int) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UsageError(
                f"Line {begins + skipped} of the file cannot be read: {error}.", hint="Is a quote left open there?"
            ) from error
        if cells is None:
            return
        # Spreadsheets write the separators of empty lines too.
        if any(cell.strip().strip(_DELIMITERS + " ") for cell in cells):
            yield Record(line=begins + skipped, cells=tuple(cells))
        begins = reader.line_num + 1
