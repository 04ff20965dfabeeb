"""Linking a phone by QR code: the `qr` method and the scanqrcode WebSocket."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

from aiohttp import web

from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.qrpicture import qr_png
from greenbot.simulator.replies import BAD_REQUEST, STARTING, ApiRefusal

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

ALREADY_LOGGED = "instance account already authorized. for get QR pls make logout"
PASSKEY = "confirm the login with a passkey on the phone"
SESSION_SECONDS = 100
LOOK_SECONDS = 1.0


@method("qr", needs="any")
async def qr(call: Call) -> Answer:
    return {**_offer(call.instance)}


def _offer(instance: Instance) -> dict[str, str]:
    """What is shown to somebody who wants to link a phone now."""
    if instance.state == "starting" or instance.world.clock.now() < instance.ready_at:
        return {"type": "error", "message": STARTING}
    if instance.state != "notAuthorized":
        return {"type": "alreadyLogged", "message": ALREADY_LOGGED}
    if instance.knobs.passkey_required:
        return {"type": "passkeyRequired", "message": PASSKEY}
    return {"type": "qrCode", "message": base64.b64encode(qr_png(_payload(instance))).decode()}


def _payload(instance: Instance) -> str:
    """What the picture encodes; it changes every `qr_lifetime` seconds."""
    turn = int(instance.world.clock.now() // instance.world.timings.qr_lifetime)
    return f"2@SIMULATED-{instance.id}-{turn}"


@method("scanqrcode", needs="any")
async def scan_qr_code(call: Call) -> Answer:
    """A WebSocket that shows each new code until a phone is linked, the client leaves or 100 s are over."""
    socket = web.WebSocketResponse()
    if not socket.can_prepare(call.request).ok:
        raise ApiRefusal(400, BAD_REQUEST)
    await socket.prepare(call.request)
    leaving = asyncio.create_task(socket.receive())
    try:
        await _show_codes(call, socket, leaving)
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await socket.close()
    return socket


async def _show_codes(call: Call, socket: web.WebSocketResponse, leaving: asyncio.Task[object]) -> None:
    """Send an offer whenever it changes; everything but a code ends the session."""
    ends_at, shown = call.now + SESSION_SECONDS, {"type": "", "message": ""}
    while not leaving.done() and call.now < ends_at:
        offer = _offer(call.instance)
        if offer["type"] == "alreadyLogged" and shown["type"] == "qrCode":
            offer = {"type": "accountData", "message": call.instance.wid}
        if offer != shown:
            await socket.send_json(offer)
            shown = offer
        if offer["type"] != "qrCode":
            return
        await call.world.clock.sleep(LOOK_SECONDS)
    if not leaving.done():
        await socket.send_json({"type": "timeoutExpired", "message": ""})
