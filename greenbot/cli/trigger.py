"""`greenbot trigger EVENT`: let the simulator emit an event."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("trigger", "Let the simulator emit an event")


@group.command("trigger", instance=True)
def trigger(
    run: Run,
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="[EVENT]", help="Such as incomingMessageReceived or incomingMessageReceived.imageMessage."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a field of the body. Repeat for more."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100_000, help="How many.")] = 1,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.001, help="How many a second; all at once without it.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the events.")] = False,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="The simulator; without it, the one `greenbot sim serve` started."),
    ] = None,
) -> None:
    """Let a running simulator emit an event, as if a guest or GREEN-API had caused it.

    Examples:
    greenbot trigger --list
    greenbot trigger incomingMessageReceived --set messageData.textMessageData.textMessage="Is the pool open?"
    greenbot trigger outgoingMessageStatus.read --count 100 --rate 20
    """
    from greenbot.cli.simulators import advising, number_to_act_on, remote

    simulator = remote(run, url)
    if list_ or event is None:
        run.out.rows([{"event": name} for name in simulator.events()], ("event",))
        return
    overrides = dict(_pair(item) for item in set_ or [])
    with advising("See the events with: greenbot trigger --list"):
        emitted = simulator.trigger(event, instance=number_to_act_on(run), overrides=overrides, count=count, rate=rate)
    run.out.record({"event": event, "emitted": emitted}, essential="emitted")
    if emitted == 0:
        run.out.warn("The instance's settings switch this event off; see: greenbot api getSettings")


def _pair(item: str) -> tuple[str, object]:
    from greenbot.cli.values import assignment

    return assignment(item, typed=True)
