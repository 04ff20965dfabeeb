"""Lines of the screen as data: pieces of text with a style's name, of exactly known width."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from unicodedata import category

from rich.cells import cell_len, set_cell_size

from greenbot.redact import redact
from greenbot.safe_text import safe_text

#: A piece of a line: what it says, and the name of its style (see `greenbot.dashboard.paint`).
Span = tuple[str, str]
Line = tuple[Span, ...]

EMPTY: Line = ()
#: A text is cut here before anything else is done to it: no column is wider.
MOST_LETTERS = 400
#: Marks above and below a letter; with more of them one text paints over its neighbours.
MOST_MARKS = 2
_PLAIN = re.compile(r"[ -~]*")


@lru_cache(maxsize=8192)
def clean(text: str, *, ascii_only: bool = False) -> str:
    """A stranger's text made harmless: nothing that steers a terminal, no secret, no towers of accents."""
    shown = safe_text(redact(text[:MOST_LETTERS]))
    if _PLAIN.fullmatch(shown):
        return shown
    shown = "".join(_few_marks(shown))
    return shown.encode("ascii", "backslashreplace").decode("ascii") if ascii_only else shown


def _few_marks(text: str) -> Iterable[str]:
    marks = 0
    for letter in text:
        # Joiners and variation selectors glue pictures together; terminals disagree about the width of the result.
        if letter == "\u200d" or "\ufe00" <= letter <= "\ufe0f":
            continue
        marks = marks + 1 if category(letter) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS:
            yield letter


@lru_cache(maxsize=16384)
def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells: cut with `…`, or padded."""
    have = len(text) if text.isascii() else cell_len(text)
    if have > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    pad = " " * (width - have)
    return pad + text if right else text + pad


def width_of(line: Line) -> int:
    """The cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(line: Line, width: int) -> Line:
    """The line in exactly `width` cells; where something had to go, it ends with `…`."""
    have = width_of(line)
    if have <= width:
        return (*line, (" " * (width - have), "")) if have < width else line
    kept: list[Span] = []
    for text, style in line:
        piece = fit(text, min(width, cell_len(text)))
        kept.append((piece, style))
        width -= cell_len(piece)
        if width <= 0:
            break
    text, style = kept[-1]
    if not text.endswith("…"):
        kept[-1] = (fit(text + "…", cell_len(text)), style)
    return tuple(kept)


def listed(parts: Sequence[Span], width: int, dot: str) -> Line:
    """Parts with dots between them, as many as fit; the others are left out whole."""
    line: list[Span] = []
    for part in parts:
        joint = [(f" {dot} ", "dim")] if line else []
        if width_of((*line, *joint, part)) > width and line:
            return (*line, (" …", "dim"))
        line += [*joint, part]
    return tuple(line)


def beside(left: Sequence[Line], right: Sequence[Line], widths: tuple[int, int], between: Span) -> list[Line]:
    """Two blocks next to each other, as high as the higher one."""
    height = max(len(left), len(right))
    return [
        (*cut(_at(left, row), widths[0]), between, *cut(_at(right, row), widths[1]))
        for row in range(height)
    ]  # fmt: skip


def _at(block: Sequence[Line], row: int) -> Line:
    return block[row] if row < len(block) else EMPTY


def filled(block: Iterable[Line], height: int) -> list[Line]:
    """Exactly so many lines: the first ones, then empty ones."""
    lines = list(islice(block, height))
    return lines + [EMPTY] * (height - len(lines))


def plain(line: Line) -> str:
    """What a line says, without styles."""
    return "".join(text for text, _ in line).rstrip()
