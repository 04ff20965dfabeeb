"""What the dashboard costs: `python -m tests.bench.dashboard`.

A hundred instances, a tenth of them changed at every frame, on 120 x 40: the dashboard's frame against the same table
made with Rich's `Live` and laid out anew each time, in turns. Then the share of a core that one look and one frame a
second take, with the overview read from a real store. Leaves with 1 when the ratio or the share is above its limit.
"""

import argparse
import io
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console, Group
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from greenbot.dashboard.frame import draw
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.marks import UNICODE
from greenbot.dashboard.paint import Painter, color_system
from greenbot.dashboard.sight import Sight
from greenbot.dashboard.spark import spark
from greenbot.dashboard.view import View
from greenbot.overview import Overview
from tests.bench.overview import opened
from tests.dashboard import sample

SIZE = (120, 40)
INSTANCES = 100
RATIO, CORE_PERCENT = 0.15, 1.0


def overviews() -> list[Overview]:
    """A hundred looks, of which each differs from the one before by ten instances."""
    dice, overview = random.Random(5), sample.overview(INSTANCES)
    views, looks = list(overview.instances), []
    for number in range(100):
        for place in dice.sample(range(INSTANCES), INSTANCES // 10):
            views[place] = msgspec.structs.replace(views[place], queued=dice.randrange(90))
        looks.append(replace(overview, at_ms=overview.at_ms + number * 1000, instances=list(views)))
    return looks


def naive(live: Live, overview: Overview) -> None:
    """As Rich's examples do it: build everything, let it find out what that means on the screen."""
    fleet = Table(expand=True)
    for name in ("instance", "state", "requests", "errors", "p95", "queue"):
        fleet.add_column(name)
    for view in overview.instances[:24]:
        figures = view.figures
        cells = (
            view.name,
            view.standing,
            figures.calls,
            figures.failed_calls,
            figures.p95_ms,
            view.queued,
            view.alerts,
        )
        fleet.add_row(*(Text(str(cell)) for cell in cells))
    trends = Group(*(Text(spark([minute.calls for minute in overview.trend], 60, UNICODE)) for _ in range(4)))
    alerts = Table(expand=True)
    for name in ("rule", "instance", "state"):
        alerts.add_column(name)
    for alert in overview.alerts:
        alerts.add_row(Text(alert.rule), Text(alert.instance), Text(alert.state))
    layout = Layout()
    layout.split_column(Layout(Panel(trends), size=7), Layout(Panel(fleet)), Layout(Panel(alerts), size=8))
    live.update(layout, refresh=True)


def ours(painter: Painter, overview: Overview) -> str:
    """One frame of the dashboard."""
    frame = draw(Sight(overview=overview, refresh_ms=1000), View(), SIZE, Ink(now_ms=overview.at_ms))
    return painter.changes(frame.lines)


def ratio(rounds: int) -> float:
    """Median time of our frame over that of the naive one."""
    looks = itertools.cycle(overviews())
    console = Console(file=io.StringIO(), force_terminal=True, width=SIZE[0], height=SIZE[1], color_system="256")
    painter = Painter(color_system(is_terminal=True, no_color=False))
    taken: tuple[list[float], list[float]] = ([], [])
    with Live(console=console, auto_refresh=False, screen=True) as live:
        works: tuple[Callable[[Overview], object], ...] = (lambda one: ours(painter, one), lambda one: naive(live, one))
        for _ in range(rounds):
            overview = next(looks)
            for work, times in zip(works, taken, strict=True):
                begun = time.perf_counter()
                work(overview)
                times.append(time.perf_counter() - begun)
    frame, rich = (statistics.median(times) * 1000 for times in taken)
    print(f"{'frame of the dashboard':<32}{frame:>8.2f} ms\n{'naive Rich layout':<32}{rich:>8.2f} ms")
    return frame / rich


def core_percent(rounds: int) -> float:
    """The share of a core of one look into a store of a hundred instances, and one frame, each second."""
    painter = Painter(color_system(is_terminal=True, no_color=False))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        fleet = opened(Path(name), INSTANCES, stack)
        begun = time.process_time()
        for _ in range(rounds):
            overview = fleet.look()
            assert isinstance(overview, Overview)
            ours(painter, overview)
        each = (time.process_time() - begun) / rounds
    return each * 100


def main() -> int:
    """Measure both, and say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    found, share = ratio(rounds), core_percent(rounds)
    print(f"{'ratio':<32}{found:>8.3f}     limit {RATIO}")
    print(f"{'look and frame, once a second':<32}{share:>8.2f} % of a core     limit {CORE_PERCENT}")
    missed = [name for name, so in (("ratio", found > RATIO), ("share", share > CORE_PERCENT)) if so]
    for work in missed:
        print(f"TOO SLOW: {work}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
