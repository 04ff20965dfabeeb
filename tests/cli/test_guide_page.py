"""Every page of the guide on terminals of different widths."""

import io
import re

import pytest

from greenbot.cli.guide_page import WIDE, narrowed, write_page
from greenbot.cli.help import page, topics
from tests.guide.pages import blocks, headings


def shown(text: str, width: int) -> str:
    screen = io.StringIO()
    write_page(text, screen, no_color=True, width=width)
    return screen.getvalue()


def letters(text: str) -> str:
    """What remains when lines are broken elsewhere."""
    return re.sub(r"[^\w…]", "", text)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("topic", topics())
def test_a_page_fits_and_nothing_on_it_is_cut_off(topic: str, width: int) -> None:
    text = page(topic)
    seen = shown(text, width)
    assert max(len(line.rstrip()) for line in seen.splitlines()) <= width
    assert seen.count("…") == text.count("…")
    for heading in headings(text):
        assert letters(heading) in letters(seen)


@pytest.mark.parametrize("topic", topics())
def test_blocks_of_code_are_the_same_on_a_narrow_screen(topic: str) -> None:
    assert [block.text for block in blocks(narrowed(page(topic)))] == [block.text for block in blocks(page(topic))]


TABLE = """
| setting | default | environment | what it is |
| --- | --- | --- | --- |
| `a` | `3` | - | How often. |
| `b` | - | `GREEN_B` | This\\|that. |

| two | columns |
|---|---|
| stay | a table |
"""


def test_a_wide_table_becomes_a_list_and_a_narrow_one_stays() -> None:
    assert narrowed(TABLE).splitlines() == [
        "",
        "- `a` · default: `3` · How often.",
        "- `b` · environment: `GREEN_B` · This|that.",
        "",
        "| two | columns |",
        "|---|---|",
        "| stay | a table |",
    ]
    assert "how often" in shown(TABLE, WIDE).lower()
    assert "environment:" not in shown(TABLE, WIDE)


def test_a_long_name_goes_on_in_the_next_line() -> None:
    name = "GREEN_API_RATE_LIMIT_PER_MINUTE_OF_A_NUMBER"
    text = f"| environment | what it is |\n|---|---|\n| `{name}` | {'word ' * 30} |\n"
    assert name in letters(shown(text, 40)).replace("word", "") or name[:12] in shown(text, 40)
    assert "…" not in shown(text, 40)
