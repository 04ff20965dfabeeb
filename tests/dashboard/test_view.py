"""What each key does to the view."""

import pytest

from greenbot.dashboard.place import Place, moved, settled, window
from greenbot.dashboard.view import Ack, Effect, View, press
from tests.dashboard import sample

FLEET = sample.overview()
NAMES = [view.name for view in FLEET.instances]


def after(*keys: str, view: View | None = None) -> tuple[View, list[Effect]]:
    view, effects = view or View(), []
    for key in keys:
        view, effect = press(view, key, FLEET, page=8)
        effects.append(effect)
    return view, [effect for effect in effects if effect]


@pytest.mark.parametrize(
    ("keys", "panel"),
    [((), 0), (("3",), 2), (("tab",), 1), (("tab",) * 5, 0), (("backtab",), 4), (("5", "right"), 0), (("left",), 4)],
)
def test_panels(keys: tuple[str, ...], panel: int) -> None:
    assert after(*keys)[0].panel == panel


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        (("down",), 0),
        (("down", "down"), 1),
        (("down", "down", "up", "up", "up"), 0),
        (("up",), -1),
        (("down", "pgdn"), 8),
        (("end",), 0),
        (("down", "end"), -1),
        (("down", "end", "home"), 0),
        (("j", "j", "k"), 0),
    ],
)
def test_the_cursor(keys: tuple[str, ...], row: int) -> None:
    assert after(*keys)[0].place.key == NAMES[row]


def test_escape_follows_the_worst_again() -> None:
    assert after("down", "down", "escape")[0].place == Place()


def test_each_panel_keeps_its_own_place() -> None:
    view, _ = after("down", "down", "5", "down", "1")
    assert view.place.key == NAMES[1]
    assert view.places[4].key == ("instance_down", "grand-kyiv")


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("5", "a"), Ack(rule="instance_down", instance="grand-kyiv")),
        (("5", "down", "down", "a"), Ack(rule="high_error_rate", instance="grand-kyiv")),
        (("down", "a"), Ack(rule="instance_down", instance="grand-kyiv")),
        (("a",), Ack(rule="instance_down", instance="grand-kyiv")),
        # Seen already; not firing; an instance without an alert.
        (("5", "down", "down", "down", "a"), None),
        (("5", "down", "end", "a"), None),
        (("down", "end", "a"), None),
    ],
)
def test_what_a_would_acknowledge(keys: tuple[str, ...], asked: Ack | None) -> None:
    view, effects = after(*keys)
    assert view.asked == asked
    assert effects == [], "it asks first"
    assert bool(view.note) is (asked is None)


@pytest.mark.parametrize("answer", ["n", "q", "escape", "a", "enter", "space"])
def test_only_yes_acknowledges(answer: str) -> None:
    view, effects = after("a", answer)
    assert effects == []
    assert view.asked is None
    assert after("a", "y")[1] == [Ack(rule="instance_down", instance="grand-kyiv")]


def test_help_pause_redraw_and_quit() -> None:
    assert after("?")[0].shows_help
    assert not after("?", "down")[0].shows_help
    assert after("?", "down")[0].place == Place(), "the key that closes the help does nothing else"
    assert after("space")[0].is_paused
    assert not after("space", "space")[0].is_paused
    assert after("redraw")[1] == ["redraw"]
    assert after("q")[1] == ["quit"]
    assert after("?", "q")[1] == ["quit"]


def test_a_cursor_whose_thing_is_gone_takes_what_is_in_its_row() -> None:
    place = moved(moved(Place(), "abcdef", 1), "abcdef", 3)
    assert place.key == "d"
    assert settled(place, "abcxyz", 4).key == "x"
    assert settled(place, "ab", 4).key == "b"
    assert settled(place, "", 4) == place


def test_a_window_shows_the_cursor_always() -> None:
    keys = list(range(300))
    place = Place()
    for by in (1, 10, 200, 500, -3, -500, 77):
        place = settled(moved(place, keys, by), keys, 12)
        shown = window(place, keys, 12)
        assert shown.cursor is not None
        assert shown.first <= shown.cursor < shown.last
        assert shown.last - shown.first == 12
