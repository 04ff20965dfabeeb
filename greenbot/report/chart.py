"""Two bars a day, sent and received, as SVG: drawn here, so that the page needs no script. Pure."""

from collections.abc import Sequence

from greenbot.report.report import Line

WIDTH, HEIGHT = 960, 170
_TOP, _BOTTOM = 16, 20
#: More days than this have no room for a date each.
MOST_DATES = 16


def chart(days: Sequence[Line]) -> str:
    """The bars of each day, and what they mean."""
    most = max((max(day.figures.accepted, day.figures.received) for day in days), default=0)
    room = WIDTH / max(1, len(days))
    bars = "".join(_bars(number, day, room, most) for number, day in enumerate(days))
    every = -(-len(days) // MOST_DATES)
    dates = "".join(_date(number, day, room) for number, day in enumerate(days) if number % every == 0)
    floor = HEIGHT - _BOTTOM
    return (
        '<p class="soft"><span class="key sent"></span>sent <span class="key received"></span>received; '
        f"the highest bar is {most:,}</p>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Messages sent and received on each day">'
        f'<line class="base" x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>{bars}{dates}</svg>'
    )


def _bars(number: int, day: Line, room: float, most: int) -> str:
    wide = room * 0.36
    left = number * room + room * 0.14
    figures = day.figures
    title = f"<title>{day.day}: {figures.accepted:,} sent, {figures.received:,} received</title>"
    sent = _bar("sent", left, wide, figures.accepted, most)
    received = _bar("received", left + wide, wide, figures.received, most)
    return f"<g>{title}{sent}{received}</g>"


def _bar(kind: str, left: float, wide: float, count: int, most: int) -> str:
    if not count:
        return ""
    high = max(1.0, (HEIGHT - _TOP - _BOTTOM) * count / most)
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{HEIGHT - _BOTTOM - high:.1f}" width="{max(1.0, wide - 1):.1f}" '
        f'height="{high:.1f}"/>'
    )


def _date(number: int, day: Line, room: float) -> str:
    # The first one begins at its bar: centred, half of it would lie outside.
    at, anchor = (0.0, "start") if number == 0 else (number * room + room / 2, "middle")
    return f'<text x="{at:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{day.day:%d.%m.}</text>' if day.day else ""
