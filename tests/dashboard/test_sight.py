"""What a reader is told before believing the figures."""

from dataclasses import replace
from datetime import UTC

import pytest

from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import plain
from greenbot.dashboard.sight import Sight, warnings
from greenbot.overview import Overview, Part
from tests.dashboard import sample

WELL = sample.overview()
NOW = sample.NOW_MS


def part(name: str, seconds_ago: int, *, alive: bool) -> Part:
    return Part(name=name, seen_at_ms=NOW - seconds_ago * 1000, alive=alive)


@pytest.mark.parametrize(
    ("overview", "late_ms", "trouble", "paused", "said"),
    [
        (WELL, 0, "", False, []),
        (WELL, 9_000, "", False, []),
        (WELL, 11_000, "", False, ["STALE: this is 11 s old"]),
        (WELL, 2_000, "The store is busy.", False, ["STALE: this is 2 s old. The store is busy."]),
        (WELL, 600_000, "", True, ["PAUSED at 12:00:00"]),
        (replace(WELL, parts=[]), 0, "", False, ["NO SERVICE RUNS. Start"]),
        (replace(WELL, parts=[part("keeper", 120, alive=False)]), 0, "", False, ["NO SERVICE RUNS: last seen 2 m ago"]),
        (
            replace(WELL, parts=[part("keeper", 3, alive=True), part("worker", 300, alive=False)]),
            0,
            "",
            False,
            ["GONE: worker (5 m ago)"],
        ),
        (replace(WELL, figures_at_ms=NOW - 31_000), 0, "", False, ["OLD FIGURES: the service counted last 31 s ago"]),
        (replace(WELL, parts=[]), 90_000, "x\x1b[2J", False, ["STALE: this is 1 m old. x\\e[2J", "NO SERVICE RUNS"]),
    ],
)
def test_what_is_said(overview: Overview, late_ms: int, trouble: str, paused: bool, said: list[str]) -> None:
    sight = Sight(overview=overview, refresh_ms=2000, trouble=trouble)
    lines = [plain(line) for line in warnings(sight, Ink(now_ms=NOW + late_ms, zone=UTC), paused=paused)]
    assert len(lines) == len(said)
    assert all(words in line for words, line in zip(said, lines, strict=True)), lines
