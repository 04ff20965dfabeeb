"""When, how urgently and how far: what the options of `send` ask for beyond the message itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.cli.run import Run
    from greenbot.config.settings import Instance
    from greenbot.outbox.message import Priority
    from greenbot.outbox.watch import Goal

#: How long a shell waits for its message unless told otherwise.
WAIT_SECONDS = 60.0
_PRIORITIES = ("high", "normal", "bulk")
_GOALS = ("accepted", "sent", "delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Wishes:
    """The wishes of one `send`. Moments are UTC milliseconds."""

    priority: "Priority"
    goal: "Goal"
    #: To be accepted is enough: the rest happens later, by a worker.
    only_accept: bool
    wait_seconds: float = WAIT_SECONDS
    scheduled_at_ms: int = 0
    expires_at_ms: int | None = None

    @classmethod
    def of(cls, run: "Run", instance: "Instance") -> Self:
        """What was asked for on the command line. Raises UsageError."""
        flags = run.flags
        if flags.direct and (flags.queue or flags.at):
            raise UsageError("--direct sends now; --queue and --at leave it to a worker.", hint="Leave one out.")
        now_ms = run.clock.now_ms()
        scheduled_at_ms = 0 if flags.at is None else _moment(run, instance, flags.at, now_ms)
        return cls(
            priority=cast("Priority", _one_of("--priority", flags.priority or "normal", _PRIORITIES)),
            goal=cast("Goal", _one_of("--wait-for", flags.wait_for or "accepted", _GOALS)),
            only_accept=flags.queue or scheduled_at_ms > now_ms,
            wait_seconds=WAIT_SECONDS if flags.timeout is None else _seconds(flags.timeout),
            scheduled_at_ms=scheduled_at_ms,
            expires_at_ms=None
            if flags.expire is None
            else _moment(run, instance, flags.expire, max(now_ms, scheduled_at_ms)),
        )


def _one_of(option: str, word: str, words: tuple[str, ...]) -> str:
    if word not in words:
        raise UsageError(f"{option} knows {', '.join(words)}, not '{word}'.", hint=None)
    return word


def _moment(run: "Run", instance: "Instance", text: str, from_ms: int) -> int:
    from greenbot.cli.when import hotel_zone, moment, zone_for

    zone = zone_for(run.flags.tz, hotel=hotel_zone(run.settings, instance))
    return moment(text, now_ms=from_ms, zone=zone)


def _seconds(text: str) -> float:
    from greenbot.cli.values import seconds_of

    return seconds_of(text)
