"""`greenbot instances health`: everything that lets a number send, or keeps it from it."""

from typing import TYPE_CHECKING

from greenbot.cli.instances_group import group
from greenbot.cli.instances_state import NameOption, chosen
from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.resilience.health import Permission


@group.command("health", instance=True, tag=True, rows=True)
def health(run: Run, name: NameOption = None) -> None:
    """Whether the numbers may send now, and what keeps them from it. Asks nobody.

    Examples:
    greenbot instances health
    greenbot instances health grand-kyiv --json
    """
    columns = ("name", "sends", "why", "state", "account", "seen", "queued")
    more = ("since", "source", "reason", "heard", "breakers", "paused", "refusals", "misses", "asked", "until")
    run.out.rows([_row(run, one.name) for one in chosen(run, name)], columns, more=more)


def _row(run: Run, name: str) -> dict[str, object]:
    from greenbot.cli.remote_call import shown_time
    from greenbot.outbox.pauses import pause_of
    from greenbot.resilience.health import is_doubted, may_send, state_at
    from greenbot.resilience.shared_health import health_of

    now_ms = run.clock.now_ms()
    found, pause = health_of(run.store, name), pause_of(run.store, name)
    breakers = _shut(run, name)
    permission = may_send(found, now_ms)
    paused = None if pause is None else pause.reason or "paused"
    return {
        "name": name,
        "sends": permission.go and pause is None and not breakers,
        "why": _why(permission, paused, breakers),
        "state": state_at(found, now_ms),
        "account": found.account or None,
        "seen": shown_time(run, found.seen_at_ms or None),
        "queued": _queued(run, name),
        "since": shown_time(run, found.since_at_ms or None),
        "source": found.source or None,
        "reason": found.reason or None,
        "heard": found.heard if is_doubted(found, now_ms) else None,
        "breakers": breakers,
        "paused": paused,
        "refusals": found.refusals,
        "misses": found.misses,
        "asked": shown_time(run, found.asked_at_ms or None),
        "until": shown_time(run, found.until_at_ms or None),
    }


def _why(permission: "Permission", paused: str | None, breakers: dict[str, str]) -> str | None:
    """What stands in the way, what a person did first."""
    if paused is not None:
        return "paused" if paused == "paused" else f"paused: {paused}"
    if breakers:
        return ", ".join(f"breaker {state}: {host}" for host, state in breakers.items())
    return permission.why or None


def _shut(run: Run, name: str) -> dict[str, str]:
    """The breakers that let nothing through, by host."""
    from greenbot.resilience import circuits
    from greenbot.resilience.breaker import timed

    found = {host: circuits.load(run.store, name, host, run.clock)[0] for host in ("api", "media")}
    states = {host: timed(circuit, now_ms=run.clock.boot_ms()).state for host, circuit in found.items()}
    return {host: state for host, state in states.items() if state != "closed"}


def _queued(run: Run, name: str) -> int:
    row = run.store.one(
        "select coalesce(sum(messages), 0) as queued from message_counts where instance = :name and state = 'queued'",
        name=name,
    )
    return 0 if row is None else int(row["queued"])
