"""The pages themselves: they render, their links lead somewhere, their lines are short, their promises have tests."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.cli.help import page, topics
from greenbot.version import VERSION
from tests.guide.pages import GUIDE, PAGES, ROOT, TOPICS, anchor, blocks, headings, links, prose, section, text_of

LONGEST_LINE = 160
EXPECTED = {
    *(
        "start",
        "send",
        "simulator",
        "api",
        "commands",
        "config",
        "doctor",
        "store",
        "secrets",
        "outbox",
        "queue",
        "understanding",
        "chats",
        "account",
        "instances",
        "receive",
        "hooks",
        "alerts",
        "webhooks",
        "deploy",
        "campaigns",
        "exit-codes",
        "errors",
        "events",
        "guarantees",
        "metrics",
        "report",
        "dashboard",
        "monitoring",
        "page",
        "logs",
    ),
    *("troubleshooting", "architecture", "why", "contributing", "changelog"),
}


def test_the_guide_has_these_pages() -> None:
    assert set(topics()) == EXPECTED


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_begins_with_its_title(topic: str) -> None:
    first, second = text_of(topic).splitlines()[:2]
    assert re.fullmatch(r"# \S.*", first)
    assert second == ""
    assert len(re.findall(r"^# ", prose(text_of(topic)), flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_shown_at_a_terminal_with_all_its_headings(topic: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    screen = io.StringIO()
    Console(file=screen, width=400, no_color=True).print(Markdown(page(topic), hyperlinks=False))
    missing = [found for found in headings(text_of(topic)) if found.replace("`", "") not in screen.getvalue()]
    assert missing == []


@pytest.mark.integration
@pytest.mark.parametrize("topic", TOPICS)
def test_help_prints_the_whole_page_into_a_pipe(topic: str, tmp_path: Path) -> None:
    environ = os.environ | {"GREENBOT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "greenbot", "help", topic],
        capture_output=True,
        env=environ,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout == text_of(topic)


@pytest.mark.parametrize("name", PAGES)
def test_lines_are_short_outside_tables(name: str) -> None:
    long = [line for line in text_of(name).splitlines() if len(line) > LONGEST_LINE and not line.startswith("|")]
    assert long == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_a_page_of_this_repository(name: str) -> None:
    for link in links(text_of(name)):
        place, _, mark = link.partition("#")
        target = (PAGES[name].parent / place).resolve() if place else PAGES[name]
        assert target.is_file(), link
        assert target.is_relative_to(ROOT)
        if mark:
            assert mark in map(anchor, headings(target.read_text(encoding="utf-8"))), link


@pytest.mark.parametrize("name", PAGES)
def test_files_and_targets_that_are_named_exist(name: str) -> None:
    text = text_of(name)
    paths = re.findall(r"`((?:greenbot|tests)/[\w./-]+)[:`]", prose(text))
    assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    asked = re.findall(r"(?:`|^)make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(asked) - set(targets) == set()


@pytest.mark.parametrize("name", PAGES)
def test_every_block_says_what_it_holds(name: str) -> None:
    assert {block.info[:1] for block in blocks(text_of(name))} <= {(word,) for word in ("sh", "text", "toml", "python")}


@pytest.mark.parametrize("topic", TOPICS)
def test_every_page_is_found_from_the_first_one(topic: str) -> None:
    assert f"greenbot/guide/{topic}.md" in set(links(text_of("README")))


def test_the_changelog_names_this_version() -> None:
    assert re.search(rf"^## {re.escape(VERSION)}\b", text_of("changelog"), flags=re.MULTILINE)


def promises() -> list[tuple[str, str, str]]:
    """Each promise of the page with the file and the test that prove it."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section(text_of("guarantees"), "Now"), flags=re.MULTILINE)
    found = [
        (promise, file, name)
        for promise, proof in rows
        for file, name in re.findall(r"`(tests/\S+?\.py)::(\w+)`", proof)
    ]
    unproved = [promise for promise, proof in rows if promise not in ("promise", "---") and "::" not in proof]
    assert unproved == []
    return found


@pytest.mark.parametrize(("promise", "file", "name"), promises())
def test_a_promise_names_a_test_that_exists(promise: str, file: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_readme_says_what_stands_where() -> None:
    layout = text_of("README")
    packages = {entry.name for entry in (ROOT / "greenbot").iterdir() if (entry / "__init__.py").is_file()}
    assert {name for name in packages if f"{name}/" not in layout} == set()
    assert GUIDE.name in layout
