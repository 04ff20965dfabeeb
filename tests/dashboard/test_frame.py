"""What a frame looks like, on every size of screen; see the files in `golden/` for the frames themselves."""

import random
from dataclasses import replace

import msgspec
import pytest
from rich.cells import cell_len

from greenbot.board import InstanceView
from greenbot.dashboard.line import plain, width_of
from greenbot.dashboard.marks import ASCII
from greenbot.dashboard.place import Place
from greenbot.dashboard.view import PANELS, View
from greenbot.overview import Overview
from tests.dashboard import sample
from tests.dashboard.golden import FOLDER, FRAMES, PICTURE, drawn, svg, text_of

SIZES = [(40, 10), (59, 14), (60, 15), (75, 19), (76, 20), (80, 24), (100, 36), (149, 40), (150, 39), (150, 40),
         (200, 60), (400, 120), (1, 1), (12, 3)]  # fmt: skip
OVERVIEWS = {"full": sample.overview(), "large": sample.overview(300), "quiet": sample.quiet()}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_as_it_was_approved(name: str) -> None:
    approved = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert text_of(FRAMES[name]()) == approved, "look at it, then: python -m tests.dashboard.golden"


def test_no_approved_frame_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FRAMES)


def test_the_picture_of_the_guide_is_that_of_today() -> None:
    kept = PICTURE.read_text(encoding="utf-8")
    assert kept == svg(), "look at it, then: python -m tests.dashboard.golden"
    assert "http" not in kept.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")
    assert "font-face" not in kept


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("panel", range(len(PANELS)))
@pytest.mark.parametrize("name", OVERVIEWS)
def test_a_frame_fills_any_screen_exactly(size: tuple[int, int], panel: int, name: str) -> None:
    for view in (View(panel=panel), View(panel=panel, shows_help=True), View(panel=panel, is_paused=True)):
        lines = drawn(size, view, OVERVIEWS[name], late_ms=99_000)
        assert len(lines) == size[1]
        assert {width_of(line) for line in lines} == {size[0]}


def test_ascii_is_all_a_plain_terminal_is_sent() -> None:
    for size in SIZES:
        text = text_of(drawn(size, overview=sample.overview(100), marks=ASCII))
        assert text.isascii(), text


def test_names_of_any_script_keep_the_columns_straight() -> None:
    names = ["отель-київ", "ホテル東京", "فندق", "👨‍👩‍👧‍👦" * 20, "e" + "\u0301" * 500, "x" * 300, "한국호텔" * 9]
    views = [msgspec.structs.replace(sample.view(5), name=name) for name in names]
    lines = drawn((80, 24), overview=_with(views))
    assert {width_of(line) for line in lines} == {80}
    assert max(plain(line).count("\u0301") for line in lines) <= 2, "no towers of accents"


def test_the_cursor_follows_its_instance_through_a_fleet_that_changes() -> None:
    """Three hundred instances change their order at every look: the chosen one stays chosen, and in its row."""
    dice, fleet = random.Random(1), sample.instances(300)
    view = View().at(Place(key="tower-porto-9", row=120, above=5))
    rows = set()
    for _ in range(20):
        dice.shuffle(fleet)
        place = fleet.index(next(one for one in fleet if one.name == "tower-porto-9"))
        # Near the ends of the list it cannot stand where it stood.
        if not 10 <= place <= 280:
            continue
        text = [plain(line) for line in drawn((80, 24), view, _with(fleet))]
        found = [row for row, line in enumerate(text) if line.startswith("▸ ")]
        assert [text[row][2:17].strip() for row in found] == ["tower-porto-9"]
        rows.update(found)
    assert len(rows) == 1


def test_columns_agree_between_heading_and_rows() -> None:
    for size in SIZES[:10]:
        lines = [plain(line) for line in drawn(size)]
        head = next(line for line in lines if line.strip().startswith("instance"))
        row = next(line for line in lines if line.strip().startswith("grand-kyiv "))
        assert cell_len(head[: head.index("state")]) == cell_len(row[: row.index("●")])


def _with(views: list[InstanceView]) -> Overview:
    return replace(sample.overview(), instances=views)
