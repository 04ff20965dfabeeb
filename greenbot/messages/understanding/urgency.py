"""How soon somebody should read it: 1 nothing to do, 2 when there is time, 3 today, 4 at once, 5 danger."""

from collections.abc import Sequence
from datetime import date

from greenbot.messages.understanding.intents import Evidence
from greenbot.messages.understanding.model import OTHER, Entity, Intent

_NOTHING_TO_DO = frozenset((OTHER, "compliment"))
_TODAY = frozenset(("complaint", "request"))


def urgency_of(
    intents: Sequence[Intent], entities: Sequence[Entity], evidence: Evidence, *, today: date
) -> tuple[int, tuple[str, ...]]:
    """The urgency and why, in short English phrases."""
    names = {intent.name for intent in intents}
    if "emergency" in names:
        return 5, ("emergency",)
    if names <= _NOTHING_TO_DO:
        return 1, ("nothing to do",)
    if evidence.severe:
        return 4, ("cannot wait",)
    if evidence.urgent and not evidence.calm:
        return _hurried(names)
    return _usual(names, entities, evidence, today)


def _hurried(names: set[str]) -> tuple[int, tuple[str, ...]]:
    # A guest in a hurry to know something is less pressing than one without a key.
    if names & {"complaint", "request", OTHER}:
        return 4, ("asks to hurry",)
    return 3, ("asks to hurry",)


def _usual(names: set[str], entities: Sequence[Entity], evidence: Evidence, today: date) -> tuple[int, tuple[str, ...]]:
    dates = [entity.value[:10] for entity in entities if entity.kind == "date"]
    if evidence.calm and "complaint" not in names:
        return 2, ("says it can wait",)
    if "complaint" in names:
        return 3, ("complaint",)
    if today.isoformat() in dates:
        return 3, ("about today",)
    if "request" in names and not (names & {"booking", "check-in"} and dates):
        return 3, ("something to do",)
    return 2, ("no hurry",)
