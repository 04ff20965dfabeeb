"""The guide as tests see it: pages, fenced blocks, and what follows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "greenbot" / "guide"

#: `README` and each page by its topic.
PAGES = {"README": ROOT / "README.md"} | {path.stem: path for path in sorted(GUIDE.glob("*.md"))}
TOPICS = tuple(name for name in PAGES if name != "README")


def text_of(name: str) -> str:
    return PAGES[name].read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: `info` are the words behind its opening fence, `line` where it begins."""

    info: tuple[str, ...]
    text: str
    line: int

    @property
    def is_shell(self) -> bool:
        return self.info[:1] == ("sh",)


def blocks(text: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    found: list[Block] = []
    opened = 0
    info: tuple[str, ...] = ()
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("```"):
            if opened:
                found.append(Block(info=info, text="\n".join(lines), line=opened))
                opened = 0
            else:
                opened, info, lines = number, tuple(line[3:].split()), []
        elif opened:
            lines.append(line)
    assert not opened, f"the block of line {opened} is never closed"
    return found


def prose(text: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)


def anchor(heading: str) -> str:
    """How a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(text: str) -> Iterator[str]:
    """Where the links of a page lead."""
    yield from re.findall(r"\]\(([^)\s]+)\)", prose(text))


def section(text: str, heading: str) -> str:
    """What stands under a `##` heading, up to the next one."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no heading {heading!r}"
    return found[1]
