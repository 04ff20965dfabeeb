"""Lines become what a terminal understands. Each distinct line is rendered once, and only changed rows are sent.

Rich knows the colours of terminals and pictures; its live display is not used: it lays out everything at each frame.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from greenbot.dashboard.line import Line, plain
from greenbot.safe_text import safe_text

#: The dashboard's own colours are those of the terminal's theme, so that it is readable on light and on dark.
STYLES = {
    name: Style.parse(definition)
    for name, definition in {
        "brand": "bold reverse green",
        "strong": "bold",
        "dim": "dim",
        "head": "bold dim",
        "tab": "bold green",
        "key": "bold cyan",
        "cursor": "bold green",
        "chosen": "bold reverse",
        "paused": "bold reverse cyan",
        "alarm": "bold reverse red",
        "bad": "bold red",
        "odd": "yellow",
        "calm": "cyan",
        "bar": "green",
        "down": "bold red",
        "trouble": "yellow",
        "waiting": "cyan",
        "fine": "green",
        "silent": "dim",
    }.items()
}
NO_STYLE = Style()
#: More lines than any screen has, twice.
MOST_KEPT = 2_000


def color_system(*, is_terminal: bool, no_color: bool) -> ColorSystem | None:
    """What colours the terminal of this process has; None for none."""
    if no_color or not is_terminal:
        return None
    name = Console(force_terminal=True).color_system
    return {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}.get(
        name or ""
    )


def segments(line: Line) -> Iterable[Segment]:
    """A line for Rich."""
    return (Segment(safe_text(text), STYLES.get(style, NO_STYLE)) for text, style in line)


@dataclass(slots=True)
class Painter:
    """Remembers what is on the screen, and what each line looks like."""

    colors: ColorSystem | None
    _shown: tuple[str, ...] = ()
    _known: dict[Line, str] = field(default_factory=dict)

    def changes(self, lines: Sequence[Line]) -> str:
        """What to write so that the screen shows these lines; empty when it does already."""
        painted = tuple(map(self.painted, lines))
        if len(painted) == len(self._shown):
            changed = [row for row, text in enumerate(painted) if text != self._shown[row]]
            start = ""
        else:
            changed, start = list(range(len(painted))), "\x1b[2J"
        self._shown = painted
        if not changed:
            return ""
        rows = "".join(f"\x1b[{row + 1};1H\x1b[2K{painted[row]}" for row in changed)
        # A terminal that understands it shows the whole frame at once.
        return f"\x1b[?2026h{start}{rows}\x1b[?2026l"

    def forget(self) -> None:
        """The screen was changed by somebody else: the next frame is sent whole."""
        self._shown = ()

    def painted(self, line: Line) -> str:
        """One line with its colours, without spaces at its end."""
        known = self._known.get(line)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[line] = "".join(self._span(segment) for segment in segments(_trimmed(line)))
        return known

    def _span(self, segment: Segment) -> str:
        return segment.style.render(segment.text, color_system=self.colors) if segment.style else segment.text


def _trimmed(line: Line) -> Line:
    spans = list(line)
    while spans and not spans[-1][0].strip():
        spans.pop()
    if spans and spans[-1][1] not in ("brand", "paused", "alarm"):
        spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    return tuple(spans)


def printed(lines: Sequence[Line], colors: ColorSystem | None) -> str:
    """One frame as text that stays: with colours for a terminal, without anything for a pipe."""
    painter = Painter(colors)
    texts = [painter.painted(line) if colors else safe_text(plain(line)) for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    return "\n".join(texts)


def picture(lines: Sequence[Line], width: int, title: str) -> str:
    """One frame as SVG, for a page; it names no font that would be fetched from elsewhere."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Segments([*segments(line), Segment.line()]), soft_wrap=True, end="")
    return _without_fonts(console.export_svg(title=title))


def _without_fonts(svg: str) -> str:
    """Rich links web fonts in `@font-face` rules; the reader's own monospaced font does as well."""
    begin, end = svg.find("@font-face"), svg.rfind("@font-face")
    if begin < 0:
        return svg
    after = svg.index("}", end) + 1
    return (svg[:begin] + svg[after:]).replace("Fira Code, monospace", "monospace")
