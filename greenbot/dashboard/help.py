"""What stands on the screen after `?`."""

from greenbot.board import STANDINGS
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line, fit

KEYS = (
    ("1-5, tab", "another panel"),
    ("up, down, pgup, pgdn", "select; home and end go far"),
    ("escape", "to the top: follow the worst"),
    ("a", "acknowledge an alert; asks first"),
    ("space", "pause: nothing moves; then go on"),
    ("ctrl-l", "draw all anew"),
    ("q", "quit"),
)
STANDING = {
    "down": "cannot send, or a critical alert",
    "trouble": "an alert, an open breaker, or one call in ten fails",
    "waiting": "messages wait, or are in doubt",
    "fine": "works",
    "silent": "nothing happened lately",
}
ABOUT = "Figures are of the last five minutes, trends of the last hour. See: greenbot help dashboard"


def help_lines(width: int, height: int, ink: Ink) -> list[Line]:
    """Keys first: they fit the lowest screen."""
    lines: list[Line] = [((" Keys", "head"),)]
    lines += [((f"  {fit(key, 21)}", "key"), (f"  {does}", "")) for key, does in KEYS]
    if height < len(lines) + len(STANDINGS):
        return lines
    for standing in STANDINGS:
        sign = f"  {ink.marks.standing[standing]} {fit(standing, 19)}"
        lines.append(((sign, standing), (f"  {STANDING[standing]}", "")))
    is_large = width > len(ABOUT) and height > len(lines) + 1
    return [*lines, (), ((f" {ABOUT}", "dim"),)] if is_large else lines
