"""The real loop on a real terminal over an invented fleet: `python -m tests.dashboard.stage`, driven by tests.

`--crash-after N` makes the N-th look fail with a bug, `--busy-after N` with a store that is busy; `--hostile` gives
every instance a name that would steer a terminal.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace

import msgspec

from greenbot.board import InstanceView
from greenbot.clock import SystemClock
from greenbot.dashboard.live import Desk, watch
from greenbot.dashboard.marks import marks_for
from greenbot.dashboard.paint import Painter, color_system
from greenbot.dashboard.terminal import Terminal
from greenbot.errors import Busy
from greenbot.overview import Overview
from tests.cli.hostile import TEXTS
from tests.dashboard import sample


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=40)
    parser.add_argument("--refresh", type=float, default=0.1)
    parser.add_argument("--crash-after", type=int, default=0)
    parser.add_argument("--busy-after", type=int, default=0)
    parser.add_argument("--hostile", action="store_true")
    return parser.parse_args()


def looker(arguments: argparse.Namespace) -> Callable[[], Overview]:
    """A look that always shows the same, until it is to fail."""
    fleet = sample.overview(arguments.instances)
    if arguments.hostile:
        fleet = replace(fleet, instances=hostile(arguments.instances))
    looks = iter(range(1, sys.maxsize))

    def look() -> Overview:
        number = next(looks)
        if number == arguments.crash_after:
            raise RuntimeError("the planted bug")
        if arguments.busy_after and number >= arguments.busy_after:
            raise Busy("The store is busy.")
        now_ms = SystemClock().now_ms()
        return replace(
            fleet, at_ms=now_ms, figures_at_ms=now_ms, parts=[replace(part, alive=True) for part in fleet.parts]
        )

    return look


def hostile(total: int) -> list[InstanceView]:
    """Instances with names of strangers."""
    texts = list(TEXTS.values())
    return [
        msgspec.structs.replace(view, name=texts[number % len(texts)] + str(number), reason=texts[number % len(texts)])
        for number, view in enumerate(sample.instances(total))
    ]


def main() -> int:
    arguments = parsed()
    desk = Desk(
        look=looker(arguments),
        acknowledge=lambda rule, instance: f"Seen: {rule} of {instance}",
        clock=SystemClock(),
        refresh_seconds=arguments.refresh,
    )
    painter = Painter(color_system(is_terminal=True, no_color=bool(os.environ.get("NO_COLOR"))))
    keyboard = sys.stdin.fileno() if sys.stdin.isatty() else None
    watch(desk, Terminal(keyboard=keyboard, screen=sys.stdout.fileno()), painter, marks_for(sys.stdout.encoding))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
