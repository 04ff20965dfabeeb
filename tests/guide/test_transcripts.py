"""The guide's examples are carried out: in their order, at a terminal, on a simulator, from an empty home.

A block that begins with ```sh simulator starts the simulator. A block ```sh run is typed in; it must
succeed, and when a ```text block follows, that is what a person sees.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guide.pages import PAGES, blocks, text_of
from tests.guide.terminal import Terminal, shows

pytestmark = pytest.mark.integration

RUN = ("sh", "run")
SIMULATOR = ("sh", "simulator")
PERFORMED = tuple(name for name in PAGES if any(block.info == RUN for block in blocks(text_of(name))))


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", PERFORMED)
def test_the_examples_of_a_page_work_as_printed(name: str, terminal: Terminal) -> None:
    page = blocks(text_of(name))
    for place, block in enumerate(page):
        if block.info == SIMULATOR:
            terminal.start_simulator(block.text)
        if block.info != RUN:
            continue
        code, seen = terminal.run(block.text)
        assert code == 0, f"{name}, line {block.line}:\n{block.text}\n{seen}"
        after = page[place + 1] if place + 1 < len(page) else block
        if after.info == ("text",):
            assert shows(after.text, seen), f"{name}, line {after.line}, printed:\n{after.text}\n\nseen:\n{seen}"


def test_the_first_pages_are_performed() -> None:
    assert {"README", "start", "send", "simulator", "outbox", "exit-codes"} <= set(PERFORMED)


@pytest.mark.parametrize(
    ("expected", "seen", "right"),
    [
        ("✓ accepted  message 1 to …", "✓ accepted  message 1 to 38044@c.us  BAE5\n", True),
        ("a  b", "a      b  \n", True),
        ("…\nend", "one\ntwo\nend\n", True),
        ("a\nb", "a\n", False),
        ("state  accepted", "state  uncertain\n", False),
        ("a", "a\nb\n", False),
    ],
)
def test_what_counts_as_the_same(expected: str, seen: str, right: bool) -> None:
    assert shows(expected, seen) is right
