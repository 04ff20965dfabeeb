"""The service, the log, and the machine they are on."""

from collections.abc import Iterator
from datetime import UTC, datetime

from greenbot.doctor.facts import Facts, Missing
from greenbot.doctor.finding import Check, Finding, fault, or_ok, warning
from greenbot.overview import BEAT_MS

MIB = 1024 * 1024
#: When the last security fix of a Python comes out (devguide.python.org/versions).
PYTHON_ENDS = {(3, 11): (2027, 10, 31), (3, 12): (2028, 10, 31), (3, 13): (2029, 10, 31), (3, 14): (2030, 10, 31)}
_NEWER = "Install a newer Python, and this program into it"
#: Longer than the evaluator's longest pause between two looks.
LOOK_MS = 90_000


def installed(facts: Facts) -> Iterator[Finding]:
    """Something starts greenbot with the machine."""
    assert not isinstance(facts.host, Missing)
    found = facts.host.installed
    if found is not None and found.problem:
        yield warning(found.problem, found.hint)


def running(facts: Facts) -> Iterator[Finding]:
    """The service shows life."""
    assert not isinstance(facts.service, Missing)
    if not any(age_ms <= BEAT_MS for age_ms in facts.service.parts.values()):
        yield fault("No service runs: no event is received, no alert is looked at.", "greenbot serve")


def parts(facts: Facts) -> Iterator[Finding]:
    """Every part of it shows life."""
    assert not isinstance(facts.service, Missing)
    ages = facts.service.parts
    if not any(age_ms <= BEAT_MS for age_ms in ages.values()):
        return
    for name, age_ms in ages.items():
        if age_ms > BEAT_MS:
            yield fault(f"The {name} showed no life for {age_ms // 1000} s.", f"greenbot logs --match {name}")


def evaluator(facts: Facts) -> Iterator[Finding]:
    """Alerts are looked at."""
    assert not isinstance(facts.service, Missing)
    looked_ms = facts.service.evaluator_looked_ms
    if looked_ms is None:
        yield fault("Nobody has ever looked at the alert rules.", "greenbot serve, without --no-alerts")
    elif looked_ms > LOOK_MS:
        yield fault(f"Nobody has looked at the alert rules for {looked_ms // 1000} s.", "greenbot serve")


def python(facts: Facts) -> Iterator[Finding]:
    """This Python still gets security fixes."""
    assert not isinstance(facts.host, Missing)
    version = facts.host.python
    ends = PYTHON_ENDS.get(version[:2])
    shown = ".".join(map(str, version))
    if version < (3, 11):
        yield fault(f"This is Python {shown}; greenbot needs 3.11.", _NEWER)
    elif ends is not None and datetime(*ends, tzinfo=UTC).timestamp() * 1000 < facts.now_ms:
        yield warning(f"Python {shown} gets no more security fixes.", _NEWER)


def log_place(facts: Facts) -> Iterator[Finding]:
    """There is a log."""
    assert not isinstance(facts.settings, Missing)
    if facts.settings.log_place.to == "none":
        yield warning(
            "Nothing is logged, so nobody can tell afterwards what happened.", "greenbot config set log.to file"
        )
    if not isinstance(facts.logs, Missing) and not facts.logs.is_writable:
        yield fault(f"The log {facts.logs.place} cannot be written.", f"ls -l {facts.logs.place}")


def rotation(facts: Facts) -> Iterator[Finding]:
    """It is put aside in time, and does not fill the disk."""
    assert not isinstance(facts.settings, Missing)
    assert not isinstance(facts.logs, Missing)
    limits, found = facts.settings.log_place, facts.logs
    if found.current_bytes > 2 * limits.max_mb * MIB:
        what = f"The log has {found.current_bytes // MIB} MB, though files of {limits.max_mb} MB are put aside."
        yield fault(what, f"ls -l {found.place}; somebody else may own the folder")
    if found.kept_files > limits.keep + 1:
        what = f"{found.kept_files} old log files are kept, though {limits.keep} should be."
        yield warning(what, f"ls -l {found.place.rpartition('/')[0]}")
    most_bytes = limits.max_mb * (limits.keep + 1) * MIB
    if most_bytes - found.total_bytes > found.free_bytes:
        what = f"The logs may grow to {most_bytes // MIB} MB, and {found.free_bytes // MIB} MB are free."
        yield warning(what, "greenbot config set log.keep 5")


def redaction(facts: Facts) -> Iterator[Finding]:
    """Secrets stay out of the log."""
    assert not isinstance(facts.canaries, Missing)
    for what in facts.canaries.leaked:
        yield fault(
            f"Written through the log as a trial, this could be read in it: {what}.", "greenbot config set log.to none"
        )


def privacy(facts: Facts) -> Iterator[Finding]:
    """Guests' numbers and texts stay out of it too."""
    assert not isinstance(facts.settings, Missing)
    settings = facts.settings
    if settings.log_place.phones:
        yield warning("The log holds guests' numbers whole (log.phones).", "greenbot config set log.phones false")
    general = {"log.request_body": settings.log.request_body, "log.response_body": settings.log.response_body}
    for key, is_on in general.items():
        if is_on:
            yield warning(f"The log holds what guests are written ({key}).", f"greenbot config set {key} false")
    if any(general.values()):
        return
    for one in settings.instances.values():
        if one.log.request_body or one.log.response_body:
            key = f"instances.{one.name}.log_{'request' if one.log.request_body else 'response'}_body"
            yield warning(
                "The log holds what guests are written.", f"greenbot config set {key} false", instance=one.name
            )


CHECKS = (
    Check(
        id="log.kept",
        title="A log is kept",
        why="Without it nobody can tell what happened.",
        needs=("settings",),
        decide=lambda facts: or_ok(log_place(facts), "It is."),
    ),
    Check(
        id="log.rotation",
        title="The log does not fill the disk",
        why="A full disk stops everything.",
        needs=("settings", "logs"),
        decide=lambda facts: or_ok(rotation(facts), "It is put aside in time."),
    ),
    Check(
        id="log.redaction",
        title="Secrets stay out of the log",
        why="Logs are copied, sent and forgotten. Proved by writing secrets that are none.",
        needs=("canaries",),
        decide=lambda facts: or_ok(redaction(facts), "None of those that were written on trial could be read."),
    ),
    Check(
        id="log.privacy",
        title="Guests stay out of the log",
        why="A log with guests' texts is personal data with all its duties.",
        needs=("settings",),
        decide=lambda facts: or_ok(privacy(facts), "Numbers are masked and texts are not written."),
    ),
    Check(
        id="service.installed",
        title="The service starts with the machine",
        why="After a power cut nobody is there to type a command.",
        needs=("host",),
        decide=lambda facts: or_ok(installed(facts), "It does."),
    ),
    Check(
        id="service.running",
        title="The service runs",
        why="It receives, sends, and looks at the alerts.",
        needs=("service",),
        decide=lambda facts: or_ok(running(facts), "It does."),
    ),
    Check(
        id="service.parts",
        title="Each part of the service works",
        why="A worker that hangs sends nothing, and looks alive from outside.",
        needs=("service",),
        decide=lambda facts: or_ok(parts(facts), "Each shows life."),
    ),
    Check(
        id="alerts.evaluator",
        title="Alert rules are looked at",
        why="Rules that nobody looks at never fire.",
        needs=("service",),
        decide=lambda facts: or_ok(evaluator(facts), "They are."),
    ),
    Check(
        id="python.version",
        title="Python gets security fixes",
        why="The service is reachable from outside.",
        needs=("host",),
        decide=lambda facts: or_ok(python(facts), "It does."),
    ),
)
