"""Whether somebody would be told."""

from collections.abc import Iterator

from greenbot.alerts.defaults import ALL
from greenbot.doctor.facts import Facts, Missing
from greenbot.doctor.finding import Check, Finding, fault, or_ok, warning

DAY_MS = 86_400_000
#: A proof that is older says little about today.
DRILL_DAYS = 90
SILENCE_MS = 8 * 3_600_000
_ADD = "greenbot alerts receivers add ops --kind email"


def rules(facts: Facts) -> Iterator[Finding]:
    """Something is watched."""
    assert not isinstance(facts.alerts, Missing)
    found = facts.alerts
    if not found.rules:
        # Listing them puts the usual ones in place, once.
        yield fault(f"There is no alert rule; the usual {len(ALL)} are missing.", "greenbot alerts list")
    elif not found.enabled_rules:
        yield fault(f"All {found.rules} alert rules are disabled.", "greenbot alerts enable high_error_rate")


def receivers(facts: Facts) -> Iterator[Finding]:
    """Somebody is told."""
    assert not isinstance(facts.alerts, Missing)
    found = facts.alerts
    enabled = [one for one in found.receivers if one.is_enabled]
    if not enabled:
        yield fault("Nobody is told: there is no receiver of alerts.", _ADD)
    elif not any(one.is_default for one in enabled):
        what = "No receiver is the default, so rules that name none tell nobody."
        yield warning(what, f"greenbot alerts receivers edit {enabled[0].name} --default")
    for name in found.unknown_receivers:
        what = f"Rules tell the receiver {name}, which there is not, or which is disabled."
        yield fault(what, f"greenbot alerts receivers enable {name}")
    for one in enabled:
        if one.problem:
            what = f"The receiver {one.name} could not be reached: {one.problem.rstrip('.')}."
            yield fault(what, f"greenbot alerts receivers test {one.name}")
    if found.failed_notices:
        what = f"{found.failed_notices} alerts of the last day reached nobody."
        yield warning(what, "greenbot alerts history")


def drilled(facts: Facts) -> Iterator[Finding]:
    """It was tried that a text arrives."""
    assert not isinstance(facts.alerts, Missing)
    for one in facts.alerts.receivers:
        if not one.is_enabled:
            continue
        if one.proved_at_ms is None:
            what = f"No text to the receiver {one.name} was ever proved to arrive."
            yield warning(what, f"greenbot alerts drill --receiver {one.name}")
        elif facts.now_ms - one.proved_at_ms > DRILL_DAYS * DAY_MS:
            days = (facts.now_ms - one.proved_at_ms) // DAY_MS
            what = f"The last text that arrived at the receiver {one.name} is {days} days old."
            yield warning(what, f"greenbot alerts drill --receiver {one.name}")


def silences(facts: Facts) -> Iterator[Finding]:
    """Not everything is silenced."""
    assert not isinstance(facts.alerts, Missing)
    if facts.alerts.silenced_ms > SILENCE_MS:
        hours = facts.alerts.silenced_ms // 3_600_000
        yield warning(f"Every alert is silenced for another {hours} hours.", "greenbot alerts silence list")


def heartbeat(facts: Facts) -> Iterator[Finding]:
    """Somebody outside notices when all of this is dead."""
    assert not isinstance(facts.secrets, Missing)
    one = next(one for one in facts.secrets if one.key == "alerts.heartbeat_url")
    if not one.length and not one.problem:
        what = "Nobody outside would notice that this machine is dead: there is no heartbeat URL."
        yield warning(what, f"Write the URL of a check into {one.place} (chmod 600): greenbot help alerts")


CHECKS = (
    Check(
        id="alerts.rules",
        title="Alert rules are in force",
        why="Without one nobody learns of trouble before the guests do.",
        needs=("alerts",),
        decide=lambda facts: or_ok(rules(facts), "They are."),
    ),
    Check(
        id="alerts.receivers",
        title="Somebody is told",
        why="A rule without a receiver speaks to nobody.",
        needs=("alerts",),
        decide=lambda facts: or_ok(receivers(facts), "Somebody is."),
    ),
    Check(
        id="alerts.drilled",
        title="The way to the receivers was tried",
        why="An alert that was never seen to arrive is a hope.",
        needs=("alerts",),
        decide=lambda facts: or_ok(drilled(facts), f"A text arrived at each within {DRILL_DAYS} days."),
    ),
    Check(
        id="alerts.silence",
        title="Not everything is silenced",
        why="A silence that was meant for one night hides the next fault too.",
        needs=("alerts",),
        decide=lambda facts: or_ok(silences(facts), "No."),
    ),
    Check(
        id="alerts.heartbeat",
        title="Somebody outside listens for a sign of life",
        why="A dead machine tells nobody that it is dead.",
        needs=("secrets",),
        decide=lambda facts: or_ok(heartbeat(facts), "A heartbeat URL is called each minute."),
    ),
)
