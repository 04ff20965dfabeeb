"""`greenbot sim …`: the built-in GREEN-API simulator, from a shell."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("sim", "The built-in GREEN-API simulator: every method, events, faults, without an account.")

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The simulator; without it, the one `greenbot sim serve` started."),
]


@group.command("serve")
def serve(
    run: Run,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port for the API; 0 takes a free one.")] = 7105,
    media_port: Annotated[
        int | None, typer.Option("--media-port", min=0, max=65535, help="A port of its own for the media host.")
    ] = None,
    virtual: Annotated[bool, typer.Option("--virtual", help="The clock stands until `greenbot sim advance`.")] = False,
    speed: Annotated[
        float, typer.Option("--speed", min=0.001, max=100_000, help="Simulated seconds per real second.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="RULE", help="Arm a fault from the start. Repeat for more.")
    ] = None,
) -> None:
    """Run a GREEN-API of your own on this machine, until Ctrl-C.

    It serves the configured instances whose api_url is this address, or three example hotels.

    Examples:
    greenbot sim serve
    greenbot sim serve --speed 60 --fault "429 method=send* p=0.05"
    """
    from greenbot.cli.simserve import serve as run_simulator

    run_simulator(run, port=port, media_port=media_port, virtual=virtual, speed=speed, seed=seed, faults=fault or [])


@group.command("inbox", instance=True, rows=True)
def inbox(
    run: Run,
    chat: Annotated[str | None, typer.Argument(metavar="[CHAT]", help="Only this guest.")] = None,
    url: Url = None,
) -> None:
    """What the simulated guests received, oldest first.

    Examples:
    greenbot sim inbox
    greenbot sim inbox 380441234567 --json
    """
    from greenbot.chat_id import parse_chat_id
    from greenbot.cli.simulators import number_of, remote

    wanted = parse_chat_id(chat) if chat else None
    received = remote(run, url).inbox(instance=number_of(run), chat=wanted)
    messages = [message | {"text": message["shown"]} for message in received]
    columns = ("chat_id", "type_message", "text", "status", "id_message")
    run.out.rows(messages, columns, more=("instance", "at"), empty="No guest received anything yet.")


@group.command("ledger", instance=True, rows=True)
def ledger(
    run: Run,
    method: Annotated[str | None, typer.Option("--method", help="Only this method.")] = None,
    url: Url = None,
) -> None:
    """Every call that reached the simulator, and whether it was executed.

    Examples:
    greenbot sim ledger --method sendMessage
    """
    from greenbot.cli.simulators import number_of, remote

    entries = remote(run, url).ledger(instance=number_of(run), method=method)
    columns = ("seq", "method", "chat_id", "id_message", "executed", "outcome", "fault")
    run.out.rows(entries, columns, more=("instance", "at"), empty="No call arrived yet.")


@group.command("fault", rows=True)
def fault(
    run: Run,
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="Such as 'drop-reply method=sendMessage count=1'.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all rules.")] = False,
    remove: Annotated[int | None, typer.Option("--remove", metavar="NUMBER", help="Remove one rule.")] = None,
    kinds: Annotated[bool, typer.Option("--kinds", help="List the kinds of faults.")] = False,
    url: Url = None,
) -> None:
    """Let something go wrong, or see what was told to.

    Examples:
    greenbot sim fault --kinds
    greenbot sim fault "drop-reply method=sendMessage count=1"
    greenbot sim fault --clear
    """
    from greenbot.cli.simulators import advising, remote

    simulator = remote(run, url)
    if clear or remove is not None:
        run.out.record({"removed": simulator.clear_faults(remove)}, essential="removed")
    elif rule is not None:
        with advising("See the kinds with: greenbot sim fault --kinds"):
            run.out.record(simulator.add_fault(rule), essential="number")
    elif kinds:
        run.out.rows(
            [{"kind": kind, "about": about} for kind, about in simulator.faults()[1].items()], ("kind", "about")
        )
    else:
        run.out.rows(simulator.faults()[0], ("number", "rule", "seen", "fired"), empty="No fault is armed.")


@group.command("advance")
def advance(
    run: Run, duration: Annotated[str, typer.Argument(metavar="DURATION", help="Such as 24h.")], url: Url = None
) -> None:
    """Let time pass in a simulator that was started with --virtual.

    Examples:
    greenbot sim advance 24h
    """
    from greenbot.cli.simulators import remote, require_positive
    from greenbot.cli.values import seconds_of
    from greenbot.clock import iso_utc

    now = remote(run, url).advance(require_positive(seconds_of(duration), "The duration"))
    run.out.record({"now": iso_utc(round(now * 1000))}, essential="now")


@group.command("reset")
def reset(run: Run, url: Url = None) -> None:
    """Forget all messages, events and faults; the instances stay.

    Examples:
    greenbot sim reset
    """
    from greenbot.cli.simulators import remote

    remote(run, url).reset()
    run.out.say("The simulator is as new.")


@group.command("state", instance=True, rows=True)
def state(
    run: Run,
    set_: Annotated[
        str | None, typer.Option("--set", metavar="STATE", help="Put the instance of -i into this state.")
    ] = None,
    url: Url = None,
) -> None:
    """The simulated instances and how they are.

    Examples:
    greenbot sim state
    greenbot sim state --set notAuthorized -i grand-kyiv
    """
    from typing import cast

    from greenbot.cli.simulators import number_to_act_on, remote
    from greenbot.errors import UsageError

    simulator = remote(run, url)
    if set_ is not None:
        number = number_to_act_on(run)
        if number is None:
            raise UsageError("Which instance?", hint="Name it with -i.")
        simulator.set_state(number, set_)
    instances = cast(list[dict[str, object]], simulator.state()["instances"])
    run.out.rows(instances, ("id", "name", "state", "tariff", "sendQueue", "notifications", "received"))


@group.command("guest", instance=True)
def guest(
    run: Run,
    chat: Annotated[str, typer.Argument(metavar="CHAT", help="The guest's number.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the guest writes.")],
    name: Annotated[str, typer.Option("--name", help="The guest's name.")] = "",
    url: Url = None,
) -> None:
    """Let a simulated guest write.

    Examples:
    greenbot sim guest 380441234567 "Is the pool open?" --name Olena
    """
    from greenbot.chat_id import parse_chat_id
    from greenbot.cli.simulators import number_to_act_on, remote

    id_message = remote(run, url).guest_writes(parse_chat_id(chat), text, instance=number_to_act_on(run), name=name)
    run.out.record({"id_message": id_message}, essential="id_message")


@group.command("phone", instance=True)
def phone(
    run: Run,
    chat: Annotated[str, typer.Argument(metavar="CHAT", help="The guest's number.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the hotel writes.")],
    url: Url = None,
) -> None:
    """Let somebody write to a guest on the number's own phone, past greenbot.

    Whoever answers has read what the guest wrote: that is told too.

    Examples:
    greenbot sim phone 380441234567 "Yes, until ten." -i grand-kyiv
    """
    from greenbot.chat_id import parse_chat_id
    from greenbot.cli.simulators import number_to_act_on, remote

    id_message = remote(run, url).phone_writes(parse_chat_id(chat), text, instance=number_to_act_on(run))
    run.out.record({"id_message": id_message}, essential="id_message")


scenario = group.group("scenario", help="Scripted faults, events and guests with assertions.")


@scenario.command("run")
def scenario_run(
    run: Run,
    source: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A scenario file, or the name of a shipped one.")],
    assert_: Annotated[bool, typer.Option("--assert", help="Leave with 11 when a claim does not hold.")] = False,
    url: Url = None,
) -> None:
    """Play a scenario in the running simulator and check its claims.

    Examples:
    greenbot sim scenario run outage --assert
    """
    from greenbot.cli.simserve import play

    play(run, source, must_hold=assert_, url=url)


@scenario.command("list")
def scenario_list(run: Run) -> None:
    """The scenarios that ship with greenbot.

    Examples:
    greenbot sim scenario list
    """
    from greenbot.simulator.scenario import shipped_names

    run.out.rows([{"scenario": name} for name in shipped_names()], ("scenario",))
