"""Bytes on the wire: only what changed, only what is ours, whatever hotels and guests are called."""

import random
from dataclasses import replace

import msgspec
import pytest
from rich.color import ColorSystem

from greenbot.dashboard.paint import Painter, printed
from greenbot.dashboard.view import View
from greenbot.overview import Overview
from tests.cli.hostile import TEXTS, steering
from tests.dashboard import sample
from tests.dashboard.golden import drawn
from tests.dashboard.screen import Screen, Unknown

NAMES = 5_000


def test_only_rows_that_changed_are_sent() -> None:
    painter = Painter(ColorSystem.STANDARD)
    whole = painter.changes(drawn((80, 24)))
    assert painter.changes(drawn((80, 24))) == ""
    views = sample.instances(40)
    views[5] = msgspec.structs.replace(views[5], queued=7)
    changed = painter.changes(drawn((80, 24), overview=replace(sample.overview(), instances=views)))
    assert changed.count("\x1b[2K") == 1
    assert len(changed) < len(whole) / 10
    painter.forget()
    assert painter.changes(drawn((80, 24))).count("\x1b[2K") == 24


def test_changes_lead_to_the_same_screen_as_a_whole_frame() -> None:
    painter, screen = Painter(ColorSystem.EIGHT_BIT), Screen()
    for panel in (0, 3, 1, 4, 2, 0):
        lines = drawn((100, 30), View(panel=panel))
        screen.feed(painter.changes(lines))
        assert screen.text == printed(lines, None)


@pytest.mark.parametrize("colors", [None, ColorSystem.STANDARD])
def test_without_colours_there_is_no_colour(colors: ColorSystem | None) -> None:
    text = "".join(map(Painter(colors).painted, drawn((200, 60))))
    assert ("\x1b[" in text) is (colors is not None)


def test_in_a_pipe_a_frame_is_plain() -> None:
    text = printed(drawn((80, 24)), None)
    assert steering(text.encode()) == []


def hostile_names() -> list[str]:
    """Attacks, alone and glued together at random places."""
    dice, texts = random.Random(11), list(TEXTS.values())
    names = []
    for _ in range(NAMES):
        first, second = dice.choice(texts), dice.choice(texts)
        names.append(first[: dice.randrange(1, 30)] + second[: dice.randrange(30)] + chr(dice.randrange(0x20)))
    return names


def hostile_overview(names: list[str]) -> Overview:
    """Every field that a stranger, a server or an operator could fill, filled so."""
    fleet = sample.overview(len(names))
    views = [
        msgspec.structs.replace(view, name=name, reason=name, account=name, paused=name, breakers={name: name})
        for view, name in zip(fleet.instances, names, strict=True)
    ]
    return replace(
        fleet,
        instances=views,
        alerts=[msgspec.structs.replace(one, rule=name, reason=name, acked_by=None, description=name)
                for one, name in zip(fleet.alerts, names, strict=False)],
        messages=[replace(one, chat_id=name, reason=name, kind=name, instance=name)
                  for one, name in zip(fleet.messages, names, strict=False)],
        events=[replace(one, chat_id=name, type=name, instance=name)
                for one, name in zip(fleet.events, names, strict=False)],
        errors=[(name, 3) for name in names[:9]],
        event_types=[(name, 3) for name in names[:9]],
    )  # fmt: skip


def test_five_thousand_hostile_names_send_no_byte_of_theirs() -> None:
    names, painter, screen = hostile_names(), Painter(ColorSystem.STANDARD), Screen()
    for begin in range(0, NAMES, 50):
        overview = hostile_overview(names[begin : begin + 50])
        for panel in range(5):
            lines = drawn((200, 64) if panel == 0 else (80, 24), View(panel=panel), overview, trouble=names[begin])
            # It raises on every sequence that is not ours, and on every letter that is not printable.
            screen.feed(painter.changes(lines))
            assert steering(printed(lines, None).encode()) == []


def test_the_screen_would_notice() -> None:
    for text in ("\x1b]0;x\x07", "\x1b[6n", "\x9b31m", "a\rb", "\x1b[?1000h", "\u202e"):
        with pytest.raises(Unknown):
            Screen().feed(text)
