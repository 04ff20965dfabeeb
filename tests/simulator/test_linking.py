"""Linking a phone by QR code, over HTTP and over the WebSocket."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.qrpicture import qr_png
from greenbot.simulator.world import Instance
from tests.simulator.conftest import START, Api


@pytest.mark.parametrize(
    ("now", "kind"),
    [("authorized", "alreadyLogged"), ("suspended", "alreadyLogged"), ("starting", "error")],
)
async def test_qr_explains_why_there_is_no_picture(api: Api, instance: Instance, now: str, kind: str) -> None:
    instance.change_state(now)
    answer: Any = (await api.get("qr")).json
    assert answer["type"] == kind
    assert answer["message"].startswith("instance")


async def test_qr_is_a_png_that_is_renewed_every_twenty_seconds(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.change_state("notAuthorized")
    first: Any = (await api.get("qr")).json
    same: Any = (await api.get("qr")).json
    await clock.advance(20)
    other: Any = (await api.get("qr")).json
    assert first["type"] == "qrCode"
    assert base64.b64decode(first["message"]) == qr_png(f"2@SIMULATED-{instance.id}-{int(START // 20)}")
    assert same == first != other


async def test_qr_may_ask_for_a_passkey(api: Api, instance: Instance) -> None:
    instance.change_state("notAuthorized")
    instance.knobs.passkey_required = True
    answer: Any = (await api.get("qr")).json
    assert answer["type"] == "passkeyRequired"


Shown = list[tuple[str, str]]


async def watch(api: Api, shown: Shown) -> None:
    """Collect (type, message) of everything a socket shows until the server closes it."""
    async with api.session.ws_connect(api.method_url("scanqrcode")) as socket:
        async for message in socket:
            body = message.json()
            shown.append((body["type"], body["message"]))


async def watch_to_the_end(api: Api, clock: SimClock, *, link: Instance | None = None) -> Shown:
    """What a socket shows while time passes; `link` is linked once a code was seen."""
    shown: Shown = []
    watching = asyncio.create_task(watch(api, shown))
    while not watching.done() and clock.now() < START + 10_000:
        await asyncio.sleep(0.002)
        if shown and link is not None:
            link.change_state("authorized")
        await clock.advance(1 if shown else 0)
    await watching
    return shown


async def test_the_socket_shows_new_codes_until_the_session_ends(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.change_state("notAuthorized")
    seen = await watch_to_the_end(api, clock)
    kinds = [kind for kind, _ in seen]
    assert kinds == ["qrCode"] * (len(kinds) - 1) + ["timeoutExpired"]
    assert len({message for _, message in seen}) == len(kinds) in (6, 7)


async def test_the_socket_names_the_account_once_a_phone_is_linked(
    api: Api, instance: Instance, clock: SimClock
) -> None:
    instance.change_state("notAuthorized")
    seen = await watch_to_the_end(api, clock, link=instance)
    assert [kind for kind, _ in seen] == ["qrCode", "accountData"]
    assert seen[-1][1] == instance.phone


async def test_the_socket_closes_at_once_when_a_phone_is_linked_already(
    api: Api, instance: Instance, clock: SimClock
) -> None:
    assert [kind for kind, _ in await watch_to_the_end(api, clock)] == ["alreadyLogged"]


async def test_a_client_that_leaves_ends_its_session(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.change_state("notAuthorized")
    async with api.session.ws_connect(api.method_url("scanqrcode")) as socket:
        await socket.receive()
    await clock.advance(1)
    for _ in range(200):
        if instance.world.ledger.executions(method="scanqrcode"):
            break
        await asyncio.sleep(0.01)
        await clock.advance(1)
    assert clock.now() < START + 90


async def test_without_an_upgrade_there_is_no_socket(api: Api) -> None:
    assert (await api.get("scanqrcode")).status == 400
