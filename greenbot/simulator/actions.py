"""What a test, an operator or a scenario may do to the simulated world besides calling its API."""

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from greenbot.simulator import events
from greenbot.simulator.world import Instance, Knobs, World

# Real seconds to give a webhook receiver between two steps of virtual time.
PATIENCE_SECONDS: Final = 0.05
STATES: Final = ("authorized", "notAuthorized", "blocked", "starting", "suspended", "yellowCard", "sleepMode")


class ActionError(ValueError):
    """What was asked for cannot be done; the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """How many events were made and how many of them the instance's settings let out (`emitted`)."""

    event: str
    made: int
    emitted: int


def find_instance(world: World, id_instance: object = None) -> Instance:
    """The instance with this id; None means the only one.

    Raises:
        ActionError: there is no such instance, or several and none was named.
    """
    if id_instance is None:
        if len(world.instances) == 1:
            return next(iter(world.instances.values()))
        raise ActionError(f"name the instance; there are {_ids(world)}")
    number = str(id_instance)
    found = world.instances.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise ActionError(f"no instance {id_instance}; there are {_ids(world)}")
    return found


def _ids(world: World) -> str:
    return ", ".join(str(number) for number in world.instances) or "none"


async def trigger(
    world: World,
    instance: Instance,
    event: str,
    overrides: Mapping[str, object] | None = None,
    *,
    count: int = 1,
    rate: float | None = None,
) -> Triggered:
    """Sends `count` events of the sample `event`, `rate` of them per simulated second (None: at once).

    Each gets a fresh idMessage unless `overrides` sets one. The journals know nothing of them.

    Raises:
        UnknownEventError: no sample has this name.
        ValueError: an override's path does not fit.
    """
    emitted = 0
    for number in range(count):
        if rate and number:
            await world.clock.sleep(1 / rate)
        fresh = events.new_id(world.rng, by_api=event.startswith("outgoingAPI"))
        body = events.build(event, instance, world.clock.now(), overrides, id_message=fresh)
        emitted += events.is_switched_on(instance.settings, body)
        instance.emit(str(body["typeWebhook"]), body)
    return Triggered(event=events.resolve(event), made=count, emitted=emitted)


def change_state(world: World, instance: Instance, state: str) -> None:
    """The instance goes over to `state` at once.

    Raises:
        ActionError: there is no such state.
    """
    if state not in STATES:
        raise ActionError(f"no state is called {state!r}; there are {', '.join(STATES)}")
    world.set_state(instance, state)


def change_settings(instance: Instance, values: Mapping[str, object]) -> None:
    """Sets settings at once, without the reboot that setSettings costs.

    Raises:
        ActionError: a setting does not exist.
    """
    unknown = [name for name in values if name not in instance.settings]
    if unknown:
        raise ActionError(f"no setting is called {unknown[0]!r}; there are {', '.join(instance.settings)}")
    instance.settings |= values
    instance.notifications.settings_changed()


def turn_knobs(instance: Instance, values: Mapping[str, object]) -> None:
    """Turns knobs of the instance by name; a set of ids is given as a list.

    Raises:
        ActionError: a knob does not exist or takes another type.
    """
    names = [field.name for field in dataclasses.fields(Knobs)]
    for name, value in values.items():
        if name not in names:
            raise ActionError(f"no knob is called {name!r}; there are {', '.join(names)}")
        setattr(instance.knobs, name, _knob_value(name, getattr(instance.knobs, name), value))
    instance.send_queue.wake()


def _knob_value(name: str, present: object, value: object) -> object:
    if isinstance(present, set) and isinstance(value, list):
        return {str(item) for item in value}
    is_switch = isinstance(present, bool)
    is_number = value is None or isinstance(value, int | float)
    if is_number and is_switch == isinstance(value, bool) and not isinstance(present, set):
        return value
    raise ActionError(f"knob {name} cannot be {value!r}")


async def advance(world: World, seconds: float) -> float:
    """Lets virtual time pass and returns the new time; webhook receivers get a chance to answer meanwhile.

    Raises:
        ActionError: the simulator runs on a real clock, or `seconds` is negative.
    """
    if not world.clock.virtual:
        raise ActionError("only a simulator with a virtual clock can be advanced")
    if seconds < 0:
        raise ActionError("time does not go back")
    target = world.clock.now() + seconds
    while (left := target - world.clock.now()) > 0:
        step = min(left, _step_seconds(world))
        await world.clock.advance(step)
        await settle(world)
    return world.clock.now()


def _step_seconds(world: World) -> float:
    """No more than a pause at once while webhooks wait: their delivery needs real time in between."""
    is_delivering = any(each.notifications.webhook_url for each in world.instances.values())
    return world.timings.webhook_pause if is_delivering else float("inf")


async def settle(world: World, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Waits (real time, briefly) until no webhook is under way."""
    queues = [instance.notifications for instance in world.instances.values()]
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while any(queue.in_flight for queue in queues):
        if asyncio.get_running_loop().time() >= deadline:
            return
        await asyncio.sleep(0.001)


async def wait(world: World, seconds: float) -> None:
    """Lets simulated time pass on any clock: a virtual one is advanced, a real one waited for."""
    if world.clock.virtual:
        await advance(world, seconds)
    else:
        await world.clock.sleep(seconds)


async def reset(world: World) -> None:
    """Forgets everything that happened and every fault. Instances stay, linked, with their settings."""
    kept = list(world.instances.values())
    for instance in kept:
        await instance.notifications.close()
    world.faults.clear(history=True)
    world.reset()
    for old in kept:
        made = world.add_instance(id_instance=old.id, token=old.token, wid=old.phone, tariff=old.tariff, name=old.name)
        made.settings |= old.settings
