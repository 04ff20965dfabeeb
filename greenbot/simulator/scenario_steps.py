"""The steps of a scenario: what each is called, which fields it takes, and what it does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp

from greenbot.simulator import actions
from greenbot.simulator.incoming import guest_writes, phone_writes
from greenbot.simulator.methods.registry import METHODS
from greenbot.simulator.world import Instance, World

Table = dict[str, object]

NO_ANSWER: Final = "no answer"
CALL_TIMEOUT_SECONDS: Final = 10


def add_instance(world: World, table: Mapping[str, object]) -> Instance:
    """Adds an instance from `id`, `token` and optionally `state`, `tariff`, `name`, `wid`.

    Raises:
        ActionError: a field is missing or unknown.
    """
    texts = {name: str(table[name]) for name in ("state", "tariff", "name", "wid") if name in table}
    unknown = set(table) - set(texts) - {"id", "token"}
    if unknown or "id" not in table or "token" not in table:
        raise actions.ActionError("an instance has id, token and optionally state, tariff, name, wid")
    return world.add_instance(id_instance=int(str(table["id"])), token=str(table["token"]), **texts)


def prepare_instance(world: World, table: Table) -> None:
    """Adds an instance with its `settings` and `knobs`."""
    fields = {name: value for name, value in table.items() if name not in ("settings", "knobs")}
    instance = add_instance(world, fields)
    actions.change_settings(instance, _table(table, "settings"))
    actions.turn_knobs(instance, _table(table, "knobs"))


async def trigger_from(world: World, instance: Instance, table: Mapping[str, object]) -> actions.Triggered:
    """Triggers the event that `event`, `set`, `count` and `rate` of a table describe."""
    rate = table.get("rate")
    return await actions.trigger(
        world,
        instance,
        str(table["event"]),
        _table(table, "set"),
        count=int(str(table.get("count", 1))),
        rate=float(str(rate)) if rate else None,
    )


def _table(step: Mapping[str, object], name: str) -> Table:
    value = step.get(name, {})
    if not isinstance(value, dict):
        raise actions.ActionError(f"{name} must be a table")
    return value


async def _fault(world: World, step: Table) -> str:
    world.faults.add(str(step["rule"]))
    return str(step["rule"])


async def _clear_faults(world: World, step: Table) -> str:
    return f"{world.faults.clear()} removed"


async def _trigger(world: World, step: Table) -> str:
    result = await trigger_from(world, actions.find_instance(world, step.get("instance")), step)
    return f"{result.event}, {result.emitted} of {result.made} emitted"


async def _wait(world: World, step: Table) -> str:
    await actions.wait(world, float(str(step["seconds"])))
    return f"{step['seconds']} s"


async def _advance(world: World, step: Table) -> str:
    await actions.advance(world, float(str(step["seconds"])))
    return f"{step['seconds']} s"


async def _state(world: World, step: Table) -> str:
    actions.change_state(world, actions.find_instance(world, step.get("instance")), str(step["state"]))
    return str(step["state"])


async def _settings(world: World, step: Table) -> str:
    actions.change_settings(actions.find_instance(world, step.get("instance")), _table(step, "set"))
    return ", ".join(_table(step, "set"))


async def _knobs(world: World, step: Table) -> str:
    actions.turn_knobs(actions.find_instance(world, step.get("instance")), _table(step, "set"))
    return ", ".join(_table(step, "set"))


async def _guest(world: World, step: Table) -> str:
    instance = actions.find_instance(world, step.get("instance"))
    guest_writes(instance, str(step["chat"]), str(step["text"]))
    return str(step["chat"])


async def _phone(world: World, step: Table) -> str:
    instance = actions.find_instance(world, step.get("instance"))
    phone_writes(instance, str(step["chat"]), str(step["text"]))
    return str(step["chat"])


async def _call(world: World, step: Table) -> str:
    instance = actions.find_instance(world, step.get("instance"))
    name = str(step["method"])
    answer = await _request(world, instance, name, _table(step, "params"))
    expected = step.get("expect", 200)
    if answer != expected:
        raise actions.ActionError(f"{name} gave {answer!r} instead of {expected!r}")
    return f"{name} gave {answer}"


async def _request(world: World, instance: Instance, name: str, params: Table) -> int | str:
    known = METHODS.get(name.lower())
    if known is None:
        raise actions.ActionError(f"no method is called {name!r}")
    url = f"{world.base_url}/waInstance{instance.id}/{name}/{instance.token}"
    options = {"json": params} if known.verb == "POST" else {"params": {k: str(v) for k, v in params.items()}}
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(known.verb, url, **options) as response,
        ):
            await response.read()
            return response.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        return NO_ANSWER


Step = Callable[[World, Table], Awaitable[str]]
_NONE: Final[frozenset[str]] = frozenset()
# What a step is called -> its required fields, its optional ones, and what it does.
STEPS: Final[dict[str, tuple[frozenset[str], frozenset[str], Step]]] = {
    "fault": (frozenset({"rule"}), _NONE, _fault),
    "clear-faults": (_NONE, _NONE, _clear_faults),
    "trigger": (frozenset({"event"}), frozenset({"set", "count", "rate"}), _trigger),
    "wait": (frozenset({"seconds"}), _NONE, _wait),
    "advance": (frozenset({"seconds"}), _NONE, _advance),
    "state": (frozenset({"state"}), _NONE, _state),
    "settings": (frozenset({"set"}), _NONE, _settings),
    "knobs": (frozenset({"set"}), _NONE, _knobs),
    "guest": (frozenset({"chat", "text"}), _NONE, _guest),
    "phone": (frozenset({"chat", "text"}), _NONE, _phone),
    "call": (frozenset({"method"}), frozenset({"params", "expect"}), _call),
}
