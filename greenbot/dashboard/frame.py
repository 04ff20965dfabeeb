"""The frame: which part of the overview stands where, on any screen from 60×15 to a wall."""  # noqa: RUF002 - that sign is meant

from dataclasses import dataclass

from greenbot.board import STANDINGS
from greenbot.dashboard import vitals
from greenbot.dashboard.fleet import WORDS
from greenbot.dashboard.help import help_lines
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.layout import Size, arranged, is_wall
from greenbot.dashboard.line import EMPTY, Line, Span, cut, filled, width_of
from greenbot.dashboard.sight import Sight, warnings
from greenbot.dashboard.view import PANELS, View, question
from greenbot.overview import Overview

LEAST_WIDTH, LEAST_HEIGHT = 40, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The lines of a screen, and the view as it is after they were shown; `page` is the height of the list in front."""

    lines: tuple[Line, ...]
    view: View
    page: int


def draw(sight: Sight, view: View, size: Size, ink: Ink) -> Frame:
    """Exactly `size[1]` lines, none wider than `size[0]` cells."""
    width, height = size
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        words = (f"too small: needs {LEAST_WIDTH} x {LEAST_HEIGHT}", "")
        return Frame(lines=_finished(filled([(words,)], height), width, ink), view=view, page=1)
    head = _head(sight, view, size, ink)
    room = (width, height - len(head) - 1)
    if view.shows_help:
        body, page = filled(help_lines(width, room[1], ink), room[1]), 1
    else:
        body, view, page = arranged(sight.overview, view, size, room, ink)
    lines = [*head, *filled(body, room[1]), _foot(view, ink)]
    return Frame(lines=_finished(lines, width, ink), view=view, page=page)


def _finished(lines: list[Line], width: int, ink: Ink) -> tuple[Line, ...]:
    shown = tuple(cut(line, width) for line in lines)
    if not ink.marks.ascii_only:
        return shown
    return tuple(tuple((text.replace("…", "~"), style) for text, style in line) for line in shown)


def _head(sight: Sight, view: View, size: Size, ink: Ink) -> list[Line]:
    overview = sight.overview
    title = _title(overview, size[0], ink)
    figures = vitals.draw(overview, size[0], ink, full=vitals.is_full(size))
    gap = [EMPTY] if size[1] >= vitals.LEAST_HEIGHT + 4 else []
    tabs = [] if is_wall(size) else [_tabs(overview, view, size[0])]
    return [title, *warnings(sight, ink, paused=view.is_paused), *gap, *figures, *gap, *tabs]


def _title(overview: Overview, width: int, ink: Ink) -> Line:
    counts = dict.fromkeys(STANDINGS, 0)
    for instance in overview.instances:
        counts[instance.standing] += 1
    time = f"{ink.clock(overview.at_ms)} "
    total = len(overview.instances)
    line: list[Span] = [(" greenbot ", "brand"), (f"  {total} instance{'' if total == 1 else 's'}", "strong")]
    for standing in STANDINGS:
        if not counts[standing]:
            continue
        piece = f"  {ink.marks.standing[standing]} {counts[standing]} {WORDS[standing]}"
        if width_of((*line, (piece, ""))) + len(time) + 1 > width:
            break
        line.append((piece, standing))
    return (*cut(tuple(line), width - len(time)), (time, "dim"))


def _tabs(overview: Overview, view: View, width: int) -> Line:
    """The panels' titles, each with what is wrong there; where there is no room for numbers, with a mark."""
    line = _tab_line(overview, view, short=False)
    return line if width_of(line) <= width else _tab_line(overview, view, short=True)


def _tab_line(overview: Overview, view: View, *, short: bool) -> Line:
    line: list[Span] = []
    for number, panel in enumerate(PANELS):
        note, style = panel.note(overview)
        is_front = number == view.panel
        line.append(("[" if is_front else " ", "tab" if is_front else ""))
        line.append((f"{number + 1} {panel.title}", "tab" if is_front else "dim"))
        if note:
            line.append(("!" if short else f" {note}", style))
        line.append(("]" if is_front else " ", "tab" if is_front else ""))
        if not short:
            line.append((" ", ""))
    return tuple(line)


def _foot(view: View, ink: Ink) -> Line:
    if view.asked is not None:
        return ((f" {ink.text(question(view.asked))} ", "paused"),)
    if view.note:
        return ((f" {ink.text(view.note)}", "strong"),)
    keys = [
        ("1-5", "panel"),
        (ink.marks.arrows, "select"),
        ("a", "ack"),
        ("space", "pause"),
        ("?", "help"),
        ("q", "quit"),
    ]
    line: list[Span] = []
    for key, does in keys:
        line += [(f" {key}", "key"), (f" {does} ", "dim")]
    return tuple(line)
