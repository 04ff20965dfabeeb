"""The one place that writes to the terminal: data to stdout, talk to stderr, everything harmless.

A person gets a table and colour, a pipe gets stable tab-separated columns, `--json` gets JSON.
Values come from guests and servers, so each passes `safe_text`, and `redact` stands before both streams.
"""

import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from greenbot.errors import GreenbotError
from greenbot.redact import redact
from greenbot.safe_text import csv_cell, safe_text

if TYPE_CHECKING:
    from greenbot.api.preview import Preview
    from greenbot.cli.run import Flags

SCHEMA_VERSION = 1
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}

Row = Mapping[str, object]


class Output:
    """Two streams and how to write to them."""

    def __init__(self, flags: "Flags", *, stdout: TextIO, stderr: TextIO, no_color: bool) -> None:
        self.flags = flags
        self.stdout = stdout
        self.stderr = stderr
        self.no_color = no_color or flags.no_color

    @classmethod
    def of_process(cls, flags: "Flags", environ: Mapping[str, str]) -> "Output":
        """The streams of this process, made unable to fail on a character they cannot show."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        no_color = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        return cls(flags, stdout=sys.stdout, stderr=sys.stderr, no_color=no_color)

    @property
    def for_person(self) -> bool:
        """stdout is a terminal."""
        return self.stdout.isatty()

    def style(self, text: str, colour: str, *, stream: TextIO | None = None) -> str:
        """The text in a colour, where the stream shows colours. Colour never carries meaning alone."""
        if self.no_color or not (stream or self.stdout).isatty():
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"

    def sign(self, sign: str, plain: str) -> str:
        """A sign such as `✓`, or plain letters where the stream cannot show it."""
        try:
            sign.encode(self.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return plain
        return sign

    def give_up_stdout(self) -> None:
        """Nothing more can be written there, and what was held back must not fail once more at the end."""
        from greenbot.cli.streams import discard

        discard(self.stdout)
        self.stdout = sys.stdout = io.StringIO()

    def line(self, text: str) -> None:
        """One line of data."""
        self.stdout.write(redact(text) + "\n")

    def block(self, text: str) -> None:
        """Several lines of data, such as a request."""
        self.line(safe_text(text, keep_lines=True))

    def request(self, preview: "Preview") -> None:
        """A request that would be made: JSON for programs."""
        if self.flags.json:
            self.record(preview.facts())
        else:
            self.block(str(preview))

    def record(self, record: Row, *, essential: str | None = None) -> None:
        """One thing: JSON, only its `essential` field under -q, or aligned `name  value` lines."""
        if self.flags.json:
            self.line(to_json({"v": SCHEMA_VERSION, **record}))
        elif self.flags.quiet and essential is not None:
            self.line(show(record[essential]))
        else:
            width = max(map(len, record), default=0)
            separator = "  " if self.for_person else "\t"
            for name, value in record.items():
                label = _heading(name).ljust(width) if self.for_person else name
                self.line(self.style(label, "dim") + separator + show(value))

    def rows(
        self,
        rows: Iterable[Row],
        columns: Sequence[str],
        *,
        more: Sequence[str] = (),
        empty: str = "Nothing to show.",
    ) -> None:
        """A list of things, as the reader of this stream wants it.

        `more` are columns that only -v or `--columns` shows. -q prints the first column alone.
        """
        chosen = self._chosen(columns, more)
        if self.flags.sort:
            rows = self._sorted(rows, (*columns, *more))
        if self.flags.json:
            for row in rows:
                self.line(to_json({"v": SCHEMA_VERSION, **row}))
            return
        table = [[show(row.get(column)) for column in chosen] for row in rows]
        if self.flags.csv:
            self._csv(chosen, table)
        elif self.for_person and not self.flags.quiet:
            self._table(chosen, table) if table else self.say(empty)
        else:
            for cells in table:
                self.line("\t".join(cells))

    def check_rows(self, columns: Sequence[str], more: Sequence[str] = ()) -> None:
        """For what changes something first: raises `UsageError` where `rows` with these columns would."""
        self._chosen(columns, more)
        if self.flags.sort:
            _column(self.flags.sort.removeprefix("-"), (*columns, *more))

    def _chosen(self, columns: Sequence[str], more: Sequence[str]) -> Sequence[str]:
        if self.flags.columns is not None:
            names = [name.strip() for name in self.flags.columns.split(",") if name.strip()]
            return [_column(name, (*columns, *more)) for name in names] or [_column("", (*columns, *more))]
        if self.flags.quiet:
            return columns[:1]
        return (*columns, *more) if self.flags.verbose else columns

    def _sorted(self, rows: Iterable[Row], columns: Sequence[str]) -> list[Row]:
        given = self.flags.sort or ""
        name = _column(given.removeprefix("-"), columns)
        return sorted(rows, key=lambda row: _rank(row.get(name)), reverse=given.startswith("-"))

    def _csv(self, columns: Sequence[str], table: list[list[str]]) -> None:
        import csv

        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([csv_cell(redact(cell)) for cell in cells] for cells in table)

    def _table(self, columns: Sequence[str], table: list[list[str]]) -> None:
        from greenbot.cli.table import write_table

        headings = [_heading(column) for column in columns]
        cells = [[redact(cell) for cell in row] for row in table]
        write_table(self.stdout, headings, cells, full=self.flags.full, no_color=self.no_color)

    def say(self, text: str) -> None:
        """Talk to the person: progress, advice. Never data, and silent under -q."""
        if not self.flags.quiet:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Something a person should know even under -q."""
        self._talk(self.style("warning: ", "yellow", stream=self.stderr) + text)

    def ask(self, question: str) -> str:
        """Ask on stderr, answer from stdin; end of input counts as an empty answer."""
        self.stderr.write(question)
        self.stderr.flush()
        return sys.stdin.readline()

    def error(self, error: GreenbotError) -> None:
        """What went wrong, why, and what to type next."""
        if self.flags.json:
            self._talk(to_json({"error": _error_fields(error)}))
            return
        self._talk(self.style("error: ", "red", stream=self.stderr) + safe_text(str(error), keep_lines=True))
        if hint := _hint(error):
            self._talk(self.style("hint:  ", "cyan", stream=self.stderr) + safe_text(hint, keep_lines=True))

    def _talk(self, text: str) -> None:
        try:
            self.stderr.write(redact(text) + "\n")
            self.stderr.flush()
        except (OSError, ValueError):
            # stderr is closed or full. That must not change what the exit code says about the work.
            from greenbot.cli.streams import discard

            discard(self.stderr)


def _error_fields(error: GreenbotError) -> dict[str, object]:
    fields = {
        "code": error.code(),
        "message": str(error),
        "instance": error.instance,
        "message_id": error.message_id,
        "retry_after_s": error.retry_after_seconds,
        "hint": _hint(error),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _hint(error: GreenbotError) -> str | None:
    """What to type next, ready to be typed: with the name of the instance where it is known."""
    if error.hint is None or error.instance is None:
        return error.hint
    name = error.instance
    return re.sub(r"\bNAME\b", lambda _: name, error.hint)


def _heading(name: str) -> str:
    """A field's name for people; the unit is in the value they see."""
    return name.removesuffix("_s").replace("_", " ")


def _column(name: str, columns: Sequence[str]) -> str:
    """The column meant: `age` stands for `age_s` too. Raises `UsageError` naming what there is."""
    for candidate in (name, f"{name}_s"):
        if candidate in columns:
            return candidate
    from greenbot.errors import UsageError

    raise UsageError(f"There is no column '{name}'.", hint=f"Columns: {', '.join(columns)}")


def _rank(value: object) -> tuple[int, float, str]:
    """Numbers by size, texts by spelling, nothing at the end."""
    if value is None:
        return (2, 0.0, "")
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, show(value).casefold())


def to_json(value: object) -> str:
    """Compact JSON, steering characters escaped so that it is safe on a terminal too."""
    import json

    encoded = json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)
    # json.dumps leaves DEL, C1, bidi and separators as they are; their JSON escapes mean the same.
    return "".join(c if c.isprintable() else _json_escape(c) for c in encoded) if not encoded.isprintable() else encoded


def _json_escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def show(value: object) -> str:
    """A value as text for a person or a column."""
    if value is None:
        return "-"
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(show(item) for item in value)
    if isinstance(value, Mapping):
        return safe_text(to_json(value))
    return safe_text(str(value))
