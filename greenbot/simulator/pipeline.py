"""From an HTTP request to an answer: token, host, verb, faults, rate, quota, state, parameters, handler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from greenbot.simulator import quotas, replies
from greenbot.simulator.context import RequestContext
from greenbot.simulator.faults import DropConnection, hang_up
from greenbot.simulator.ledger import LedgerEntry
from greenbot.simulator.limits import RateVerdict, rate_of
from greenbot.simulator.methods.partner import serve_partner
from greenbot.simulator.methods.registry import METHODS, Answer, Call, Method
from greenbot.simulator.replies import ApiRefusal
from greenbot.simulator.requests import Parsed, Route, parse, route_of
from greenbot.simulator.world import Instance, World

Serves = Literal["both", "api", "media"]

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS, DELETE, HEAD",
    "Access-Control-Max-Age": "1728000",
}
LINKED = frozenset({"authorized", "suspended", "yellowCard"})
NO_ANSWER = 0
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A request whose token, host, method and verb are right."""

    instance: Instance
    method: Method
    route: Route


class Pipeline:
    """Answers every request for the API host, the media host, or both."""

    def __init__(self, world: World, serves: Serves) -> None:
        self._world = world
        self._serves = serves

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; the only entry point."""
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=CORS)
        path = request.path
        if path.startswith("/partner/"):
            return await serve_partner(self._world, request)
        if path.startswith("/files/"):
            return self._serve_file(path)
        route = route_of(path)
        if route is None:
            return self._refusal(request, _no_such_path(request))
        return await self._serve_instance(request, route)

    async def _serve_instance(self, request: web.Request, route: Route) -> web.StreamResponse:
        try:
            admitted = self._admit(request, route)
        except ApiRefusal as refusal:
            self._mark_door(route, _canonical(route.method), refusal.status)
            return self._refusal(request, refusal, verdict=_stranger_verdict(route, refusal))
        try:
            response = await self._serve_admitted(request, admitted)
        except DropConnection as drop:
            self._mark_door(route, admitted.method.name, NO_ANSWER)
            return hang_up(request, drop)
        self._mark_door(route, admitted.method.name, response.status)
        return response

    def _admit(self, request: web.Request, route: Route) -> _Admitted:
        """GREEN-API checks the token before anything else; only a wrong instance comes earlier."""
        if not route.id_instance.isdecimal() or len(route.id_instance) > 18:
            raise ApiRefusal(400, "Parameter idInstance not an integer")
        if not route.token:
            raise ApiRefusal(400, "Parameter apiTokenInstance not define")
        instance = self._world.instances.get(int(route.id_instance))
        if instance is None:
            raise ApiRefusal(403, "403 Forbidden", shape="html")
        if route.token != instance.token:
            raise ApiRefusal(401, shape="empty")
        method = METHODS.get(route.method.lower())
        if method is None or request.method != method.verb:
            raise _no_such_path(request)
        if self._serves != "both" and method.host != self._serves:
            raise ApiRefusal(403, "403 Forbidden", shape="html")
        if method.handler is None:
            raise ApiRefusal(403, "Forbidden. The method is archived", shape="echo")
        return _Admitted(instance, method, route)

    async def _serve_admitted(self, request: web.Request, admitted: _Admitted) -> web.StreamResponse:
        instance, method = admitted.instance, admitted.method
        parsed = await parse(request, method)
        entry = self._world.ledger.add(
            at=self._world.clock.now(),
            instance=instance.id,
            method=method.name,
            chat_id=parsed.chat_id,
            body=parsed.params,
            client=_peer(request),
        )

        async def execute() -> web.StreamResponse:
            return await self._execute(request, admitted, parsed, entry)

        context = RequestContext(
            world=self._world,
            instance=instance,
            method=method.name,
            request=request,
            chat_id=parsed.chat_id,
            entry=entry,
            execute=execute,
        )
        instead = await self._world.faults.before(context)
        if instead is not None:
            return instead
        return await self._world.faults.after(context, await execute())

    async def _execute(
        self, request: web.Request, admitted: _Admitted, parsed: Parsed, entry: LedgerEntry
    ) -> web.StreamResponse:
        verdict = None
        try:
            verdict = _take_rate(admitted)
            self._check_state(admitted)
            if parsed.problem is not None:
                raise parsed.problem
            quotas.check(admitted.instance, admitted.method.name, parsed.chat_id)
            answer = await self._call_handler(request, admitted, parsed)
        except ApiRefusal as refusal:
            entry.outcome = f"{refusal.status} {refusal.text}".strip()
            return self._refusal(request, refusal, verdict=verdict)
        quotas.count(admitted.instance, admitted.method.name, parsed.chat_id)
        entry.executed, entry.outcome = True, "200"
        if isinstance(answer, dict):
            entry.id_message = str(answer.get("idMessage") or "")
        return answer if isinstance(answer, web.WebSocketResponse) else _success(answer, verdict)

    async def _call_handler(self, request: web.Request, admitted: _Admitted, parsed: Parsed) -> Answer:
        handler = admitted.method.handler
        if handler is None:
            raise AssertionError("archived methods are refused at the door")
        call = Call(
            world=self._world,
            instance=admitted.instance,
            request=request,
            params=parsed.params,
            query=request.query,
            files=parsed.files,
            receipt=admitted.route.receipt,
        )
        return await handler(call)

    def _check_state(self, admitted: _Admitted) -> None:
        instance, needs = admitted.instance, admitted.method.needs
        if instance.deleted_at is not None:
            raise ApiRefusal(400, replies.DELETED)
        if needs == "any":
            return
        if instance.expired:
            raise ApiRefusal(400, replies.EXPIRED)
        if instance.state == "starting" or self._world.clock.now() < instance.ready_at:
            raise ApiRefusal(400, _starting_text(admitted.method))
        if needs == "linked" and instance.state not in LINKED:
            raise ApiRefusal(400, _unlinked_text(admitted.method))

    def _serve_file(self, path: str) -> web.Response:
        upload = self._world.files.get(path)
        if upload is None:
            return web.Response(status=404, text="Not Found")
        return web.Response(body=upload.content, headers={"Content-Type": upload.mime_type})

    def _refusal(
        self, request: web.Request, refusal: ApiRefusal, *, verdict: RateVerdict | None = None
    ) -> web.Response:
        rendered = replies.render(refusal, path=request.path, now=self._world.clock.now())
        headers = _headers(rendered.content_type, verdict)
        return web.Response(status=refusal.status, body=rendered.body, headers=headers)

    def _mark_door(self, route: Route, method: str, status: int) -> None:
        known = route.id_instance.isdecimal() and len(route.id_instance) <= 18
        self._world.ledger.mark_door(
            at=self._world.clock.now(),
            instance=int(route.id_instance) if known else 0,
            method=method,
            status=status,
        )


def _take_rate(admitted: _Admitted) -> RateVerdict | None:
    """Raises ApiRefusal (429) above the published rate; None while the instance's limits are off."""
    if not admitted.instance.knobs.enforce_limits:
        return None
    verdict = admitted.instance.limiter.take(admitted.method.name)
    if not verdict.allowed:
        raise ApiRefusal(429, "Too Many Requests", shape="echo")
    return verdict


def _stranger_verdict(route: Route, refusal: ApiRefusal) -> RateVerdict | None:
    """The rate headers were seen on 401 answers too: one call of the method's second is used."""
    rate = rate_of(_canonical(route.method))
    if refusal.status != 401 or rate is None:
        return None
    return RateVerdict(False, max(0, int(rate) - 1), rate)


def _canonical(method: str) -> str:
    known = METHODS.get(method.lower())
    return method if known is None else known.name


def _starting_text(method: Method) -> str:
    return replies.STARTING_OR_NOT_AUTHORIZED if method.name == "checkWhatsapp" else replies.STARTING


def _unlinked_text(method: Method) -> str:
    if method.name == "checkWhatsapp":
        return replies.STARTING_OR_NOT_AUTHORIZED
    return replies.NOT_AUTHORIZED


def _no_such_path(request: web.Request) -> ApiRefusal:
    return ApiRefusal(404, f"Cannot {request.method} {request.path}", shape="echo")


def _success(answer: dict[str, object] | list[object] | bytes | None, verdict: RateVerdict | None) -> web.Response:
    body = answer if isinstance(answer, bytes) else _encode(answer).encode("utf-8", "surrogatepass")
    return web.Response(body=body, headers=_headers(replies.JSON_TYPE, verdict))


def _headers(content_type: str, verdict: RateVerdict | None) -> dict[str, str]:
    headers = {"Content-Type": content_type, "Access-Control-Allow-Origin": "*"}
    if verdict is not None and verdict.rate is not None:
        headers["X-RateLimit-Remaining"] = str(verdict.remaining)
        headers["X-RateLimit-Replenish-Rate"] = f"{verdict.rate:g}"
    return headers


def _peer(request: web.Request) -> str:
    peer = None if request.transport is None else request.transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if peer else ""
