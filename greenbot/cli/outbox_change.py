"""`greenbot outbox hold|release|cancel|retry|edit`: what an operator does to messages."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenbot.cli.outbox_act import act
from greenbot.cli.outbox_filter import Which, with_filters
from greenbot.cli.outbox_group import group
from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.outbox.message import Priority

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Numbers of messages, or - to read them from stdin.")
]
_SHARED: dict[str, bool] = {"instance": True, "tag": True, "dry_run": True, "yes": True, "rows": True}


@group.command("hold", **_SHARED)
@with_filters
def hold(
    run: Run,
    which: Which,
    ids: IdsArgument = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What they wait for.")] = "by an operator",
) -> None:
    """Keep messages from leaving until they are released.

    Examples:
    greenbot outbox hold 12 --why "the price is wrong"
    greenbot outbox hold --campaign spring --yes
    """
    from greenbot.outbox.actions import Hold

    if not why.strip():
        raise UsageError("--why is empty.", hint="Leave it out, or say what they wait for.")
    act(run, Hold(why=why.strip()), ids, which, held=False, **_waiting())


@group.command("release", **_SHARED)
@with_filters
def release(run: Run, which: Which, ids: IdsArgument = None) -> None:
    """Let held messages go on.

    Examples:
    greenbot outbox release 12
    greenbot outbox release --instance grand-kyiv --reason "the price is wrong"
    """
    from greenbot.outbox.actions import Release

    act(run, Release(), ids, which, held=True, **_waiting())


@group.command("cancel", **_SHARED)
@with_filters
def cancel(
    run: Run,
    which: Which,
    ids: IdsArgument = None,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Kept with the message.")] = None,
) -> None:
    """End messages that have not left; they never will.

    Examples:
    greenbot outbox cancel 12 13
    greenbot outbox cancel --instance grand-kyiv --older-than 2h
    greenbot outbox list --chat 380441234567 --state queued -q | greenbot outbox cancel - --yes
    """
    from greenbot.outbox.actions import Cancel

    act(run, Cancel(why=why), ids, which, **_waiting())


@group.command("retry", **_SHARED)
@with_filters
def retry(
    run: Run,
    which: Which,
    ids: IdsArgument = None,
    even_if_sent: Annotated[
        bool, typer.Option("--even-if-sent", help="Also those that may have reached the guest: they could come twice.")
    ] = False,
) -> None:
    """Send what failed, expired or was cancelled once more, as new messages.

    Examples:
    greenbot outbox retry 12
    greenbot outbox retry --state failed --reason unreachable --older-than 10m --yes
    """
    from greenbot.outbox.actions import Retry
    from greenbot.outbox.states import State

    act(run, Retry(even_if_sent=even_if_sent), ids, which, states=(State.FAILED, State.EXPIRED))


@group.command("edit", **_SHARED)
@with_filters
def edit(
    run: Run,
    which: Which,
    ids: IdsArgument = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="WHEN", help='Leave then: 2h, "tomorrow 07:30", or now.')
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Whose clock: Area/City, or hotel.")] = None,
    expire: Annotated[
        str | None, typer.Option("--expire", metavar="WHEN", help="Do not send later than that; or never.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="PRIORITY", help="high, normal or bulk.")
    ] = None,
) -> None:
    """Change when waiting messages leave, until when, and before which others.

    Examples:
    greenbot outbox edit 12 --at "tomorrow 07:30" --tz hotel
    greenbot outbox edit 12 --priority high --expire 30m
    """
    from greenbot.outbox.actions import Edit

    if not (at or expire or priority):
        raise UsageError("Nothing to change was given.", hint="Add --at, --expire or --priority.")
    never = expire is not None and expire.strip().lower() == "never"
    change = Edit(
        scheduled_at_ms=None if at is None else _moment(run, at, tz),
        expires_at_ms=None if expire is None or never else _moment(run, expire, tz),
        never_expires=never,
        priority=_priority(priority),
    )
    act(run, change, ids, which, **_waiting())


def _waiting() -> dict[str, Any]:
    from greenbot.outbox.states import State

    return {"states": (State.QUEUED,)}


def _moment(run: Run, text: str, tz: str | None) -> int:
    from greenbot.cli.when import hotel_zone, moment, zone_for

    settings = run.settings
    named = run.flags.instance is not None or run.flags.tag is not None
    hotels = run.instances if named else settings.instances.values()
    zones = {hotel_zone(settings, hotel) for hotel in hotels}
    # Hotels in several zones have no clock in common.
    hotel = zones.pop() if len(zones) == 1 else None
    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(tz, hotel=hotel))


def _priority(word: str | None) -> "Priority | None":
    from greenbot.outbox.message import PRIORITIES

    for priority in PRIORITIES:
        if word == priority:
            return priority
    if word is not None:
        raise UsageError(f"There is no priority '{word}'.", hint=f"Priorities: {', '.join(PRIORITIES)}")
    return None
