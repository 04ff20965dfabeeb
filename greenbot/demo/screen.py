"""How the demo looks: a live screen in a terminal, plain lines in a pipe."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from greenbot.clock import Clock
from greenbot.demo.performance import Line, Said, Summary
from greenbot.demo.stage import HOTELS
from greenbot.safe_text import safe_text
from greenbot.simulator.world import GuestMessage

_HOTEL_NAMES = {number: name for name, number, _ in HOTELS}
#: One tick is sent, two are delivered, two and a word are read: never colour alone.
_TICKS = {"sent": "✓", "delivered": "✓✓", "read": "✓✓ read"}
_MARKS = {"running": ("…", "cyan"), "accepted": ("✓", "green"), "uncertain": ("?", "yellow"), "failed": ("✗", "red")}
_KINDS = {
    "documentMessage": "file",
    "imageMessage": "picture",
    "locationMessage": "place",
    "contactMessage": "contact card",
    "pollMessage": "poll",
    "interactiveButtons": "buttons",
    "interactiveButtonsReply": "buttons",
}
NEXT = (
    ("greenbot init --sim", "three hotels of your own on the simulator"),
    ("greenbot sim serve", "the simulator, in a second terminal"),
    ('greenbot send text 380441234567 "Hello"', "your first message"),
    ("greenbot sim inbox", "what the guest received"),
    ("greenbot init", "with a real GREEN-API account"),
    ("greenbot help start", "read on"),
)
_FRAME_SECONDS = 0.1


class Plain:
    """For a pipe: one line per fact, in the order in which it happened."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._known: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def chapter(self, title: str, text: str) -> None:
        self._line(f"\n{title}\n  {text}")

    def begins(self, line: Line) -> None:
        self._line(f"$ {line.command}")

    def ended(self, line: Line) -> None:
        self._line(f"  {line.state}  {safe_text(line.detail)}")

    def look(self, inbox: Callable[[], list[GuestMessage]]) -> None:
        for message in inbox():
            if self._known.get(message.id_message) != message.status:
                self._known[message.id_message] = message.status
                self._line(f"  guest: {message.status:<9}  {_described(message)}")

    def says(self, text: str) -> None:
        self._line(f"  {text}")

    def converses(self, lines: Sequence[Said]) -> None:
        for line in lines:
            self._line(
                f"  {safe_text(line.who, limit=12):<12} {safe_text(line.text, limit=90)}  {line.status}".rstrip()
            )

    def ends(self, summary: Summary) -> None:
        self._line("\nIn numbers")
        for label, value in _numbers(summary):
            self._line(f"  {label:<38}{value}")
        for promise in summary.broken:
            self._line(f"  BROKEN: {promise}")
        self._line("\nWhat next")
        for command, about in NEXT:
            self._line(f"  {command:<46}{about}")

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class Screen:
    """For a person: commands on one side, the guests' phones on the other, redrawn only when something changed."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._title = ("", "")
        self._lines: list[Line] = []
        self._said: list[str] = []
        self._inbox: list[GuestMessage] = []
        self._conversation: tuple[Said, ...] = ()
        self._looked_at = 0.0
        self._drawn: object = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def chapter(self, title: str, text: str) -> None:
        self._title, self._said, self._conversation = (title, text), [], ()
        self._draw()

    def begins(self, line: Line) -> None:
        self._lines.append(line)
        self._draw()

    def ended(self, line: Line) -> None:
        self._draw()

    def look(self, inbox: Callable[[], list[GuestMessage]]) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at >= _FRAME_SECONDS:
            self._looked_at, self._inbox = now, inbox()
            self._draw()

    def says(self, text: str) -> None:
        self._said.append(text)
        self._draw()

    def converses(self, lines: Sequence[Said]) -> None:
        self._conversation = tuple(lines)
        self._draw()

    def ends(self, summary: Summary) -> None:
        self._live.update(Text(""), refresh=True)
        self._live.stop()
        self._console.print(_summary(summary))

    def _draw(self) -> None:
        width, height = self._console.size
        facts = (self._title, tuple(self._said), self._conversation, width, height)
        shown = [(line.command, line.state) for line in self._lines], [(m.id_message, m.status) for m in self._inbox]
        if (facts, shown) != self._drawn:
            self._drawn = (facts, shown)
            self._live.update(self._frame(width, height), refresh=True)

    def _frame(self, width: int, height: int) -> RenderableType:
        title, text = self._title
        said = [Text("  " + each, style="yellow") for each in self._said]
        head = Group(Text(f"greenbot demo · {title}", style="bold"), Text(text, style="dim"), *said, Text(""))
        rows = max(3, height - 8 - len(said))
        if width < 100:
            return Group(head, self._commands(rows // 2), self._other_side(rows - rows // 2 - 2))
        sides = Table.grid(expand=True, padding=(0, 1))
        sides.add_column(ratio=3)
        sides.add_column(ratio=2)
        sides.add_row(self._commands(rows), self._other_side(rows))
        return Group(head, sides)

    def _commands(self, rows: int) -> Panel:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(width=1)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        for line in self._lines[-max(1, rows) :]:
            mark, colour = _MARKS.get(line.state, _MARKS["accepted"])
            table.add_row(Text(mark, style=colour), Text(safe_text(line.command)), Text(line.state, style=colour))
        return Panel(table, title="You type", title_align="left", border_style="dim")

    def _other_side(self, rows: int) -> Panel:
        return self._thread(rows) if self._conversation else self._phones(rows)

    def _thread(self, rows: int) -> Panel:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(no_wrap=True, max_width=12, overflow="ellipsis")
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        for line in self._conversation[-max(1, rows) :]:
            ticks = _TICKS.get(line.status, line.status)
            name = Text(safe_text(line.who, limit=12), style="green" if line.status else "cyan")
            table.add_row(name, Text(safe_text(line.text, limit=200)), Text(ticks, style="dim"))
        return Panel(table, title="One conversation", title_align="left", border_style="dim")

    def _phones(self, rows: int) -> Panel:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        for message in self._inbox[-max(1, rows) :]:
            ticks = _TICKS.get(message.status, message.status)
            table.add_row(Text(_described(message)), Text(ticks, style="cyan" if message.status == "read" else "dim"))
        return Panel(table, title="Guests see", title_align="left", border_style="dim")


def _described(message: GuestMessage) -> str:
    what = _KINDS.get(message.type_message)
    text = safe_text(message.shown, limit=60)
    shown = f"{what}: {text}" if what and text else what or text
    return f"{_HOTEL_NAMES.get(message.instance, message.instance)} · {shown}"


def _numbers(summary: Summary) -> list[tuple[str, int]]:
    return [
        ("commands run", summary.commands),
        ("messages GREEN-API accepted", summary.accepted),
        ("outcome unknown, said so", summary.uncertain),
        ("sends GREEN-API carried out", summary.executed),
        ("sent twice", summary.executed - summary.accepted - summary.uncertain),
        ("messages on the guests' phones", summary.received),
        ("of them read", summary.read),
        ("events received and kept", summary.events),
    ]


def _summary(summary: Summary) -> RenderableType:
    numbers = Table.grid(padding=(0, 2))
    for label, value in _numbers(summary):
        numbers.add_row(Text(label), Text(str(value), style="bold", justify="right"))
    following = Table.grid(padding=(0, 2))
    for command, about in NEXT:
        following.add_row(Text(command, style="cyan"), Text(about, style="dim"))
    broken = [Text(f"BROKEN: {promise}", style="bold red") for promise in summary.broken]
    verdict = Text("Every message type arrived; nothing was lost, nothing was sent twice.", style="green")
    return Group(
        Panel(numbers, title="In numbers", title_align="left", expand=False),
        *(broken or [verdict]),
        Panel(following, title="What next", title_align="left", expand=False),
    )
