"""Faults on purpose: which rule fires at which request, and what it does to the connection.

The server asks `before` (may answer instead of the handler) and `after` (may spoil the answer). A fault of
the connection is a raised `DropConnection`, which `hang_up` carries out.
"""

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from greenbot.simulator.fault_rules import KINDS, FaultRule, FaultSyntaxError, parse_rule

if TYPE_CHECKING:
    from greenbot.simulator.context import RequestContext

__all__ = [
    "KINDS",
    "ArmedFault",
    "DropConnection",
    "FaultBook",
    "FaultRule",
    "FaultSyntaxError",
    "WebhookFate",
    "hang_up",
    "parse_rule",
]

CLIENT_CHECK_SECONDS: Final = 0.02
_HTML: Final = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the Wi-Fi</body></html>"


class DropConnection(Exception):
    """Ends the connection without a proper answer: `payload` is sent raw first, `reset` means TCP RST."""

    def __init__(self, *, payload: bytes = b"", reset: bool = False) -> None:
        super().__init__("the connection ends here on purpose")
        self.payload = payload
        self.reset = reset


@dataclass(slots=True, kw_only=True)
class ArmedFault:
    """A rule with its history: how many requests matched it and how often it fired."""

    number: int
    rule: FaultRule
    seen: int = 0
    fired: int = 0

    @property
    def is_spent(self) -> bool:
        """True when the rule has fired as often as it may."""
        return self.rule.count is not None and self.fired >= self.rule.count


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFate:
    """What becomes of a webhook: how many copies are queued, and whether it overtakes the one before."""

    copies: int = 1
    overtakes: bool = False


_NO_FAULT: Final = WebhookFate()


class FaultBook:
    """The rules in force, in the order they were added; the first that fires wins."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._armed: list[ArmedFault] = []
        self._next_number = 1
        self._late: set[asyncio.Task[None]] = set()
        self._closing = False
        self.fired: Counter[str] = Counter()
        """How often each kind fired since the last `clear(history=True)`."""

    def add(self, rule: FaultRule | str) -> int:
        """Puts a rule in force and returns its number.

        Raises:
            FaultSyntaxError: the text of the rule cannot be understood.
        """
        armed = ArmedFault(number=self._next_number, rule=parse_rule(rule) if isinstance(rule, str) else rule)
        self._next_number += 1
        self._armed.append(armed)
        return armed.number

    def list(self) -> "list[ArmedFault]":
        """All rules with their history, spent ones included."""
        return [*self._armed]

    def clear(self, number: int | None = None, *, history: bool = False) -> int:
        """Takes one rule (or all) out of force; returns how many there were."""
        kept = [armed for armed in self._armed if number is not None and armed.number != number]
        removed = len(self._armed) - len(kept)
        self._armed = kept
        if history:
            self.fired.clear()
        return removed

    async def close(self) -> None:
        """Lets every held request go and forgets late executions; the server calls it when it stops."""
        self._closing = True
        tasks = [*self._late]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def decide(self, *, instance: int, name: str) -> FaultRule | None:
        """The rule that fires now at a request to the method `name`, counted; None when all is well."""
        for armed in self._armed:
            if armed.rule.place == "request" and self._fires(armed, instance=instance, name=name):
                self.fired[armed.rule.kind] += 1
                return armed.rule
        return None

    def _fires(self, armed: ArmedFault, *, instance: int, name: str) -> bool:
        rule = armed.rule
        if armed.is_spent or not rule.matches(instance=instance, name=name):
            return False
        armed.seen += 1
        if armed.seen <= rule.after:
            return False
        if rule.probability < 1 and self._rng.random() >= rule.probability:
            return False
        armed.fired += 1
        return True

    def on_webhook(self, instance: int, body: Mapping[str, object]) -> WebhookFate:
        """Decides what becomes of a webhook that is about to be queued."""
        if not self._armed:
            return _NO_FAULT
        name = str(body.get("typeWebhook", ""))
        for armed in self._armed:
            if not _speaks_about(armed.rule, body):
                continue
            if self._fires(armed, instance=instance, name=name):
                self.fired[armed.rule.kind] += 1
                return _fate(armed.rule)
        return _NO_FAULT

    async def before(self, context: "RequestContext") -> web.StreamResponse | None:
        """Answers instead of the handler, or returns None to let the request go on.

        The rule that fired is noted in the ledger entry of the request.

        Raises:
            DropConnection: the connection must end without an answer.
        """
        if not self._armed:
            return None
        rule = self.decide(instance=context.instance.id, name=context.method)
        if rule is None:
            return None
        context.note_fault(rule.kind)
        if rule.kind in _CHANGES_OF_THE_WORLD:
            _CHANGES_OF_THE_WORLD[rule.kind](context, rule)
            return None
        if rule.kind == "slow":
            # A virtual clock that stands still would not even let zero seconds pass.
            if seconds := rule.number("seconds"):
                await context.world.clock.sleep(seconds)
            return None
        if rule.kind == "late-execution":
            await self._execute_later(context, rule)
        if rule.kind == "reset":
            raise DropConnection(reset=True)
        if rule.kind in _EXECUTED_FIRST or rule.executes:
            context.rule = rule
            return None
        return await self._spoilt(context, rule, None)

    async def after(self, context: "RequestContext", response: web.StreamResponse) -> web.StreamResponse:
        """The answer to send after the work was done: the given one, or a spoilt one.

        Raises:
            DropConnection: the connection must end, after a part of the answer or without any.
        """
        return response if context.rule is None else await self._spoilt(context, context.rule, response)

    async def _spoilt(
        self, context: "RequestContext", rule: FaultRule, response: web.StreamResponse | None
    ) -> web.StreamResponse:
        if rule.kind == "drop-reply":
            raise DropConnection
        if rule.kind == "no-reply":
            await self._hold(context.request)
            raise DropConnection
        if rule.kind == "cut-response":
            raise DropConnection(payload=raw_response(response)[: int(rule.number("bytes"))])
        return _ANSWERS[rule.kind](rule, _body_of(response))

    async def _execute_later(self, context: "RequestContext", rule: FaultRule) -> None:
        async def late() -> None:
            await context.world.clock.sleep(rule.number("seconds"))
            await context.execute()

        task = asyncio.create_task(late(), name="late-execution")
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        if rule.text("hold") == "true":
            await self._hold(context.request)
        raise DropConnection

    async def _hold(self, request: web.Request) -> None:
        """Keeps the connection silent until the client leaves (real time: a socket knows no other)."""
        while not _has_left(request) and not self._closing:  # noqa: ASYNC110 - aiohttp announces no leaving
            await asyncio.sleep(CLIENT_CHECK_SECONDS)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _speaks_about(rule: FaultRule, body: Mapping[str, object]) -> bool:
    if rule.place != "webhook":
        return False
    if rule.kind != "lost-status":
        return True
    wanted = rule.text("status")
    return body.get("typeWebhook") == "outgoingMessageStatus" and wanted in ("*", body.get("status"))


def _fate(rule: FaultRule) -> WebhookFate:
    if rule.kind == "lost-status":
        return WebhookFate(copies=0)
    if rule.kind == "duplicate-webhook":
        return WebhookFate(copies=1 + int(rule.number("copies")))
    return WebhookFate(overtakes=True)


def _stick_queue(context: "RequestContext", rule: FaultRule) -> None:
    instance = context.instance
    instance.knobs.stuck_queue = True

    def release() -> None:
        instance.knobs.stuck_queue = False
        instance.send_queue.wake()

    if seconds := rule.number("seconds"):
        context.world.clock.call_later(seconds, release)


def _switch_to_lid(context: "RequestContext", rule: FaultRule) -> None:
    """GREEN-API docs: a hidden id is a number of its own with @lid, one per chat and instance."""
    if context.chat_id.endswith("@c.us"):
        context.instance.lids.setdefault(context.chat_id, f"{context.world.rng.randrange(10**14, 10**15)}@lid")


def _change_state(context: "RequestContext", rule: FaultRule) -> None:
    context.world.set_state(context.instance, rule.text("state"))


_CHANGES_OF_THE_WORLD: Final[dict[str, Callable[["RequestContext", FaultRule], None]]] = {
    "stuck-queue": _stick_queue,
    "lid-switch": _switch_to_lid,
    "state": _change_state,
}
_EXECUTED_FIRST: Final = frozenset({"drop-reply", "cut-response"})


def _json(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def _server_error(rule: FaultRule, body: bytes) -> web.Response:
    status = int(rule.number("status"))
    return web.Response(status=status, text=f"<html><body><h1>{status}</h1></body></html>", content_type="text/html")


def _too_many(rule: FaultRule, body: bytes) -> web.Response:
    wait = rule.text("retry_after")
    return _json(429, '{"message":"Too Many Requests"}', {"Retry-After": wait} if wait else None)


def _quota(rule: FaultRule, body: bytes) -> web.Response:
    # GREEN-API docs: error 466 "correspondents quota"; the HTTP body spells QUOTE, the webhook QUOTA.
    status = {
        "method": "correspondents",
        "used": 3,
        "total": 3,
        "status": "CORRESPONDENTS_QUOTE_EXCEEDED",
        "description": "Monthly quota has been exceeded. You can only send or receive messages from following "
        "chats: 10001234560@c.us, 10001234561@c.us, 10001234562@c.us.",
    }
    return _json(466, json.dumps({"correspondentsStatus": status}))


def _pad(rule: FaultRule, body: bytes) -> web.Response:
    start = body.rstrip()[:-1] + b"," if body.strip().startswith(b"{") and len(body) > 2 else b"{"
    head, tail = start + b'"padding":"', b'"}'
    padding = b"x" * max(0, int(rule.number("bytes")) - len(head) - len(tail))
    return web.Response(body=head + padding + tail, content_type="application/json")


def _halve(rule: FaultRule, body: bytes) -> web.Response:
    whole = body or b'{"idMessage":"BAE5F4886F6F2D05"}'
    return web.Response(body=whole[: len(whole) // 2], content_type="application/json")


_ANSWERS: Final[dict[str, Callable[[FaultRule, bytes], web.Response]]] = {
    "html-200": lambda rule, body: web.Response(text=_HTML, content_type="text/html"),
    "5xx": _server_error,
    "429": _too_many,
    "466": _quota,
    "401": lambda rule, body: _json(401, ""),
    "403": lambda rule, body: web.Response(status=403, text="Forbidden"),
    "404": lambda rule, body: web.Response(status=404, text="Not Found"),
    "redirect": lambda rule, body: web.Response(status=302, headers={"Location": rule.text("to")}),
    "huge-response": _pad,
    "truncated-json": _halve,
    "null-body": lambda rule, body: _json(200, "null"),
    "not-json": lambda rule, body: _json(200, "the message is on its way"),
}


def _body_of(response: web.StreamResponse | None) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def raw_response(response: web.StreamResponse | None) -> bytes:
    """The response as the bytes a client would read: status line, headers, empty line, body."""
    body = _body_of(response)
    status = response.status if response is not None else 200
    reason = response.reason if response is not None else "OK"
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    if response is not None:
        lines += [f"{name}: {value}" for name, value in response.headers.items() if name != "Content-Length"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def hang_up(request: web.Request, drop: DropConnection) -> web.Response:
    """Carries out a `DropConnection`; the returned response goes nowhere, aiohttp only wants one."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return web.Response()
    if drop.payload and isinstance(transport, asyncio.WriteTransport):
        transport.write(drop.payload)
    if not drop.reset:
        transport.close()
        return web.Response()
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # A linger time of zero makes the kernel send RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return web.Response()
