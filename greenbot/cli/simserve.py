"""Running the simulator from a shell, and playing scenarios in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.cli.simulators import advising, forget, remember, remote, simulated
from greenbot.cli.values import text_of
from greenbot.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from greenbot.simulator.server import RunningSimulator
    from greenbot.simulator.world import World

#: Example hotels where none is configured: name and id. Their tokens are printed, being worth nothing.
EXAMPLE_HOTELS = (("grand-kyiv", 1101000001), ("coast-odesa", 1101000002), ("opera-lviv", 1101000003))


def serve(
    run: Run, *, port: int, media_port: int | None, virtual: bool, speed: float, seed: int, faults: list[str]
) -> None:
    """Run until interrupted."""
    import asyncio

    world = _world(virtual=virtual, speed=speed, seed=seed)
    _populate(run, world, port)
    try:
        asyncio.run(_serve(run, world, port=port, media_port=media_port, faults=faults))
    except OSError as error:
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror or error}.",
            hint=f"Choose another, and let the example hotels follow: greenbot init --sim --port {port + 1}",
        ) from error
    finally:
        forget(run)


def _world(*, virtual: bool, speed: float, seed: int) -> "World":
    from greenbot.simulator.clock import SimClock
    from greenbot.simulator.world import World

    return World(clock=SimClock(virtual=virtual, speed=speed), seed=seed)


def _populate(run: Run, world: "World", port: int) -> None:
    configured = [(each.name, int(each.id), each.token().reveal()) for each in simulated(run.settings, port)]
    examples = [(name, number, example_token(number)) for name, number in EXAMPLE_HOTELS]
    for place, (name, number, token) in enumerate(configured or examples):
        instance = world.add_instance(id_instance=number, token=token, name=name, wid=f"{11001234500 + place}@c.us")
        # A real new instance has every switch off. Here the point is to see events.
        instance.settings |= {setting: "yes" for setting in instance.settings if setting.endswith("Webhook")}


def example_token(number: int) -> str:
    """The token of an example hotel: made from its number, so that everybody can type it."""
    return f"simulator{number}"


async def _serve(run: Run, world: "World", *, port: int, media_port: int | None, faults: list[str]) -> None:
    import asyncio
    import signal

    from greenbot.simulator.fault_rules import FaultSyntaxError
    from greenbot.simulator.server import start

    running = await start(world, port=port, media_port=media_port)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        for rule in faults:
            world.faults.add(rule)
        remember(run, running.api_url)
        _announce(run, running, world)
        await stopped.wait()
    except FaultSyntaxError as error:
        raise UsageError(
            f"The fault '{rule}' is not understood: {error}.", hint="See: greenbot sim fault --kinds"
        ) from error
    finally:
        await running.stop()


def _announce(run: Run, running: "RunningSimulator", world: "World") -> None:
    record: dict[str, object] = {"api_url": running.api_url, "media_url": running.media_url}
    record["instances"] = [f"{instance.name or instance.id} ({instance.id})" for instance in world.instances.values()]
    run.out.record(record, essential="api_url")
    run.out.stdout.flush()
    run.out.say("Stop with Ctrl-C. What guests receive: greenbot sim inbox")
    for name in _elsewhere(run, running, world):
        follow = f"greenbot init --sim --port {port_of(running)}"
        run.out.warn(f"{name} is configured for another address; let the example hotels follow: {follow}")


def _elsewhere(run: Run, running: "RunningSimulator", world: "World") -> list[str]:
    """Instances of this simulator by id that the configuration looks for at another address."""
    configured = run.settings.instances.values()
    return [
        each.name for each in configured if each.id in map(str, world.instances) and each.api_url != running.api_url
    ]


def port_of(running: "RunningSimulator") -> int:
    """The port the API answers on."""
    from urllib.parse import urlsplit

    return urlsplit(running.api_url).port or 0


def play(run: Run, source: str, *, must_hold: bool, url: str | None) -> None:
    """Play a scenario file, or a shipped one by name. Raises `CheckFailed` when a claim fails and `must_hold`."""
    path = Path(source)
    simulator = remote(run, url)
    with advising("See the shipped ones with: greenbot sim scenario list"):
        report = (
            simulator.play(toml=text_of(f"@{source}", what="scenario"))
            if path.is_file()
            else simulator.play(name=source)
        )
    run.out.record(report)
    if must_hold and not report["passed"]:
        raise CheckFailed(f"The scenario {source} did not hold.")
