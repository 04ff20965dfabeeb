"""What was seen last, and whether it can still be believed."""

from dataclasses import dataclass

from greenbot.dashboard import words
from greenbot.dashboard.ink import Ink
from greenbot.dashboard.line import Line
from greenbot.overview import Overview

#: Figures that are older were left by a service that has stopped counting.
OLD_FIGURES_MS = 30_000
#: So many looks may be late before what is shown counts as old.
LATE_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look. `trouble` is why later ones failed, empty when the last one did not."""

    overview: Overview
    refresh_ms: int
    trouble: str = ""


def warnings(sight: Sight, ink: Ink, *, paused: bool) -> list[Line]:
    """What a reader must know before believing the figures: at most two lines, none when all is well."""
    overview = sight.overview
    old_ms = ink.now_ms - overview.at_ms
    lines: list[Line] = []
    if paused:
        lines.append(((f" {ink.marks.pause} PAUSED at {ink.clock(overview.at_ms)}; space goes on ", "paused"),))
    elif sight.trouble:
        words_of = ink.text(sight.trouble)
        lines.append(((f" STALE: this is {words.age(old_ms)} old. {words_of} ", "alarm"),))
    elif old_ms > max(LATE_LOOKS * sight.refresh_ms, 10_000):
        lines.append(((f" STALE: this is {words.age(old_ms)} old ", "alarm"),))
    if line := _of_service(overview, ink):
        lines.append(line)
    return lines[:2]


def _of_service(overview: Overview, ink: Ink) -> Line | None:
    if not overview.service_alive:
        return ((f" NO SERVICE RUNS{_last_seen(overview)}. Start one with: greenbot serve ", "alarm"),)
    gone = [part for part in overview.parts if not part.alive]
    if gone:
        names = ", ".join(f"{ink.text(part.name)} ({ink.age(part.seen_at_ms)} ago)" for part in gone[:4])
        return ((f" GONE: {names}. See: greenbot status ", "alarm"),)
    old_ms = overview.at_ms - overview.figures_at_ms
    if old_ms > OLD_FIGURES_MS:
        return ((f" OLD FIGURES: the service counted last {words.age(old_ms)} ago ", "alarm"),)
    return None


def _last_seen(overview: Overview) -> str:
    seen = max((part.seen_at_ms for part in overview.parts), default=0)
    return f": last seen {words.age(overview.at_ms - seen)} ago" if seen else ""
