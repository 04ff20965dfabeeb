"""Full log files: named once by a number that only grows, never renamed again, the oldest removed.

So a reader finds the one after the file it holds by its number, and `sort` knows their order.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a file is full, and how many full ones are kept."""

    most_bytes: int = 32 * 1024 * 1024
    most_age_ms: int = 24 * 3_600_000
    keep: int = 14


def rotated(path: Path) -> list[tuple[int, Path]]:
    """The full files of this log with their numbers, the oldest first."""
    shape = re.compile(re.escape(path.stem) + r"\.(\d{6,12})" + re.escape(path.suffix))
    try:
        names = [file.name for file in path.parent.iterdir()]
    except OSError:
        return []
    found = [(int(match[1]), path.parent / name) for name in names if (match := shape.fullmatch(name))]
    return sorted(found)


def rotate(path: Path, keep: int) -> None:
    """Put the current file aside, and remove what is too many. For whoever holds its lock. Raises OSError."""
    older = rotated(path)
    number = older[-1][0] + 1 if older else 1
    path.rename(path.with_name(f"{path.stem}.{number:06d}{path.suffix}"))
    for _, file in older[: max(0, len(older) + 1 - keep)]:
        with suppress(OSError):  # somebody else removed it, or may keep us from it
            file.unlink()
