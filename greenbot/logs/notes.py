"""`note`: how any part of greenbot puts a line into the log of its process. Without an open log it does nothing.

One process has one log, as it has one stderr, so this is the one thing that is not handed in as an argument.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from greenbot.logs.book import Book, Detail
    from greenbot.logs.line import Field, Level


class OpenLog(Protocol):
    """Opens the log of this process; None where nothing is to be written."""

    def __call__(self, *, collects: bool) -> "Book | None": ...


_book: "Book | None" = None
_open: OpenLog | None = None
_collects = False
#: What the work at hand is about; it is written into every line that is noted meanwhile.
_about: "ContextVar[dict[str, Field] | None]" = ContextVar("about", default=None)


def begin(open_: OpenLog) -> None:
    """The log of this process from now on; `open_` is called at the first line, and None means no log."""
    global _open  # noqa: PLW0603 - one process has one log
    end()
    _open = open_


def collect() -> None:
    """This process works on without pause: a thread of its own writes what it notes. Before the first line."""
    global _collects  # noqa: PLW0603 - one process has one log
    _collects = True


def end() -> None:
    """Write what waits, and close it."""
    global _book, _open, _collects
    book, _book, _open, _collects = _book, None, None, False
    if book is not None:
        book.close()


def note(level: "Level", event: str, **fields: "Field") -> None:
    """One line. Never raises; fields are those of `line.FIELDS` (`from_` writes `from`)."""
    book = _book or _opened()
    if book is None:
        return
    if "from_" in fields:
        fields["from"] = fields.pop("from_")
    about = _about.get()
    book.note(level, event, {**about, **fields} if about else fields)


def wants(level: "Level", instance: str) -> bool:
    """Whether a line of that level about that instance is written at all."""
    book = _book or _opened()
    return book is not None and book.rules.wants(level, instance)


def detail_of(instance: str) -> "Detail | None":
    """What is written of an instance beyond the ordinary; None when nothing is written at all."""
    book = _book or _opened()
    return None if book is None else book.rules.of(instance)


@contextmanager
def about(**fields: "Field") -> "Iterator[None]":
    """What is noted inside, also by what is called from here, is about this message, this attempt."""
    token = _about.set({**(_about.get() or {}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def _opened() -> "Book | None":
    global _book, _open  # noqa: PLW0603 - one process has one log
    open_, _open = _open, None
    if open_ is not None:
        try:
            _book = open_(collects=_collects)
        except Exception:  # noqa: BLE001 - a log that cannot be opened must not stop what it would tell of
            _book = None
    return _book
