"""Leaving a message to a running worker: this process then needs no HTTP at all, it only watches."""

from typing import TYPE_CHECKING

from greenbot.errors import StillPending, Stopped

if TYPE_CHECKING:
    from greenbot.cli.run import Run
    from greenbot.config.settings import Instance
    from greenbot.outbox.message import Message
    from greenbot.outbox.watch import Goal

_NOBODY_KNOWS_HOW_LONG = ("held", "paused", "not_sendable", "auth_failed", "quota")


def is_attended(run: "Run", instance: str) -> bool:
    """Whether a worker takes messages of this instance now, and may: `--direct` sends without one."""
    from greenbot.outbox.presence import worker_is_alive

    return not run.flags.direct and worker_is_alive(run.settings.paths.run_dir, instance)


def offer(run: "Run", message: "Message") -> bool:
    """Wake the worker that takes messages of this instance. False when there is none, or `--direct` wants none."""
    from greenbot.outbox.presence import wake

    return not run.flags.direct and wake(run.settings.paths.run_dir, message.instance) > 0


def follow_worker(run: "Run", message: "Message", *, goal: "Goal", wait_seconds: float) -> "Message | None":
    """The message as the worker brought it on; None when no worker is there any more and it still waits.

    Raises StillPending when it takes too long, Stopped when the person no longer wants it.
    """
    from greenbot.outbox.states import State
    from greenbot.outbox.watch import follow, settled

    held_up: list[str] = []

    def attended(now: "Message") -> bool:
        if now.state is State.QUEUED:
            held_up[:] = _held_up(run, now)
        return not held_up and (now.state is not State.QUEUED or is_attended(run, now.instance))

    try:
        found = follow(run.store, message.id, run.clock, goal=goal, seconds=wait_seconds, attended=attended)
    except KeyboardInterrupt:
        raise _given_up(run, message) from None
    if settled(found, goal):
        return found
    if found.state is State.QUEUED and not held_up and not is_attended(run, found.instance):
        return None
    raise StillPending(_why_pending(run, found, held_up), message_id=found.id, instance=found.instance)


def _held_up(run: "Run", message: "Message") -> list[str]:
    """Why it makes no sense to wait: what stands in the way stays until a person, or GREEN-API, changes it."""
    from greenbot.outbox.waiting import around, waits

    about = around(run.store, message.instance, run.clock, run_dir=run.settings.paths.run_dir)
    return [wait.words for wait in waits(message, about, run.clock) if wait.why in _NOBODY_KNOWS_HOW_LONG]


def _why_pending(run: "Run", message: "Message", held_up: list[str]) -> str:
    from greenbot.outbox.states import State

    if held_up:
        return f"Message {message.id} is accepted and waits: {held_up[0].rstrip('.')}."
    if message.state is not State.QUEUED:
        return f"Message {message.id} is {message.status}."
    from greenbot.outbox.waiting import ahead_of, around, waits

    about = around(run.store, message.instance, run.clock, run_dir=run.settings.paths.run_dir)
    found = waits(message, about, run.clock, ahead=ahead_of(run.store, message, run.clock.now_ms()))
    why = ": " + "; ".join(wait.words for wait in found) if found else ""
    return f"Message {message.id} is accepted and waits{why}."


def _given_up(run: "Run", message: "Message") -> Exception:
    """Ctrl-C while a worker has the message: taken back if it has not left, else the worker sees it through."""
    from greenbot.errors import Refused
    from greenbot.outbox.operator import decide
    from greenbot.outbox.states import State

    try:
        decide(run.store, message.id, State.CANCELLED, actor="shell", clock=run.clock)
    except Refused:
        return StillPending(f"Message {message.id} is on its way already.", message_id=message.id)
    return Stopped(message_id=message.id, instance=message.instance)


def leaves_later(run: "Run", message: "Message", instance: "Instance") -> str:
    """What to say of a message that was only accepted."""
    from greenbot.cli.values import local_time

    when = f" and leaves at {local_time(message.scheduled_at_ms)}" if message.scheduled_at_ms else ""
    alone = "" if is_attended(run, instance.name) else " No worker runs; start one with: greenbot outbox run"
    return f"Message {message.id} is accepted{when}.{alone}"
