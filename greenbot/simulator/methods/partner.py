"""The partner API: instances are created, listed and deleted; every failure is HTTP 200."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from greenbot.simulator import settings
from greenbot.simulator.replies import JSON_TYPE, ApiRefusal, render
from greenbot.simulator.requests import parse_object

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance, World

UNAUTHORIZED = {"code": 401, "description": "Unauthorized"}
NOT_FOUND = {"code": 404, "description": "Not found"}
VERBS = {"getinstances": "GET", "createinstance": "POST", "deleteinstanceaccount": "POST"}
# GREEN-API docs: new instances have ids of 12 digits since July 2026.
FIRST_ID = 110_100_000_000


async def serve_partner(world: World, request: web.Request) -> web.Response:
    """Answer `/partner/{method}/{partnerToken}`."""
    parts = request.path.strip("/").split("/")
    asked, token = [*parts[1:], "", ""][:2]
    method = asked.lower()
    if VERBS.get(method) != request.method:
        return _finish(world, request, asked, ApiRefusal(404, "Not Found", shape="message"))
    if token not in world.partner_tokens:
        return _finish(world, request, asked, UNAUTHORIZED)
    try:
        body = parse_object(await request.read())
        answer = _HANDLERS[method](world, body)
    except ApiRefusal as refusal:
        return _finish(world, request, asked, refusal)
    _record(world, asked, body)
    return _finish(world, request, asked, answer)


def _record(world: World, method: str, body: dict[str, object]) -> None:
    entry = world.ledger.add(at=world.clock.now(), instance=0, method=method, chat_id="", body=body, client="")
    entry.executed, entry.outcome = True, "200"


def _finish(world: World, request: web.Request, method: str, answer: object) -> web.Response:
    status, body, content_type = 200, b"", JSON_TYPE
    if isinstance(answer, ApiRefusal):
        rendered = render(answer, path=request.path, now=world.clock.now())
        status, body, content_type = answer.status, rendered.body, rendered.content_type
    else:
        body = json.dumps(answer, separators=(",", ":")).encode()
    world.ledger.mark_door(at=world.clock.now(), instance=0, method=method, status=status)
    return web.Response(status=status, body=body, headers={"Content-Type": content_type})


def _get_instances(world: World, body: dict[str, object]) -> object:
    return [_listed(instance) for instance in world.instances.values()]


def _listed(instance: Instance) -> dict[str, object]:
    deleted_at = instance.deleted_at
    return {
        "idInstance": instance.id,
        "name": instance.name,
        "typeInstance": "whatsapp",
        "timeCreated": _iso(instance.created_at),
        "timeDeleted": "" if deleted_at is None else _iso(deleted_at),
        "apiTokenInstance": instance.token,
        "deleted": deleted_at is not None,
        "tariff": instance.tariff.upper(),
        "isFree": instance.tariff == "developer",
        "isPartner": True,
        "expirationDate": "",
        "isExpired": instance.expired,
        "typeAccount": "",
        "partnerUserUiid": "",
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _create_instance(world: World, body: dict[str, object]) -> object:
    """A new instance works after `creation_seconds`; until then its state is answered as null."""
    changes = settings.accepted(body) if body else {}
    name = body.get("name")
    instance = world.add_instance(
        id_instance=max(FIRST_ID, max(world.instances, default=0)) + 1,
        token=f"{world.rng.getrandbits(200):050x}",
        state="notAuthorized",
        name=name if isinstance(name, str) else "",
    )
    instance.settings |= changes
    instance.ready_at = world.clock.now() + world.timings.creation_seconds
    return {
        "idInstance": instance.id,
        "apiTokenInstance": instance.token,
        "typeInstance": "whatsapp",
        "apiUrl": world.base_url,
        "mediaUrl": world.media_url,
    }


def _delete_instance(world: World, body: dict[str, object]) -> object:
    """GREEN-API docs: deleting does not log the phone out."""
    id_instance = body.get("idInstance")
    instance = world.instances.get(id_instance) if isinstance(id_instance, int) else None
    if instance is None or instance.deleted_at is not None:
        return NOT_FOUND
    instance.deleted_at = world.clock.now()
    return {"deleteInstanceAccount": True}


_HANDLERS = {
    "getinstances": _get_instances,
    "createinstance": _create_instance,
    "deleteinstanceaccount": _delete_instance,
}
