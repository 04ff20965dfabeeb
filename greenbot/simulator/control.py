"""The simulator's own HTTP door under `/_sim/`: look at the world and change it, from this machine only.

It has no password, so it answers only requests that come from loopback, name a loopback host (which
stops a foreign web page that points its own name at 127.0.0.1) and carry no foreign Origin.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from greenbot.simulator import actions, events, scenario, scenario_steps
from greenbot.simulator.faults import KINDS, ArmedFault
from greenbot.simulator.incoming import guest_writes, phone_writes
from greenbot.simulator.notifications import is_loopback_host
from greenbot.simulator.world import Instance, World

Handler = Callable[[World, web.Request], Awaitable[object]]
LISTED: Final = 1000


def attach(app: web.Application, world: World) -> None:
    """Adds the `/_sim/` routes, and the end of held requests and of webhook delivery at shutdown."""
    for verb, path, handler in _ROUTES:
        app.router.add_route(verb, "/_sim/" + path, partial(_answer, world, handler))

    async def release(app: web.Application) -> None:
        await world.faults.close()
        for instance in world.instances.values():
            await instance.notifications.close()

    app.on_shutdown.append(release)


async def _answer(world: World, handler: Handler, request: web.Request) -> web.Response:
    if not is_from_this_machine(request):
        return _json({"error": "only from this machine"}, status=403)
    try:
        return _json(await handler(world, request))
    except (ValueError, TypeError, KeyError) as reason:
        return _json({"error": str(reason)}, status=400)


def is_from_this_machine(request: web.Request) -> bool:
    """True when peer, Host and Origin (where present) are all of this machine."""
    origin = request.headers.get("Origin")
    hosts = [request.remote or "", urlsplit(f"//{request.host}").hostname or ""]
    hosts += [urlsplit(origin).hostname or ""] if origin is not None else []
    return all(is_loopback_host(host) for host in hosts)


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, dumps=partial(json.dumps, ensure_ascii=False))


async def _body(request: web.Request) -> dict[str, object]:
    text = await request.text()
    value = json.loads(text) if text.strip() else {}
    if not isinstance(value, dict):
        raise actions.ActionError("send a JSON object")
    return value


async def _instance(world: World, request: web.Request) -> Instance:
    if "id" in request.match_info:
        return actions.find_instance(world, request.match_info["id"])
    return actions.find_instance(world, (await _body(request)).get("instance"))


def _filter(request: web.Request, name: str) -> str | None:
    return request.query.get(name) or None


# -- looking


async def _state(world: World, request: web.Request) -> object:
    instances = [_describe(instance) for instance in world.instances.values()]
    return {
        "now": world.clock.now(),
        "virtual": world.clock.virtual,
        "instances": instances,
        "fired": dict(world.faults.fired),
    }


def _describe(instance: Instance) -> dict[str, object]:
    return {
        "id": instance.id,
        "name": instance.name,
        "state": instance.state,
        "tariff": instance.tariff,
        "sendQueue": len(instance.send_queue),
        "notifications": len(instance.notifications),
        "received": len(instance.inbox),
        "knobs": {name: _plain(value) for name, value in asdict(instance.knobs).items()},
    }


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, set) else value


async def _inbox(world: World, request: web.Request) -> object:
    number = _filter(request, "instance")
    wanted = actions.find_instance(world, number).id if number else None
    messages = world.inbox(instance=wanted, chat_id=_filter(request, "chat"))
    return {"messages": [asdict(message) | {"shown": message.shown} for message in messages]}


async def _ledger(world: World, request: web.Request) -> object:
    number, method, chat = (_filter(request, name) for name in ("instance", "method", "chat"))
    after = int(request.query.get("after", "0"))
    entries = [
        asdict(entry)
        for entry in world.ledger.entries[after:]
        if number in (None, str(entry.instance)) and method in (None, entry.method) and chat in (None, entry.chat_id)
    ]
    return {"entries": entries, "executed": sum(bool(entry["executed"]) for entry in entries)}


async def _door(world: World, request: web.Request) -> object:
    marks = [mark._asdict() for mark in world.ledger.door[-LISTED:]]
    return {"requests": marks, "counters": dict(world.ledger.counters)}


async def _deliveries(world: World, request: web.Request) -> object:
    queue = actions.find_instance(world, _filter(request, "instance")).notifications
    waiting = [{"receiptId": each.receipt_id, "body": each.body} for each in queue.waiting()]
    return {"waiting": waiting, "attempts": [asdict(each) for each in queue.deliveries[-LISTED:]]}


async def _events(world: World, request: web.Request) -> object:
    return {"events": events.SAMPLES}


# -- changing


async def _add_instance(world: World, request: web.Request) -> object:
    body = await _body(request)
    settings, knobs = body.pop("settings", {}), body.pop("knobs", {})
    instance = scenario_steps.add_instance(world, body)
    if isinstance(settings, dict):
        actions.change_settings(instance, settings)
    if isinstance(knobs, dict):
        actions.turn_knobs(instance, knobs)
    return _describe(instance)


async def _set_state(world: World, request: web.Request) -> object:
    instance = await _instance(world, request)
    actions.change_state(world, instance, str((await _body(request)).get("state")))
    return _describe(instance)


async def _set_knobs(world: World, request: web.Request) -> object:
    instance = await _instance(world, request)
    actions.turn_knobs(instance, await _body(request))
    return _describe(instance)


async def _set_settings(world: World, request: web.Request) -> object:
    instance = await _instance(world, request)
    actions.change_settings(instance, await _body(request))
    return {"settings": instance.settings}


def _describe_fault(armed: ArmedFault) -> dict[str, object]:
    return {"number": armed.number, "rule": str(armed.rule), "seen": armed.seen, "fired": armed.fired}


async def _list_faults(world: World, request: web.Request) -> object:
    book = world.faults
    return {"faults": [_describe_fault(armed) for armed in book.list()], "kinds": KINDS}


async def _add_fault(world: World, request: web.Request) -> object:
    rule = (await _body(request)).get("rule")
    if not isinstance(rule, str):
        raise actions.ActionError('send {"rule": "drop-reply method=sendMessage count=1"}')
    book = world.faults
    number = book.add(rule)
    return next(_describe_fault(armed) for armed in book.list() if armed.number == number)


async def _clear_faults(world: World, request: web.Request) -> object:
    number = request.match_info.get("number")
    return {"removed": world.faults.clear(int(number) if number else None)}


async def _advance(world: World, request: web.Request) -> object:
    seconds = (await _body(request)).get("seconds", 0)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise actions.ActionError('send {"seconds": 60}')
    return {"now": await actions.advance(world, seconds)}


async def _reset(world: World, request: web.Request) -> object:
    await actions.reset(world)
    return {"reset": True}


async def _trigger(world: World, request: web.Request) -> object:
    body = await _body(request)
    instance = actions.find_instance(world, body.get("instance"))
    return asdict(await scenario_steps.trigger_from(world, instance, body))


async def _guest(world: World, request: web.Request) -> object:
    body = await _body(request)
    instance = actions.find_instance(world, body.get("instance"))
    chat, text = str(body["chat"]), str(body["text"])
    message = guest_writes(instance, chat, text, sender_name=str(body.get("name", "")))
    return {"idMessage": message.id_message}


async def _phone(world: World, request: web.Request) -> object:
    body = await _body(request)
    instance = actions.find_instance(world, body.get("instance"))
    return {"idMessage": phone_writes(instance, str(body["chat"]), str(body["text"])).id_message}


async def _scenario(world: World, request: web.Request) -> object:
    body = await _body(request)
    script = scenario.shipped(str(body["name"])) if "name" in body else scenario.parse(str(body["toml"]))
    return (await scenario.play(world, script)).to_json()


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "state", _state),
    ("GET", "inbox", _inbox),
    ("GET", "ledger", _ledger),
    ("GET", "door", _door),
    ("GET", "deliveries", _deliveries),
    ("GET", "events", _events),
    ("POST", "instances", _add_instance),
    ("POST", "instances/{id}/state", _set_state),
    ("POST", "instances/{id}/knobs", _set_knobs),
    ("POST", "instances/{id}/settings", _set_settings),
    ("GET", "faults", _list_faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("DELETE", "faults/{number}", _clear_faults),
    ("POST", "advance", _advance),
    ("POST", "reset", _reset),
    ("POST", "trigger", _trigger),
    ("POST", "guest", _guest),
    ("POST", "phone", _phone),
    ("POST", "scenario", _scenario),
)
