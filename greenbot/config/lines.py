"""On which line of a TOML text a key stands.

`tomllib` does not say, so this small scanner walks the text again when an error is being made or
`config list --origin` asks. It expects a text that `tomllib` has accepted.
"""

import re
import tomllib
from bisect import bisect_left
from typing import NamedTuple

#: `("api", "timeout_seconds")`; an element of an array appears as its index.
KeyPath = tuple[str | int, ...]

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")' + r"|'''.*?'{3,5}(?!')" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACES = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")


class Span(NamedTuple):
    """First and last line of `key = value`, counted from 1."""

    first: int
    last: int


class KeyLines:
    """Where the keys and the table headers of one TOML text stand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._at = 0
        self._table: KeyPath = ()
        self._elements: dict[KeyPath, int] = {}
        self.pairs: dict[KeyPath, Span] = {}
        self.headers: dict[KeyPath, int] = {}
        self._skip(_BLANK)
        while self._at < len(text):
            self._statement()
            self._skip(_BLANK)

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the key, else of the nearest thing around it, else None."""
        while path:
            if path in self.pairs:
                return self.pairs[path].first
            if path in self.headers:
                return self.headers[path]
            inner = [line for key, line in self.headers.items() if key[: len(path)] == path]
            if inner:  # `[a.b]` also makes the table a
                return min(inner)
            path = path[:-1]
        return None

    def _statement(self) -> None:
        if self._text.startswith("[", self._at):
            self._header(array=self._text.startswith("[[", self._at))
        else:
            self._pair(self._table)

    def _header(self, *, array: bool) -> None:
        line = self._line()
        self._at += 2 if array else 1
        keys = self._keys()
        self._at += 2 if array else 1
        if array:
            outer = (*self._inside(keys[:-1]), keys[-1])
            self._elements[outer] = self._elements.get(outer, -1) + 1
            self.headers.setdefault(outer, line)
        self._table = self._inside(keys)
        self.headers.setdefault(self._table, line)

    def _inside(self, keys: list[str]) -> KeyPath:
        """The path of a table; a name that is an array of tables means its latest element."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _pair(self, table: KeyPath) -> None:
        first = self._line()
        path = (*table, *self._keys())
        self._at += 1  # the =
        self._skip(_SPACES)
        self._value(path)
        span = Span(first, self._line())
        for length in range(len(table) + 1, len(path)):
            self.pairs.setdefault(path[:length], span)
        self.pairs[path] = span

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_SPACES)
            keys.append(self._key())
            self._skip(_SPACES)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _key(self) -> str:
        bare = _BARE.match(self._text, self._at)
        if bare:
            self._at = bare.end()
            return bare.group()
        quoted = self._skip(_STRING)
        return str(tomllib.loads(f"key = {quoted}")["key"])

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at : self._at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if first in ('"', "'") else _SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._more("]"):
            self.pairs[(*path, index)] = Span(self._line(), self._line())
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._more("}"):
            self._pair(path)

    def _more(self, end: str) -> bool:
        """Step over blanks and a comma; whether another item follows before `end`, which is consumed."""
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)
        if self._text.startswith(end, self._at):
            self._at += 1
            return False
        return True

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"line {self._line()} is not TOML")
        self._at = match.end()
        return match.group()

    def _line(self) -> int:
        return bisect_left(self._newlines, self._at) + 1
