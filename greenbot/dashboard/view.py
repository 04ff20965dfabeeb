"""Where the reader is, and what a key changes: pure, so that every key can be tried without a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from greenbot.dashboard import alarms, fleet, mail, traffic
from greenbot.dashboard.panel import Panel
from greenbot.dashboard.place import Place, moved
from greenbot.metrics.names import FLEET
from greenbot.overview import AlertView, Overview

PANELS: tuple[Panel, ...] = (fleet.PANEL, traffic.PANEL, mail.MESSAGES, mail.EVENTS, alarms.PANEL)
FLEET_PANEL, ALERT_PANEL = 0, 4
#: A list moves by so many rows at once where nobody says how high it is.
PAGE = 10
#: To the end of any list.
FAR = 1_000_000

Act = Literal["quit", "redraw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Say that an alert was seen."""

    rule: str
    instance: str


Effect = Act | Ack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The panel in front, a place in each list, and what stands in the last line.

    `asked` is the alert that is acknowledged when the reader says yes.
    """

    panel: int = FLEET_PANEL
    places: tuple[Place, ...] = (Place(),) * len(PANELS)
    is_paused: bool = False
    shows_help: bool = False
    asked: Ack | None = None
    note: str = ""

    @property
    def place(self) -> Place:
        """Where the cursor of the panel in front stands."""
        return self.places[self.panel]

    def at(self, place: Place, panel: int | None = None) -> "View":
        """The same with another place in a panel, that in front unless said."""
        number = self.panel if panel is None else panel
        return replace(self, places=(*self.places[:number], place, *self.places[number + 1 :]))


def press(view: View, key: str, overview: Overview, *, page: int = PAGE) -> tuple[View, Effect]:
    """What a key does; `page` is how many rows the list in front shows."""
    if view.asked is not None:
        return _answered(view, key)
    view = replace(view, note="")
    if key == "q":
        return view, "quit"
    if view.shows_help:
        return replace(view, shows_help=False), None
    if key == "redraw":
        return view, "redraw"
    if key == "?":
        return replace(view, shows_help=True), None
    if key == "space":
        return replace(view, is_paused=not view.is_paused), None
    if key == "a":
        return _asked(view, overview), None
    if key in _STEPS or key in "12345":
        return _turned(view, key), None
    return _moved(view, key, overview, page), None


_STEPS = {"tab": 1, "right": 1, "backtab": -1, "left": -1}


def _turned(view: View, key: str) -> View:
    number = int(key) - 1 if key.isdecimal() else (view.panel + _STEPS[key]) % len(PANELS)
    return replace(view, panel=number)


def _moved(view: View, key: str, overview: Overview, page: int) -> View:
    by = {"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -page, "pgdn": page, "home": -FAR, "end": FAR}.get(key)
    if key == "escape":
        # Back to the top, where the worst is followed.
        return view.at(Place())
    return view if by is None else view.at(moved(view.place, PANELS[view.panel].keys(overview), by))


def _answered(view: View, key: str) -> tuple[View, Effect]:
    asked, view = view.asked, replace(view, asked=None)
    return (view, asked) if key == "y" else (replace(view, note="Nothing was acknowledged."), None)


def _asked(view: View, overview: Overview) -> View:
    open_ones = [alert for alert in _meant(view, overview) if alarms.can_be_acked(alert)]
    if not open_ones:
        return replace(view, note="There is no alert here that fires and was not seen yet.")
    return replace(view, asked=Ack(rule=open_ones[0].rule, instance=open_ones[0].instance))


def _meant(view: View, overview: Overview) -> Sequence[AlertView]:
    """The alert under the cursor; in the fleet those of the instance under it; else all, the worst first."""
    if view.panel == ALERT_PANEL and view.place.key is not None:
        return [alert for alert in overview.alerts if (alert.rule, alert.instance) == view.place.key]
    if view.panel == FLEET_PANEL and view.place.key is not None:
        return [alert for alert in overview.alerts if alert.instance == view.place.key]
    return overview.alerts


def question(asked: Ack) -> str:
    """What the reader is asked."""
    whom = "the fleet" if asked.instance == FLEET else asked.instance
    return f"Say that you have seen {asked.rule} of {whom}? y / n"
