"""`greenbot trigger EVENT`: let the simulator emit an event, or send a made-up one to a server of one's own."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("trigger", "Let the simulator emit an event")


@group.command("trigger", instance=True, dry_run=True, yes=True)
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
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="Send it to this webhook server instead, such as greenbot serve."),
    ] = None,
) -> None:
    """Let a running simulator emit an event, as if a guest or GREEN-API had caused it.

    With --to no simulator is needed: the body goes to a server, with the webhook token, as GREEN-API sends it.

    Examples:
    greenbot trigger --list
    greenbot trigger incomingMessageReceived --set messageData.textMessageData.textMessage="Is the pool open?"
    greenbot trigger outgoingMessageStatus.read --count 100 --rate 20
    greenbot trigger incomingCall --to http://127.0.0.1:8080 -n
    """
    from greenbot.errors import UsageError

    if url is not None and to is not None:
        raise UsageError("An event goes to the simulator (--url) or to a server (--to), not to both.")
    if list_ or event is None:
        _list(run, url)
        return
    overrides = dict(_pair(item) for item in set_ or [])
    if to is not None or run.flags.dry_run:
        from greenbot.cli.webhook_sender import Wanted, send

        send(run, Wanted(event=event, overrides=overrides, count=count, rate_per_second=rate), to=to)
        return
    _emit(run, event, overrides, count=count, rate=rate, url=url)


def _list(run: Run, url: str | None) -> None:
    from greenbot.cli.simulators import remote

    run.out.rows([{"event": name} for name in remote(run, url).events()], ("event",))


def _emit(
    run: Run, event: str, overrides: dict[str, object], *, count: int, rate: float | None, url: str | None
) -> None:
    from greenbot.cli.simulators import advising, number_to_act_on, remote

    with advising("See the events with: greenbot trigger --list"):
        emitted = remote(run, url).trigger(
            event, instance=number_to_act_on(run), overrides=overrides, count=count, rate=rate
        )
    run.out.record({"event": event, "emitted": emitted}, essential="emitted")
    if emitted == 0:
        run.out.warn("The instance's settings switch this event off; see: greenbot api getSettings")


def _pair(item: str) -> tuple[str, object]:
    from greenbot.cli.values import assignment

    return assignment(item, typed=True)
