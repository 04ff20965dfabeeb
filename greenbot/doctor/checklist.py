"""The checklist: every check in the order of reading, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from greenbot.doctor.checks import accounts, alerts, configuration, machine, queue, store, webhook
from greenbot.doctor.facts import Facts, Missing
from greenbot.doctor.finding import Check, Finding, skipped, warning
from greenbot.errors import UsageError

CHECKS: tuple[Check, ...] = (
    *configuration.CHECKS,
    *accounts.CHECKS,
    *webhook.CHECKS,
    *store.CHECKS,
    *machine.CHECKS,
    *queue.CHECKS,
    *alerts.CHECKS,
)
_GRAVITY = ("fault", "warning", "skipped", "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One finding of one check."""

    check: Check
    finding: Finding


def chosen(patterns: Sequence[str]) -> tuple[Check, ...]:
    """The checks a person means: ids, groups such as `store`, or patterns; all without one. Raises UsageError."""
    if not patterns:
        return CHECKS
    for pattern in patterns:
        if not any(_is_meant(check, pattern) for check in CHECKS):
            raise UsageError(f"There is no check '{pattern}'.", hint="See them with: greenbot doctor --list")
    return tuple(check for check in CHECKS if any(_is_meant(check, pattern) for pattern in patterns))


def _is_meant(check: Check, pattern: str) -> bool:
    return fnmatchcase(check.id, pattern) or check.id.partition(".")[0] == pattern


def judged(checks: Iterable[Check], facts: Facts) -> list[Line]:
    """Every finding, the gravest first, otherwise in the order of the list. Pure."""
    lines = [Line(check=check, finding=finding) for check in checks for finding in _findings(check, facts)]
    return sorted(lines, key=lambda line: _GRAVITY.index(line.finding.state))


def _findings(check: Check, facts: Facts) -> Iterable[Finding]:
    for need in check.needs:
        fact = getattr(facts, need)
        if isinstance(fact, Missing):
            say = f"It could not be looked at: {fact.why}."
            return [warning(say, fact.fix or "greenbot doctor --debug")] if fact.is_wanted else [_left_out(fact)]
    return check.decide(facts)


def _left_out(fact: Missing) -> Finding:
    return skipped(f"Not looked at: {fact.why}.", fix=fact.fix)
