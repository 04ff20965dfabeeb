"""When the watcher looks at a number: pure.

A number that is well has a place of its own in each round, so that three hundred of them are three hundred small
questions spread over the minute and not a burst. A number that is not well is asked as `greenbot.resilience.health`
says: sooner after bad news, much more seldom where a person has to act first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbot.resilience.health import NOWHERE, Health, ask_at_ms, is_doubted

#: What an ordinary round is about; everything else goes by the rules of health.
_ORDINARY = ("unknown", "authorized")
#: At the begin a few numbers need no whole round to become known.
_FIRST_APART_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a number in a round of `every_ms`: from the begin of each, and of the very first."""

    every_ms: int
    slot_ms: int
    first_ms: int


def place_of(name: str, names: Sequence[str], every_ms: int) -> Place:
    """The place of one of these names."""
    index, apart_ms = names.index(name), every_ms / len(names)
    first_ms = round(index * min(apart_ms, _FIRST_APART_MS))
    return Place(every_ms=every_ms, slot_ms=round(index * apart_ms), first_ms=first_ms)


def due_ms(health: Health, now_ms: int, *, place: Place, began_ms: int) -> int:
    """When to look. `began_ms` is when this watcher took the work over: nobody is overdue from before it.

    What others asked since counts too: within half a round of their question there is none of ours.
    """
    if is_doubted(health, now_ms) or health.state not in _ORDINARY or health.account == NOWHERE:
        return ask_at_ms(health, now_ms)
    if health.asked_at_ms < began_ms - place.every_ms:
        return began_ms + place.first_ms
    first_ms = health.asked_at_ms + place.every_ms // 2
    return first_ms + (place.slot_ms - first_ms) % place.every_ms
