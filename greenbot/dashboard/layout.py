"""Which panels share the screen below the figures, and how much of it each gets."""

from dataclasses import dataclass

from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, Span, beside, fit, width_of
from greenbot.dashboard.line import filled as padded
from greenbot.dashboard.place import settled
from greenbot.dashboard.view import ALERT_PANEL, FLEET_PANEL, PANELS, View
from greenbot.overview import Overview

Size = tuple[int, int]

TRAFFIC, MESSAGES, EVENTS = 1, 2, 3
#: Screens from this size on show all panels at once.
WALL: Size = (150, 40)
#: A screen so high shows a second panel below the one in front.
HIGH = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """Where a panel is drawn: its number, how wide and how high."""

    panel: int
    width: int
    height: int


def is_wall(screen: Size) -> bool:
    """Whether all panels fit at once."""
    return screen[0] >= WALL[0] and screen[1] >= WALL[1]


def arranged(overview: Overview, view: View, screen: Size, room: Size, ink: Ink) -> tuple[list[Line], View, int]:
    """The lines of `room`, the view after they were shown, and the height of the list in front."""
    if is_wall(screen):
        return _wall(overview, view, room, ink)
    width, height = room
    boxes = [_Box(panel=view.panel, width=width, height=height)]
    if screen[1] >= HIGH:
        other = ALERT_PANEL if view.panel == FLEET_PANEL else FLEET_PANEL
        below = height * 2 // 5
        boxes = [
            _Box(panel=view.panel, width=width, height=height - below - 1),
            _Box(panel=other, width=width, height=below),
        ]
    lines: list[Line] = []
    for box in boxes:
        if lines:
            lines.append(_ruler(overview, view, box, ink))
        block, view = _drawn(overview, view, box, ink)
        lines += padded(block, box.height)
    return lines, view, PANELS[view.panel].rows(boxes[0].height)


def _wall(overview: Overview, view: View, room: Size, ink: Ink) -> tuple[list[Line], View, int]:
    """The fleet at the left, everything else at the right."""
    width, height = room
    left = (width - 3) * 11 // 20
    right = width - 3 - left
    columns = (
        [_Box(panel=FLEET_PANEL, width=left, height=height - 1)],
        [_Box(panel=number, width=right, height=rows) for number, rows in _heights(overview, height)],
    )
    blocks: list[list[Line]] = []
    page = 1
    for boxes in columns:
        lines: list[Line] = []
        for box in boxes:
            lines.append(_ruler(overview, view, box, ink))
            block, view = _drawn(overview, view, box, ink)
            lines += padded(block, box.height)
            page = PANELS[box.panel].rows(box.height) if box.panel == view.panel else page
        blocks.append(lines)
    return beside(blocks[0], blocks[1], (left, right), (f" {ink.marks.down} ", "dim")), view, page


def _heights(overview: Overview, height: int) -> list[tuple[int, int]]:
    """How many lines each panel at the right gets, without its ruler: alerts as they need, the others by share."""
    spare = height - 4
    alerts = min(max(5, len(overview.alerts) + 5), spare // 3)
    traffic = (spare - alerts) * 2 // 5
    messages = (spare - alerts - traffic) // 2
    events = spare - alerts - traffic - messages
    return [(ALERT_PANEL, alerts), (TRAFFIC, traffic), (MESSAGES, messages), (EVENTS, events)]


def _drawn(overview: Overview, view: View, box: _Box, ink: Ink) -> tuple[list[Line], View]:
    panel = PANELS[box.panel]
    place = settled(view.places[box.panel], panel.keys(overview), panel.rows(box.height))
    return panel.draw(overview, place, (box.width, box.height), ink), view.at(place, box.panel)


def _ruler(overview: Overview, view: View, box: _Box, ink: Ink) -> Line:
    """The line above a panel: its number and title, marked when its cursor listens to the keys."""
    is_front = box.panel == view.panel
    note, style = PANELS[box.panel].note(overview)
    title = f"{box.panel + 1} {PANELS[box.panel].title}"
    line: list[Span] = [
        (ink.marks.across * 2, "dim"),
        (f"[{title}]" if is_front else f" {title} ", "tab" if is_front else "strong"),
        (f" {note} " if note else "", style),
    ]
    rest = box.width - width_of(tuple(line))
    return (*line, (fit(ink.marks.across * max(0, rest), max(0, rest)), "dim"))
