"""The loop: look, draw what changed, wait for keys. One thread, nothing drawn twice."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo

from greenbot.clock import Clock
from greenbot.dashboard.frame import Frame, draw
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.marks import Marks
from greenbot.dashboard.paint import Painter
from greenbot.dashboard.sight import Sight
from greenbot.dashboard.terminal import Heard, Terminal
from greenbot.dashboard.view import Ack, View, press
from greenbot.errors import GreenbotError
from greenbot.overview import Overview

#: How often the clock on the screen, and ages, are drawn anew while nothing else changes.
STALE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the dashboard asks of the world: a look, and to note that an alert was seen (it returns what to say).

    Both may raise GreenbotError, which is shown.
    """

    look: Callable[[], Overview]
    acknowledge: Callable[[str, str], str]
    clock: Clock
    refresh_seconds: float


def watch(
    desk: Desk, terminal: Terminal, painter: Painter, marks: Marks, *, panel: int = 0, zone: tzinfo | None = None
) -> None:
    """Draw until somebody quits, beginning with a panel.

    The first look happens before the terminal is touched, so that its error is an ordinary one.
    Raises KeyboardInterrupt when a signal ended it, OSError when the terminal is gone.
    """
    live = _Live(desk, painter, Ink(now_ms=0, marks=marks, zone=zone), View(panel=panel))
    with terminal:
        while live.turn(terminal):
            pass
    if live.was_killed:
        raise KeyboardInterrupt


class _Live:
    def __init__(self, desk: Desk, painter: Painter, ink: Ink, view: View) -> None:
        self._desk = desk
        self._painter = painter
        self._ink = ink
        self._sight = Sight(overview=desk.look(), refresh_ms=round(desk.refresh_seconds * 1000))
        self._view = view
        self._page = 1
        self._next_look = desk.clock.monotonic() + desk.refresh_seconds
        self.was_killed = False

    def turn(self, terminal: Terminal) -> bool:
        """Draw, wait, and do what was asked; False to end."""
        frame = self._drawn(terminal.size)
        terminal.write(self._painter.changes(frame.lines))
        heard = terminal.wait(self._patience())
        if heard.must_redraw:
            self._painter.forget()
        if heard.must_end:
            self.was_killed = True
            return False
        if not self._typed(heard):
            return False
        self._look_when_due()
        return True

    def _drawn(self, size: tuple[int, int]) -> Frame:
        ink = replace(self._ink, now_ms=self._desk.clock.now_ms())
        frame = draw(self._sight, self._view, size, ink)
        self._view, self._page = frame.view, frame.page
        return frame

    def _patience(self) -> float:
        return min(STALE_SECONDS, max(0.0, self._next_look - self._desk.clock.monotonic()))

    def _typed(self, heard: Heard) -> bool:
        for key in heard.keys:
            self._view, effect = press(self._view, key, self._sight.overview, page=self._page)
            if effect == "quit":
                return False
            if effect == "redraw":
                self._painter.forget()
            if isinstance(effect, Ack):
                self._acknowledge(effect)
        return True

    def _acknowledge(self, ack: Ack) -> None:
        try:
            said = self._desk.acknowledge(ack.rule, ack.instance)
            self._next_look = 0.0
        except GreenbotError as error:
            said = str(error)
        self._view = replace(self._view, note=said)

    def _look_when_due(self) -> None:
        now = self._desk.clock.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._desk.refresh_seconds
        if self._view.is_paused:
            return
        try:
            self._sight = replace(self._sight, overview=self._desk.look(), trouble="")
        except GreenbotError as error:
            self._sight = replace(self._sight, trouble=str(error))
