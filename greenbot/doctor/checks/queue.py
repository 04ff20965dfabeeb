"""What waits, and what stands in its way."""

from collections.abc import Iterator

from greenbot.doctor.facts import Facts, Missing
from greenbot.doctor.finding import Check, Finding, fault, or_ok, warning

MINUTE_MS = 60_000
STUCK_MS, UNCERTAIN_MS, EVENT_MS = 15 * MINUTE_MS, 60 * MINUTE_MS, 5 * MINUTE_MS


def _is_meant(facts: Facts, name: str) -> bool:
    """Not one of those that were left out by --instance or --tag; what is configured no more is everybody's."""
    if isinstance(facts.instances, Missing) or isinstance(facts.settings, Missing):
        return True
    return name not in facts.settings.instances or any(one.name == name for one in facts.instances)


def moving(facts: Facts) -> Iterator[Finding]:
    """What is due leaves."""
    assert not isinstance(facts.queue, Missing)
    found = facts.queue
    for name, age_ms in found.oldest_due_ms.items():
        if age_ms > STUCK_MS and name not in found.paused and _is_meant(facts, name):
            what = f"A message has been due for {age_ms // MINUTE_MS} minutes and does not leave."
            yield fault(what, f"greenbot outbox list --instance {name} --state queued", instance=name)
    if found.oldest_due_ms and not found.worker_is_alive:
        count = found.queued
        yield warning(
            f"{count} messages wait, and no worker runs.", "greenbot serve, or once: greenbot outbox run --drain"
        )


def doubts(facts: Facts) -> Iterator[Finding]:
    """No message's fate stays open."""
    assert not isinstance(facts.queue, Missing)
    found = facts.queue
    if found.uncertain and found.oldest_uncertain_ms > UNCERTAIN_MS:
        what = f"{found.uncertain} messages may or may not have been sent, the oldest for "
        yield warning(f"{what}{found.oldest_uncertain_ms // MINUTE_MS} minutes.", "greenbot outbox reconcile")
    if found.stalled:
        what = f"{found.stalled} messages were accepted by GREEN-API and not sent on."
        yield warning(what, "greenbot outbox list --state stalled, then: greenbot outbox resolve ID")


def leases(facts: Facts) -> Iterator[Finding]:
    """No dead process holds a message."""
    assert not isinstance(facts.queue, Missing)
    if facts.queue.abandoned:
        what = f"{facts.queue.abandoned} messages are in the hands of processes that are gone."
        yield warning(what, "greenbot outbox run --drain")


def stopped(facts: Facts) -> Iterator[Finding]:
    """Nothing was stopped and forgotten."""
    assert not isinstance(facts.queue, Missing)
    for name, why in facts.queue.paused.items():
        if not _is_meant(facts, name):
            continue
        words = f" ({why})" if why else ""
        yield warning(
            f"It is paused{words}: nothing leaves.", f"greenbot outbox resume --instance {name}", instance=name
        )
    if count := facts.queue.held.get("restored"):
        what = f"{count} messages are held since a backup was restored: they may have been sent."
        yield warning(what, "greenbot outbox list --reason restored, then release or cancel each")


def breakers(facts: Facts) -> Iterator[Finding]:
    """The ways to GREEN-API are open."""
    assert not isinstance(facts.queue, Missing)
    for one in facts.queue.breakers:
        if not _is_meant(facts, one.instance):
            continue
        what = f"The breaker of {one.host} is {one.state}" + (f": {one.reason}." if one.reason else ".")
        say = fault if one.state in ("open", "forced_open") else warning
        yield say(what, f"greenbot instances breaker {one.instance}", instance=one.instance)


def events(facts: Facts) -> Iterator[Finding]:
    """Events are worked."""
    assert not isinstance(facts.queue, Missing)
    found = facts.queue
    if found.events_waiting and found.oldest_event_ms > EVENT_MS:
        what = f"{found.events_waiting} events wait, the oldest for {found.oldest_event_ms // MINUTE_MS} minutes."
        yield fault(what, "greenbot serve, and: greenbot events list --state stored")
    if found.events_dead:
        yield warning(f"{found.events_dead} events could not be worked.", "greenbot events list --state dead")
    if found.events_quarantined:
        what = f"{found.events_quarantined} events could not be read, or came from another number."
        yield warning(what, "greenbot events list --state quarantined")


def hooks(facts: Facts) -> Iterator[Finding]:
    """Hooks get what they want."""
    assert not isinstance(facts.queue, Missing)
    for one in facts.queue.hooks:
        if not one.is_enabled and not one.reason.startswith("disabled by"):
            what = f"The hook {one.name} was switched off: {one.reason or 'nobody said why'}."
            yield warning(what, f"greenbot hooks show {one.name}, then: greenbot hooks enable {one.name}")
        elif one.is_enabled and one.is_resting:
            yield warning(f"The hook {one.name} rests, because its target fails.", f"greenbot hooks show {one.name}")
        if one.dead:
            what = f"{one.dead} events could not be delivered to the hook {one.name}."
            yield warning(what, f"greenbot hooks show {one.name}")


CHECKS = (
    Check(
        id="queue.moving",
        title="What is due leaves",
        why="A guest waits for it.",
        needs=("queue",),
        decide=lambda facts: or_ok(moving(facts), "Nothing is late."),
    ),
    Check(
        id="queue.doubts",
        title="No message's fate stays open",
        why="A person has to say what became of it before anything else goes to that guest.",
        needs=("queue",),
        decide=lambda facts: or_ok(doubts(facts), "None is open for long."),
    ),
    Check(
        id="queue.leases",
        title="No dead process holds a message",
        why="It waits for whoever takes it back.",
        needs=("queue",),
        decide=lambda facts: or_ok(leases(facts), "None does."),
    ),
    Check(
        id="queue.stopped",
        title="Nothing was stopped and forgotten",
        why="What was paused by hand stays so until somebody remembers.",
        needs=("queue",),
        decide=lambda facts: or_ok(stopped(facts), "Nothing is."),
    ),
    Check(
        id="queue.breakers",
        title="The ways to GREEN-API are open",
        why="Behind an open breaker nothing leaves.",
        needs=("queue",),
        decide=lambda facts: or_ok(breakers(facts), "They are."),
    ),
    Check(
        id="events.worked",
        title="Events are worked",
        why="An event that is only stored tells nobody anything.",
        needs=("queue",),
        decide=lambda facts: or_ok(events(facts), "They are."),
    ),
    Check(
        id="hooks.delivered",
        title="Hooks get their events",
        why="The hotel's own programs count on them.",
        needs=("queue",),
        decide=lambda facts: or_ok(hooks(facts), "They do."),
    ),
)
